//! Amounts and dates as people read them.

use crate::domain::currency::Currency;
use crate::domain::time::Timestamp;

/// An amount with its currency's digits and separators: `1,234.50`, without the currency.
pub(super) fn amount(minor: i64, currency: Currency) -> String {
    let places = usize::from(currency.minor_digits());
    let digits = minor.unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = places.saturating_add(1));
    let at = digits.len().saturating_sub(places);
    let (whole, part) = digits.split_at_checked(at).unwrap_or((digits.as_str(), ""));
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    if minor < 0 {
        text.push('\u{2212}');
    }
    let mut left = whole.len();
    for digit in whole.chars() {
        text.push(digit);
        left = left.saturating_sub(1);
        if left > 0 && left.checked_rem(3) == Some(0) {
            text.push(',');
        }
    }
    if places > 0 {
        text.push('.');
        text.push_str(part);
    }
    text
}

/// The day of a moment, in UTC: `2026-03-01`.
pub(super) fn day(at: Timestamp) -> String {
    let text = at.rfc3339();
    text.split_once('T').map_or_else(String::new, |(day, _)| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_their_currencys_digits() {
        let of = |minor: i64, code: &str| amount(minor, code.parse().unwrap());
        for (minor, code, text) in [
            (0, "USD", "0.00"),
            (5, "USD", "0.05"),
            (-5, "USD", "\u{2212}0.05"),
            (123_450, "USD", "1,234.50"),
            (100_000_000, "USD", "1,000,000.00"),
            (0, "JPY", "0"),
            (999, "JPY", "999"),
            (1_000, "JPY", "1,000"),
            (1, "KWD", "0.001"),
            (1_234_567, "KWD", "1,234.567"),
            (i64::MIN, "JPY", "\u{2212}9,223,372,036,854,775,808"),
        ] {
            assert_eq!(of(minor, code), text);
        }
    }

    #[test]
    fn a_day_is_the_one_in_utc() {
        let at = Timestamp::parse_rfc3339("2026-03-01T00:30:00+02:00").unwrap();
        assert_eq!(day(at), "2026-02-28");
    }
}

//! Amounts in PayPal's words: decimal strings in the currency's own digits, by
//! <https://developer.paypal.com/api/rest/reference/currency-codes/>.
//!
//! The conversion moves a decimal point; it never rounds and never passes through a float.

use crate::domain::currency::Currency;
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::providers::payment::contract::BuildError;
use crate::providers::payment::reading;

const PAYPAL: &str = "PayPal";

/// The currencies PayPal takes and how many digits it writes after the point. ISO 4217 gives HUF and
/// TWD two digits; PayPal takes whole forints and whole dollars only.
const TAKEN: &[(&str, u8)] = &[
    ("AUD", 2),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CNY", 2),
    ("CZK", 2),
    ("DKK", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("HKD", 2),
    ("HUF", 0),
    ("ILS", 2),
    ("JPY", 0),
    ("MXN", 2),
    ("MYR", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("PHP", 2),
    ("PLN", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TWD", 0),
    ("USD", 2),
];

/// The longest decimal that is looked at; PayPal's own limit.
const MAX_DECIMAL_CHARACTERS: usize = 32;

/// Our amount as PayPal writes it.
pub(super) fn to_decimal(amount: Money) -> Result<String, BuildError> {
    reading::askable(amount)?;
    let code = amount.currency.code();
    let Some((_, written)) = TAKEN.iter().find(|(taken, _)| *taken == code) else {
        let reason = "it is not among the currencies that PayPal takes";
        return Err(BuildError::Currency { gateway: PAYPAL, currency: amount.currency, reason });
    };
    let unit = power_of_ten(amount.currency.minor_digits()).ok_or(BuildError::Amount(amount))?;
    let whole = amount.amount.checked_div(unit).ok_or(BuildError::Amount(amount))?;
    let rest = amount.amount.checked_rem(unit).ok_or(BuildError::Amount(amount))?;
    if *written == 0 {
        if rest != 0 {
            return Err(BuildError::Granularity { gateway: PAYPAL, amount, step: unit });
        }
        return Ok(whole.to_string());
    }
    Ok(format!("{whole}.{rest:0>width$}", width = usize::from(*written)))
}

/// PayPal's decimal in our minor units, never negative; `None` if it has no exact counterpart.
pub(super) fn to_minor(value: &str, currency: Currency) -> Option<i64> {
    if value.len() > MAX_DECIMAL_CHARACTERS {
        return None;
    }
    let (whole, fraction) = match value.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (value, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let kept = usize::from(currency.minor_digits());
    let (minor, beyond) = match fraction.split_at_checked(kept) {
        Some((minor, beyond)) => (minor, beyond),
        None => (fraction, ""),
    };
    if beyond.bytes().any(|b| b != b'0') {
        return None;
    }
    let amount = format!("{whole}{minor:0<kept$}").parse::<i64>().ok()?;
    (0..=MAX_AMOUNT_MINOR).contains(&amount).then_some(amount)
}

/// The same for a decimal that may carry a minus sign, as PayPal's books write what left the account:
/// whether it did, and how much.
pub(super) fn to_signed_minor(value: &str, currency: Currency) -> Option<(bool, i64)> {
    match value.strip_prefix('-') {
        Some(amount) => Some((true, to_minor(amount, currency)?)),
        None => Some((false, to_minor(value, currency)?)),
    }
}

fn power_of_ten(exponent: u8) -> Option<i64> {
    10_i64.checked_pow(u32::from(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, currency: &str) -> Money {
        Money::new(amount, currency.parse().unwrap())
    }

    #[test]
    fn the_point_moves_and_nothing_is_rounded() {
        let table = [
            (1, "USD", "0.01"),
            (10, "USD", "0.10"),
            (1_999, "USD", "19.99"),
            (100_000, "EUR", "1000.00"),
            (500, "JPY", "500"),
            (150_000, "HUF", "1500"),
            (2_900, "TWD", "29"),
            (MAX_AMOUNT_MINOR, "USD", "10000000000000.00"),
        ];
        for (minor, currency, decimal) in table {
            let amount = money(minor, currency);
            assert_eq!(to_decimal(amount).unwrap(), decimal);
            assert_eq!(to_minor(decimal, amount.currency), Some(minor));
        }
    }

    #[test]
    fn what_paypal_does_not_take_is_not_sent() {
        for currency in ["HUF", "TWD"] {
            assert!(matches!(
                to_decimal(money(150_050, currency)),
                Err(BuildError::Granularity { step: 100, .. })
            ));
        }
        for currency in ["KWD", "INR", "ISK", "RUB", "KRW"] {
            assert!(
                matches!(to_decimal(money(1_000, currency)), Err(BuildError::Currency { .. })),
                "{currency}"
            );
        }
        for amount in [0, -1, i64::MIN, MAX_AMOUNT_MINOR + 1] {
            assert!(matches!(to_decimal(money(amount, "USD")), Err(BuildError::Amount(_))));
        }
    }

    #[test]
    fn a_decimal_is_read_exactly_or_not_at_all() {
        let usd = money(0, "USD").currency;
        for (text, minor) in [("0", 0), ("19", 1_900), ("19.9", 1_990), ("19.990", 1_999)] {
            assert_eq!(to_minor(text, usd), Some(minor), "{text}");
        }
        for text in [
            "",
            ".",
            "19.",
            ".99",
            "-1.00",
            "+1.00",
            "19.999",
            "1e3",
            "1,000.00",
            " 1.00",
            "1.00 ",
            "0x10",
            "NaN",
            "١٩.99",
            "19.99.0",
            "10000000000000.01",
            "99999999999999999999999999.00",
            "000000000000000000000000000000001.00",
        ] {
            assert_eq!(to_minor(text, usd), None, "{text}");
        }
        let yen = money(0, "JPY").currency;
        assert_eq!((to_minor("500.00", yen), to_minor("500.50", yen)), (Some(500), None));
        assert_eq!(to_signed_minor("-19.99", usd), Some((true, 1_999)));
        assert_eq!(to_signed_minor("19.99", usd), Some((false, 1_999)));
        assert_eq!(to_signed_minor("--19.99", usd), None);
    }
}

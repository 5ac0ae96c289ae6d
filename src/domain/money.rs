//! Amounts of money: integer minor units and a currency, with checked arithmetic.

use serde::{Deserialize, Serialize};

use super::currency::Currency;

/// The largest amount, in minor units, that Cartwright handles: 10^15.
///
/// Integers cross to JavaScript (storage, D1) as f64, which is exact to 2^53; the cap leaves room
/// for a sum of eight such amounts.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000_000;

/// An amount in minor units (cents for USD, yen for JPY) of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": 1999, "currency": "USD"}))]
pub struct Money {
    /// Minor units.
    #[schema(minimum = -1_000_000_000_000_000i64, maximum = 1_000_000_000_000_000i64)]
    pub amount: i64,
    /// ISO 4217 code.
    #[schema(value_type = String, example = "USD", pattern = "^[A-Z]{3}$")]
    pub currency: Currency,
}

/// Why two amounts could not be combined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are in different currencies.
    #[error("amounts of {0} and {1} cannot be combined")]
    CurrencyMismatch(Currency, Currency),
    /// The result is beyond [`MAX_AMOUNT_MINOR`].
    #[error("the amount is beyond {MAX_AMOUNT_MINOR} minor units")]
    OutOfRange,
}

/// Adds two amounts of minor units, refusing a result beyond the cap either way.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn add_minor(left: i64, right: i64) -> Result<i64, MoneyError> {
    in_range(left.checked_add(right))
}

/// Subtracts minor units, refusing a result beyond the cap either way.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn subtract_minor(left: i64, right: i64) -> Result<i64, MoneyError> {
    in_range(left.checked_sub(right))
}

/// Multiplies a unit price by a quantity, refusing a result beyond the cap.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn multiply_minor(unit: i64, quantity: u32) -> Result<i64, MoneyError> {
    in_range(unit.checked_mul(i64::from(quantity)))
}

/// Sums minor units, refusing any partial sum beyond the cap.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn sum_minor(amounts: impl IntoIterator<Item = i64>) -> Result<i64, MoneyError> {
    amounts.into_iter().try_fold(0, add_minor)
}

fn in_range(amount: Option<i64>) -> Result<i64, MoneyError> {
    amount
        .filter(|a| (-MAX_AMOUNT_MINOR..=MAX_AMOUNT_MINOR).contains(a))
        .ok_or(MoneyError::OutOfRange)
}

impl Money {
    /// An amount of minor units.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// The sum of two amounts.
    ///
    /// # Errors
    /// When the currencies differ or the sum is out of range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        Ok(Self::new(add_minor(self.amount, other.amount)?, self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_holds_and_one_more_is_refused() {
        assert_eq!(add_minor(MAX_AMOUNT_MINOR, 0), Ok(MAX_AMOUNT_MINOR));
        assert_eq!(add_minor(MAX_AMOUNT_MINOR, 1), Err(MoneyError::OutOfRange));
        assert_eq!(subtract_minor(-MAX_AMOUNT_MINOR, 1), Err(MoneyError::OutOfRange));
        assert_eq!(multiply_minor(i64::MAX, 2), Err(MoneyError::OutOfRange));
        assert_eq!(sum_minor([i64::MAX, 1]), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn the_cap_survives_the_trip_through_javascript_numbers() {
        #[expect(clippy::as_conversions, reason = "this is the very conversion under test")]
        let through_f64 = (MAX_AMOUNT_MINOR as f64) as i64;
        assert_eq!(through_f64, MAX_AMOUNT_MINOR);
    }

    #[test]
    fn currencies_do_not_mix() {
        let usd = Money::new(1, "USD".parse().unwrap());
        let jpy = Money::new(1, "JPY".parse().unwrap());
        assert!(matches!(usd.checked_add(jpy), Err(MoneyError::CurrencyMismatch(..))));
    }
}

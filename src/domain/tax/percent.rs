//! Rates in percent, exactly.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A rate in percent, 0 to 100 with at most six decimal places; in JSON a string such as `"8.875"`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, example = "8.875", pattern = r"^\d{1,3}(\.\d{1,6})?$")]
pub struct Percent(Decimal);

/// The text is not a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a percentage from 0 to 100 with at most 6 decimal places, such as 8.875")]
pub struct MalformedPercent;

/// Decimal places of a [`Percent`].
const PERCENT_PLACES: u32 = 6;
/// 100 %, in millionths of a percent.
pub(super) const WHOLE: i128 = 100_000_000;

impl Percent {
    /// No tax.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The rate as a decimal number of percent.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        self.0
    }

    /// The rate in millionths of a percent, exactly.
    pub(super) fn millionths(self) -> i128 {
        let mut scaled = self.0;
        scaled.rescale(PERCENT_PLACES);
        scaled.mantissa()
    }
}

impl FromStr for Percent {
    type Err = MalformedPercent;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, places) = text.split_once('.').map_or((text, None), |(w, p)| (w, Some(p)));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
        };
        if !digits(whole, 3) || !places.is_none_or(|part| digits(part, 6)) {
            return Err(MalformedPercent);
        }
        let rate = Decimal::from_str_exact(text).map_err(|_| MalformedPercent)?.normalize();
        if rate > Decimal::ONE_HUNDRED { Err(MalformedPercent) } else { Ok(Self(rate)) }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

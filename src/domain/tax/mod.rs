//! Which taxes apply to something sold to a place, and how much they come to.
//!
//! The arithmetic is exact: rates are decimals of at most six places, amounts are integers, and the
//! one rounding of each tax is done on an exact fraction. Whatever is rounded is then shared out so
//! that the parts add up to it.

mod assess;
mod percent;
mod rate;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use assess::{Assessed, TaxLine, assess};
pub use percent::{MalformedPercent, Percent};
pub use rate::{Place, Supply, TaxRate, applicable};

/// How fractions of a minor unit become whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// Which way.
    pub mode: RoundingMode,
    /// How often.
    pub level: RoundingLevel,
}

/// Which way a fraction of a minor unit goes. It is the tax that is rounded, never the price: where
/// prices include tax, the net amount is what the rounded tax leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// To the nearest; a half goes up.
    HalfUp,
    /// To the nearest; a half goes to the even neighbour.
    HalfEven,
    /// To the nearest; a half goes down.
    HalfDown,
    /// Always up.
    Up,
    /// Always down.
    Down,
}

/// How often tax is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundingLevel {
    /// For each line, and for shipping.
    Line,
    /// Once for everything in the cart, shipping among it, to which the same rates apply (as
    /// EN 16931 does per VAT category); the lines' taxes are shares of that.
    Total,
}

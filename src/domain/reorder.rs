//! When a SKU is to be ordered from its supplier, and how much of it.
//!
//! The rules are those of the textbooks (Silver, Pyke and Thomas, *Inventory and Production Management in
//! Supply Chains*, the chapters on (s, Q) and (R, S) systems), on whole units:
//!
//! | name | what |
//! |---|---|
//! | position | unsold units + announced units + units of draft purchase orders |
//! | demand d | units sold in a window / its days: a fraction, never rounded by itself |
//! | reorder point s | the merchant's; without one, d × lead time, rounded up |
//! | needed | position ≤ s |
//! | quantity, the merchant's Q | the least multiple of Q that lifts the position above s: (s, nQ) |
//! | quantity, without Q | up to S: d × (lead time + review period), or s + d × review period for a merchant's s; above s in any case |
//!
//! What is unsold is so after safety stock and debts: a shelf of 30 of which 10 are kept counts as 20. The
//! textbook adds the safety stock to s instead; that is the same inequality. So s stands for units that may
//! be sold, as it does in the alert `reorder_needed`.
//!
//! The need is then raised to what the supplier sells at least, and rounded up to whole packs. Without sales
//! and without a merchant's point nothing is ordered but what customers are owed.

mod plan;

use serde::{Deserialize, Serialize};

pub use plan::{MAX_PLAN_LINES, Plan, PlannedLine, Position, Run, plans};

use super::inventory::{MAX_UNITS, StockLevel};
use super::supplier::Offer;
use super::time::Timestamp;

/// The most units that one proposal asks for; more is most likely a wrong number somewhere.
pub const MAX_PROPOSED_UNITS: i64 = 1_000_000;

/// The least days over which sales are spread: a SKU that is new sells in its first days what it will not
/// go on to sell.
const LEAST_DAYS: i64 = 7;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// A day in UTC, counted from 1970.
#[must_use]
pub const fn day_of(at: Timestamp) -> i64 {
    at.milliseconds().div_euclid(DAY_MILLISECONDS)
}

/// How proposals look back and ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Over how many days sales are counted, today included.
    pub window_days: u32,
    /// Days until proposals are looked at again: an order must last until the one after it arrives.
    pub review_days: u32,
}

impl Outlook {
    /// The longest window, in days.
    pub const MAX_WINDOW_DAYS: u32 = 365;
    /// The longest time between two looks, in days.
    pub const MAX_REVIEW_DAYS: u32 = 90;

    /// The first day of the window.
    #[must_use]
    pub fn first_day(self, now: Timestamp) -> i64 {
        day_of(now).saturating_add(1).saturating_sub(i64::from(self.window_days))
    }
}

impl Default for Outlook {
    fn default() -> Self {
        Self { window_days: 28, review_days: 7 }
    }
}

/// How many units had been sold in all when a day began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// The day ([`day_of`]).
    pub day: i64,
    /// Units.
    pub sold: i64,
}

/// How fast a SKU sells: units in days, a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Demand {
    /// Units sold and not given back.
    pub units: i64,
    /// In so many days, at least 7.
    pub days: i64,
}

impl Demand {
    /// The demand of a window. `before` is the last snapshot of the day on which it begins or earlier, for a
    /// younger SKU its first. Without one nothing is known of the past.
    #[must_use]
    pub fn of_window(
        sold: i64,
        before: Option<Snapshot>,
        outlook: Outlook,
        now: Timestamp,
    ) -> Self {
        let first_day = outlook.first_day(now);
        let Some(before) = before else {
            return Self { units: 0, days: i64::from(outlook.window_days).max(LEAST_DAYS) };
        };
        let seen_since = before.day.max(first_day);
        let days = day_of(now).saturating_add(1).saturating_sub(seen_since).max(LEAST_DAYS);
        Self { units: sold.saturating_sub(before.sold).clamp(0, MAX_UNITS), days }
    }

    /// Units that are sold in so many days at this rate, rounded up.
    #[must_use]
    pub fn in_days(self, days: i64) -> i64 {
        let sold = i128::from(self.units).saturating_mul(i128::from(days.max(0)));
        let per = i128::from(self.days.max(1));
        let whole = sold.saturating_add(per.saturating_sub(1)).div_euclid(per);
        i64::try_from(whole).unwrap_or(MAX_UNITS).min(MAX_UNITS)
    }
}

/// What is known of a SKU.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Its counters and the merchant's terms.
    pub level: &'a StockLevel,
    /// Units of purchase orders that nobody has sent yet.
    pub drafted: i64,
    /// How fast it sells.
    pub demand: Demand,
    /// Whether anyone can buy it: what is out of the catalogue is ordered for debts only.
    pub is_sold: bool,
}

/// Where a reorder point comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PointOrigin {
    /// The merchant set it.
    Merchant,
    /// It is what sells while an order is on its way.
    Derived,
}

/// A quantity to order, and every number that led to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proposal {
    /// Units to order.
    pub quantity: i64,
    /// Units that are needed, before packs and minimum.
    pub needed: i64,
    /// Units that may be sold and are not, after safety stock and debts; negative when more is owed.
    pub unsold: i64,
    /// Units that customers have paid for and wait for; `unsold` is less by them.
    pub owed: i64,
    /// Units that are announced.
    pub incoming: i64,
    /// Units of draft purchase orders, and of those that were ordered a moment ago.
    pub drafted: i64,
    /// `unsold` + `incoming` + `drafted`.
    pub position: i64,
    /// It is time to order at this position or below.
    pub reorder_point: i64,
    /// Where that comes from.
    pub reorder_point_origin: PointOrigin,
    /// The position that is aimed at.
    pub target: i64,
    /// The merchant's own quantity, of which a multiple is ordered.
    pub reorder_quantity: Option<i64>,
    /// How fast it sells.
    pub demand: Demand,
    /// Days until the order arrives; null without a supplier, and counted as none.
    pub lead_time_days: Option<u32>,
    /// Days until proposals are looked at again.
    pub review_days: u32,
    /// Only whole packs of so many units can be ordered.
    pub pack_size: i64,
    /// The least that can be ordered.
    pub minimum_quantity: i64,
}

/// What to order of a SKU, if it is time to.
#[must_use]
pub fn propose(
    situation: &Situation<'_>,
    offer: Option<&Offer>,
    outlook: Outlook,
) -> Option<Proposal> {
    let Situation { level, drafted, demand, is_sold } = *situation;
    let (unsold, incoming) = (level.unsold(), level.incoming());
    let position = unsold.saturating_add(incoming).saturating_add(drafted);
    let own_point = level.terms.reorder_point;
    let sells = own_point.is_some() || demand.units > 0;
    let is_owed = position < 0;
    if !(is_owed || is_sold && sells) {
        return None;
    }
    let lead_time_days = offer.map(Offer::lead_time_days);
    let lead = i64::from(lead_time_days.unwrap_or_default());
    let review = i64::from(outlook.review_days);
    let point = own_point.unwrap_or_else(|| demand.in_days(lead));
    if position > point {
        return None;
    }
    let above = point.saturating_add(1);
    let own_quantity = level.terms.reorder_quantity.filter(|quantity| *quantity > 0);
    let target = if !(is_sold && sells) {
        0
    } else if let Some(quantity) = own_quantity {
        position.saturating_add(multiple_of(quantity, above.saturating_sub(position)))
    } else if own_point.is_some() {
        point.saturating_add(demand.in_days(review)).max(above)
    } else {
        demand.in_days(lead.saturating_add(review)).max(above)
    };
    let needed = target.saturating_sub(position);
    let pack_size = offer.map_or(1, |offer| offer.item.pack_size.max(1));
    let minimum_quantity = offer.map_or(1, |offer| offer.item.minimum_quantity.max(1));
    let wanted = multiple_of(pack_size, needed.max(minimum_quantity));
    let most = MAX_PROPOSED_UNITS.saturating_sub(MAX_PROPOSED_UNITS.checked_rem(pack_size)?);
    Some(Proposal {
        quantity: wanted.min(most),
        needed,
        unsold,
        owed: level.back_ordered_sold,
        incoming,
        drafted,
        position,
        reorder_point: point,
        reorder_point_origin: match own_point {
            Some(_) => PointOrigin::Merchant,
            None => PointOrigin::Derived,
        },
        target,
        reorder_quantity: own_quantity,
        demand,
        lead_time_days,
        review_days: outlook.review_days,
        pack_size,
        minimum_quantity,
    })
}

/// The least multiple of a positive size that is not below a number.
fn multiple_of(size: i64, least: i64) -> i64 {
    let missing = least.checked_rem_euclid(size).filter(|rest| *rest > 0);
    least.saturating_add(missing.map_or(0, |rest| size.saturating_sub(rest)))
}

#[cfg(test)]
mod tests;

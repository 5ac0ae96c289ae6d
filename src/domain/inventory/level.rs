//! The counters of one SKU, and what may be sold of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::channel::{self, ChannelId};
use super::location::LocationId;
use super::terms::StockTerms;
use crate::domain::time::Timestamp;

/// What one location has of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balance {
    /// Where.
    pub location: LocationId,
    /// Units that may be sold, those set aside included; never negative.
    pub on_hand: i64,
    /// Units set aside for orders that are not paid.
    #[serde(default)]
    pub reserved: i64,
    /// Units that are there and may not be sold.
    #[serde(default)]
    pub damaged: i64,
    /// Units announced by purchase orders and transfers.
    #[serde(default)]
    pub incoming: i64,
}

/// The state of one SKU. Counters are written by [`StockLevel::apply`] alone, so each equals the sum of
/// its movements, and `reserved + sold <= received + adjusted + transferred + back-order limits`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StockLevel {
    /// Units ever received.
    pub received: i64,
    /// Net of corrections and damage.
    pub adjusted: i64,
    /// Net of what came from, and went to, other places: negative while a transfer is under way.
    #[serde(default)]
    pub transferred: i64,
    /// Units committed to paid orders, those still owed included.
    pub sold: i64,
    /// Units held by reservations that have not expired, those beyond the shelf included.
    pub reserved: i64,
    /// Units promised beyond the shelf to orders that are not paid.
    #[serde(default)]
    pub back_ordered_held: i64,
    /// Units sold beyond the shelf and still owed.
    #[serde(default)]
    pub back_ordered_sold: i64,
    /// Units that may be sold beyond what is on hand.
    pub back_order_limit: i64,
    /// At or below this many available units the display says `low_stock`; 0: the store's threshold.
    pub low_stock_threshold: i64,
    /// Grows by one with every change.
    pub version: i64,
    /// What each location has, by location.
    #[serde(default)]
    pub balances: Vec<Balance>,
    /// What is left of the units set aside for single channels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set_aside: BTreeMap<ChannelId, i64>,
    /// The merchant's other terms.
    #[serde(default)]
    pub terms: StockTerms,
}

/// How availability is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockStatus {
    /// More than the threshold is available.
    InStock,
    /// Available, at or below the threshold.
    LowStock,
    /// Nothing is available.
    OutOfStock,
    /// Nothing is on the shelf, and it may still be ordered.
    BackOrder,
    /// It is not out yet, and may be ordered before it is.
    PreOrder,
}

impl StockLevel {
    /// Units received at the store's main location, and nothing else.
    #[must_use]
    pub fn stocked(received: i64) -> Self {
        let balance = Balance { on_hand: received, ..Balance::default() };
        Self { received, balances: vec![balance], ..Self::default() }
    }

    /// Units owned and not yet committed; negative when back-orders are owed.
    #[must_use]
    pub const fn on_hand(&self) -> i64 {
        self.received
            .saturating_add(self.adjusted)
            .saturating_add(self.transferred)
            .saturating_sub(self.sold)
    }

    /// Units promised beyond the shelf, paid or not.
    #[must_use]
    pub const fn back_ordered(&self) -> i64 {
        self.back_ordered_held.saturating_add(self.back_ordered_sold)
    }

    /// Units that may be promised beyond the shelf in all: the SKU's limit and those of its locations.
    #[must_use]
    pub fn back_order_limits(&self) -> i64 {
        let of_locations = self.terms.locations.values().map(|terms| terms.back_order_limit);
        of_locations.fold(self.back_order_limit, i64::saturating_add)
    }

    /// Units of one location that a new order could take: neither set aside nor kept.
    #[must_use]
    pub fn free_at(&self, balance: &Balance) -> i64 {
        let kept = self.terms.locations.get(&balance.location).map_or(0, |t| t.safety_stock);
        balance.on_hand.saturating_sub(balance.reserved).saturating_sub(kept).max(0)
    }

    /// Units of the shelf that a new order could take, over all locations.
    #[must_use]
    pub fn free(&self) -> i64 {
        let free = self.balances.iter().map(|balance| self.free_at(balance));
        let free = free.fold(0, i64::saturating_add);
        free.saturating_sub(self.terms.safety_stock).max(0)
    }

    /// Units that a new order could be promised beyond the shelf.
    #[must_use]
    pub fn beyond_shelf(&self, now: Timestamp) -> i64 {
        if self.terms.release_at.is_some_and(|release| release <= now) {
            return 0;
        }
        self.back_order_limits().saturating_sub(self.back_ordered()).max(0)
    }

    /// Units that a new reservation of an ordinary checkout may take.
    #[must_use]
    pub fn available(&self, now: Timestamp) -> i64 {
        self.offered(None, now).available()
    }

    /// What a storefront shows. `store_threshold`: below it stock is low, unless the SKU has its own.
    #[must_use]
    pub fn status(&self, store_threshold: i64, now: Timestamp) -> StockStatus {
        let unreleased = self.terms.release_at.is_some_and(|release| release > now);
        if unreleased && self.available(now) > 0 {
            return StockStatus::PreOrder;
        }
        let own = self.low_stock_threshold;
        let threshold = if own > 0 { own } else { store_threshold };
        let offered = self.offered(None, now);
        let shelf = offered.shelf;
        if shelf > threshold {
            StockStatus::InStock
        } else if shelf > 0 {
            StockStatus::LowStock
        } else if offered.beyond > 0 {
            StockStatus::BackOrder
        } else {
            StockStatus::OutOfStock
        }
    }

    /// The scarcity from which on, as the store's threshold, the shelf is low or empty: an index finds by it
    /// what may be either. It is rough, so that few sales change it. None: never, whatever the store says.
    #[must_use]
    pub fn scarce_from(&self) -> Option<u32> {
        // What is on the shelf does not depend on the time; what may be promised beyond it does.
        let shelf = self.offered(None, Timestamp::from_milliseconds(0)).shelf;
        let own = self.low_stock_threshold;
        if own > 0 { (shelf <= own).then_some(0) } else { Some(scarcity(shelf)) }
    }

    /// What a location has, if it ever had any.
    #[must_use]
    pub fn balance(&self, location: &LocationId) -> Option<&Balance> {
        self.balances.iter().find(|balance| balance.location == *location)
    }

    pub(super) fn balance_mut(&mut self, location: &LocationId) -> &mut Balance {
        let at = match self.balances.binary_search_by(|known| known.location.cmp(location)) {
            Ok(at) => at,
            Err(at) => {
                let balance = Balance { location: location.clone(), ..Balance::default() };
                self.balances.insert(at, balance);
                at
            }
        };
        #[expect(clippy::indexing_slicing, reason = "the search found it or it was put there")]
        &mut self.balances[at]
    }

    /// Invariant 1 of the design, by name, and that the places add up to the whole.
    ///
    /// # Errors
    /// A sentence that says which side is wrong.
    pub fn check(&self) -> Result<(), String> {
        for balance in &self.balances {
            let Balance { location, on_hand, reserved, damaged, incoming } = balance;
            if *reserved < 0 || reserved > on_hand {
                return Err(format!("{reserved} of {on_hand} are reserved at {location}"));
            }
            if *damaged < 0 || *incoming < 0 {
                return Err(format!("{damaged} damaged and {incoming} incoming at {location}"));
            }
        }
        if self.back_ordered_held < 0 || self.back_ordered_sold < 0 {
            let (held, sold) = (self.back_ordered_held, self.back_ordered_sold);
            return Err(format!("back-ordered: {held} held and {sold} sold"));
        }
        if self.back_ordered() > self.back_order_limits() {
            let (ordered, limit) = (self.back_ordered(), self.back_order_limits());
            return Err(format!("{ordered} are back-ordered, the limit is {limit}"));
        }
        let sum = |of: fn(&Balance) -> i64| self.balances.iter().map(of).sum::<i64>();
        let reserved = sum(|b| b.reserved).saturating_add(self.back_ordered_held);
        if self.reserved < 0 || self.reserved != reserved {
            return Err(format!("reserved is {}, the locations say {reserved}", self.reserved));
        }
        let shelf = sum(|b| b.on_hand).saturating_sub(self.back_ordered_sold);
        if self.on_hand() != shelf {
            return Err(format!("on hand is {}, the locations say {shelf}", self.on_hand()));
        }
        let claimed = self.reserved.saturating_add(self.sold);
        let supply = self.on_hand().saturating_add(self.sold);
        let supply = supply.saturating_add(self.back_order_limits());
        if claimed > supply {
            return Err(format!("reserved + sold is {claimed}, supply is {supply}"));
        }
        channel::check(self)
    }
}

/// How scarce so many units are, in bits: more units never have fewer.
#[must_use]
pub const fn scarcity(units: i64) -> u32 {
    if units < 0 { 0 } else { i64::BITS.saturating_sub(units.leading_zeros()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_low_or_empty_is_scarce_from_the_threshold_on() {
        use StockStatus::{InStock, PreOrder};
        let now = Timestamp::from_milliseconds(1_000);
        for (units, own, store) in (0..40).flat_map(|units| {
            [0, 1, 3, 8, 31].into_iter().flat_map(move |own| {
                [0, 1, 2, 5, 7, 8, 30, 1_000].into_iter().map(move |store| (units, own, store))
            })
        }) {
            let level = StockLevel { low_stock_threshold: own, ..StockLevel::stocked(units) };
            let found = level.scarce_from().is_some_and(|from| from <= scarcity(store));
            let plenty = matches!(level.status(store, now), InStock | PreOrder);
            assert!(plenty || found, "{units} units, {own}, {store}");
            // Little is found in vain: less than twice the threshold.
            assert!(!found || units < 2 * store.max(own).max(1), "{units} units, {own}, {store}");
        }
        assert_eq!(StockLevel::stocked(0).scarce_from(), Some(0));
        assert_eq!((scarcity(-1), scarcity(0), scarcity(1), scarcity(i64::MAX)), (0, 0, 1, 63));
    }
}

//! A SKU as some of its locations, or one of them, have it.

use super::level::{StockLevel, StockStatus};
use super::location::LocationId;
use crate::domain::time::Timestamp;

impl StockLevel {
    /// The same SKU as if only these locations had any of it.
    #[must_use]
    pub fn only_at(&self, is_seen: impl Fn(&LocationId) -> bool) -> Self {
        let mut seen = self.clone();
        seen.balances.retain(|balance| is_seen(&balance.location));
        seen
    }

    /// Units of the shelf that a new order could take at one location: no more than it could take in all.
    #[must_use]
    pub fn free_of(&self, location: &LocationId) -> i64 {
        self.balance(location).map_or(0, |balance| self.free_at(balance).min(self.free()))
    }

    /// What is shown of one location. `store_threshold`: as for [`StockLevel::status`], where neither the
    /// location nor the SKU has its own.
    #[must_use]
    pub fn status_of(
        &self,
        location: &LocationId,
        store_threshold: i64,
        now: Timestamp,
    ) -> StockStatus {
        if self.terms.release_at.is_some_and(|release| release > now) {
            return self.status(store_threshold, now);
        }
        let own = self.terms.locations.get(location).and_then(|terms| terms.low_stock_threshold);
        let own = own.unwrap_or(self.low_stock_threshold);
        let threshold = if own > 0 { own } else { store_threshold };
        match self.free_of(location) {
            shelf if shelf > threshold => StockStatus::InStock,
            shelf if shelf > 0 => StockStatus::LowStock,
            _ if self.beyond_shelf(now) > 0 => StockStatus::BackOrder,
            _ => StockStatus::OutOfStock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::{Balance, LocationTerms};

    fn id(name: &str) -> LocationId {
        name.parse().unwrap()
    }

    fn level() -> StockLevel {
        let balance = |name: &str, on_hand: i64| Balance {
            location: id(name),
            on_hand,
            ..Balance::default()
        };
        let mut level = StockLevel {
            received: 10,
            balances: vec![balance("east", 6), balance("west", 4)],
            ..StockLevel::default()
        };
        level.terms.safety_stock = 5;
        level
    }

    #[test]
    fn a_location_offers_no_more_than_the_whole_does() {
        let now = Timestamp::from_milliseconds(0);
        let mut level = level();
        assert_eq!((level.free(), level.free_of(&id("east"))), (5, 5));
        assert_eq!((level.free_of(&id("west")), level.free_of(&id("nowhere"))), (4, 0));
        assert_eq!(level.status_of(&id("west"), 3, now), StockStatus::InStock);
        assert_eq!(level.status_of(&id("west"), 4, now), StockStatus::LowStock);
        assert_eq!(level.status_of(&id("nowhere"), 0, now), StockStatus::OutOfStock);
        let own = LocationTerms { low_stock_threshold: Some(9), ..LocationTerms::default() };
        level.terms.locations.insert(id("west"), own);
        assert_eq!(level.status_of(&id("west"), 0, now), StockStatus::LowStock);
        level.back_order_limit = 1;
        assert_eq!(level.status_of(&id("nowhere"), 0, now), StockStatus::BackOrder);
    }

    #[test]
    fn what_is_not_seen_is_not_available() {
        let east = level().only_at(|location| *location == id("east"));
        assert_eq!(east.free(), 1);
        assert_eq!(level().only_at(|_| false).free(), 0);
    }
}

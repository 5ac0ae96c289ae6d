//! What of a bundle is available: it has no stock of its own, so its components say.

use super::level::{StockLevel, StockStatus};
use crate::domain::time::Timestamp;

/// What of a bundle a new order could have, and how a storefront shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleAvailability {
    /// Bundles that a new order may take.
    pub available: i64,
    /// The worst of what its components say.
    pub status: StockStatus,
}

/// Derives it from the levels of the components, each with its units in one bundle. `store_threshold`:
/// below so many bundles, stock is low. A bundle of nothing is not available.
#[must_use]
pub fn bundle_availability<'a>(
    components: impl IntoIterator<Item = (&'a StockLevel, u32)>,
    store_threshold: i64,
    now: Timestamp,
) -> BundleAvailability {
    let parts = components.into_iter().map(|(level, units)| {
        let of = |count: i64| count.checked_div(i64::from(units)).unwrap_or(0);
        let available = of(level.available(now));
        let own = level.status(store_threshold, now);
        let status = if available <= 0 {
            StockStatus::OutOfStock
        } else if own == StockStatus::PreOrder {
            own
        } else if of(level.free()) <= 0 {
            StockStatus::BackOrder
        } else if own == StockStatus::LowStock || of(level.free()) <= store_threshold {
            StockStatus::LowStock
        } else {
            StockStatus::InStock
        };
        BundleAvailability { available, status }
    });
    let nothing = BundleAvailability { available: 0, status: StockStatus::OutOfStock };
    let worst = |one: BundleAvailability, other: BundleAvailability| BundleAvailability {
        available: one.available.min(other.available),
        status: if badness(other.status) > badness(one.status) { other.status } else { one.status },
    };
    parts.reduce(worst).unwrap_or(nothing)
}

/// How long the buyer waits: a component that is not out yet is worse than one that is on its way.
const fn badness(status: StockStatus) -> u8 {
    match status {
        StockStatus::InStock => 0,
        StockStatus::LowStock => 1,
        StockStatus::BackOrder => 2,
        StockStatus::PreOrder => 3,
        StockStatus::OutOfStock => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::StockTerms;

    fn level(free: i64, back_order_limit: i64, release_at: Option<i64>) -> StockLevel {
        let release_at = release_at.map(Timestamp::from_milliseconds);
        let terms = StockTerms { release_at, ..StockTerms::default() };
        StockLevel { back_order_limit, terms, ..StockLevel::stocked(free) }
    }

    #[test]
    fn the_worst_component_says_how_a_bundle_stands() {
        use StockStatus::{BackOrder, InStock, LowStock, OutOfStock, PreOrder};
        let plenty = || (level(1_000, 0, None), 1);
        let table = [
            (vec![], 0, OutOfStock),
            (vec![plenty()], 1_000, InStock),
            (vec![plenty(), (level(100, 0, None), 3)], 33, InStock),
            (vec![plenty(), (level(17, 0, None), 3)], 5, LowStock),
            (vec![plenty(), (level(3, 0, None), 3)], 1, LowStock),
            (vec![plenty(), (level(2, 0, None), 3)], 0, OutOfStock),
            (vec![(level(2, 0, None), 3), plenty()], 0, OutOfStock),
            (vec![plenty(), (level(2, 4, None), 3)], 2, BackOrder),
            (vec![plenty(), (level(0, 9, None), 3)], 3, BackOrder),
            (vec![plenty(), (level(0, 2, None), 3)], 0, OutOfStock),
            (vec![plenty(), (level(0, 9, Some(2_000)), 3), (level(0, 9, None), 1)], 3, PreOrder),
            (vec![plenty(), (level(0, 9, Some(500)), 3)], 0, OutOfStock),
            (vec![plenty(), (level(0, 0, None), 0)], 0, OutOfStock),
        ];
        for (components, available, status) in table {
            let parts = components.iter().map(|(level, units)| (level, *units));
            let now = Timestamp::from_milliseconds(1_000);
            let derived = bundle_availability(parts, 5, now);
            assert_eq!(derived, BundleAvailability { available, status }, "{components:?}");
        }
    }

    #[test]
    fn a_component_that_is_low_by_its_own_threshold_makes_the_bundle_low() {
        let low = StockLevel { low_stock_threshold: 50, ..level(40, 0, None) };
        let derived = bundle_availability([(&low, 1)], 5, Timestamp::from_milliseconds(0));
        assert_eq!(derived, BundleAvailability { available: 40, status: StockStatus::LowStock });
    }
}

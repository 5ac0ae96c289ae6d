//! A SKU's terms as merchants see them.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::inventory::{LocationId, LocationTerms, StockLevel};
use crate::domain::time::Timestamp;

/// A merchant's terms of one SKU. What is null was not said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "back_order_limit": 20, "low_stock_threshold": 5, "safety_stock": 2,
    "expected_at": "2027-01-15T00:00:00.000Z", "release_at": null, "reorder_point": 10,
    "reorder_quantity": 50, "customer_limit": 4,
    "locations": {"main": {"safety_stock": 1, "back_order_limit": 0}}
}))]
pub struct TermsView<'a> {
    /// Units that may be sold beyond the shelf.
    back_order_limit: i64,
    /// At or below this many units the SKU is shown as low; 0: the store's own threshold.
    low_stock_threshold: i64,
    /// Units that are never sold, beyond those that each location keeps.
    safety_stock: i64,
    /// When back-ordered units are expected.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// What is sold beyond the shelf is pre-ordered, until this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    release_at: Option<Timestamp>,
    /// At or below this many units it is time to order from the supplier.
    reorder_point: Option<i64>,
    /// How many units to order then.
    reorder_quantity: Option<i64>,
    /// The most units that one customer may have on order.
    customer_limit: Option<i64>,
    /// Terms of single locations.
    #[schema(value_type = std::collections::HashMap<String, LocationTerms>)]
    locations: &'a BTreeMap<LocationId, LocationTerms>,
}

impl<'a> TermsView<'a> {
    /// The terms of a SKU.
    #[must_use]
    pub const fn of(level: &'a StockLevel) -> Self {
        let terms = &level.terms;
        Self {
            back_order_limit: level.back_order_limit,
            low_stock_threshold: level.low_stock_threshold,
            safety_stock: terms.safety_stock,
            expected_at: terms.expected_at,
            release_at: terms.release_at,
            reorder_point: terms.reorder_point,
            reorder_quantity: terms.reorder_quantity,
            customer_limit: terms.customer_limit,
            locations: &terms.locations,
        }
    }
}

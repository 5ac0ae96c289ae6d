//! A SKU's counters as merchants see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::stock::display;
use crate::domain::catalogue::StoreSettings;
use crate::domain::id::Sku;
use crate::domain::inventory::{StockLevel, StockStatus};
use crate::domain::time::Timestamp;

/// The counters of one SKU: `on_hand` is received + adjusted - sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sku": "MUG-CLASSIC", "received": 120, "adjusted": -2, "sold": 30, "reserved": 4, "on_hand": 88,
    "available": 84, "back_order_limit": 0, "low_stock_threshold": 0, "status": "in_stock",
    "version": 71, "as_of": "2026-01-31T12:00:00.000Z"
}))]
pub struct InventoryView<'a> {
    /// The SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// Units ever received.
    received: i64,
    /// Net of corrections.
    adjusted: i64,
    /// Units committed to paid orders.
    sold: i64,
    /// Units held for orders that are not paid yet.
    reserved: i64,
    /// Units physically owned; negative when back-orders are owed.
    on_hand: i64,
    /// Units that a new order may take.
    available: i64,
    /// Units that may be sold beyond what is on hand.
    back_order_limit: i64,
    /// At or below this many units the SKU is shown as low; 0: the store's own threshold.
    low_stock_threshold: i64,
    /// What a storefront shows.
    status: StockStatus,
    /// Grows by one with every change.
    version: i64,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl<'a> InventoryView<'a> {
    /// The counters of a SKU at a moment.
    #[must_use]
    pub fn of(sku: &'a Sku, level: &StockLevel, as_of: Timestamp, terms: &StoreSettings) -> Self {
        Self {
            sku,
            received: level.received,
            adjusted: level.adjusted,
            sold: level.sold,
            reserved: level.reserved,
            on_hand: level.on_hand(),
            available: level.available(as_of),
            back_order_limit: level.back_order_limit,
            low_stock_threshold: level.low_stock_threshold,
            status: display::status(level, terms, as_of),
            version: level.version,
            as_of,
        }
    }
}

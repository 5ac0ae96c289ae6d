//! A SKU's counters as merchants see them.

use serde::Serialize;
use utoipa::ToSchema;

use super::bundle::{BundleStock, ComponentStock};
use super::terms_view::TermsView;
use crate::api::stock::display;
use crate::api::stock::seen::Seen;
use crate::domain::catalogue::StoreSettings;
use crate::domain::id::Sku;
use crate::domain::inventory::{Balance, LocationId, StockLevel, StockStatus};
use crate::domain::time::Timestamp;

/// The counters of one SKU: `on_hand` is received + adjusted + transferred - sold, and what the locations
/// have less what is sold beyond it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sku": "MUG-CLASSIC", "received": 120, "adjusted": -2, "transferred": 0, "sold": 30, "reserved": 4,
    "on_hand": 88, "available": 84, "back_order_limit": 0, "back_ordered_held": 0,
    "back_ordered_sold": 0, "low_stock_threshold": 0, "status": "in_stock",
    "locations": [{"location": "main", "on_hand": 88, "reserved": 4, "damaged": 0, "incoming": 0, "free": 84}],
    "terms": {
        "back_order_limit": 0, "low_stock_threshold": 0, "safety_stock": 0, "expected_at": null,
        "release_at": null, "reorder_point": null, "reorder_quantity": null, "customer_limit": null,
        "locations": {}
    },
    "version": 71, "as_of": "2026-01-31T12:00:00.000Z"
}))]
pub struct InventoryView<'a> {
    /// The SKU.
    #[schema(value_type = String)]
    sku: &'a Sku,
    /// Units ever received.
    received: i64,
    /// Net of corrections and damage.
    adjusted: i64,
    /// Net of what came from, and went to, other places.
    transferred: i64,
    /// Units committed to paid orders.
    sold: i64,
    /// Units held for orders that are not paid yet.
    reserved: i64,
    /// Units physically owned; negative when back-orders are owed.
    on_hand: i64,
    /// Units that a new order may take, of the locations that serve orders.
    available: i64,
    /// Units that may be sold beyond what is on hand.
    back_order_limit: i64,
    /// Units promised beyond the shelf to orders that are not paid.
    back_ordered_held: i64,
    /// Units sold beyond the shelf and still owed.
    back_ordered_sold: i64,
    /// At or below this many units the SKU is shown as low; 0: the store's own threshold.
    low_stock_threshold: i64,
    /// What a storefront shows.
    status: StockStatus,
    /// What each location has, or had.
    locations: Vec<BalanceView<'a>>,
    /// The merchant's terms.
    terms: TermsView<'a>,
    /// Of a bundle: what it is made of. It has no stock of its own, so `available` and `status` say what its
    /// components allow, and every other count is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Vec<ComponentStock>>,
    /// Grows by one with every change.
    version: i64,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

/// What one location has of a SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalanceView<'a> {
    /// Where.
    location: &'a LocationId,
    /// Units that may be sold, those set aside included.
    on_hand: i64,
    /// Units set aside for orders that are not paid.
    reserved: i64,
    /// Units that are there and may not be sold.
    damaged: i64,
    /// Units announced by purchase orders and transfers.
    incoming: i64,
    /// Units that an order could take there: neither set aside nor kept.
    free: i64,
}

impl<'a> InventoryView<'a> {
    /// The counters of a SKU at a moment.
    #[must_use]
    pub fn of(
        sku: &'a Sku,
        level: &'a StockLevel,
        as_of: Timestamp,
        terms: &StoreSettings,
        seen: &Seen,
    ) -> Self {
        let shown = seen.of(level);
        let balance = |balance: &'a Balance| BalanceView {
            location: &balance.location,
            on_hand: balance.on_hand,
            reserved: balance.reserved,
            damaged: balance.damaged,
            incoming: balance.incoming,
            free: level.free_at(balance),
        };
        Self {
            sku,
            received: level.received,
            adjusted: level.adjusted,
            transferred: level.transferred,
            sold: level.sold,
            reserved: level.reserved,
            on_hand: level.on_hand(),
            available: shown.available(as_of),
            back_order_limit: level.back_order_limit,
            back_ordered_held: level.back_ordered_held,
            back_ordered_sold: level.back_ordered_sold,
            low_stock_threshold: level.low_stock_threshold,
            status: display::status(&shown, terms, as_of),
            locations: level.balances.iter().map(balance).collect(),
            terms: TermsView::of(level),
            components: None,
            version: level.version,
            as_of,
        }
    }

    /// The same SKU, which is a bundle.
    #[must_use]
    pub fn made_of(self, bundle: BundleStock) -> Self {
        let BundleStock { available, status, components, as_of } = bundle;
        Self { available, status, components: Some(components), as_of, ..self }
    }
}

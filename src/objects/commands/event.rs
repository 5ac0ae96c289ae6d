//! What objects tell those who keep lists, through the queue.

use serde::{Deserialize, Serialize};

use crate::domain::inventory::{Alert, ChannelAvailability, ChannelEvent, StockLevel};
use crate::domain::invoice::InvoiceEntry;
use crate::domain::order::Order;
use crate::domain::stock_document::StockDocument;
use crate::domain::time::Timestamp;
use crate::flows::announce::OrderEvent;

/// A message on the `events` queue: the state after a change, and what happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventMessage {
    /// An order changed.
    Order {
        /// The event's identity.
        id: String,
        /// What happened, such as `order.paid`.
        events: Vec<OrderEvent>,
        /// The order after it, without secrets.
        order: Box<Order>,
    },
    /// A SKU's counters changed.
    Stock {
        /// Which SKU.
        sku: String,
        /// Its counters.
        level: Box<StockLevel>,
        /// When they were read.
        as_of: Timestamp,
    },
    /// A SKU's units crossed lines.
    StockAlerts {
        /// Which SKU.
        sku: String,
        /// The alerts that began or ended, as they are now.
        alerts: Vec<Alert>,
    },
    /// A purchase order, transfer or count changed.
    StockDocument {
        /// The document.
        document: Box<StockDocument>,
    },
    /// What a channel may be told of a SKU changed.
    ChannelAvailability {
        /// What happened.
        event: ChannelEvent,
        /// Which SKU.
        sku: String,
        /// What the channel is told.
        #[serde(flatten)]
        told: ChannelAvailability,
    },
    /// A channel has begun to sell everything: the next SKUs are to tell it.
    IntroduceChannels,
    /// Invoices and credit notes were numbered.
    Invoices {
        /// What lists say of them.
        entries: Vec<InvoiceEntry>,
    },
}

//! The queue's consumer: writes what objects tell into D1, in batches.
//!
//! Every row is guarded by its version, so a message that comes twice or late changes nothing. A
//! batch of which D1 wrote nothing is tried again as a whole; a message that can't be read is tried again
//! by itself, and goes to the dead-letter queue after the platform's retries. Whoever sent it sends it anew
//! until D1 is seen to hold what it tells.

use std::collections::BTreeMap;

use crate::domain::id::{OrderId, Sku};
use crate::domain::inventory::{Alert, ChannelAvailability, StockLevel};
use crate::domain::invoice::InvoiceEntry;
use crate::domain::order::Order;
use crate::domain::stock_document::StockDocument;
use crate::domain::time::Timestamp;
use crate::objects::commands::{EventMessage, Spoken};
use crate::runtime::log::{self, Level};
use crate::runtime::platform::{Platform, Unavailable};
use crate::runtime::queue::Delivered;
use crate::storage::{channels, invoices, orders, stock_alerts, stock_documents, stock_levels};

/// Seconds before a batch that D1 refused is tried again.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Seconds before a message that can't be read is tried again; with all of the platform's retries that is
/// more than an hour.
const UNREADABLE_AGAIN_AFTER_SECONDS: u32 = 60;

/// What a batch of messages tells, by where it is written. Of an order or a SKU that is told of more than
/// once, the newest is all there is to write.
#[derive(Default)]
struct Told {
    orders: BTreeMap<OrderId, Order>,
    levels: BTreeMap<String, (StockLevel, Timestamp)>,
    alerts: Vec<(String, Alert)>,
    stock_documents: Vec<StockDocument>,
    channels: Vec<(String, ChannelAvailability)>,
    invoices: Vec<InvoiceEntry>,
    /// A channel has begun to sell everything: SKUs are to tell it.
    introduces_channels: bool,
}

impl Told {
    fn take(&mut self, message: EventMessage) {
        match message {
            EventMessage::Order { order, .. } => {
                let known = self.orders.get(&order.id);
                if known.is_none_or(|known| known.version < order.version) {
                    self.orders.insert(order.id, *order);
                }
            }
            EventMessage::Stock { sku, level, as_of } => {
                let known = self.levels.get(&sku);
                if known.is_none_or(|(known, _)| known.version < level.version) {
                    self.levels.insert(sku, (*level, as_of));
                }
            }
            EventMessage::StockAlerts { sku, alerts } => {
                self.alerts.extend(alerts.into_iter().map(|alert| (sku.clone(), alert)));
            }
            EventMessage::StockDocument { document } => self.stock_documents.push(*document),
            EventMessage::ChannelAvailability { sku, told, .. } => self.channels.push((sku, told)),
            EventMessage::IntroduceChannels => self.introduces_channels = true,
            EventMessage::Invoices { entries } => self.invoices.extend(entries),
        }
    }

    /// Answers which SKUs' objects seem to have been put back to an earlier state.
    async fn write(&self, platform: &Platform) -> std::result::Result<Vec<Sku>, Unavailable> {
        let database = platform.database()?;
        orders::upsert_batch(&database, &self.orders.values().collect::<Vec<_>>()).await?;
        let put_back = stock_levels::upsert_batch(&database, &self.levels).await?;
        stock_alerts::upsert_batch(&database, &self.alerts).await?;
        stock_documents::upsert_batch(&database, &self.stock_documents).await?;
        channels::upsert_batch(&database, &self.channels).await?;
        invoices::insert_batch(&database, &self.invoices).await?;
        Ok(put_back)
    }
}

/// Writes one batch. What D1 refuses is retried through the queue.
pub async fn project<M: Delivered>(platform: &Platform, batch: impl IntoIterator<Item = M>) {
    let mut told = Told::default();
    let mut readable = Vec::new();
    for message in batch {
        match message.text().and_then(|text| EventMessage::read(&text).ok()) {
            Some(event) => {
                told.take(event);
                readable.push(message);
            }
            None => {
                log::event(Level::Error, "projection.unreadable", serde_json::json!({}));
                // Code that is newer than this one may be able to: a deployment, or a roll-back, is under way.
                message.retry(Some(UNREADABLE_AGAIN_AFTER_SECONDS));
            }
        }
    }
    let written = told.write(platform).await;
    for message in readable {
        match &written {
            Ok(_) => message.acknowledge(),
            Err(_) => message.retry(Some(RETRY_AFTER_SECONDS)),
        }
    }
    if told.introduces_channels {
        super::channels::introduce(platform).await;
    }
    match written {
        Ok(put_back) => super::prove_stock::prove_now(platform, &put_back).await,
        Err(unavailable) => {
            let fields = serde_json::json!({ "cause": unavailable.to_string() });
            log::event(Level::Error, "projection.put_off", fields);
        }
    }
}

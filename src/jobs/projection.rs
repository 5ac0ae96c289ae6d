//! The queue's consumer: writes what objects tell into D1, in batches.
//!
//! Every row is guarded by its version, so a message that comes twice or late changes nothing. A
//! batch of which D1 wrote nothing is tried again as a whole; a message that can't be read is given
//! up at once and goes to the dead-letter queue after the platform's retries.

use worker::{MessageBatch, MessageExt, Result};

use crate::objects::commands::EventMessage;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;
use crate::storage::{invoices, orders, stock_alerts, stock_documents, stock_levels};

/// Seconds before a batch that D1 refused is tried again.
const RETRY_AFTER_SECONDS: u32 = 5;

/// Writes one batch.
///
/// # Errors
/// Never for D1's sake: what it refuses is retried through the queue.
pub async fn project(platform: &Platform, batch: MessageBatch<String>) -> Result<()> {
    let mut rows = Vec::new();
    let mut levels = Vec::new();
    let mut documents = Vec::new();
    let mut alerts = Vec::new();
    let mut of_stock = Vec::new();
    let mut readable = Vec::new();
    for message in batch.raw_iter() {
        let told = message.body().as_string();
        match told.and_then(|text| serde_json::from_str::<EventMessage>(&text).ok()) {
            Some(EventMessage::Order { order, .. }) => {
                rows.push(*order);
                readable.push(message);
            }
            Some(EventMessage::Stock { sku, level, as_of }) => {
                levels.push((sku, *level, as_of));
                readable.push(message);
            }
            Some(EventMessage::StockAlerts { sku, alerts: told }) => {
                alerts.extend(told.into_iter().map(|alert| (sku.clone(), alert)));
                readable.push(message);
            }
            Some(EventMessage::StockDocument { document }) => {
                of_stock.push(*document);
                readable.push(message);
            }
            Some(EventMessage::Invoices { entries }) => {
                documents.extend(entries);
                readable.push(message);
            }
            None => {
                log::event(Level::Error, "projection.unreadable", serde_json::json!({}));
                message.retry();
            }
        }
    }
    let written = write(platform, &rows, &levels, &documents, &alerts, &of_stock).await;
    for message in readable {
        match &written {
            Ok(()) => message.ack(),
            Err(_) => message.retry_with_options(
                &worker::QueueRetryOptionsBuilder::new()
                    .with_delay_seconds(RETRY_AFTER_SECONDS)
                    .build(),
            ),
        }
    }
    if let Err(cause) = written {
        log::event(Level::Error, "projection.put_off", serde_json::json!({ "cause": cause }));
    }
    Ok(())
}

async fn write(
    platform: &Platform,
    rows: &[crate::domain::order::Order],
    levels: &[(String, crate::domain::inventory::StockLevel, crate::domain::time::Timestamp)],
    documents: &[crate::domain::invoice::InvoiceEntry],
    alerts: &[(String, crate::domain::inventory::Alert)],
    of_stock: &[crate::domain::stock_document::StockDocument],
) -> std::result::Result<(), String> {
    let database = platform.database().map_err(|unavailable| unavailable.to_string())?;
    orders::upsert_batch(&database, rows).await.map_err(|error| error.to_string())?;
    stock_levels::upsert_batch(&database, levels).await.map_err(|error| error.to_string())?;
    stock_alerts::upsert_batch(&database, alerts).await.map_err(|error| error.to_string())?;
    stock_documents::upsert_batch(&database, of_stock).await.map_err(|error| error.to_string())?;
    invoices::insert_batch(&database, documents).await.map_err(|error| error.to_string())
}

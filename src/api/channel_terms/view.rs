//! What a channel may have of a SKU, as merchants see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::inventory::{ChannelId, ChannelTerms, StockLevel};
use crate::domain::time::Timestamp;

/// What one channel may have of a SKU.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "channel": "big-marketplace", "terms": {"buffer": 2, "cap": 50, "allocation": 20}, "left": 12,
    "available": 40, "version": 71, "as_of": "2026-01-31T12:00:00.000Z"
}))]
pub struct ChannelStockView {
    /// The channel.
    channel: ChannelId,
    /// The merchant's terms; null if there are none.
    terms: Option<ChannelTerms>,
    /// Units left of what was set aside for it.
    left: i64,
    /// Units that an order of the channel could take now.
    available: i64,
    /// The version of the SKU's counters.
    version: i64,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl ChannelStockView {
    /// What a channel may have of a SKU at a moment.
    #[must_use]
    pub fn of(level: &StockLevel, channel: ChannelId, as_of: Timestamp) -> Self {
        Self {
            terms: level.terms.channels.get(&channel).cloned(),
            left: level.set_aside_for(&channel),
            available: level.available_to(&channel, as_of),
            version: level.version,
            as_of,
            channel,
        }
    }
}

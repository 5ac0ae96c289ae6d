//! What a merchant says about a SKU's stock: buffers, limits and thresholds. Terms hold no units: changing
//! them moves nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::channel::{ChannelId, ChannelTerms};
use super::location::LocationId;
use crate::domain::time::Timestamp;

/// A merchant's terms of one SKU, but for the two that [`super::StockLevel`] carries itself
/// (`back_order_limit`, `low_stock_threshold`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StockTerms {
    /// Units that are never sold, beyond those that each location keeps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub safety_stock: i64,
    /// When back-ordered units are expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// What is sold beyond the shelf is pre-ordered, until the release: then nothing more is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_at: Option<Timestamp>,
    /// At or below this many units, it is time to order from the supplier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_point: Option<i64>,
    /// How many units to order then; none: enough for the supplier's lead time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_quantity: Option<i64>,
    /// The most units that one customer may have on order, held or paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_limit: Option<i64>,
    /// Terms of single locations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locations: BTreeMap<LocationId, LocationTerms>,
    /// Terms of single channels; they are changed one by one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ChannelId, ChannelTerms>,
}

/// A merchant's terms of one SKU at one location.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationTerms {
    /// Units of this location that are never sold.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    pub safety_stock: i64,
    /// Units that may be sold beyond the shelf because this location can have them made or fetched.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    pub back_order_limit: i64,
    /// At or below this many units here, the location is low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    pub low_stock_threshold: Option<i64>,
}

/// How terms change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum TermsChange {
    /// All of them, anew, but those of channels.
    Replace {
        /// The new limit of units that may be sold beyond the shelf.
        back_order_limit: i64,
        /// The new display threshold; 0: the store's own.
        low_stock_threshold: i64,
        /// The others.
        terms: Box<StockTerms>,
    },
    /// Those that are given.
    Patch {
        /// A new limit of units that may be sold beyond the shelf.
        #[serde(default)]
        back_order_limit: Option<i64>,
        /// A new display threshold; 0: the store's own.
        #[serde(default)]
        low_stock_threshold: Option<i64>,
        /// A new count of units that are never sold.
        #[serde(default)]
        safety_stock: Option<i64>,
        /// A new reorder point.
        #[serde(default)]
        reorder_point: Option<i64>,
        /// A new reorder quantity.
        #[serde(default)]
        reorder_quantity: Option<i64>,
    },
    /// Those of one channel.
    Channel {
        /// Which.
        channel: ChannelId,
        /// The new ones; none: the channel has no terms any more.
        #[serde(default)]
        terms: Option<ChannelTerms>,
    },
}

/// Serde asks for a reference.
const fn is_zero(value: &i64) -> bool {
    *value == 0
}

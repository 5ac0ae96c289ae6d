//! `GET /v1/admin/channels/{id}/availability`: what a channel may be told, in the order of change.

use serde::Serialize;
use utoipa::ToSchema;

use super::show::known;
use crate::api::ask::Ask;
use crate::api::error::ErrorCode;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::inventory::ChannelId;
use crate::domain::time::Timestamp;
use crate::storage::channels::{self, FeedLine};

/// A part of a channel's feed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailabilityFeed<'a> {
    /// SKUs by their last change, each once.
    items: Vec<AvailabilityView<'a>>,
    /// Where to go on from, now or later: what changes after this comes after it.
    #[schema(example = "1042")]
    next_after: String,
    /// Whether there is more now.
    more: bool,
}

/// What a channel may be told of one SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct AvailabilityView<'a> {
    /// The event.
    #[schema(example = "channel.availability_changed")]
    event: &'static str,
    /// The channel.
    #[schema(value_type = String)]
    channel: &'a ChannelId,
    /// The SKU.
    #[schema(example = "MUG-CLASSIC")]
    sku: &'a str,
    /// Units that an order of the channel could take.
    available: i64,
    /// The version of the SKU's counters: what is older than what was pushed before can be dropped.
    version: i64,
    /// When it was so; of the same version the later one is the newer.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

/// Follows what a channel may be told, in the order of change.
///
/// Start without `after`, then go on with `next_after`: a SKU comes again whenever it has changed, and
/// nothing is missed. `version` grows with every change of the SKU, so that of two pushes that overtake
/// each other the stale one can be dropped.
#[utoipa::path(
    get, path = "/v1/admin/channels/{id}/availability", operation_id = "follow_channel_availability", tag = "admin",
    params(
        ("id" = String, Path, description = "The channel", example = "storefront"),
        ("after" = Option<String>, Query, description = "`next_after` of the part before; from the beginning without one"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, description = "The next part of the feed", body = AvailabilityFeed),
        (status = 404, description = "`channel_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id: ChannelId = ask.named("id", ErrorCode::ChannelNotFound)?;
    let query = ask.query(&["after", "limit"])?;
    let limit = query.limit()?;
    let place = |text: &str| text.parse::<i64>().ok().filter(|place| *place >= 0);
    let after = query.read("after", "must be the next_after of an earlier part", place)?;
    let after = after.unwrap_or(0);
    let channel = known(&ask.platform, &id).await?;
    let database = ask.platform.database()?;
    let mut found = channels::feed(&database, &channel.id, after, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map_or(after, |line| line.change_sequence);
    let items = found.iter().map(|line| view(&channel.id, line)).collect();
    Reply::json(200, &AvailabilityFeed { items, next_after: last.to_string(), more })
}

fn view<'a>(channel: &'a ChannelId, line: &'a FeedLine) -> AvailabilityView<'a> {
    AvailabilityView {
        event: "channel.availability_changed",
        channel,
        sku: &line.sku,
        available: line.available,
        version: line.version,
        as_of: Timestamp::from_milliseconds(line.as_of),
    }
}

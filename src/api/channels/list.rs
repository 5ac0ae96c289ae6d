//! `GET /v1/admin/channels`: which sales channels there are.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::domain::channel::Channel;
use crate::storage::channels;

/// A page of channels, by identity.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelPage {
    /// The channels, archived ones included.
    items: Vec<Channel>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists the sales channels, archived ones included.
#[utoipa::path(
    get, path = "/v1/admin/channels", operation_id = "list_channels", tag = "admin",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of channels", body = ChannelPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["limit", "cursor"])?;
    let after = query.cursor()?.unwrap_or_default();
    let limit = query.limit()?;
    let database = ask.platform.database()?;
    let mut items = channels::list(&database, &after, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| cursor_after(last.id.as_str()));
    Reply::json(200, &ChannelPage { items, next_cursor })
}

//! `GET /v1/admin/api-keys`: which keys there are.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::ApiKeyView;
use crate::api::ask::Ask;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::storage::api_keys;

/// A page of API keys, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyPage<'a> {
    /// The keys, revoked ones included.
    items: Vec<ApiKeyView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists the API keys, oldest first, revoked ones included. No answer shows a key itself.
#[utoipa::path(
    get, path = "/v1/admin/api-keys", operation_id = "list_api_keys", tag = "admin",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of keys", body = ApiKeyPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["limit", "cursor"])?;
    let after = query.cursor()?.unwrap_or_default();
    let limit = query.limit()?;
    let database = ask.platform.database()?;
    let mut keys = api_keys::list(&database, &after, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = keys.len() > limit;
    keys.truncate(limit);
    let next_cursor = keys.last().filter(|_| more).map(|key| cursor_after(&key.id));
    Reply::json(200, &ApiKeyPage { items: keys.iter().map(ApiKeyView::of).collect(), next_cursor })
}

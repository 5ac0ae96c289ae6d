//! `GET /v1/admin/suppliers`: all suppliers.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::domain::supplier::{Supplier, SupplierStatus};
use crate::storage::suppliers;

/// A page of suppliers, by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplierPage {
    /// The suppliers.
    items: Vec<Supplier>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists the suppliers, by id.
#[utoipa::path(
    get, path = "/v1/admin/suppliers", operation_id = "list_suppliers", tag = "admin",
    params(
        ("status" = Option<SupplierStatus>, Query, description = "Only those of this status", example = "active"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of suppliers", body = SupplierPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["status", "limit", "cursor"])?;
    let status = query.read("status", "must be active or archived", SupplierStatus::from_name)?;
    let (limit, after) = (query.limit()?, query.cursor()?.unwrap_or_default());
    let database = ask.platform.database()?;
    let mut items = suppliers::list(&database, status, &after, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| cursor_after(last.id.as_str()));
    Reply::json(200, &SupplierPage { items, next_cursor })
}

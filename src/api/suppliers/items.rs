//! `GET /v1/admin/suppliers/{id}/items`: what a supplier offers.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::{SupplierItemView, found};
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::storage::suppliers;

/// A page of what a supplier offers, by SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupplierItemPage<'a> {
    /// What it offers.
    items: Vec<SupplierItemView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists what a supplier offers, by SKU.
#[utoipa::path(
    get, path = "/v1/admin/suppliers/{id}/items", operation_id = "list_supplier_items", tag = "admin",
    params(
        ("id" = String, Path, description = "The supplier", example = "acme-ceramics"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of what it offers", body = SupplierItemPage),
        (status = 404, description = "`supplier_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["limit", "cursor"])?;
    let (limit, after) = (query.limit()?, query.cursor()?.unwrap_or_default());
    let supplier = found(&ask).await?;
    let database = ask.platform.database()?;
    let one_more = limit.saturating_add(1);
    let mut offered = suppliers::items(&database, &supplier.id, &after, one_more).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = offered.len() > limit;
    offered.truncate(limit);
    let next_cursor = offered.last().filter(|_| more).map(|(sku, _)| cursor_after(sku));
    let view = |(sku, item)| SupplierItemView::of(&supplier.id, sku, item);
    let items = offered.iter().map(|(sku, item)| (sku.as_str(), item)).map(view).collect();
    Reply::json(200, &SupplierItemPage { items, next_cursor })
}

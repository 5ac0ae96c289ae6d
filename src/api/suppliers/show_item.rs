//! `GET /v1/admin/suppliers/{id}/items/{sku}`: what a supplier offers of a SKU.

use super::view::{SupplierItemView, found};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::Sku;
use crate::storage::suppliers;

/// Shows what a supplier offers of a SKU.
#[utoipa::path(
    get, path = "/v1/admin/suppliers/{id}/items/{sku}", operation_id = "show_supplier_item", tag = "admin",
    params(
        ("id" = String, Path, description = "The supplier", example = "acme-ceramics"),
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
    ),
    responses(
        (status = 200, description = "What it offers", body = SupplierItemView),
        (status = 404, description = "`supplier_not_found`, `supplier_item_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku: Sku = ask.named("sku", ErrorCode::SupplierItemNotFound)?;
    let supplier = found(&ask).await?;
    let item = suppliers::item(&ask.platform.database()?, &supplier.id, &sku).await?;
    let item = item.ok_or_else(|| ApiError::new(ErrorCode::SupplierItemNotFound))?;
    let view = SupplierItemView::of(&supplier.id, sku.as_str(), &item);
    Reply::json(200, &view)
}

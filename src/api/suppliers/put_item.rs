//! `PUT /v1/admin/suppliers/{id}/items/{sku}`: writes what a supplier offers of a SKU.

use super::view::{SupplierItemView, found};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::inventory::bundle::refuse_bundles;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::supplier::SupplierItem;
use crate::storage::{catalogue, suppliers};

/// Writes on what terms a SKU can be had from a supplier, in place of what was there.
///
/// If it is preferred, no other supplier of the SKU is any more.
#[utoipa::path(
    put, path = "/v1/admin/suppliers/{id}/items/{sku}", operation_id = "put_supplier_item", tag = "admin",
    params(
        ("id" = String, Path, description = "The supplier", example = "acme-ceramics"),
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
    ),
    request_body(content = SupplierItem, example = json!({
        "supplier_sku": "AC-4711", "unit_cost": {"amount": 420, "currency": "USD"}, "pack_size": 12,
        "minimum_quantity": 24, "preferred": true
    })),
    responses(
        (status = 200, description = "What it offers now", body = SupplierItemView),
        (status = 404, description = "`supplier_not_found`, `unknown_sku`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`sku_is_bundle`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let item: SupplierItem = ask.json().await?;
    let supplier = found(&ask).await?;
    let errors = item.validate(supplier.currency);
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let database = ask.platform.database()?;
    let known = catalogue::sellables(&database, &[&sku]).await?;
    if known.is_empty() {
        return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
    }
    refuse_bundles(&known)?;
    let now = ask.platform.now();
    if !suppliers::put_item(&database, &supplier.id, &sku, &item, now).await? {
        // Its currency, or the item itself, was changed by someone else in this moment.
        return Err(ApiError::try_again(1));
    }
    let view = SupplierItemView::of(&supplier.id, sku.as_str(), &item);
    Reply::json(200, &view)
}

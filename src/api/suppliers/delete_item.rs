//! `DELETE /v1/admin/suppliers/{id}/items/{sku}`: a SKU can no longer be had from a supplier.

use super::view::found;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::storage::suppliers;

/// Takes a SKU out of what a supplier offers. Taking it out again changes nothing.
#[utoipa::path(
    delete, path = "/v1/admin/suppliers/{id}/items/{sku}", operation_id = "delete_supplier_item", tag = "admin",
    params(
        ("id" = String, Path, description = "The supplier", example = "acme-ceramics"),
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
    ),
    responses(
        (status = 204, description = "It is out"),
        (status = 404, description = "`supplier_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let supplier = found(&ask).await?;
    suppliers::delete_item(&ask.platform.database()?, &supplier.id, &sku).await?;
    Ok(Reply::empty(204))
}

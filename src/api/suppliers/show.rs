//! `GET /v1/admin/suppliers/{id}`: one supplier.

use super::view::found;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::supplier::Supplier;

/// Shows a supplier.
#[utoipa::path(
    get, path = "/v1/admin/suppliers/{id}", operation_id = "show_supplier", tag = "admin",
    params(("id" = String, Path, description = "The supplier", example = "acme-ceramics")),
    responses(
        (status = 200, description = "The supplier", body = Supplier),
        (status = 404, description = "`supplier_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    Reply::json(200, &found(&ask).await?)
}

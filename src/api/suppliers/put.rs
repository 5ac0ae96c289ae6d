//! `PUT /v1/admin/suppliers/{id}`: writes a supplier.

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::supplier::{Supplier, SupplierId};
use crate::storage::suppliers;

/// Writes a supplier, in place of what was there.
///
/// One that is archived is proposed no longer; what was ordered from it stays. Its currency can be changed
/// as long as none of its items costs another one.
#[utoipa::path(
    put, path = "/v1/admin/suppliers/{id}", operation_id = "put_supplier", tag = "admin",
    params(("id" = String, Path, description = "The supplier; the same as in the body", example = "acme-ceramics")),
    request_body(content = Supplier, example = json!({
        "id": "acme-ceramics", "name": "Acme Ceramics", "currency": "USD", "email": "orders@acme.example",
        "lead_time_days": 14, "minimum_order": {"amount": 25000, "currency": "USD"}, "status": "active"
    })),
    responses(
        (status = 200, description = "The supplier as it is now", body = Supplier),
        (status = 409, description = "`supplier_currency_in_use`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id: SupplierId = ask.named("id", ErrorCode::SupplierNotFound)?;
    let supplier: Supplier = ask.json().await?;
    if supplier.id != id {
        return Err(ApiError::field("/id", "must be the id in the address"));
    }
    let errors = supplier.validate();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let now = ask.platform.now();
    if !suppliers::put(&ask.platform.database()?, &supplier, now).await? {
        return Err(ApiError::new(ErrorCode::SupplierCurrencyInUse));
    }
    Reply::json(200, &supplier)
}

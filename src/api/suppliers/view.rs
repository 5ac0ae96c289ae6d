//! What a supplier offers, as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::domain::supplier::{Supplier, SupplierId, SupplierItem};
use crate::storage::suppliers;

/// What a supplier offers of one SKU.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "supplier_id": "acme-ceramics", "sku": "MUG-CLASSIC", "supplier_sku": "AC-4711",
    "unit_cost": {"amount": 420, "currency": "USD"}, "pack_size": 12, "minimum_quantity": 24,
    "preferred": true
}))]
pub struct SupplierItemView<'a> {
    /// Who.
    #[schema(value_type = String)]
    pub supplier_id: &'a SupplierId,
    /// The SKU.
    pub sku: &'a str,
    /// On what terms.
    #[serde(flatten)]
    pub item: &'a SupplierItem,
}

/// The supplier that the path names.
///
/// # Errors
/// 404 if it names none.
pub async fn found(ask: &Ask) -> Result<Supplier, ApiError> {
    let id: SupplierId = ask.named("id", ErrorCode::SupplierNotFound)?;
    let supplier = suppliers::find(&ask.platform.database()?, &id).await?;
    supplier.ok_or_else(|| ApiError::new(ErrorCode::SupplierNotFound))
}

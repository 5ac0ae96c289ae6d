//! What a supplier offers, as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::domain::money::Money;
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
    supplier_id: &'a SupplierId,
    /// The SKU.
    sku: &'a str,
    /// What the supplier calls it; empty if the same as we do.
    supplier_sku: &'a str,
    /// What one unit costs.
    unit_cost: Money,
    /// Units in a pack.
    pack_size: i64,
    /// The least units that can be ordered at once.
    minimum_quantity: i64,
    /// Days from an order to its arrival, if they are not the supplier's.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_time_days: Option<u32>,
    /// Whether the SKU is ordered here rather than from others.
    preferred: bool,
}

impl<'a> SupplierItemView<'a> {
    /// What a supplier offers of a SKU. Member by member: the terms that are sent refuse members they do
    /// not know, and these have two more.
    #[must_use]
    pub fn of(supplier_id: &'a SupplierId, sku: &'a str, item: &'a SupplierItem) -> Self {
        Self {
            supplier_id,
            sku,
            supplier_sku: &item.supplier_sku,
            unit_cost: item.unit_cost,
            pack_size: item.pack_size,
            minimum_quantity: item.minimum_quantity,
            lead_time_days: item.lead_time_days,
            preferred: item.preferred,
        }
    }
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

//! `POST /v1/admin/purchase-orders`: an order to a supplier is drafted.

use serde::Deserialize;
use utoipa::ToSchema;

use super::PurchaseOrders;
use super::view::PurchaseOrderView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::make;
use crate::domain::inventory::LocationId;
use crate::domain::stock_document::{Draft, Origin, PurchaseLineDraft, PurchaseOrderDraft};
use crate::domain::supplier::SupplierId;
use crate::domain::time::Timestamp;

/// An order to a supplier.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "supplier": "north-mill", "location": "main", "reference": "4711",
    "expected_at": "2026-03-01T00:00:00Z",
    "lines": [{"sku": "MUG-CLASSIC", "quantity": 144, "unit_cost": {"amount": 350, "currency": "USD"}}]
}))]
pub struct PurchaseOrderRequest {
    /// From whom.
    supplier: SupplierId,
    /// Where the goods are to come.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "main")]
    location: LocationId,
    /// The number of somebody else's papers, such as the supplier's.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    reference: Option<String>,
    /// What people say of it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// When the goods are expected.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// What is ordered, each SKU once.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<PurchaseLineDraft>,
}

impl PurchaseOrderRequest {
    /// The order as it is asked for.
    pub(super) fn draft(self) -> Draft {
        Draft::PurchaseOrder(PurchaseOrderDraft {
            supplier: self.supplier,
            location: self.location,
            origin: Origin::Person,
            reference: self.reference,
            note: self.note,
            expected_at: self.expected_at,
            lines: self.lines,
        })
    }
}

/// Drafts an order to a supplier, once per `Idempotency-Key`. Nothing is announced before it is ordered.
#[utoipa::path(
    post, path = "/v1/admin/purchase-orders", operation_id = "create_purchase_order", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "po-4711")),
    request_body = PurchaseOrderRequest,
    responses(
        (status = 201, description = "The draft; `Idempotent-Replayed: true` on a repeat", body = PurchaseOrderView),
        (status = 409, description = "`sku_is_bundle`: `skus` lists the bundles among the lines", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_sku`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    make::<PurchaseOrders, _>(ask, PurchaseOrderRequest::draft).await
}

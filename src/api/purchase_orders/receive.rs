//! `POST /v1/admin/purchase-orders/{id}/receipts`: goods came.

use serde::Deserialize;
use utoipa::ToSchema;

use super::PurchaseOrders;
use super::view::PurchaseOrderView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_lines;
use crate::domain::stock_document::{Action, ReceivedLine};

/// Goods that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "lines": [{"sku": "MUG-CLASSIC", "quantity": 96, "damaged": 2}], "note": "first of two pallets"
}))]
pub struct ReceiptRequest {
    /// What came, each SKU once.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<ReceivedLine>,
    /// What there is to say of it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// That more than ten times what was ordered came is no mistake.
    #[serde(default)]
    allow_over_receipt: bool,
}

/// Books goods that came, once per `Idempotency-Key`.
///
/// They go to their SKUs at once, and orders that waited for them get them, the oldest first. More than was
/// ordered is booked and shown as `over_received`; more than ten times as much is refused unless it is said to
/// be right.
#[utoipa::path(
    post, path = "/v1/admin/purchase-orders/{id}/receipts", operation_id = "receive_purchase_order", tag = "admin",
    params(
        ("id" = String, Path, description = "The purchase order", example = "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every receipt", example = "po-4711-pallet-1"),
    ),
    request_body = ReceiptRequest,
    responses(
        (status = 201, description = "Booked; `Idempotent-Replayed: true` on a repeat", body = PurchaseOrderView),
        (status = 202, description = "It is written down; a SKU did not answer yet, and it goes on by itself", body = PurchaseOrderView),
        (status = 404, description = "`purchase_order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`, `document_full`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `over_receipt`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: an earlier step is not over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_lines::<PurchaseOrders, ReceiptRequest>(ask, 201, |request| {
        let (lines, allow_over_receipt) = (request.lines, request.allow_over_receipt);
        (Action::Receive { lines, allow_over_receipt }, request.note)
    })
    .await
}

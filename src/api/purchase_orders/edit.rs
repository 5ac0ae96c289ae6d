//! `PUT /v1/admin/purchase-orders/{id}`: a draft is replaced.

use super::PurchaseOrders;
use super::create::PurchaseOrderRequest;
use super::view::PurchaseOrderView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::edit;

/// Replaces a draft.
///
/// Of an order that the supplier has, the date, the reference and the note may change, and nothing else.
#[utoipa::path(
    put, path = "/v1/admin/purchase-orders/{id}", operation_id = "edit_purchase_order", tag = "admin",
    params(("id" = String, Path, description = "The purchase order", example = "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    request_body = PurchaseOrderRequest,
    responses(
        (status = 200, description = "The order as it is now", body = PurchaseOrderView),
        (status = 404, description = "`purchase_order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`, `sku_is_bundle`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_sku`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    edit::<PurchaseOrders, _>(ask, PurchaseOrderRequest::draft).await
}

//! `POST /v1/admin/purchase-orders/{id}/close`: nothing more will come.

use super::PurchaseOrders;
use super::view::PurchaseOrderView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_note;
use crate::api::stock_documents::note::NoteRequest;
use crate::domain::stock_document::Action;

/// Closes an order of which a part came, once per `Idempotency-Key`.
///
/// It counts as received, short of what is missing, whose announcement is withdrawn.
#[utoipa::path(
    post, path = "/v1/admin/purchase-orders/{id}/close", operation_id = "close_purchase_order", tag = "admin",
    params(
        ("id" = String, Path, description = "The purchase order", example = "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "po-4711-closed"),
    ),
    request_body = NoteRequest,
    responses(
        (status = 200, description = "Closed; `Idempotent-Replayed: true` on a repeat", body = PurchaseOrderView),
        (status = 202, description = "It is written down; a SKU did not answer yet, and it goes on by itself", body = PurchaseOrderView),
        (status = 404, description = "`purchase_order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`: `state` says which, `allowed` what may be done; `document_full`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: an earlier step is not over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_note::<PurchaseOrders>(ask, Action::Close).await
}

//! `PUT /v1/admin/purchase-orders/{id}`: a draft is replaced.

use super::create::PurchaseOrderRequest;
use super::named;
use super::view::PurchaseOrderView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock_documents::create::edit;
use crate::api::stock_documents::json_bytes;

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
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = named(&ask)?;
    let body = json_bytes(&mut ask).await?;
    let request: PurchaseOrderRequest = body::parse(&body)?;
    let document = edit(&ask, id, request.draft()).await?;
    Reply::json(200, &PurchaseOrderView::of(&document, &document.failures)?)
}

//! `GET /v1/admin/purchase-orders/{id}`: a purchase order as it is now.

use super::PurchaseOrders;
use super::view::PurchaseOrderView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::show;

/// Shows a purchase order, as the object that owns it has it now.
#[utoipa::path(
    get, path = "/v1/admin/purchase-orders/{id}", operation_id = "show_purchase_order", tag = "admin",
    params(("id" = String, Path, description = "The purchase order", example = "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The purchase order", body = PurchaseOrderView),
        (status = 404, description = "`purchase_order_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    show::<PurchaseOrders>(ask).await
}

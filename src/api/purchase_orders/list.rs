//! `GET /v1/admin/purchase-orders`: which purchase orders there are.

use crate::api::ask::Ask;
use crate::api::reply::Outcome;
use crate::api::stock_documents::list::{StockDocumentPage, page};
use crate::domain::stock_document::PurchaseOrderStatus;

/// Lists purchase orders without their lines, newest first.
#[utoipa::path(
    get, path = "/v1/admin/purchase-orders", operation_id = "list_purchase_orders", tag = "admin",
    params(
        ("status" = Option<PurchaseOrderStatus>, Query, description = "Only those of this state"),
        ("supplier" = Option<String>, Query, description = "Only those of this supplier"),
        ("location" = Option<String>, Query, description = "Only those that have to do with this location", example = "main"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of purchase orders", body = StockDocumentPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let statuses = PurchaseOrderStatus::ALL.map(PurchaseOrderStatus::name);
    page(&ask, "purchase_order", &statuses, true).await
}

//! `GET /v1/admin/transfers`: which transfers there are.

use crate::api::ask::Ask;
use crate::api::reply::Outcome;
use crate::api::stock_documents::list::{StockDocumentPage, page};
use crate::domain::stock_document::TransferStatus;

/// Lists transfers without their lines, newest first.
#[utoipa::path(
    get, path = "/v1/admin/transfers", operation_id = "list_transfers", tag = "admin",
    params(
        ("status" = Option<TransferStatus>, Query, description = "Only those of this state"),
        ("location" = Option<String>, Query, description = "Only those that have to do with this location", example = "main"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of transfers", body = StockDocumentPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let statuses = TransferStatus::ALL.map(TransferStatus::name);
    page(&ask, "transfer", &statuses, false).await
}

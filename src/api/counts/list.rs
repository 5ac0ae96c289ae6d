//! `GET /v1/admin/counts`: which counts there are.

use crate::api::ask::Ask;
use crate::api::reply::Outcome;
use crate::api::stock_documents::list::{StockDocumentPage, page};
use crate::domain::stock_document::CountStatus;

/// Lists counts without their lines, newest first.
#[utoipa::path(
    get, path = "/v1/admin/counts", operation_id = "list_counts", tag = "admin",
    params(
        ("status" = Option<CountStatus>, Query, description = "Only those of this state"),
        ("location" = Option<String>, Query, description = "Only those that have to do with this location", example = "main"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of counts", body = StockDocumentPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let statuses = CountStatus::ALL.map(CountStatus::name);
    page(&ask, "count", &statuses, false).await
}

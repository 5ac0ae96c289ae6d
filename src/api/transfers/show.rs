//! `GET /v1/admin/transfers/{id}`: a transfer as it is now.

use super::Transfers;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::show;

/// Shows a transfer, as the object that owns it has it now.
#[utoipa::path(
    get, path = "/v1/admin/transfers/{id}", operation_id = "show_transfer", tag = "admin",
    params(("id" = String, Path, description = "The transfer", example = "tr_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The transfer", body = TransferView),
        (status = 404, description = "`transfer_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    show::<Transfers>(ask).await
}

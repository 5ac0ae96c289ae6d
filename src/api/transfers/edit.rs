//! `PUT /v1/admin/transfers/{id}`: a draft is replaced.

use super::Transfers;
use super::create::TransferRequest;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::edit;

/// Replaces a draft.
///
/// Of a transfer under way, the date, the reference and the note may change, and nothing else.
#[utoipa::path(
    put, path = "/v1/admin/transfers/{id}", operation_id = "edit_transfer", tag = "admin",
    params(("id" = String, Path, description = "The transfer", example = "tr_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    request_body = TransferRequest,
    responses(
        (status = 200, description = "The transfer as it is now", body = TransferView),
        (status = 404, description = "`transfer_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`, `sku_is_bundle`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_sku`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    edit::<Transfers, _>(ask, TransferRequest::draft).await
}

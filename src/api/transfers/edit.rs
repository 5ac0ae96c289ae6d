//! `PUT /v1/admin/transfers/{id}`: a draft is replaced.

use super::create::TransferRequest;
use super::named;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock_documents::create::edit;
use crate::api::stock_documents::json_bytes;

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
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = named(&ask)?;
    let body = json_bytes(&mut ask).await?;
    let request: TransferRequest = body::parse(&body)?;
    let document = edit(&ask, id, request.draft()).await?;
    Reply::json(200, &TransferView::of(&document, &document.failures)?)
}

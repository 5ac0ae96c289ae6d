//! `POST /v1/admin/transfers/{id}/return`: what is on its way comes back.

use super::Transfers;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_note;
use crate::api::stock_documents::note::NoteRequest;
use crate::domain::stock_document::Action;

/// Takes what is on its way back to its source, once per `Idempotency-Key`.
///
/// Nothing of it is announced any more. A transfer of which nothing came is then called off.
#[utoipa::path(
    post, path = "/v1/admin/transfers/{id}/return", operation_id = "return_transfer", tag = "admin",
    params(
        ("id" = String, Path, description = "The transfer", example = "tr_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "tr-17-returned"),
    ),
    request_body = NoteRequest,
    responses(
        (status = 200, description = "Returned; `Idempotent-Replayed: true` on a repeat", body = TransferView),
        (status = 202, description = "It is written down; a SKU did not answer yet, and it goes on by itself", body = TransferView),
        (status = 404, description = "`transfer_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`: `state` says which, `allowed` what may be done; `document_full`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: an earlier step is not over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_note::<Transfers>(ask, Action::ReturnToSource).await
}

//! `POST /v1/admin/transfers/{id}/ship`: the goods leave.

use super::Transfers;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_note;
use crate::api::stock_documents::note::NoteRequest;
use crate::domain::stock_document::Action;

/// Ships a transfer, once per `Idempotency-Key`.
///
/// All of its units leave the source and are announced where they go; if a SKU has not enough units that no
/// order claims, nothing moves.
#[utoipa::path(
    post, path = "/v1/admin/transfers/{id}/ship", operation_id = "ship_transfer", tag = "admin",
    params(
        ("id" = String, Path, description = "The transfer", example = "tr_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "tr-17-shipped"),
    ),
    request_body = NoteRequest,
    responses(
        (status = 200, description = "Shipped; `Idempotent-Replayed: true` on a repeat", body = TransferView),
        (status = 202, description = "It is written down; a SKU did not answer yet, and it goes on by itself", body = TransferView),
        (status = 404, description = "`transfer_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`: `state` says which, `allowed` what may be done; `document_full`; `units_claimed`: nothing moved, `lines` says which lines were refused and how many units of each could go", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: an earlier step is not over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_note::<Transfers>(ask, Action::Ship).await
}

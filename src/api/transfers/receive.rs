//! `POST /v1/admin/transfers/{id}/receipts`: goods arrived.

use serde::Deserialize;
use utoipa::ToSchema;

use super::Transfers;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_lines;
use crate::domain::stock_document::{Action, ReceivedLine};

/// Goods that arrived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"sku": "MUG-CLASSIC", "quantity": 11, "damaged": 1}]}))]
pub struct ArrivalRequest {
    /// What arrived, each SKU once; no more than is on its way.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<ReceivedLine>,
    /// What there is to say of it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Books goods that arrived, once per `Idempotency-Key`.
///
/// More than is on its way can't arrive: a surplus is a correction of the count, with a reason of its own.
#[utoipa::path(
    post, path = "/v1/admin/transfers/{id}/receipts", operation_id = "receive_transfer", tag = "admin",
    params(
        ("id" = String, Path, description = "The transfer", example = "tr_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every receipt", example = "tr-17-arrived"),
    ),
    request_body = ArrivalRequest,
    responses(
        (status = 201, description = "Booked; `Idempotent-Replayed: true` on a repeat", body = TransferView),
        (status = 202, description = "It is written down; a SKU did not answer yet, and it goes on by itself", body = TransferView),
        (status = 404, description = "`transfer_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`, `document_full`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `over_receipt`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: an earlier step is not over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_lines::<Transfers, ArrivalRequest>(ask, 201, |request| {
        (Action::Receive { lines: request.lines, allow_over_receipt: false }, request.note)
    })
    .await
}

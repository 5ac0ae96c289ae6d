//! `POST /v1/admin/transfers`: goods are to move.

use serde::Deserialize;
use utoipa::ToSchema;

use super::Transfers;
use super::view::TransferView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::make;
use crate::domain::inventory::LocationId;
use crate::domain::stock_document::{Draft, TransferDraft, TransferLineDraft};
use crate::domain::time::Timestamp;

/// Goods that are to move from one location to another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "from": "main", "to": "store-2", "reference": "DHL 0034", "expected_at": "2026-02-03T00:00:00Z",
    "lines": [{"sku": "MUG-CLASSIC", "quantity": 12}]
}))]
pub struct TransferRequest {
    /// Where the goods are.
    from: LocationId,
    /// Where they are to go.
    to: LocationId,
    /// The number of somebody else's papers, such as the carrier's.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    reference: Option<String>,
    /// What people say of it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// When the goods are expected.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// What moves, each SKU once.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<TransferLineDraft>,
}

impl TransferRequest {
    /// The transfer as it is asked for.
    pub(super) fn draft(self) -> Draft {
        Draft::Transfer(TransferDraft {
            from: self.from,
            to: self.to,
            reference: self.reference,
            note: self.note,
            expected_at: self.expected_at,
            lines: self.lines,
        })
    }
}

/// Drafts a transfer, once per `Idempotency-Key`. Nothing moves before it is shipped.
#[utoipa::path(
    post, path = "/v1/admin/transfers", operation_id = "create_transfer", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "tr-17")),
    request_body = TransferRequest,
    responses(
        (status = 201, description = "The draft; `Idempotent-Replayed: true` on a repeat", body = TransferView),
        (status = 409, description = "`sku_is_bundle`: `skus` lists the bundles among the lines", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_sku`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    make::<Transfers, _>(ask, TransferRequest::draft).await
}

//! `POST /v1/admin/counts`: shelves are to be counted.

use serde::Deserialize;
use utoipa::ToSchema;

use super::Counts;
use super::view::CountView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::make;
use crate::domain::stock_document::{CountDraft, CountLineDraft, Draft};

/// Shelves that are to be counted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "lines": [{"sku": "MUG-CLASSIC", "location": "main"}], "requires_second_person": true
}))]
pub struct CountRequest {
    /// What is to be counted, each shelf once.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<CountLineDraft>,
    /// Whether another API key than the one that counted has to approve.
    #[serde(default)]
    requires_second_person: bool,
    /// What people say of it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Opens a count, once per `Idempotency-Key`. The shop goes on selling while it is counted.
#[utoipa::path(
    post, path = "/v1/admin/counts", operation_id = "create_count", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "count-9")),
    request_body = CountRequest,
    responses(
        (status = 201, description = "The count; `Idempotent-Replayed: true` on a repeat", body = CountView),
        (status = 409, description = "`sku_is_bundle`: `skus` lists the bundles among the lines", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_sku`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    make::<Counts, CountRequest>(ask, |request| {
        let CountRequest { lines, requires_second_person, note } = request;
        Draft::Count(CountDraft { note, requires_second_person, lines })
    })
    .await
}

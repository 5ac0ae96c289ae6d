//! `POST /v1/admin/counts/{id}/lines`: shelves were counted.

use serde::Deserialize;
use utoipa::ToSchema;

use super::Counts;
use super::view::CountView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::with_lines;
use crate::domain::id::Sku;
use crate::domain::inventory::LocationId;
use crate::domain::stock_document::{Action, CountedLine};

/// What was found on shelves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"sku": "MUG-CLASSIC", "location": "main", "counted": 87}]}))]
pub struct CountedRequest {
    /// What was counted, each shelf once. A shelf that was counted before counts as it was found last.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<FoundLine>,
    /// What there is to say of it.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// Units found on a shelf.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundLine {
    /// Which SKU.
    #[schema(value_type = String)]
    sku: Sku,
    /// Where.
    #[serde(default)]
    #[schema(value_type = Option<String>, default = "main")]
    location: LocationId,
    /// Units that can be sold, those set aside for orders included.
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    counted: i64,
}

/// Records what was found, once per `Idempotency-Key`.
///
/// What the SKU knows of the shelf is read now: send what was counted when it was counted.
#[utoipa::path(
    post, path = "/v1/admin/counts/{id}/lines", operation_id = "record_count", tag = "admin",
    params(
        ("id" = String, Path, description = "The count", example = "cnt_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "count-9-aisle-3"),
    ),
    request_body = CountedRequest,
    responses(
        (status = 200, description = "The count as it is now; `Idempotent-Replayed: true` on a repeat", body = CountView),
        (status = 404, description = "`count_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`document_state`, `document_full`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: a SKU did not answer; nothing was recorded", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    with_lines::<Counts, CountedRequest>(ask, 200, |request| {
        let found = request.lines.into_iter().map(|line| CountedLine {
            sku: line.sku,
            location: line.location,
            counted: line.counted,
            known: 0,
            ledger_sequence: None,
        });
        (Action::Record { lines: found.collect() }, request.note)
    })
    .await
}

//! `GET /v1/admin/reconciliations/{id}`: what a run came to.

use super::view::ReconciliationView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::ReconciliationId;
use crate::domain::reconciliation::{Finding, Run};
use crate::storage::reconciliations;

use super::items::{ReconciliationDetail, page};

/// Shows a reconciliation: counts, sums on both sides, and its movements page by page.
#[utoipa::path(
    get, path = "/v1/admin/reconciliations/{id}", operation_id = "show_reconciliation", tag = "admin",
    params(
        ("id" = String, Path, description = "The run", example = "rec_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("result" = Option<Finding>, Query, description = "Only movements of this result", example = "missing_here"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "The run", body = ReconciliationDetail),
        (status = 404, description = "`reconciliation_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["result", "limit", "cursor"])?;
    let result = query.read("result", "must be a result of movements", Finding::from_name)?;
    let (limit, after) = (query.limit()?, query.cursor()?);
    let run = found(&ask).await?;
    let (items, next_cursor) = page(&ask, run.id, result, after, limit).await?;
    let detail = ReconciliationDetail::of(ReconciliationView::of(&run), &items, next_cursor);
    Reply::json(200, &detail)
}

/// The run that the path names.
///
/// # Errors
/// 404 if it names none.
pub async fn found(ask: &Ask) -> Result<Run, ApiError> {
    let id: ReconciliationId = ask.named("id", ErrorCode::ReconciliationNotFound)?;
    let run = reconciliations::find(&ask.platform.database()?, id).await?;
    run.ok_or_else(|| ApiError::new(ErrorCode::ReconciliationNotFound))
}

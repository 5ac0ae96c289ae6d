//! `GET /v1/admin/counts/{id}`: a count as it is now.

use super::Counts;
use super::view::CountView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::api::stock_documents::kind::show;

/// Shows a count, as the object that owns it has it now.
#[utoipa::path(
    get, path = "/v1/admin/counts/{id}", operation_id = "show_count", tag = "admin",
    params(("id" = String, Path, description = "The count", example = "cnt_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The count", body = CountView),
        (status = 404, description = "`count_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    show::<Counts>(ask).await
}

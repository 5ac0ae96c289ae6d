//! `POST /v1/admin/imports/{id}/cancel`: calls an import off.

use super::found;
use super::view::ImportView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::objects::commands::ImportCommand;

/// Calls an import off. Rows that were applied stay so; one that has ended is answered as it is.
#[utoipa::path(
    post, path = "/v1/admin/imports/{id}/cancel", operation_id = "cancel_import", tag = "admin",
    params(("id" = String, Path, description = "The import", example = "imp_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The import as it is now", body = ImportView),
        (status = 404, description = "`import_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    found::asked(&ask, &ImportCommand::Cancel).await
}

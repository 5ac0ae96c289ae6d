//! `GET /v1/admin/imports/{id}`: how far an import is.

use super::found;
use super::view::ImportView;
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::objects::commands::ImportCommand;

/// Shows how far an import is.
#[utoipa::path(
    get, path = "/v1/admin/imports/{id}", operation_id = "show_import", tag = "admin",
    params(("id" = String, Path, description = "The import", example = "imp_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The import", body = ImportView),
        (status = 404, description = "`import_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    found::asked(&ask, &ImportCommand::Read).await
}

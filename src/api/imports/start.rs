//! `POST /v1/admin/imports/{id}/start`: all parts are there; begin.

use serde::Deserialize;
use utoipa::ToSchema;

use super::found;
use super::view::ImportView;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::import::MAX_PARTS;
use crate::objects::commands::ImportCommand;

/// That a file is complete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"parts": 1}))]
pub struct StartRequest {
    /// How many parts the file has.
    #[schema(minimum = 1, maximum = 1000)]
    parts: u32,
}

/// Starts an import whose parts are all there. It goes on by itself; follow it with
/// `GET /v1/admin/imports/{id}`. Started again, it is answered as it is.
#[utoipa::path(
    post, path = "/v1/admin/imports/{id}/start", operation_id = "start_import", tag = "admin",
    params(("id" = String, Path, description = "The import", example = "imp_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    request_body = StartRequest,
    responses(
        (status = 200, description = "The import as it is now", body = ImportView),
        (status = 404, description = "`import_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`import_incomplete`: `missing` lists parts that are; `import_not_uploading`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    found::id(&ask)?;
    let request: StartRequest = ask.json().await?;
    if !(1..=MAX_PARTS).contains(&request.parts) {
        return Err(ApiError::field("/parts", "must be 1 to 1000"));
    }
    found::written(&ask, &ImportCommand::Start { parts: request.parts }).await
}

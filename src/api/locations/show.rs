//! `GET /v1/admin/locations/{id}`: one place that has stock.

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::inventory::LocationId;
use crate::domain::location_registry::StockLocation;
use crate::storage;

/// Shows a location.
#[utoipa::path(
    get, path = "/v1/admin/locations/{id}", operation_id = "show_location", tag = "admin",
    params(("id" = String, Path, description = "The location", example = "main")),
    responses(
        (status = 200, description = "The location", body = StockLocation),
        (status = 404, description = "`location_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id: LocationId = ask.named("id", ErrorCode::LocationNotFound)?;
    let found = storage::locations::one(&ask.platform.database()?, &id).await?;
    let location = found.ok_or_else(|| ApiError::new(ErrorCode::LocationNotFound))?;
    Reply::json(200, &location)
}

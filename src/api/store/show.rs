//! `GET /v1/admin/store`: the store's terms.

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::catalogue::StoreSettings;
use crate::storage;

/// Shows the store's terms, as D1 has them now.
#[utoipa::path(
    get, path = "/v1/admin/store", operation_id = "show_store", tag = "admin",
    responses(
        (status = 200, description = "The store's terms", body = StoreSettings),
        (status = 503, description = "`store_not_set_up`, `try_again`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let terms = storage::store::read(&ask.platform.database()?).await?;
    let terms = terms.ok_or_else(|| ApiError::new(ErrorCode::StoreNotSetUp))?;
    Reply::json(200, &terms)
}

//! `DELETE /v1/admin/api-keys/{id}`: makes a key void.

use crate::api::ask::Ask;
use crate::api::auth;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::ApiKeyId;
use crate::storage::api_keys;

/// Makes an API key void.
///
/// It stops working everywhere within seconds. Revoking it again changes nothing.
#[utoipa::path(
    delete, path = "/v1/admin/api-keys/{id}", operation_id = "revoke_api_key", tag = "admin",
    params(("id" = String, Path, description = "The key's identity", example = "key_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 204, description = "It is void"),
        (status = 404, description = "`api_key_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id: ApiKeyId = ask.named("id", ErrorCode::ApiKeyNotFound)?;
    let database = ask.platform.database()?;
    if !api_keys::revoke(&database, &id.to_string(), ask.platform.now()).await? {
        return Err(ApiError::new(ErrorCode::ApiKeyNotFound));
    }
    auth::forget_keys();
    Ok(Reply::empty(204))
}

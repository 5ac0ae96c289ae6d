//! `GET /openapi.json`: this API, described.

use crate::api::ask::Ask;
use crate::api::reply::{Outcome, Reply};
use crate::runtime::serve::OutgoingBody;

/// The description that `tests/api_contract.rs` writes from the code and compares with it: built
/// once, when the Worker is.
const DOCUMENT: &str = include_str!("../../../schema/api/openapi.json");

/// Describes this API in OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "describe_api", tag = "reference",
    responses((status = 200, description = "An OpenAPI document", body = serde_json::Value)),
)]
pub async fn handle(_ask: Ask) -> Outcome {
    let reply = Reply::text(200, "application/json", OutgoingBody::Static(DOCUMENT));
    Ok(reply.with_header("cache-control", "public, max-age=300"))
}

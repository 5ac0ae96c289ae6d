//! `GET /healthz`: the Worker runs.

use serde_json::json;

use crate::api::ask::Ask;
use crate::api::reply::{Outcome, Reply};

/// Says that the Worker runs and its variables can be used. It asks no database and no object.
#[utoipa::path(
    get, path = "/healthz", operation_id = "health", tag = "reference",
    responses((status = 200, description = "It runs", body = serde_json::Value, example = json!({"status": "ok"}))),
)]
pub async fn handle(_ask: Ask) -> Outcome {
    Reply::json(200, &json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

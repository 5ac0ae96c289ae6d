//! `POST /v1/admin/imports`: makes an import, to which a file is then sent in parts.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::found;
use super::view::ImportView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::inventory::change;
use crate::api::locations::known::require_locations;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::id::ImportId;
use crate::domain::import::{FileFormat, ImportKind, ImportSpec, LevelMode};
use crate::domain::inventory::LocationId;
use crate::objects::commands::ImportCommand;

/// An import that is to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "levels", "format": "csv", "mode": "set", "reason": "Stock-taking"}))]
pub struct ImportRequest {
    /// What the rows are.
    kind: ImportKind,
    /// How they are written.
    format: FileFormat,
    /// For levels: whether a quantity is what is there (`set`, by default) or what comes (`add`).
    #[serde(default)]
    mode: Option<LevelMode>,
    /// For levels: where a row is that names no location; by default `main`.
    #[serde(default)]
    location: Option<LocationId>,
    /// Why, in a person's words; it stays in the SKUs' ledgers.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// Makes an import, once per `Idempotency-Key`. Its file is sent in parts
/// (`PUT /v1/admin/imports/{id}/parts/{number}`), then it is started.
///
/// Files are UTF-8, of at most 100,000 rows and 50 MiB, a row at most 64 KiB. CSV has a header with known
/// columns in any order: levels `sku`, `quantity`, `location`; thresholds `sku`, `low_stock_threshold`,
/// `back_order_limit`, `safety_stock`, `reorder_point`, `reorder_quantity`, where an empty cell leaves what
/// is there; products one row a variant, as they are exported. JSON lines have the same names, or a product a line. Of two
/// rows about the same thing the first counts and the second is reported.
#[utoipa::path(
    post, path = "/v1/admin/imports", operation_id = "create_import", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "stock-taking-2026")),
    request_body = ImportRequest,
    responses(
        (status = 201, description = "It waits for its parts; `Idempotent-Replayed: true` on a repeat", body = ImportView),
        (status = 422, description = "`invalid_request`, `unknown_location`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: ImportRequest = body::parse(&body)?;
    found::require_scope(&ask, request.kind)?;
    check(&request)?;
    let location = request.location.unwrap_or_default();
    if request.kind == ImportKind::Levels {
        require_locations(&ask.platform, [("/location".to_owned(), &location)]).await?;
    }
    let id = id_of(&submission.key);
    let spec = ImportSpec {
        kind: request.kind,
        format: request.format,
        mode: request.mode.unwrap_or_default(),
        location,
        reason: request.reason,
    };
    let command = ImportCommand::Create {
        fingerprint: submission.fingerprint,
        spec,
        actor: ask.caller.sender().to_owned(),
    };
    let answer = ask.platform.import_job(id, &command).await?;
    found::told(&answer, 201)
}

/// What is wrong with it, apart from what its types refuse.
///
/// # Errors
/// 422.
pub fn check(request: &ImportRequest) -> Result<(), ApiError> {
    if !change::is_reason(&request.reason) {
        return Err(ApiError::field("/reason", "must be a line of 1 to 200 characters"));
    }
    if request.kind != ImportKind::Levels {
        let message = "is for levels only";
        if request.mode.is_some() {
            return Err(ApiError::field("/mode", message));
        }
        if request.location.is_some() {
            return Err(ApiError::field("/location", message));
        }
    }
    Ok(())
}

/// The import that a key makes: the same key finds the same object.
fn id_of(key: &str) -> ImportId {
    let bytes: Vec<u8> = hex::decode(key).unwrap_or_default();
    let first = bytes.first_chunk::<16>().copied().unwrap_or_default();
    ImportId::new(Uuid::from_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ask::stand_in::Sent;
    use crate::api::idempotency::Submission;
    use serde_json::json;

    #[test]
    fn the_same_key_of_the_same_sender_finds_the_same_import() {
        let id = |sender: &str, key: &str| {
            let sent = Sent::default().with_header("idempotency-key", key);
            id_of(&Submission::read(&sent, sender, b"{}").unwrap().key)
        };
        assert_eq!(id("a", "one"), id("a", "one"));
        assert_ne!(id("a", "one"), id("b", "one"));
        assert_ne!(id("a", "one"), id("a", "two"));
    }

    #[test]
    fn mode_and_location_are_for_levels() {
        for (body, fine) in [
            (json!({"kind": "levels", "format": "csv", "mode": "add", "reason": "x"}), true),
            (json!({"kind": "products", "format": "jsonl", "reason": "x"}), true),
            (json!({"kind": "products", "format": "csv", "mode": "set", "reason": "x"}), false),
            (json!({"kind": "thresholds", "format": "csv", "location": "a", "reason": "x"}), false),
            (json!({"kind": "levels", "format": "csv", "reason": " "}), false),
        ] {
            let request: ImportRequest = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(check(&request).is_ok(), fine, "{body}");
        }
    }
}

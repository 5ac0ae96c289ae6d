//! `PUT /v1/admin/imports/{id}/parts/{number}`: takes a part of an import's file.

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use super::found;
use super::view::ImportView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::card_data;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::import::{MAX_PART_BYTES, MAX_PARTS, Part};
use crate::objects::commands::ImportCommand;

const MEDIA_TYPES: [&str; 6] = [
    "text/csv",
    "application/jsonl",
    "application/x-ndjson",
    "application/ndjson",
    "application/octet-stream",
    "text/plain",
];

/// Takes a part of an import's file: at most 1 MiB, in any order, cut anywhere.
///
/// The file is its parts by number, one after the other. A part that is sent again with the same bytes
/// changes nothing, with others it is refused: what is missing after a broken connection can be sent again.
/// The body is the bytes as they are, as `text/csv`, `application/x-ndjson` or
/// `application/octet-stream`.
#[utoipa::path(
    put, path = "/v1/admin/imports/{id}/parts/{number}", operation_id = "put_import_part", tag = "admin",
    params(
        ("id" = String, Path, description = "The import", example = "imp_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("number" = u32, Path, description = "1 to 1000", example = 1),
    ),
    responses(
        (status = 200, description = "The import with the parts that are there; `Idempotent-Replayed: true` on a repeat", body = ImportView),
        (status = 404, description = "`import_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`import_not_uploading`, `import_part_differs`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`body_too_large`: the part, or the file with it", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "`unsupported_media_type`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `card_data_refused`: `line` says where in the part", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    found::id(&ask)?;
    let number: Option<u32> = ask.parameter("number").parse().ok();
    let number = number
        .filter(|number| (1..=MAX_PARTS).contains(number))
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let declared = ask.incoming.header("content-type").unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let encoded = ask.incoming.header("content-encoding").unwrap_or_default();
    if !MEDIA_TYPES.contains(&media_type.as_str()) || !matches!(encoded.as_str(), "" | "identity") {
        let detail = ["The body's `Content-Type` is none of ", &MEDIA_TYPES.join(", ")].concat();
        return Err(ApiError::because(ErrorCode::UnsupportedMediaType, detail));
    }
    let content = body::read(ask.incoming.as_mut(), MAX_PART_BYTES).await?;
    if content.is_empty() {
        return Err(ApiError::field("", "must not be empty"));
    }
    if let Some(line) = card_data::line_of_a_card(&content) {
        let refusal = ApiError::new(ErrorCode::CardDataRefused);
        return Err(refusal.with("line", line));
    }
    let part = Part {
        number,
        bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
        sha256: hex::encode(Sha256::digest(&content)),
    };
    let command = ImportCommand::PutPart { part, content: Base64::encode_string(&content) };
    found::written(&ask, &command).await
}

//! Bodies at the edge: bounded, JSON, and refused with a pointer to what is wrong.
//!
//! No refusal repeats a value: what is refused may be a card number or an address.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::card_data;
use super::error::{ApiError, ErrorCode};
use super::json_position::{self, Stopped, step};
use crate::domain::field_error::FieldError;
use crate::runtime::serve::{BodyFailure, Incoming};

/// The largest body of an ordinary request.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// Reads a body that must be JSON by its header. Nobody gets to see one that holds a card number.
///
/// # Errors
/// 415, 413, 400 if the connection broke, or 422 `card_data_refused`.
pub async fn read_json(incoming: &mut dyn Incoming, limit: usize) -> Result<Vec<u8>, ApiError> {
    let declared = incoming.header("content-type").unwrap_or_default();
    let encoded = incoming.header("content-encoding").unwrap_or_default();
    if !is_json(&declared) || !matches!(encoded.as_str(), "" | "identity") {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType));
    }
    let body = read(incoming, limit).await?;
    card_data::refuse_in_document(&body)?;
    Ok(body)
}

/// Reads a body of any kind, for webhooks.
///
/// # Errors
/// 413, or 400 if the connection broke.
pub async fn read(incoming: &mut dyn Incoming, limit: usize) -> Result<Vec<u8>, ApiError> {
    incoming.body(limit).await.map_err(|failure| match failure {
        BodyFailure::TooLarge => {
            let detail = format!("The body is larger than {limit} bytes.");
            ApiError::because(ErrorCode::BodyTooLarge, detail)
        }
        BodyFailure::Broken => {
            ApiError::because(ErrorCode::MalformedRequest, "The body ended early.")
        }
    })
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    media_type.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| {
            let parameter = parameter.to_ascii_lowercase();
            !parameter.starts_with("charset=")
                || matches!(parameter.as_str(), "charset=utf-8" | "charset=\"utf-8\"")
        })
}

/// Reads a document. Unknown and repeated fields are refused by the types themselves.
///
/// # Errors
/// 400 for what is not JSON in UTF-8, 422 with a pointer for what is not the document wanted.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("The body is not UTF-8."))?;
    if text.trim_start().starts_with('[') {
        // Read as a list of an object's values otherwise.
        return Err(ApiError::field("", "must be an object"));
    }
    serde_json::from_str(text).map_err(|error| refusal(text, &error))
}

fn refusal(text: &str, error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    if error.classify() != Category::Data {
        let detail = format!("The body is not JSON; see line {line}, column {column}.");
        return malformed(&detail);
    }
    let sentence = error.to_string();
    let missing = sentence.starts_with("missing field");
    let stopped = if missing { Stopped::AtEndOfObject } else { Stopped::AtValue };
    let pointer = json_position::pointer(text, line, column, stopped);
    ApiError::fields(vec![field_error(&pointer, &sentence)])
}

fn malformed(detail: &str) -> ApiError {
    ApiError::because(ErrorCode::MalformedJson, detail)
}

/// Turns a sentence of serde's into one that says what to do and repeats no value.
fn field_error(parent: &str, sentence: &str) -> FieldError {
    let sentence = sentence.rsplit_once(" at line ").map_or(sentence, |(before, _)| before);
    let named = |prefix: &str| {
        let name = sentence.strip_prefix(prefix)?.split('`').next()?;
        let already = parent.ends_with(&step(name));
        Some(if already { parent.to_owned() } else { [parent, &step(name)].concat() })
    };
    let refused = |pointer: String, message: &str| FieldError { pointer, message: message.into() };
    if let Some(pointer) = named("missing field `") {
        return refused(pointer, "is required");
    }
    if let Some(pointer) = named("unknown field `") {
        return refused(pointer, "is not a field of this request");
    }
    if let Some(pointer) = named("duplicate field `") {
        return refused(pointer, "is given twice");
    }
    if ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant "]
        .iter()
        .any(|kind| sentence.starts_with(kind))
    {
        // What is expected comes last, after the value; it is a text of ours.
        let expected = sentence.rsplit_once("expected ").map_or("", |(_, expected)| expected);
        return refused(parent.to_owned(), &["must be ", &in_words(expected)].concat());
    }
    // A message of one of our own types; none of them repeats the value.
    refused(parent.to_owned(), sentence)
}

fn in_words(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "a boolean" | "a string" => expected.to_owned(),
        _ if expected.starts_with("struct ") => "an object".to_owned(),
        _ if expected.starts_with("one of `") || expected.starts_with('`') => expected.to_owned(),
        _ => "of the documented type".to_owned(),
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;

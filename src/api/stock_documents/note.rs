//! What a person may say to anything that is done with a document.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::body;
use crate::api::error::ApiError;
use crate::domain::field_error::Checks;
use crate::domain::stock_document::MAX_NOTE_CHARACTERS;

/// A note, which stays with the document and in the ledgers of its SKUs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "as agreed by telephone"}))]
pub struct NoteRequest {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// The note of a body that holds nothing else.
///
/// # Errors
/// 400, 422.
pub fn read(bytes: &[u8]) -> Result<Option<String>, ApiError> {
    let request: NoteRequest = body::parse(bytes)?;
    check(request.note.as_deref())?;
    Ok(request.note)
}

/// Refuses a note that is too long, or no text.
///
/// # Errors
/// 422.
pub fn check(note: Option<&str>) -> Result<(), ApiError> {
    let mut checks = Checks::default();
    if let Some(note) = note {
        checks.paragraphs("/note", note, MAX_NOTE_CHARACTERS);
    }
    let errors = checks.finish();
    if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_bounded() {
        assert_eq!(read(b"{}").unwrap(), None);
        assert_eq!(read(br#"{"note": "two\nlines"}"#).unwrap().as_deref(), Some("two\nlines"));
        for bad in [r#"{"note": "\u0000"}"#, r#"{"note": 1}"#, r#"{"why": "x"}"#, "[]", ""] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
        let long = serde_json::json!({ "note": "x".repeat(501) }).to_string();
        assert!(read(long.as_bytes()).is_err());
    }
}

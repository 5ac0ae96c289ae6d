//! What purchase orders, transfers and counts have in common at the edge: how they are made, acted on,
//! listed and shown.

pub mod act;
pub mod create;
pub mod kind;
pub mod list;
pub mod note;
pub mod view;

use super::ask::Ask;
use super::body;
use super::error::{ApiError, ErrorCode};
use super::idempotency::Submission;
use crate::domain::id::StockDocumentId;
use crate::domain::stock_document::{Refusal, StockDocument};
use crate::objects::commands::{StockDocumentAnswer, StockDocumentCommand};

/// The largest body: 500 lines with everything that a line can say.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The body as it came.
///
/// # Errors
/// 413, 415.
pub async fn json_bytes(ask: &mut Ask) -> Result<Vec<u8>, ApiError> {
    body::read_json(ask.incoming.as_mut(), MAX_BODY_BYTES).await
}

/// The document that a path names.
///
/// # Errors
/// 404 if there is none, 503.
pub async fn found(
    ask: &Ask,
    id: StockDocumentId,
) -> Result<(StockDocument, Vec<crate::domain::stock_document::LineFailure>), ApiError> {
    match ask.platform.stock_document(id, &StockDocumentCommand::Read).await? {
        StockDocumentAnswer::Document { document, failures, .. } => Ok((*document, failures)),
        StockDocumentAnswer::NotFound => Err(missing(id)),
        _ => Err(unfit()),
    }
}

/// There is no such document.
#[must_use]
pub fn missing(id: StockDocumentId) -> ApiError {
    ApiError::new(match id {
        StockDocumentId::PurchaseOrder(_) => ErrorCode::PurchaseOrderNotFound,
        StockDocumentId::Transfer(_) => ErrorCode::TransferNotFound,
        StockDocumentId::Count(_) => ErrorCode::CountNotFound,
    })
}

fn unfit() -> ApiError {
    ApiError::internal("the object's answer does not fit the question")
}

/// Why a document did not do what it was asked.
fn refused(refusal: &Refusal) -> ApiError {
    match refusal {
        Refusal::State { status, allowed } => {
            let allowed = serde_json::to_value(allowed).unwrap_or_default();
            ApiError::because(ErrorCode::DocumentState, format!("The document is {status}."))
                .with("state", status.as_str())
                .with("allowed", allowed)
        }
        Refusal::Line { index, problem } => {
            ApiError::field(format!("/lines/{index}"), problem.as_str())
        }
        Refusal::OverReceipt { lines } => {
            let mut error = ApiError::new(ErrorCode::OverReceipt);
            for line in lines {
                error.errors.push(crate::domain::field_error::FieldError {
                    pointer: format!("/lines/{}", line.index),
                    message: format!("can have {} more units at most", line.most),
                });
            }
            let lines = serde_json::to_value(lines).unwrap_or_default();
            error.with("lines", lines)
        }
        Refusal::SecondPersonRequired => ApiError::new(ErrorCode::SecondPersonRequired),
        Refusal::Full => ApiError::new(ErrorCode::DocumentFull),
    }
}

/// 16 bytes that a key always comes to: whoever sends it again finds the document that it made.
fn unique(submission: &Submission) -> Result<uuid::Uuid, ApiError> {
    let digits = submission.key.get(..32);
    let unique = digits.and_then(|digits| uuid::Uuid::try_parse(digits).ok());
    unique.ok_or_else(|| ApiError::internal("a key that is no hash"))
}

//! Doing something with a document, once per key.

use super::{missing, refused, unfit};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::idempotency::Submission;
use crate::domain::id::StockDocumentId;
use crate::domain::inventory::ChangeRefusal;
use crate::domain::stock_document::{Action, LineFailure, StockDocument};
use crate::objects::commands::{StockDocumentAnswer, StockDocumentCommand};

/// A document after something was done with it.
pub struct Done {
    /// The document as it is now.
    pub document: StockDocument,
    /// Lines that were refused.
    pub failures: Vec<LineFailure>,
    /// Whether it was asked before under the same key.
    pub replayed: bool,
}

impl Done {
    /// The status of the answer: 202 while SKUs have not answered.
    #[must_use]
    pub const fn status(&self, settled: u16) -> u16 {
        if self.document.open.is_some() { 202 } else { settled }
    }
}

/// Does something with a document.
///
/// # Errors
/// 404, 409 when its state or a SKU does not allow it, 422, 503.
pub async fn act(
    ask: &Ask,
    id: StockDocumentId,
    submission: Submission,
    action: Action,
    note: Option<String>,
) -> Result<Done, ApiError> {
    let is_atomic = matches!(action, Action::Ship | Action::Approve);
    let command = StockDocumentCommand::Act {
        key: submission.key,
        fingerprint: submission.fingerprint,
        action,
        note,
        by: ask.caller.sender().to_owned(),
    };
    match ask.platform.stock_document(id, &command).await? {
        StockDocumentAnswer::Document { document, failures, replayed } => {
            if is_atomic && !failures.is_empty() {
                return Err(came_to_nothing(&failures));
            }
            Ok(Done { document: *document, failures, replayed })
        }
        StockDocumentAnswer::Refused { refusal } => Err(refused(&refusal)),
        StockDocumentAnswer::NotFound => Err(missing(id)),
        StockDocumentAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        StockDocumentAnswer::TryAgain => {
            Err(ApiError::try_again(2).caused_by("a SKU of the document did not answer"))
        }
    }
}

/// A SKU refused a line of what is done for all lines or for none.
fn came_to_nothing(failures: &[LineFailure]) -> ApiError {
    let because = |code, detail: &'static str| {
        let lines = serde_json::to_value(failures).unwrap_or_default();
        ApiError::because(code, detail).with("lines", lines)
    };
    // What is to be counted again comes first: the rest is then judged by other numbers.
    if failures.iter().any(|failure| failure.refusal == ChangeRefusal::CountedSince) {
        let detail = "Shelves were corrected by another count; nothing of the document was done.";
        return because(ErrorCode::ShelfCountedSince, detail);
    }
    let claimed =
        |failure: &LineFailure| matches!(failure.refusal, ChangeRefusal::UnitsClaimed { .. });
    if failures.iter().any(claimed) {
        let detail = "Units are reserved or sold; nothing of the document was done.";
        return because(ErrorCode::UnitsClaimed, detail);
    }
    match failures.first() {
        Some(failure) => {
            ApiError::field(format!("/lines/{}", failure.line), failure.refusal.to_string())
        }
        None => unfit(),
    }
}

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
    /// The number of the step that was asked for, if its object says so.
    pub step: Option<u32>,
}

impl Done {
    /// The status of the answer: 202 while SKUs have not answered. What is told again of a step that is done
    /// says nothing of a later one that is under way.
    #[must_use]
    pub fn status(&self, settled: u16) -> u16 {
        let is_last = self.step.is_none_or(|step| step == self.document.steps);
        if is_last && self.document.open.is_some() { 202 } else { settled }
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
        StockDocumentAnswer::Document { document, failures, replayed, step } => {
            if is_atomic && !failures.is_empty() {
                return Err(came_to_nothing(&failures));
            }
            Ok(Done { document: *document, failures, replayed, step })
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::id::CountId;
    use crate::domain::inventory::LocationId;
    use crate::domain::stock_document::{Asked, CountDraft, CountLineDraft, CountedLine, Draft};
    use crate::domain::time::Timestamp;

    #[test]
    fn a_step_that_is_done_is_told_as_done_while_a_later_one_is_under_way() {
        let (sku, location) =
            ("MUG".parse::<crate::domain::id::Sku>().unwrap(), LocationId::default());
        let line = CountLineDraft { sku: sku.clone(), location: location.clone() };
        let draft = CountDraft { note: None, requires_second_person: false, lines: vec![line] };
        let id = StockDocumentId::Count(CountId::new(Uuid::nil()));
        let (by, now) = ("key_a".to_owned(), Timestamp::default());
        let document = StockDocument::create(id, Draft::Count(draft), by.clone(), now);
        let found = CountedLine { sku, location, counted: 3, known: 5, ledger_sequence: Some(1) };
        let act = |document: StockDocument, action| {
            document.act(Asked { action, note: None, by: by.clone() }, now).unwrap()
        };
        let recorded = act(document, Action::Record { lines: vec![found] });
        let done = |document: &StockDocument, step| Done {
            document: document.clone(),
            failures: Vec::new(),
            replayed: true,
            step,
        };
        assert_eq!(done(&recorded, Some(1)).status(200), 200);
        let approved = act(recorded, Action::Approve);
        assert!(approved.open.is_some() && approved.steps == 2);
        let statuses = [Some(1), Some(2), None].map(|step| done(&approved, step).status(200));
        assert_eq!(statuses, [200, 202, 202]);
    }
}

//! Making a document of a draft, once.

use serde::Serialize;
use sha2::{Digest, Sha256};
use worker::{Error, Result};

use super::Series;
use super::store::NewDocument;
use crate::domain::invoice::{
    CancellationDraft, CreditNoteDocument, CreditNoteDraft, DocumentKind, DocumentNumber,
    InvoiceDocument, InvoiceDraft,
};
use crate::domain::money::MoneyError;
use crate::domain::time::Timestamp;
use crate::objects::commands::DocumentDraft;
use crate::runtime::log::{self, Level};

/// A credit note, or why it can't be made.
type Making = std::result::Result<CreditNoteDocument, MoneyError>;

impl Series {
    /// The number of a draft's document, made now if there is none. None if it can't be made: a draft
    /// of which something does not add up must not keep the others waiting. `last` is the greatest number
    /// given so far, in this turn as well.
    pub(super) fn issue(
        &self,
        draft: DocumentDraft,
        last: &mut i64,
        now: Timestamp,
    ) -> Result<Option<String>> {
        match draft {
            DocumentDraft::Invoice { draft } => self.issue_invoice(*draft, last, now).map(Some),
            DocumentDraft::CreditNote { draft } => self.issue_credit_note(*draft, last, now),
            DocumentDraft::Cancellation { draft } => self.issue_cancellation(&draft, last, now),
        }
    }

    fn issue_invoice(&self, draft: InvoiceDraft, last: &mut i64, now: Timestamp) -> Result<String> {
        let order_id = draft.order_id.to_string();
        let sequence = last.saturating_add(1);
        if !self.store.insert_invoice(sequence, &order_id, now)? {
            let known = self.store.invoice_of(&order_id)?;
            let known = known.ok_or_else(|| Error::RustError("an invoice was lost".to_owned()));
            return known.map(|sequence| self.numbered(sequence));
        }
        *last = sequence;
        let number = self.numbered(sequence);
        let document = InvoiceDocument::issue(draft, self.name.clone(), number.clone(), now);
        self.keep(sequence, DocumentKind::Invoice, &document)?;
        Ok(number)
    }

    fn issue_credit_note(
        &self,
        draft: CreditNoteDraft,
        last: &mut i64,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let what_for = draft.refund.id.to_string();
        let order_id = draft.invoice.order_id.to_string();
        self.issue_once(&what_for, &order_id, last, now, |earlier, number| {
            CreditNoteDocument::issue(draft, earlier, self.name.clone(), number, now)
        })
    }

    fn issue_cancellation(
        &self,
        draft: &CancellationDraft,
        last: &mut i64,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let CancellationDraft { order_id, refund_id, credit_note_number, moved_minor } = draft;
        let what_for = format!("{credit_note_number} down to {moved_minor}");
        self.issue_once(&what_for, &order_id.to_string(), last, now, |earlier, number| {
            let is_it = |note: &&CreditNoteDocument| {
                note.heading.number == *credit_note_number && note.refund_id == *refund_id
            };
            let note = earlier.iter().find(is_it).ok_or(MoneyError::OutOfRange)?;
            note.cancelled_down_to(*moved_minor, earlier, self.name.clone(), number, now)
        })
    }

    /// The number of the note of an order that was made for this, or of the one that is made now of every
    /// earlier note of the order.
    fn issue_once(
        &self,
        what_for: &str,
        order_id: &str,
        last: &mut i64,
        now: Timestamp,
        make: impl FnOnce(&[CreditNoteDocument], String) -> Making,
    ) -> Result<Option<String>> {
        if let Some(sequence) = self.store.credit_note_for(what_for)? {
            return Ok(Some(self.numbered(sequence)));
        }
        let earlier = self.store.credit_notes_of(order_id)?;
        let sequence = last.saturating_add(1);
        let number = self.numbered(sequence);
        match make(&earlier, number.clone()) {
            Ok(document) => {
                self.store.insert_credit_note(sequence, what_for, order_id, now)?;
                *last = sequence;
                self.keep(sequence, DocumentKind::CreditNote, &document)?;
                Ok(Some(number))
            }
            Err(cause) => {
                let fields = serde_json::json!({
                    "order_id": order_id, "for": what_for, "cause": cause.to_string(),
                });
                log::event(Level::Error, "invoices.credit_note_refused", fields);
                Ok(None)
            }
        }
    }

    fn keep(&self, sequence: i64, kind: DocumentKind, document: &impl Serialize) -> Result<()> {
        let document = serde_json::to_string(document)?;
        let sha256 = hex::encode(Sha256::digest(document.as_bytes()));
        self.store.insert_document(NewDocument { sequence, kind, document, sha256 })
    }

    fn numbered(&self, sequence: i64) -> String {
        DocumentNumber { series: self.name.clone(), sequence }.to_string()
    }
}

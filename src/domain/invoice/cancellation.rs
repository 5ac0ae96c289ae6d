//! The note that cancels a credit note, or a part of it: a refund may fail after its note was made.
//!
//! Documents never change, so the note is not withdrawn. Another one in the same series, with every amount
//! below zero, takes back what of the refund did not move; then the invoice has that much left again for
//! the refund that is made instead. In full the two come to nothing for every single tax.

use serde::{Deserialize, Serialize};

use super::credit_note::CreditNoteDocument;
use super::document::{DocumentKind, FORMAT, Heading};
use super::tax_groups::{PartByTax, TaxGroups};
use crate::domain::id::{OrderId, RefundId};
use crate::domain::money::{MoneyError, subtract_minor};
use crate::domain::order::Refund;
use crate::domain::time::Timestamp;

/// What the document says is the reason.
const REASON: &str = "The refund failed: its money did not move.";

/// What a cancellation is made of. The note itself is known where it was numbered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationDraft {
    /// The order.
    pub order_id: OrderId,
    /// The refund that failed.
    pub refund_id: RefundId,
    /// The number of its credit note.
    pub credit_note_number: String,
    /// What of the refund has moved for good, minor units: the note stays for so much. Several parts of a
    /// refund may fail one after the other, so this tells one cancellation of a note from the next.
    pub moved_minor: i64,
}

impl CancellationDraft {
    /// The draft for a refund of an order, of which so much has moved; none if it has no credit note.
    #[must_use]
    pub fn of(order_id: OrderId, refund: &Refund, moved_minor: i64) -> Option<Self> {
        let credit_note_number = refund.credit_note_number.clone()?;
        Some(Self { order_id, refund_id: refund.id, credit_note_number, moved_minor })
    }
}

impl CreditNoteDocument {
    /// Those of an order's notes that cancel this one, or a part of it.
    pub(super) fn cancelled_by<'a>(&self, notes: &'a [Self]) -> impl Iterator<Item = &'a Self> {
        let number = &self.heading.number;
        notes.iter().filter(move |note| note.cancels.as_ref() == Some(number))
    }

    /// Makes the note that leaves so much of this one, given every earlier one of the same invoice.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when no more than that is left.
    pub fn cancelled_down_to(
        &self,
        moved_minor: i64,
        earlier: &[Self],
        series: String,
        number: String,
        issued_at: Timestamp,
    ) -> Result<Self, MoneyError> {
        let groups = self.cancelled_by(earlier).flat_map(|note| note.tax_groups.0.iter().cloned());
        let stands = TaxGroups::of(self.tax_groups.0.iter().cloned().chain(groups))?;
        let cancelled_minor = subtract_minor(stands.amount()?.total_minor, moved_minor)?;
        if cancelled_minor <= 0 || moved_minor < 0 {
            return Err(MoneyError::OutOfRange);
        }
        let tax_groups = stands.share(cancelled_minor)?.without_empty().negated()?;
        let kind = DocumentKind::CreditNote;
        Ok(Self {
            heading: Heading { format: FORMAT, kind, series, number, issued_at },
            cancels: Some(self.heading.number.clone()),
            reason: Some(REASON.to_owned()),
            lines: Vec::new(),
            shipping: None,
            allowance: PartByTax::of(tax_groups.clone())?,
            amount: tax_groups.amount()?,
            tax_summary: tax_groups.summary()?,
            tax_groups,
            ..self.clone()
        })
    }
}

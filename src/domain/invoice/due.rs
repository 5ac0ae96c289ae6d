//! When an order is to have its invoice, and its refunds their credit notes.

use crate::domain::order::{Order, OrderStatus, Refund};
use crate::domain::payment::{Operation, OperationKind, OperationResult, ReportedState};

/// What is added to the name of the invoices' series where the store names none for credit notes.
pub const DEFAULT_CREDIT_NOTE_SUFFIX: &str = "-CN";

impl Order {
    /// Whether the invoice is to be numbered now: what the order has been paid is settled, and no
    /// more will come. What was given back since does not matter: that is a credit note's.
    #[must_use]
    pub fn invoice_due(&self) -> bool {
        let alive = matches!(self.status, OrderStatus::Open | OrderStatus::Completed);
        // Who buys from a channel has its receipt from the channel, which took the money.
        let ours = !self.is_sold_by_channel();
        alive && ours && self.invoice_number.is_none() && self.is_payment_settled()
    }

    fn is_payment_settled(&self) -> bool {
        let Some(payment) = &self.payment else {
            return true;
        };
        let captured = payment.succeeded_minor(OperationKind::Capture);
        let state = payment.report.as_ref().map(|report| report.state);
        captured > 0 && (captured >= payment.asked.amount || state == Some(ReportedState::Captured))
    }

    fn parts_of(&self, refund: &Refund) -> impl Iterator<Item = &Operation> {
        let operations = self.payment.iter().flat_map(|payment| &payment.operations);
        let id = refund.id;
        operations.filter(move |o| o.kind == OperationKind::Refund && o.refund_id == Some(id))
    }

    /// What of a refund's money has moved, minor units.
    #[must_use]
    pub fn refund_moved_minor(&self, refund: &Refund) -> i64 {
        let moved = self.parts_of(refund).filter(|o| o.result == OperationResult::Succeeded);
        moved.fold(0, |sum, part| sum.saturating_add(part.amount_minor))
    }

    /// Whether all of a refund's money has moved.
    #[must_use]
    pub fn refund_settled(&self, refund: &Refund) -> bool {
        refund.amount_minor > 0 && self.refund_moved_minor(refund) >= refund.amount_minor
    }

    /// The refunds whose credit notes are to be numbered now.
    pub fn credit_notes_due(&self) -> impl Iterator<Item = &Refund> {
        let invoiced = self.invoice_number.is_some();
        self.refunds.iter().filter(move |refund| {
            invoiced && refund.credit_note_number.is_none() && self.refund_settled(refund)
        })
    }

    /// The refunds that failed after their credit notes were made, for more than has been cancelled of
    /// these. Nothing is cancelled while a part of the refund may still move.
    pub fn credit_notes_to_cancel(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| {
            refund.credit_note_number.is_some()
                && self.parts_of(refund).any(|part| part.result == OperationResult::Failed)
                && self.parts_of(refund).all(|part| part.result.is_decided())
                && refund.credited_minor() > self.refund_moved_minor(refund)
        })
    }

    /// The series its credit notes are numbered in.
    #[must_use]
    pub fn series_for_credit_notes(&self) -> String {
        self.credit_note_series
            .clone()
            .unwrap_or_else(|| [&self.invoice_series, DEFAULT_CREDIT_NOTE_SUFFIX].concat())
    }
}

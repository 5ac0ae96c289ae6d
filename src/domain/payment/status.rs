//! The payment axis of an order's state: derived from the ledger, never set by hand.

use serde::{Deserialize, Serialize};

use super::ledger::Payment;
use super::operation::{OperationKind, OperationResult};
use super::report::ReportedState;

/// The payment axis of an order's state, derived from the ledger and never set by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// No money yet, and nothing for the buyer to do.
    Unpaid,
    /// The buyer has something to do.
    ActionRequired,
    /// The money is held.
    Authorized,
    /// Some of the total was taken.
    PartiallyPaid,
    /// All of the total was taken.
    Paid,
    /// Some of what was taken was given back.
    PartiallyRefunded,
    /// All that was taken was given back.
    Refunded,
    /// The buyer's bank contests it, and nobody has decided.
    Disputed,
    /// The buyer's bank has taken the money back, or what was left of it.
    ChargedBack,
    /// The last attempt was declined.
    Failed,
    /// A gateway was asked and its answer is not known yet.
    Unknown,
}

impl PaymentStatus {
    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::ActionRequired => "action_required",
            Self::Authorized => "authorized",
            Self::PartiallyPaid => "partially_paid",
            Self::Paid => "paid",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
            Self::ChargedBack => "charged_back",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl Payment {
    /// The status that the ledger adds up to.
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        let captured = self.succeeded_minor(OperationKind::Capture);
        let refunded = self.succeeded_minor(OperationKind::Refund);
        let charged_back = self.succeeded_minor(OperationKind::Chargeback);
        if self.is_disputed() {
            return PaymentStatus::Disputed;
        }
        if charged_back > 0 && refunded.saturating_add(charged_back) >= captured {
            return PaymentStatus::ChargedBack;
        }
        if refunded > 0 && refunded >= captured {
            return PaymentStatus::Refunded;
        }
        if refunded > 0 || charged_back > 0 {
            return PaymentStatus::PartiallyRefunded;
        }
        if captured >= self.asked.amount {
            return PaymentStatus::Paid;
        }
        if captured > 0 {
            return PaymentStatus::PartiallyPaid;
        }
        self.status_before_money()
    }

    /// Whether the buyer's bank contests some of it, and nobody has decided.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.operations
            .iter()
            .any(|o| o.kind == OperationKind::Chargeback && !o.result.is_decided())
    }

    fn status_before_money(&self) -> PaymentStatus {
        if self.authorize_operation().is_some_and(|o| o.result == OperationResult::Unknown) {
            return PaymentStatus::Unknown;
        }
        match self.report.as_ref().map(|report| report.state) {
            Some(ReportedState::Authorized) => PaymentStatus::Authorized,
            Some(ReportedState::ActionRequired) => PaymentStatus::ActionRequired,
            Some(ReportedState::Declined | ReportedState::Failed) => PaymentStatus::Failed,
            None if self.is_dead() => PaymentStatus::Failed,
            _ => PaymentStatus::Unpaid,
        }
    }
}

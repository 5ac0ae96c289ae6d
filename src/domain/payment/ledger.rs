//! The ledger of a payment: its operations, and how a report changes them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::report::{CallFailure, CaptureMode, Gateway, PaymentReport, ReportedState};
use crate::domain::id::OperationId;
use crate::domain::money::{Money, sum_minor};
use crate::domain::time::Timestamp;

/// The kind of a movement of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Ask the buyer's money to be held, or (automatic capture) taken at once.
    Authorize,
    /// Take held money, or a record that the gateway took it.
    Capture,
    /// Let held money go, or call off a payment that was not made.
    Void,
    /// Give money back.
    Refund,
    /// The buyer's bank took money back, or wants to: opened is `action_required`, lost is
    /// `succeeded`, won is `failed`.
    Chargeback,
}

impl OperationKind {
    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
            Self::Chargeback => "chargeback",
        }
    }
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationResult {
    /// Written down; the gateway has been or is about to be asked.
    Requested,
    /// Waits for the buyer or for the gateway.
    ActionRequired,
    /// Done.
    Succeeded,
    /// Did not happen and will not.
    Failed,
    /// Asked, and nobody knows; it is asked about again on a schedule.
    Unknown,
}

/// One operation of the ledger. Its id is the idempotency key under which the gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Operation {
    /// The idempotency key at the gateway.
    #[schema(value_type = String)]
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// Minor units of the order's currency.
    pub amount_minor: i64,
    /// What became of it.
    pub result: OperationResult,
    /// When it was written down.
    #[schema(value_type = String, format = DateTime)]
    pub requested_at: Timestamp,
    /// How often an unknown outcome was asked about.
    pub attempts: u32,
    /// The gateway's own identity of the movement, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the money moved, by the gateway's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub completed_at: Option<Timestamp>,
}

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
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// A report that can't be true of this payment. The order is not paid by it; a person must look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum IntegrityFailure {
    /// The gateway speaks of another amount or currency than was asked.
    #[error("asked for {asked:?}, the gateway reports {reported:?}")]
    AmountMismatch {
        /// What the order asks.
        asked: Money,
        /// What the gateway says.
        reported: Money,
    },
    /// More was taken than the order's total.
    #[error("{captured_minor} minor units were taken of {total_minor}")]
    CapturedTooMuch {
        /// Minor units the gateway says it took.
        captured_minor: i64,
        /// Minor units of the order's total.
        total_minor: i64,
    },
    /// A second payment claims to be this order's.
    #[error("payment {reported} reported, {known} known")]
    OtherReference {
        /// The payment we know.
        known: String,
        /// The payment the report names.
        reported: String,
    },
}

/// What a report changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absorbed {
    /// Nothing: known before, or older than what is known.
    Nothing,
    /// The payment moved on.
    Changed,
    /// The report is refused.
    Refused(IntegrityFailure),
}

/// An order's payment: how it is made, its operations, and the furthest news of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Who moves the money.
    pub gateway: Gateway,
    /// The gateway's name for the means of payment, if the storefront gave one.
    pub method: Option<String>,
    /// Where the gateway sends the browser afterwards.
    pub return_url: Option<String>,
    /// Whether the gateway takes the money at once.
    pub capture_mode: CaptureMode,
    /// What the order asks: its total.
    pub asked: Money,
    /// Append-only; an operation's result changes, the operation stays.
    pub operations: Vec<Operation>,
    /// The furthest news accepted.
    pub report: Option<PaymentReport>,
    /// Why the gateway would not even try, for the merchant; a bank's decline is in the report.
    pub refusal: Option<String>,
    /// When the gateway is asked next where the payment stands.
    pub ask_again_at: Option<Timestamp>,
}

impl Payment {
    /// The authorize operation's id: what the gateway knows this payment by before it has a
    /// reference.
    #[must_use]
    pub fn authorize_operation(&self) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.kind == OperationKind::Authorize)
    }

    /// The gateway's identity of the payment, once known.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        self.report.as_ref().map(|report| report.reference.as_str())
    }

    /// Minor units that succeeded, by kind.
    #[must_use]
    pub fn succeeded_minor(&self, kind: OperationKind) -> i64 {
        let amounts = self
            .operations
            .iter()
            .filter(|o| o.kind == kind && o.result == OperationResult::Succeeded)
            .map(|o| o.amount_minor);
        sum_minor(amounts).unwrap_or(i64::MAX)
    }

    /// The operation of a kind that still waits for an answer from the gateway.
    #[must_use]
    pub fn unanswered(&self, kind: OperationKind) -> Option<&Operation> {
        self.operations.iter().find(|o| {
            o.kind == kind
                && matches!(o.result, OperationResult::Requested | OperationResult::Unknown)
        })
    }

    /// Whether some operation was asked and its outcome is not known.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.operations.iter().any(|o| o.result == OperationResult::Unknown)
    }

    /// Whether money is held or taken: the point from which stock is the buyer's.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        let state = self.report.as_ref().map(|report| report.state);
        matches!(state, Some(ReportedState::Authorized | ReportedState::Captured))
    }

    /// Whether the gateway says that this payment can no longer bring money.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        let state = self.report.as_ref().map(|report| report.state);
        let refused = self
            .authorize_operation()
            .is_some_and(|operation| operation.result == OperationResult::Failed);
        refused || matches!(state, Some(ReportedState::Failed | ReportedState::Cancelled))
    }

    /// Whether no further news is to be expected: all of the money was taken, or none can come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_dead() || self.succeeded_minor(OperationKind::Capture) >= self.asked.amount
    }

    /// Writes down a new operation before its gateway is asked.
    pub fn request(&mut self, kind: OperationKind, amount_minor: i64, id: Uuid, now: Timestamp) {
        self.operations.push(Operation {
            id: OperationId::new(id),
            kind,
            amount_minor,
            result: OperationResult::Requested,
            requested_at: now,
            attempts: 0,
            reference: None,
            completed_at: None,
        });
    }

    /// Takes a report, by whichever road it came. `fresh` gives the id of a capture that the gateway
    /// made by itself.
    pub fn absorb(&mut self, report: PaymentReport, fresh: Uuid, now: Timestamp) -> Absorbed {
        if let Some(failure) = self.contradiction(&report) {
            return Absorbed::Refused(failure);
        }
        if self.report.as_ref().is_some_and(|known| !is_further(&report, known)) {
            return self.answer_unanswered();
        }
        let captured_before = self.succeeded_minor(OperationKind::Capture);
        self.settle_operations(report.state);
        if report.captured_minor > captured_before {
            let amount_minor = report.captured_minor.saturating_sub(captured_before);
            self.record_capture(amount_minor, fresh, now, report.occurred_at);
        }
        let unchanged = self.report.as_ref() == Some(&report);
        let kept_action = self.report.as_mut().and_then(|known| known.action.take());
        let mut report = report;
        if report.action.is_none() && report.state == ReportedState::ActionRequired {
            report.action = kept_action;
        }
        self.report = Some(report);
        self.stop_asking_if_known();
        if unchanged { Absorbed::Nothing } else { Absorbed::Changed }
    }

    /// A report that tells nothing new still answers the question that was asked: an operation whose
    /// outcome was unknown takes the result that the known state implies.
    fn answer_unanswered(&mut self) -> Absorbed {
        let Some(state) = self.report.as_ref().map(|report| report.state) else {
            return Absorbed::Nothing;
        };
        let before = self.operations.clone();
        self.settle_operations(state);
        if self.operations == before {
            return Absorbed::Nothing;
        }
        self.stop_asking_if_known();
        Absorbed::Changed
    }

    /// While one operation's outcome is unknown, the schedule goes on whatever else is heard.
    fn stop_asking_if_known(&mut self) {
        if !self.has_unknown() {
            self.ask_again_at = None;
        }
    }

    /// Marks what failed without a report.
    pub fn fail(&mut self, operation: OperationId, failure: &CallFailure) {
        let result = match failure {
            CallFailure::NotSent { .. }
            | CallFailure::Refused { .. }
            | CallFailure::Unsupported { .. } => OperationResult::Failed,
            CallFailure::NotYet { .. } => OperationResult::Requested,
            CallFailure::AskInstead { .. } | CallFailure::Unknown { .. } => {
                OperationResult::Unknown
            }
        };
        for known in &mut self.operations {
            let unanswered =
                matches!(known.result, OperationResult::Requested | OperationResult::Unknown);
            if known.id == operation && unanswered {
                known.result = result;
            }
        }
    }

    fn contradiction(&self, report: &PaymentReport) -> Option<IntegrityFailure> {
        if let Some(known) = self.reference()
            && known != report.reference
        {
            return Some(IntegrityFailure::OtherReference {
                known: known.to_owned(),
                reported: report.reference.clone(),
            });
        }
        if report.amount != self.asked {
            return Some(IntegrityFailure::AmountMismatch {
                asked: self.asked,
                reported: report.amount,
            });
        }
        if report.captured_minor > self.asked.amount || report.captured_minor < 0 {
            return Some(IntegrityFailure::CapturedTooMuch {
                captured_minor: report.captured_minor,
                total_minor: self.asked.amount,
            });
        }
        None
    }

    /// Gives the operations that wait the result that a state implies.
    fn settle_operations(&mut self, state: ReportedState) {
        for operation in &mut self.operations {
            let waits =
                !matches!(operation.result, OperationResult::Succeeded | OperationResult::Failed);
            if !waits {
                continue;
            }
            let implied = implied_result(operation.kind, state);
            if let Some(result) = implied {
                operation.result = result;
            }
        }
    }

    /// Books money that was taken: on the capture that was asked for, or, where the gateway took it
    /// by itself, as an operation of its own.
    fn record_capture(
        &mut self,
        amount_minor: i64,
        fresh: Uuid,
        now: Timestamp,
        completed_at: Timestamp,
    ) {
        let asked = self.operations.iter_mut().find(|o| {
            o.kind == OperationKind::Capture
                && matches!(o.result, OperationResult::Requested | OperationResult::Unknown)
        });
        if let Some(operation) = asked {
            operation.amount_minor = amount_minor;
            operation.result = OperationResult::Succeeded;
            operation.completed_at = Some(completed_at);
            return;
        }
        self.operations.push(Operation {
            id: OperationId::new(fresh),
            kind: OperationKind::Capture,
            amount_minor,
            result: OperationResult::Succeeded,
            requested_at: now,
            attempts: 0,
            reference: None,
            completed_at: Some(completed_at),
        });
    }

    /// The status that the ledger adds up to, for an order of this total.
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        let captured = self.succeeded_minor(OperationKind::Capture);
        let refunded = self.succeeded_minor(OperationKind::Refund);
        if refunded > 0 {
            return if refunded >= captured {
                PaymentStatus::Refunded
            } else {
                PaymentStatus::PartiallyRefunded
            };
        }
        if captured >= self.asked.amount {
            return PaymentStatus::Paid;
        }
        if captured > 0 {
            return PaymentStatus::PartiallyPaid;
        }
        let state = self.report.as_ref().map(|report| report.state);
        if self.authorize_operation().is_some_and(|o| o.result == OperationResult::Unknown) {
            return PaymentStatus::Unknown;
        }
        match state {
            Some(ReportedState::Authorized) => PaymentStatus::Authorized,
            Some(ReportedState::ActionRequired) => PaymentStatus::ActionRequired,
            Some(ReportedState::Declined | ReportedState::Failed) => PaymentStatus::Failed,
            None if self.is_dead() => PaymentStatus::Failed,
            _ => PaymentStatus::Unpaid,
        }
    }
}

/// The result that a payment's state implies for an operation of a kind, if it implies one.
const fn implied_result(kind: OperationKind, state: ReportedState) -> Option<OperationResult> {
    use OperationKind::{Authorize, Capture, Chargeback, Refund, Void};
    use ReportedState::{
        ActionRequired, Approved, Authorized, Cancelled, Captured, Declined, Failed, Processing,
    };
    match (kind, state) {
        (Authorize, ActionRequired | Declined | Processing) => {
            Some(OperationResult::ActionRequired)
        }
        // The buyer has agreed: it is on us to complete the payment.
        (Authorize, Approved) => Some(OperationResult::Requested),
        (Authorize, Authorized | Captured) | (Void, Cancelled | Failed) => {
            Some(OperationResult::Succeeded)
        }
        (Authorize | Capture, Cancelled | Failed) | (Void, Captured) => {
            Some(OperationResult::Failed)
        }
        // What was taken is written by `record_capture`, which knows the amount.
        (Capture, Captured)
        | (Capture | Void, ActionRequired | Declined | Approved | Processing | Authorized)
        | (Refund | Chargeback, _) => None,
    }
}

/// Whether `news` replaces `known`: a higher rank does; within a rank the gateway's later time, then
/// the state that is further along; at the same state, more money taken.
fn is_further(news: &PaymentReport, known: &PaymentReport) -> bool {
    let key = |report: &PaymentReport| {
        (report.state.rank(), report.occurred_at, report.state.tie(), report.captured_minor)
    };
    if news.state == ReportedState::Captured && known.state == ReportedState::Captured {
        return news.captured_minor > known.captured_minor;
    }
    key(news) > key(known)
}

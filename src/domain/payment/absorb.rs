//! How a report changes a payment: the one road by which news is taken in.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ledger::Payment;
use super::operation::{Operation, OperationKind, OperationResult, Origin};
use super::report::{PaymentReport, ReportedState};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;

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
    /// A refund or chargeback of another amount or currency than can be.
    #[error("of {asked:?}, the gateway reports {reported:?} going back")]
    Movement {
        /// What the payment is for.
        asked: Money,
        /// What the gateway says goes back.
        reported: Money,
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

impl Payment {
    /// Takes a report, by whichever road it came. `fresh` gives the ids of a capture or a refund that
    /// was made at the gateway.
    pub fn absorb(
        &mut self,
        mut report: PaymentReport,
        fresh: &mut dyn FnMut() -> Uuid,
        now: Timestamp,
    ) -> Absorbed {
        if let Some(failure) = self.contradiction(&report) {
            return Absorbed::Refused(failure);
        }
        let movements = std::mem::take(&mut report.movements);
        let absorbed = self.absorb_state(report, fresh, now);
        let mut outcome = absorbed;
        for movement in movements {
            match self.absorb_movement(movement, fresh, now) {
                Absorbed::Nothing => {}
                Absorbed::Changed if matches!(outcome, Absorbed::Refused(_)) => {}
                other => outcome = other,
            }
        }
        if !self.early_movements.is_empty() {
            let before = self.operations.clone();
            self.absorb_early_movements(fresh, now);
            if self.operations != before && outcome == Absorbed::Nothing {
                outcome = Absorbed::Changed;
            }
        }
        outcome
    }

    fn absorb_state(
        &mut self,
        mut report: PaymentReport,
        fresh: &mut dyn FnMut() -> Uuid,
        now: Timestamp,
    ) -> Absorbed {
        if let Some(known) = &mut self.report
            && !is_further(&report, known)
        {
            let learnt = complete(known, &report);
            let answered = self.answer_unanswered(now);
            return if learnt { Absorbed::Changed } else { answered };
        }
        let captured_before = self.succeeded_minor(OperationKind::Capture);
        let operations_before = self.operations.clone();
        self.settle_operations(&report, now);
        if report.captured_minor > captured_before {
            let amount_minor = report.captured_minor.saturating_sub(captured_before);
            self.record_capture(amount_minor, &report, fresh, now);
        }
        self.give_up_captures(&report, now);
        if let Some(known) = &mut self.report {
            let kept_action = known.action.take();
            if report.action.is_none() && report.state == ReportedState::ActionRequired {
                report.action = kept_action;
            } else {
                known.action = kept_action;
            }
            complete(&mut report, known);
        }
        let unchanged =
            self.report.as_ref() == Some(&report) && self.operations == operations_before;
        self.report = Some(report);
        self.stop_asking_if_known();
        if unchanged { Absorbed::Nothing } else { Absorbed::Changed }
    }

    /// A report that tells nothing new still answers the question that was asked: an operation whose
    /// outcome was unknown takes the result that the known state implies.
    fn answer_unanswered(&mut self, now: Timestamp) -> Absorbed {
        let Some(report) = self.report.clone() else {
            return Absorbed::Nothing;
        };
        let before = self.operations.clone();
        self.settle_operations(&report, now);
        self.give_up_captures(&report, now);
        if self.operations == before {
            return Absorbed::Nothing;
        }
        self.stop_asking_if_known();
        Absorbed::Changed
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
    fn settle_operations(&mut self, report: &PaymentReport, now: Timestamp) {
        let rest_let_go = report.captured_minor > 0 && report.captured_minor < self.asked.amount;
        // A start that was given up is proved wrong by money.
        let money = matches!(report.state, ReportedState::Authorized | ReportedState::Captured);
        let waits = |o: &&mut Operation| {
            let given_up =
                o.kind == OperationKind::Authorize && o.result == OperationResult::Failed;
            !o.result.is_decided() || (money && given_up)
        };
        for operation in self.operations.iter_mut().filter(waits) {
            match implied_result(operation.kind, report.state) {
                Some(OperationResult::Failed)
                    if operation.kind == OperationKind::Void && rest_let_go =>
                {
                    operation.conclude(OperationResult::Succeeded, now);
                }
                Some(result) => operation.conclude(result, now),
                None => {}
            }
        }
    }

    /// Books money that was taken: on the capture that was asked for, or, where the gateway took it
    /// by itself, as an operation of its own.
    fn record_capture(
        &mut self,
        amount_minor: i64,
        report: &PaymentReport,
        fresh: &mut dyn FnMut() -> Uuid,
        now: Timestamp,
    ) {
        let at = report.occurred_at;
        let reference = self.new_capture_reference(report);
        let asked = self
            .operations
            .iter_mut()
            .find(|o| o.kind == OperationKind::Capture && o.result.is_unanswered());
        if let Some(operation) = asked {
            operation.amount_minor = amount_minor;
            operation.reference = reference;
            operation.conclude(OperationResult::Succeeded, at);
            return;
        }
        let mut operation = Operation::new(OperationKind::Capture, amount_minor, fresh(), now);
        operation.reference = reference;
        // With automatic capture it is the gateway that takes the money, because the order said so.
        if self.capture_mode.holds() {
            operation.origin = Origin::Gateway;
        }
        operation.conclude(OperationResult::Succeeded, at);
        self.operations.push(operation);
    }

    /// The gateway's identity of the capture that no operation carries yet, if it is the only one.
    fn new_capture_reference(&self, report: &PaymentReport) -> Option<String> {
        let mut unknown = report.captures.iter().filter(|part| {
            let carries = |o: &Operation| {
                o.kind == OperationKind::Capture && o.reference.as_ref() == Some(&part.reference)
            };
            !self.operations.iter().any(carries)
        });
        match (unknown.next(), unknown.next()) {
            (Some(part), None) => Some(part.reference.clone()),
            _ => None,
        }
    }

    /// Once the rest was let go, a capture that still waits can't happen any more.
    fn give_up_captures(&mut self, report: &PaymentReport, now: Timestamp) {
        if report.state != ReportedState::Captured {
            return;
        }
        for operation in &mut self.operations {
            if operation.kind == OperationKind::Capture && operation.result.is_unanswered() {
                operation.conclude(OperationResult::Failed, now);
            }
        }
    }
}

/// Adds to a report what an older or an equal one knows besides. Whether there was anything.
fn complete(report: &mut PaymentReport, other: &PaymentReport) -> bool {
    let before = report.clone();
    let fill = |known: &mut Option<String>, told: &Option<String>| {
        if known.is_none() {
            known.clone_from(told);
        }
    };
    fill(&mut report.charge, &other.charge);
    fill(&mut report.card_last_four, &other.card_last_four);
    report.operation_id = report.operation_id.or(other.operation_id);
    report.authorized_until = report.authorized_until.or(other.authorized_until);
    // Settled once is settled for good.
    if report.settled != Some(true) && other.settled.is_some() {
        report.settled = other.settled;
    }
    if other.captures.len() > report.captures.len() {
        report.captures.clone_from(&other.captures);
    }
    *report != before
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

/// Whether `news` replaces `known`: a higher rank does; within a rank more money taken, then the
/// gateway's later time, then the state that is further along.
fn is_further(news: &PaymentReport, known: &PaymentReport) -> bool {
    let key = |report: &PaymentReport| {
        (report.state.rank(), report.captured_minor, report.occurred_at, report.state.tie())
    };
    if news.state == ReportedState::Captured && known.state == ReportedState::Captured {
        return news.captured_minor > known.captured_minor;
    }
    key(news) > key(known)
}

//! The ledger of a payment: its operations, and how a report changes them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::operation::{Operation, OperationKind, OperationResult};
use super::report::{
    CallFailure, CaptureMode, Gateway, MovementReport, PaymentReport, ReportedState,
};
use crate::domain::id::OperationId;
use crate::domain::money::{Money, sum_minor};
use crate::domain::time::Timestamp;

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
    /// What the buyer's statement is to say, where the gateway takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_descriptor: Option<String>,
    /// Where the schedule goes on when somebody has had the gateway asked before its time: a browser
    /// that comes back again and again must not use the schedule up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_schedule_at: Option<Timestamp>,
    /// Questions about it that were put off since the gateway last answered.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub questions_put_off: u32,
    /// A webhook told that something happened to the payment, not what. This question has times of its own, and
    /// only its own answer ends it: neither what became of a refund nor another webhook tells of a buyer who
    /// paid again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Called off at a gateway that has no way to do so: no money is expected any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub let_go: bool,
    /// What was done about the end of an authorisation.
    #[serde(default, skip_serializing_if = "ExpiryWatch::is_waiting")]
    pub expiry_watch: ExpiryWatch,
    /// News of money going back that came before its capture was heard of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub early_movements: Vec<MovementReport>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where a payment stands is to be asked, whatever else is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// When it came up: what was asked before does not answer it.
    pub raised_at: Timestamp,
    /// When to ask next.
    pub ask_at: Timestamp,
    /// How often it was asked and not answered.
    pub times_put_off: u32,
}

/// How far an authorisation's end has been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryWatch {
    /// Nothing yet.
    #[default]
    Waiting,
    /// The merchant was warned.
    Warned,
    /// Its time is over and the gateway was asked.
    Asked,
}

impl ExpiryWatch {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
    fn is_waiting(&self) -> bool {
        *self == Self::Waiting
    }
}

impl Payment {
    /// A payment that nobody has been asked for yet.
    #[must_use]
    pub const fn new(gateway: Gateway, capture_mode: CaptureMode, asked: Money) -> Self {
        Self {
            gateway,
            method: None,
            return_url: None,
            capture_mode,
            asked,
            operations: Vec::new(),
            report: None,
            refusal: None,
            ask_again_at: None,
            statement_descriptor: None,
            resume_schedule_at: None,
            questions_put_off: 0,
            question: None,
            let_go: false,
            expiry_watch: ExpiryWatch::Waiting,
            early_movements: Vec::new(),
        }
    }

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
        self.operations.iter().find(|o| o.kind == kind && o.result.is_unanswered())
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
        refused
            || matches!(state, Some(ReportedState::Failed | ReportedState::Cancelled))
            || (self.let_go && !self.is_secured())
    }

    /// Whether all that it ever brought has gone back: no more is expected, and nothing is under way.
    #[must_use]
    pub fn gave_all_back(&self) -> bool {
        let brought = self.succeeded_minor(OperationKind::Capture);
        let gone = [OperationKind::Refund, OperationKind::Chargeback];
        let gone = sum_minor(gone.map(|kind| self.succeeded_minor(kind))).unwrap_or(0);
        let is_decided = self.operations.iter().all(|operation| operation.result.is_decided());
        brought > 0 && gone >= brought && is_decided && self.is_over()
    }

    /// It was called off where the gateway has no way to do so: no money is expected any more.
    pub fn let_go(&mut self, now: Timestamp) {
        self.let_go = true;
        self.stop_asking();
        for operation in &mut self.operations {
            if operation.kind == OperationKind::Authorize && !operation.result.is_decided() {
                operation.conclude(OperationResult::Failed, now);
            }
        }
    }

    /// The answer to a void shows the money still held: it was not let go, and will not be.
    pub fn void_failed(&mut self, operation: OperationId, now: Timestamp) {
        for known in &mut self.operations {
            let is_it = known.id == operation && known.kind == OperationKind::Void;
            if is_it && known.result.is_unanswered() {
                known.conclude(OperationResult::Failed, now);
                known.failure = Some("the money is still held".to_owned());
            }
        }
        self.stop_asking_if_known();
    }

    /// Until when money is held, if some is and the gateway said so.
    #[must_use]
    pub fn held_until(&self) -> Option<Timestamp> {
        let report = self.report.as_ref()?;
        report.authorized_until.filter(|_| report.state == ReportedState::Authorized)
    }

    /// The operation of this id.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// Whether no further money is to be expected: all of it was taken, the rest was let go, or none
    /// can come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let captured = self.report.as_ref().map(|r| r.state) == Some(ReportedState::Captured);
        self.is_dead()
            || captured
            || self.succeeded_minor(OperationKind::Capture) >= self.asked.amount
    }

    /// Writes down a new operation before its gateway is asked.
    pub fn request(&mut self, kind: OperationKind, amount_minor: i64, id: Uuid, now: Timestamp) {
        self.operations.push(Operation::new(kind, amount_minor, id, now));
    }

    /// While one operation's outcome is unknown, the schedule goes on whatever else is heard; a refund
    /// that is under way is asked about until it is decided.
    pub(super) fn stop_asking_if_known(&mut self) {
        if !self.has_unknown() && !self.awaits_refund() {
            self.stop_asking();
        }
    }

    /// Nothing is to be asked any more.
    pub const fn stop_asking(&mut self) {
        self.ask_again_at = None;
        self.resume_schedule_at = None;
    }

    /// Has the gateway asked now, whatever the schedule says, and lets the schedule go on afterwards.
    pub fn ask_now(&mut self, now: Timestamp) {
        if let Some(at) = self.ask_again_at.filter(|at| *at > now) {
            self.resume_schedule_at = Some(at);
        }
        self.ask_again_at = Some(now);
    }

    /// Whether its turn to be asked about on the schedule has come.
    #[must_use]
    pub fn is_asked_about(&self, now: Timestamp) -> bool {
        self.ask_again_at.is_some_and(|at| at <= now)
    }

    /// Whether a refund is under way at the gateway.
    #[must_use]
    pub fn awaits_refund(&self) -> bool {
        self.operations
            .iter()
            .any(|o| o.kind == OperationKind::Refund && o.result == OperationResult::ActionRequired)
    }

    /// Marks what failed without a report.
    pub fn fail(&mut self, operation: OperationId, failure: &CallFailure, now: Timestamp) {
        let Some(known) = self
            .operations
            .iter_mut()
            .find(|known| known.id == operation && known.result.is_unanswered())
        else {
            return;
        };
        match failure {
            CallFailure::NotSent { .. }
            | CallFailure::Refused { .. }
            | CallFailure::Unsupported { .. } => {
                known.conclude(OperationResult::Failed, now);
                known.failure = Some(failure.to_string());
            }
            CallFailure::NotYet { .. } => {
                known.result = OperationResult::Requested;
                known.not_before = Some(now.plus_seconds(NOT_YET_SECONDS));
            }
            CallFailure::AskInstead { .. } | CallFailure::Unknown { .. } => known.doubt(now),
        }
    }

    /// What was asked for and not answered is of unknown outcome. Whether anything was.
    pub fn doubt(&mut self, now: Timestamp) -> bool {
        let mut doubted = false;
        for operation in &mut self.operations {
            if operation.result != OperationResult::Requested {
                continue;
            }
            if operation.not_before.is_some() {
                // It was too early for it, and so it certainly was not sent.
                if operation.not_before.is_some_and(|at| at <= now) {
                    operation.not_before = None;
                }
                continue;
            }
            operation.doubt(now);
            doubted = true;
        }
        doubted
    }
}

/// How long an operation waits for which it is too early.
const NOT_YET_SECONDS: i64 = 3_600;

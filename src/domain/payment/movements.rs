//! Refunds and chargebacks in the ledger: those that we asked for, and those that were started at the
//! gateway, which are recorded and not fought.
//!
//! News of one movement converges whatever its order: a decision replaces what is pending, a later
//! decision an earlier one; but a refund that failed has failed, whenever it was said to be made. News of
//! money that goes back before its capture was heard of is kept until the capture is known, and the
//! gateway is asked.

use uuid::Uuid;

use super::absorb::{Absorbed, IntegrityFailure};
use super::ledger::Payment;
use super::operation::{Operation, OperationKind, OperationResult, Origin};
use super::report::{MovementReport, MovementState};
use crate::domain::id::OperationId;
use crate::domain::reconciliation::void_reference;
use crate::domain::time::Timestamp;

/// More early news than any payment has is not kept: the gateway is asked for it anyway.
const MAX_EARLY_MOVEMENTS: usize = 20;

/// The result that a movement's state is written down as.
const fn result_of(state: MovementState) -> OperationResult {
    match state {
        MovementState::Pending => OperationResult::ActionRequired,
        MovementState::Failed => OperationResult::Failed,
        MovementState::Succeeded => OperationResult::Succeeded,
    }
}

impl Payment {
    /// Takes news of one refund or chargeback. `fresh` gives the id of one that was started at the
    /// gateway.
    pub fn absorb_movement(
        &mut self,
        news: MovementReport,
        fresh: &mut dyn FnMut() -> Uuid,
        now: Timestamp,
    ) -> Absorbed {
        let is_ours = matches!(news.kind, OperationKind::Refund | OperationKind::Chargeback);
        let in_range = (1..=self.asked.amount).contains(&news.amount.amount);
        if !is_ours || !in_range || news.amount.currency != self.asked.currency {
            let reported = news.amount;
            return Absorbed::Refused(IntegrityFailure::Movement { asked: self.asked, reported });
        }
        let known = self.position_of(&news);
        if let Some(operation) = known.and_then(|at| self.operations.get(at))
            && operation.amount_minor != news.amount.amount
            && operation.kind == OperationKind::Refund
        {
            let failure = IntegrityFailure::Movement { asked: self.asked, reported: news.amount };
            return Absorbed::Refused(failure);
        }
        if self.is_ahead_of_its_capture(&news, known) {
            return self.keep_for_later(news, now);
        }
        let changed = match known.and_then(|at| self.operations.get_mut(at)) {
            Some(operation) => update(operation, &news),
            None => {
                self.operations.push(started_elsewhere(&news, fresh(), now));
                true
            }
        };
        self.stop_asking_if_known();
        if changed { Absorbed::Changed } else { Absorbed::Nothing }
    }

    /// Takes up what was kept because its capture had not been heard of.
    pub(super) fn absorb_early_movements(
        &mut self,
        fresh: &mut dyn FnMut() -> Uuid,
        now: Timestamp,
    ) {
        for news in std::mem::take(&mut self.early_movements) {
            // What still can't be is kept again; what never can be was refused when it was heard.
            let _ = self.absorb_movement(news, fresh, now);
        }
    }

    fn position_of(&self, news: &MovementReport) -> Option<usize> {
        let by_reference = self.operations.iter().position(|o| {
            o.kind == news.kind && o.reference.as_deref() == Some(news.reference.as_str())
        });
        let by_id = || {
            let id = news.operation_id?;
            self.operations
                .iter()
                .position(|o| o.kind == news.kind && o.id == id && o.reference.is_none())
        };
        by_reference.or_else(by_id).or_else(|| self.refund_by_void(news))
    }

    /// The refund that a void is the answer to. A payment is voided once and as a whole, so the one of all of
    /// it that waits for an answer is meant, whoever says first that the payment is voided: a second one would
    /// be money that goes back twice in our ledger and once at the gateway.
    fn refund_by_void(&self, news: &MovementReport) -> Option<usize> {
        let payment = self.reference()?;
        let is_void = news.kind == OperationKind::Refund
            && news.operation_id.is_none()
            && news.reference == void_reference(payment);
        let waits = |o: &Operation| {
            o.kind == OperationKind::Refund
                && o.result.is_unanswered()
                && o.reference.is_none()
                && o.amount_minor == news.amount.amount
        };
        is_void.then(|| self.operations.iter().position(waits))?
    }

    /// Whether the money that goes back is more than what is known to have been taken.
    fn is_ahead_of_its_capture(&self, news: &MovementReport, known: Option<usize>) -> bool {
        if news.state == MovementState::Failed {
            return false;
        }
        let others = self.operations.iter().enumerate().filter(|(at, o)| {
            Some(*at) != known && o.kind == news.kind && o.result == OperationResult::Succeeded
        });
        let gone =
            others.fold(news.amount.amount, |sum, (_, o)| sum.saturating_add(o.amount_minor));
        gone > self.succeeded_minor(OperationKind::Capture)
    }

    fn keep_for_later(&mut self, news: MovementReport, now: Timestamp) -> Absorbed {
        if self.early_movements.contains(&news) {
            return Absorbed::Nothing;
        }
        if self.early_movements.len() < MAX_EARLY_MOVEMENTS {
            self.early_movements.push(news);
        }
        if self.reference().is_some() && self.ask_again_at.is_none() {
            self.ask_again_at = Some(now);
        }
        Absorbed::Changed
    }

    /// The gateway certainly never received the request for an operation: it is asked for anew.
    pub fn ask_anew(&mut self, operation: OperationId) {
        for known in &mut self.operations {
            if known.id == operation && known.result == OperationResult::Unknown {
                known.result = OperationResult::Requested;
            }
        }
        self.stop_asking_if_known();
    }
}

fn started_elsewhere(news: &MovementReport, id: Uuid, now: Timestamp) -> Operation {
    let mut operation = Operation::new(news.kind, news.amount.amount, id, now);
    operation.origin = Origin::Gateway;
    update(&mut operation, news);
    operation
}

/// Writes news into its operation. Returns whether anything changed.
fn update(operation: &mut Operation, news: &MovementReport) -> bool {
    let before = operation.clone();
    let unheard = operation.reference.is_none();
    operation.reference = Some(news.reference.clone());
    let result = result_of(news.state);
    let decided_before = operation.result.is_decided() && !unheard;
    let known = (operation.completed_at, rank(operation.result));
    let newer = match operation.kind {
        // A refund that failed does not succeed any more, at no gateway. So the times of the two do not count:
        // that of an answer is by our own clock, which may be ahead of the gateway's.
        OperationKind::Refund if result != operation.result => result == OperationResult::Failed,
        _ => (Some(news.occurred_at), rank(result)) > known,
    };
    if !decided_before || (result.is_decided() && newer) {
        operation.conclude(result, news.occurred_at);
        if result.is_decided() {
            operation.completed_at = Some(news.occurred_at);
            operation.not_before = None;
        }
    }
    if operation.result == OperationResult::Failed && news.state == MovementState::Failed {
        operation.failure.clone_from(&news.reason);
    } else if operation.origin == Origin::Gateway && operation.reason.is_none() {
        operation.reason.clone_from(&news.reason);
    }
    if news.respond_by.is_some() {
        operation.respond_by = news.respond_by;
    }
    *operation != before
}

const fn rank(result: OperationResult) -> u8 {
    match result {
        OperationResult::Succeeded => 2,
        OperationResult::Failed => 1,
        _ => 0,
    }
}

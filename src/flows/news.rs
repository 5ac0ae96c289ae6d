//! How an order takes news of its money: reports, refunds and chargebacks, failures, silence.

use uuid::Uuid;

use super::schedule::{POLL_AFTER_SECONDS, ask_again_after_seconds};
use crate::domain::id::OperationId;
use crate::domain::order::{AttentionCode, Order};
use crate::domain::payment::{
    Absorbed, CallFailure, Gateway, MovementReport, OperationKind, OperationResult, Payment,
    PaymentReport, ReportedState,
};
use crate::domain::time::Timestamp;

/// What is known of whose a report is, besides what it says itself.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    /// It answers a call that was made for this operation.
    Operation(OperationId),
    /// This gateway sent it.
    Gateway(Gateway),
    /// Nothing.
    Report,
    /// It answers a question that was asked beside others.
    Beside,
}

pub(super) fn take_report(
    order: &mut Order,
    whose: Whose,
    report: PaymentReport,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    let payment = match whose {
        Whose::Operation(id) if order.payment_of(id).is_some() => {
            order.payments_mut().find(|payment| payment.operation(id).is_some())
        }
        Whose::Operation(_) | Whose::Report | Whose::Beside => order.payment_for(&report, None),
        Whose::Gateway(gateway) => order.payment_for(&report, Some(gateway)),
    };
    let Some(payment) = payment else {
        return;
    };
    let still_working = report.state == ReportedState::Processing;
    // What is asked beside takes nobody's turn on the schedule.
    let was_asked = !matches!(whose, Whose::Beside) && payment.is_asked_about(now);
    let still_held = report.state == ReportedState::Authorized;
    let absorbed = payment.absorb(report, fresh, now);
    if let Whose::Operation(id) = whose
        && still_held
    {
        payment.void_failed(id, now);
    }
    // A report that is refused is no answer: the schedule of questions goes on to its end.
    let is_answer = !matches!(absorbed, Absorbed::Refused(_));
    if is_answer && !payment.has_unknown() && !payment.awaits_refund() && !still_working {
        payment.questions_put_off = 0;
    }
    await_refund(payment, now);
    match absorbed {
        Absorbed::Changed if still_working && !was_asked => {
            payment.ask_again_at = Some(now.plus_seconds(POLL_AFTER_SECONDS));
        }
        Absorbed::Changed | Absorbed::Nothing
            if was_asked && (still_working || payment.has_unknown() || payment.awaits_refund()) =>
        {
            put_off(payment, now);
        }
        Absorbed::Nothing if was_asked => payment.stop_asking(),
        Absorbed::Changed if was_asked => payment.stop_asking(),
        Absorbed::Changed | Absorbed::Nothing => {}
        Absorbed::Refused(failure) => {
            payment.doubt(now);
            put_off(payment, now);
            order.needs_attention(AttentionCode::PaymentMismatch, failure.to_string(), now);
        }
    }
}

pub(super) fn take_movements(
    order: &mut Order,
    gateway: Gateway,
    reference: &str,
    movements: Vec<MovementReport>,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    let ours: Vec<_> = movements.iter().filter_map(|movement| movement.operation_id).collect();
    let Some(payment) = order.payment_for_movements(reference, &ours, gateway) else {
        return;
    };
    let mut mismatch = None;
    for movement in movements {
        if let Absorbed::Refused(failure) = payment.absorb_movement(movement, fresh, now) {
            mismatch = Some(failure);
        }
    }
    await_refund(payment, now);
    if let Some(failure) = mismatch {
        order.needs_attention(AttentionCode::PaymentMismatch, failure.to_string(), now);
    }
}

pub(super) fn take_refund_answer(
    order: &mut Order,
    operation: OperationId,
    result: Result<MovementReport, CallFailure>,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    let Some(payment) = order.payments_mut().find(|p| p.operation(operation).is_some()) else {
        return;
    };
    let was_asked = payment.is_asked_about(now);
    let was_unknown = is_unknown(payment, operation);
    match result {
        Ok(news) => {
            let news = MovementReport { operation_id: Some(operation), ..news };
            let absorbed = payment.absorb_movement(news, fresh, now);
            if was_asked && (payment.awaits_refund() || payment.has_unknown()) {
                ask_about_the_others(payment, operation, was_unknown, now);
            }
            await_refund(payment, now);
            if let Absorbed::Refused(failure) = absorbed {
                payment.doubt(now);
                put_off(payment, now);
                order.needs_attention(AttentionCode::PaymentMismatch, failure.to_string(), now);
            }
        }
        Err(failure) => {
            payment.fail(operation, &failure, now);
            if payment.has_unknown() {
                ask_about_the_others(payment, operation, was_unknown, now);
            }
        }
    }
}

fn is_unknown(payment: &Payment, operation: OperationId) -> bool {
    payment.operation(operation).is_some_and(|o| o.result == OperationResult::Unknown)
}

/// A gateway that has just said what became of one operation is asked about the next at once: many that
/// were lost together must not use up the schedule of each other.
fn ask_about_the_others(
    payment: &mut Payment,
    answered: OperationId,
    was_unknown: bool,
    now: Timestamp,
) {
    let is_told = was_unknown && !is_unknown(payment, answered);
    if !is_told || !payment.has_unknown() {
        return put_off(payment, now);
    }
    payment.questions_put_off = 0;
    for operation in payment.operations.iter_mut().filter(|o| !o.result.is_decided()) {
        operation.attempts = 0;
    }
    payment.ask_again_at = Some(now);
}

/// A refund that is under way is asked about, in case its webhook is lost.
fn await_refund(payment: &mut Payment, now: Timestamp) {
    if payment.awaits_refund() && payment.ask_again_at.is_none() {
        put_off(payment, now);
    }
}

/// What was never received is asked for anew, unless the buyer's time to pay is over.
pub(super) fn take_never_received(order: &mut Order, operation: OperationId, now: Timestamp) {
    let over = order.closing.is_some()
        || order.status.is_terminal()
        || order.payment_window_ends_at <= now;
    let superseded = order.earlier_payments.iter().any(|p| p.operation(operation).is_some());
    let Some(payment) = order.payments_mut().find(|p| p.operation(operation).is_some()) else {
        return;
    };
    let starts = payment.operation(operation).map(|o| o.kind) == Some(OperationKind::Authorize);
    if starts && (over || superseded) {
        let failure = CallFailure::Refused {
            code: "never_received".to_owned(),
            message: "the gateway has no such payment".to_owned(),
        };
        payment.fail(operation, &failure, now);
        payment.refusal = Some(failure.to_string());
        payment.stop_asking();
    } else {
        payment.ask_anew(operation);
    }
}

pub(super) fn take_failure(
    order: &mut Order,
    operation: OperationId,
    failure: &CallFailure,
    now: Timestamp,
) {
    let Some(payment) = order.payments_mut().find(|p| p.operation(operation).is_some()) else {
        return;
    };
    let kind = payment.operation(operation).map(|o| o.kind);
    payment.fail(operation, failure, now);
    match failure {
        CallFailure::Unsupported { .. } if kind == Some(OperationKind::Void) => {
            payment.let_go(now);
            return;
        }
        CallFailure::NotYet { .. } => return,
        CallFailure::Unknown { .. } | CallFailure::AskInstead { .. } => {
            put_off(payment, now);
            return;
        }
        _ => {}
    }
    if kind == Some(OperationKind::Authorize) {
        payment.refusal = Some(failure.to_string());
        payment.stop_asking();
        return;
    }
    if payment.has_unknown() || kind == Some(OperationKind::Void) {
        put_off(payment, now);
    }
    order.needs_attention(AttentionCode::PaymentRefused, failure.to_string(), now);
}

/// Puts the next question off along the schedule; at its end a person must look.
pub(super) fn put_off(payment: &mut Payment, now: Timestamp) {
    if let Some(at) = payment.resume_schedule_at.take().filter(|at| *at > now) {
        payment.ask_again_at = Some(at);
        return;
    }
    let waiting = payment.operations.iter().filter(|o| !o.result.is_decided());
    let attempts = waiting.map(|o| o.attempts).max().unwrap_or(0);
    let attempts = attempts.max(payment.questions_put_off);
    payment.questions_put_off = attempts.saturating_add(1);
    for operation in payment.operations.iter_mut().filter(|o| !o.result.is_decided()) {
        operation.attempts = attempts.saturating_add(1);
    }
    payment.ask_again_at =
        ask_again_after_seconds(attempts).map(|seconds| now.plus_seconds(seconds));
}

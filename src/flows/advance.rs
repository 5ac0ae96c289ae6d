//! One step of an order: an input comes in, the order afterwards goes out.
//!
//! Steps and their undos: a claim that was asked for is released (`owed` asks for it as soon as the
//! order is closed); an authorisation is undone by a void before any stock is given back; money that
//! came too late is never dropped, it puts the order before a person.

use uuid::Uuid;

use crate::domain::id::{OperationId, Sku};
use crate::domain::inventory::ClaimAnswer;
use crate::domain::order::{
    AttentionCode, ClaimState, CloseReason, Order, OrderStatus, Resolution,
};
use crate::domain::payment::{
    Absorbed, CallFailure, CallResult, CaptureMode, OperationKind, OperationResult, Payment,
    PaymentReport, ReportedState,
};
use crate::domain::time::Timestamp;

use super::schedule::{POLL_AFTER_SECONDS, ask_again_after_seconds};

/// What can happen to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// SKUs answered a reserve, commit or release.
    Stock(Vec<(Sku, ClaimAnswer)>),
    /// A gateway answered a call made for an operation.
    Gateway {
        /// The operation the call was made for.
        operation: OperationId,
        /// What came of it.
        result: CallResult,
    },
    /// A gateway was asked where the payment stands and did not say so usefully.
    NotTold,
    /// News of the payment by webhook or poll.
    Report(PaymentReport),
    /// The invoice has its number.
    Invoice(String),
    /// Someone wants the order closed.
    Close(CloseReason),
    /// Someone wants the gateway asked now.
    Ask,
    /// Something outside the order was seen that a person must look at.
    Flag {
        /// What it is.
        code: AttentionCode,
        /// What was seen.
        detail: String,
    },
    /// A person has dealt with something.
    Resolve {
        /// What it was.
        code: AttentionCode,
        /// Who, when, and what was done.
        resolution: Resolution,
    },
    /// The alarm looked at the order, and nobody else is working on it: what was under way when its
    /// worker died is now of unknown outcome.
    Wake,
}

/// Takes one step. `fresh` makes ids for new operations; an id made here is stored before it is
/// used. Returns whether the order changed; if it did, its version has grown by one.
pub fn advance(
    order: &mut Order,
    input: Input,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) -> bool {
    let before = order.clone();
    take_in(order, input, now, fresh);
    settle(order, now, fresh);
    if *order == before {
        return false;
    }
    order.version = before.version.saturating_add(1);
    order.updated_at = now.max(before.updated_at);
    true
}

fn take_in(order: &mut Order, input: Input, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    match input {
        Input::Stock(answers) => {
            for (sku, answer) in answers {
                take_stock_answer(order, &sku, answer, now);
            }
        }
        Input::Gateway { operation, result: Err(failure) } => {
            take_failure(order, operation, &failure, now);
        }
        Input::Gateway { result: Ok(report), .. } | Input::Report(report) => {
            take_report(order, report, now, fresh());
        }
        Input::NotTold => {
            if let Some(payment) = &mut order.payment {
                put_off(payment, now);
            }
        }
        Input::Invoice(number) => {
            if order.invoice_number.is_none() {
                order.invoice_number = Some(number);
            }
        }
        Input::Close(reason) => {
            if order.closing.is_none() && !order.status.is_terminal() && !order.is_secured() {
                order.closing = Some(reason);
                if let Some(payment) = &mut order.payment {
                    // A charge that may be on its way is asked about; one that is not yet is not sent.
                    doubt(payment, now);
                    if payment.has_unknown() {
                        payment.ask_again_at = Some(now);
                    }
                }
            }
        }
        Input::Ask => {
            if let Some(payment) = &mut order.payment
                && !payment.operations.is_empty()
                && (payment.has_unknown() || !payment.is_over())
            {
                payment.ask_again_at = Some(now);
            }
        }
        Input::Flag { code, detail } => order.needs_attention(code, detail, now),
        Input::Resolve { code, resolution } => order.resolve_attention(code, &resolution),
        Input::Wake => wake(order, now),
    }
}

fn take_stock_answer(order: &mut Order, sku: &Sku, answer: ClaimAnswer, now: Timestamp) {
    let Some(claim) = order.claims.iter_mut().find(|claim| claim.sku == *sku) else {
        return;
    };
    let next = match (claim.claim, answer) {
        (ClaimState::Requested, ClaimAnswer::Held) => ClaimState::Held,
        (ClaimState::Requested, ClaimAnswer::Insufficient { available }) => {
            ClaimState::Refused { available }
        }
        (ClaimState::Requested, ClaimAnswer::Closed) => ClaimState::Refused { available: 0 },
        (ClaimState::Held, ClaimAnswer::Insufficient { available }) => {
            ClaimState::Short { available }
        }
        (ClaimState::Held, ClaimAnswer::Closed) => ClaimState::Short { available: 0 },
        (ClaimState::Requested | ClaimState::Held, ClaimAnswer::Committed) => ClaimState::Committed,
        (
            ClaimState::Requested | ClaimState::Held | ClaimState::Committed,
            ClaimAnswer::Released,
        ) => ClaimState::Released,
        (state, _) => state,
    };
    claim.claim = next;
    if let ClaimState::Short { available } = next {
        let detail = format!("{sku}: paid for {}, {available} left", claim.quantity);
        order.needs_attention(AttentionCode::StockGone, detail, now);
    }
}

fn take_report(order: &mut Order, report: PaymentReport, now: Timestamp, fresh: Uuid) {
    let Some(payment) = &mut order.payment else {
        return;
    };
    let still_working = report.state == ReportedState::Processing;
    let was_asked = payment.ask_again_at.is_some_and(|at| at <= now);
    match payment.absorb(report, fresh, now) {
        Absorbed::Changed if still_working && !was_asked => {
            payment.ask_again_at = Some(now.plus_seconds(POLL_AFTER_SECONDS));
        }
        Absorbed::Changed | Absorbed::Nothing
            if was_asked && (still_working || payment.has_unknown()) =>
        {
            put_off(payment, now);
        }
        Absorbed::Nothing if was_asked => payment.ask_again_at = None,
        Absorbed::Changed | Absorbed::Nothing => {}
        Absorbed::Refused(failure) => {
            settle_mismatch(payment);
            put_off(payment, now);
            order.needs_attention(AttentionCode::PaymentMismatch, failure.to_string(), now);
        }
    }
}

/// A payment that contradicts its order is not paid by it and stays of unknown outcome.
fn settle_mismatch(payment: &mut Payment) {
    for operation in &mut payment.operations {
        if operation.result == OperationResult::Requested {
            operation.result = OperationResult::Unknown;
        }
    }
}

fn take_failure(order: &mut Order, operation: OperationId, failure: &CallFailure, now: Timestamp) {
    let Some(payment) = &mut order.payment else {
        return;
    };
    let kind = payment.operations.iter().find(|o| o.id == operation).map(|o| o.kind);
    let refused = !matches!(failure, CallFailure::Unknown { .. });
    payment.fail(operation, failure);
    if refused && kind == Some(OperationKind::Authorize) {
        payment.refusal = Some(failure.to_string());
        payment.ask_again_at = None;
        return;
    }
    put_off(payment, now);
    if refused {
        order.needs_attention(AttentionCode::PaymentRefused, failure.to_string(), now);
    }
}

/// Puts the next question off along the schedule; at its end a person must look.
fn put_off(payment: &mut Payment, now: Timestamp) {
    let attempts = payment.operations.iter().map(|o| o.attempts).max().unwrap_or(0);
    for operation in &mut payment.operations {
        let asked =
            !matches!(operation.result, OperationResult::Succeeded | OperationResult::Failed);
        if asked {
            operation.attempts = attempts.saturating_add(1);
        }
    }
    payment.ask_again_at =
        ask_again_after_seconds(attempts).map(|seconds| now.plus_seconds(seconds));
}

/// What was asked for and not answered is of unknown outcome, and is asked about now.
fn doubt(payment: &mut Payment, now: Timestamp) {
    for operation in &mut payment.operations {
        if operation.result == OperationResult::Requested {
            operation.result = OperationResult::Unknown;
            payment.ask_again_at = Some(now);
        }
    }
}

fn wake(order: &mut Order, now: Timestamp) {
    let window_over = order.payment_window_ends_at <= now;
    let unpaid = match order.status {
        OrderStatus::Placing => true,
        OrderStatus::Open => !order.is_secured(),
        _ => false,
    };
    if let Some(payment) = &mut order.payment {
        doubt(payment, now);
    }
    if unpaid && window_over && order.closing.is_none() {
        order.closing = Some(CloseReason::PaymentWindowEnded);
        if let Some(payment) = &mut order.payment
            && payment.has_unknown()
        {
            payment.ask_again_at = Some(now);
        }
    }
}

/// Follows from the order's parts what its status is now, and writes down the next operation.
fn settle(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    match order.status {
        OrderStatus::Placing => settle_placing(order, now, fresh),
        OrderStatus::Open => settle_open(order, now, fresh),
        _ => settle_closed(order, now),
    }
    let unknown_for_good = order
        .payment
        .as_ref()
        .is_some_and(|payment| payment.has_unknown() && payment.ask_again_at.is_none());
    if unknown_for_good {
        let detail = "asked on the whole schedule without an answer".to_owned();
        order.needs_attention(AttentionCode::PaymentUnknown, detail, now);
    }
}

fn settle_placing(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    let asked = order.payment.as_ref().is_some_and(|payment| !payment.operations.is_empty());
    if let Some(reason) = order.closing.filter(|_| !asked) {
        return close(order, reason);
    }
    if order.claims.iter().any(|claim| claim.claim == ClaimState::Requested) {
        return;
    }
    let refused = order.claims.iter().any(|c| matches!(c.claim, ClaimState::Refused { .. }));
    if refused {
        return close(order, CloseReason::InsufficientStock);
    }
    let Some(payment) = &mut order.payment else {
        order.status = OrderStatus::Open;
        return;
    };
    let Some(authorize) = payment.authorize_operation() else {
        let amount_minor = payment.asked.amount;
        payment.request(OperationKind::Authorize, amount_minor, fresh(), now);
        return;
    };
    if authorize.result == OperationResult::Requested {
        return;
    }
    order.status = OrderStatus::Open;
    settle_open(order, now, fresh);
}

fn settle_open(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    let committed = order.claims.iter().all(|c| c.claim == ClaimState::Committed);
    let closing = order.closing;
    let Some(payment) = &mut order.payment else {
        return;
    };
    if payment.is_secured() {
        // The buyer's money won the race against whoever wanted the order closed.
        order.closing = None;
        let to_capture = payment.capture_mode == CaptureMode::Manual
            && payment.succeeded_minor(OperationKind::Capture) == 0
            && !payment.operations.iter().any(|o| o.kind == OperationKind::Capture);
        if committed && to_capture {
            let amount_minor = payment.asked.amount;
            payment.request(OperationKind::Capture, amount_minor, fresh(), now);
        }
        return;
    }
    if payment.is_dead() {
        let at_gateway = payment.report.as_ref().map(|report| report.state);
        let reason = match (closing, at_gateway) {
            (Some(reason), _) => reason,
            (None, Some(ReportedState::Cancelled)) => CloseReason::CancelledAtGateway,
            (None, _) => CloseReason::PaymentFailed,
        };
        payment.ask_again_at = None;
        return close(order, reason);
    }
    let Some(reason) = closing else {
        return;
    };
    if payment.operations.is_empty() {
        return close(order, reason);
    }
    let void_written = payment.operations.iter().any(|o| o.kind == OperationKind::Void);
    if payment.reference().is_some() && !void_written {
        payment.request(OperationKind::Void, payment.asked.amount, fresh(), now);
    }
}

fn settle_closed(order: &mut Order, now: Timestamp) {
    if order.status == OrderStatus::Completed {
        return;
    }
    if order.payment.as_ref().is_some_and(Payment::is_secured) {
        let detail = format!("money arrived after the order was {}", order.status.name());
        order.needs_attention(AttentionCode::PaidAfterClose, detail, now);
    }
}

fn close(order: &mut Order, reason: CloseReason) {
    order.closing = Some(reason);
    order.status = reason.status();
}

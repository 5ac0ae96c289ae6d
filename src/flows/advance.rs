//! One step of an order: an input comes in, the order afterwards goes out.
//!
//! Steps and their undos: a claim that was asked for is released (`owed` asks for it as soon as the
//! order is closed); an authorisation is undone by a void before any stock is given back; money that
//! came too late is never dropped, it puts the order before a person.

use uuid::Uuid;

use crate::domain::id::{OperationId, RefundId, Sku};
use crate::domain::inventory::ClaimAnswer;
use crate::domain::order::{
    AttentionCode, ClaimState, CloseReason, Order, OrderStatus, Resolution,
};
use crate::domain::payment::{
    Absorbed, CallFailure, CallResult, ExpiryWatch, Gateway, MovementReport, OperationKind,
    OperationResult, Payment, PaymentReport, ReportedState,
};
use crate::domain::time::Timestamp;

use super::schedule::{POLL_AFTER_SECONDS, ask_again_after_seconds, warn_at};
use super::settle::settle;

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
    /// A gateway was asked where the payment of this operation stands and did not say so usefully.
    NotTold(OperationId),
    /// News of a payment by a poll.
    Report(PaymentReport),
    /// News of a payment by a webhook of this gateway.
    Heard(Gateway, PaymentReport),
    /// A gateway answered a call made for a refund.
    Refunded {
        /// The refund's operation.
        operation: OperationId,
        /// What came of it.
        result: Result<MovementReport, CallFailure>,
    },
    /// News of refunds or chargebacks by webhook.
    Movements {
        /// Who said so.
        gateway: Gateway,
        /// The gateway's identity of the payment, if it said so.
        reference: String,
        /// What moved.
        movements: Vec<MovementReport>,
    },
    /// It is certain that the gateway never received the request for this operation.
    NeverReceived(OperationId),
    /// Something happened to a payment that the gateway must be asked about.
    AskAbout {
        /// Who said so.
        gateway: Gateway,
        /// The gateway's identity of the payment, or of a part of it.
        reference: String,
    },
    /// A SKU put back what a refund returned.
    Restocked {
        /// The refund.
        refund: RefundId,
        /// The SKU.
        sku: Sku,
    },
    /// The invoice has its number.
    Invoice(String),
    /// A refund's credit note has its number.
    CreditNote {
        /// Whose.
        refund: RefundId,
        /// The number.
        number: String,
    },
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
    step(order, now, fresh, |order, fresh| take_in(order, input, now, fresh))
}

/// Runs a change, follows from it what the order is now, and counts its version on if anything did
/// change.
pub(super) fn step(
    order: &mut Order,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
    change: impl FnOnce(&mut Order, &mut dyn FnMut() -> Uuid),
) -> bool {
    let before = order.clone();
    change(order, fresh);
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
        Input::Gateway { operation, result: Ok(report) } => {
            take_report(order, Whose::Operation(operation), report, now, fresh);
        }
        Input::Report(report) => take_report(order, Whose::Report, report, now, fresh),
        Input::Heard(gateway, report) => {
            take_report(order, Whose::Gateway(gateway), report, now, fresh);
        }
        Input::Refunded { operation, result } => {
            take_refund_answer(order, operation, result, now, fresh);
        }
        Input::Movements { gateway, reference, movements } => {
            take_movements(order, gateway, &reference, movements, now, fresh);
        }
        Input::NeverReceived(operation) => take_never_received(order, operation, now),
        Input::NotTold(operation) => {
            let asked = order.payments_mut().find(|p| p.operation(operation).is_some());
            if let Some(payment) = asked {
                put_off(payment, now);
            }
        }
        Input::Invoice(number) => {
            if order.invoice_number.is_none() {
                order.invoice_number = Some(number);
            }
        }
        Input::Restocked { refund, sku } => {
            let refunds = order.refunds.iter_mut().filter(|known| known.id == refund);
            for line in refunds.flat_map(|known| &mut known.lines).filter(|l| l.sku == sku) {
                line.restocked = true;
            }
        }
        Input::CreditNote { refund, number } => {
            let refund = order.refunds.iter_mut().find(|known| known.id == refund);
            if let Some(refund) = refund.filter(|known| known.credit_note_number.is_none()) {
                refund.credit_note_number = Some(number);
            }
        }
        Input::Close(reason) => {
            if order.closing.is_none() && !order.status.is_terminal() && !order.is_secured() {
                order.closing = Some(reason);
                for payment in order.payments_mut() {
                    // A charge that may be on its way is asked about; one that is not yet is not sent.
                    doubt(payment, now);
                    if payment.has_unknown() {
                        payment.ask_again_at = Some(now);
                    }
                }
            }
        }
        Input::Ask => {
            for payment in order.payments_mut() {
                let open = payment.has_unknown() || payment.awaits_refund() || !payment.is_over();
                if !payment.operations.is_empty() && open {
                    payment.ask_now(now);
                }
            }
        }
        Input::AskAbout { gateway, reference } => {
            let known = order.payment_for_movements(&reference, &[], gateway);
            if let Some(payment) = known.filter(|payment| payment.reference().is_some()) {
                payment.ask_now(now);
            }
        }
        Input::Flag { code, detail } => order.needs_attention(code, detail, now),
        Input::Resolve { code, resolution } => order.resolve_attention(code, &resolution),
        Input::Wake => wake(order, now),
    }
}

fn take_stock_answer(order: &mut Order, sku: &Sku, answer: ClaimAnswer, now: Timestamp) {
    // An order whose money is there can only be short of units, never be refused them.
    let paid = order.status == OrderStatus::Open && order.is_secured();
    let Some(claim) = order.claims.iter_mut().find(|claim| claim.sku == *sku) else {
        return;
    };
    let next = match (claim.claim, answer) {
        (ClaimState::Requested, ClaimAnswer::Held) => ClaimState::Held,
        (ClaimState::Requested, ClaimAnswer::Insufficient { available }) if paid => {
            ClaimState::Short { available }
        }
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

/// What is known of whose a report is, besides what it says itself.
#[derive(Clone, Copy)]
enum Whose {
    /// It answers a call that was made for this operation.
    Operation(OperationId),
    /// This gateway sent it.
    Gateway(Gateway),
    /// Nothing.
    Report,
}

fn take_report(
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
        Whose::Operation(_) | Whose::Report => order.payment_for(&report, None),
        Whose::Gateway(gateway) => order.payment_for(&report, Some(gateway)),
    };
    let Some(payment) = payment else {
        return;
    };
    let still_working = report.state == ReportedState::Processing;
    let was_asked = payment.ask_again_at.is_some_and(|at| at <= now);
    let still_held = report.state == ReportedState::Authorized;
    let absorbed = payment.absorb(report, fresh, now);
    if let Whose::Operation(id) = whose
        && still_held
    {
        payment.void_failed(id, now);
    }
    if !payment.has_unknown() && !payment.awaits_refund() && !still_working {
        payment.questions_put_off = 0;
    }
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

fn take_movements(
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

fn take_refund_answer(
    order: &mut Order,
    operation: OperationId,
    result: Result<MovementReport, CallFailure>,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    let Some(payment) = order.payments_mut().find(|p| p.operation(operation).is_some()) else {
        return;
    };
    let was_asked = payment.ask_again_at.is_some_and(|at| at <= now);
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
fn take_never_received(order: &mut Order, operation: OperationId, now: Timestamp) {
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

fn take_failure(order: &mut Order, operation: OperationId, failure: &CallFailure, now: Timestamp) {
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
fn put_off(payment: &mut Payment, now: Timestamp) {
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

/// What was asked for and not answered is of unknown outcome, and is asked about now.
fn doubt(payment: &mut Payment, now: Timestamp) {
    if payment.doubt(now) {
        payment.ask_again_at = Some(now);
    }
}

fn wake(order: &mut Order, now: Timestamp) {
    let window_over = order.payment_window_ends_at <= now;
    let unpaid = match order.status {
        OrderStatus::Placing => true,
        OrderStatus::Open => !order.is_secured(),
        _ => false,
    };
    for payment in order.payments_mut() {
        doubt(payment, now);
    }
    watch_authorizations(order, now);
    if unpaid && window_over && order.closing.is_none() {
        order.closing = Some(CloseReason::PaymentWindowEnded);
        for payment in order.payments_mut().filter(|payment| payment.has_unknown()) {
            payment.ask_again_at = Some(now);
        }
    }
}

/// Warns before held money lapses, and asks the gateway once it should have.
fn watch_authorizations(order: &mut Order, now: Timestamp) {
    let mut lapsing = None;
    for payment in order.payments_mut() {
        let Some(until) = payment.held_until() else { continue };
        if until <= now {
            if payment.expiry_watch != ExpiryWatch::Asked {
                payment.expiry_watch = ExpiryWatch::Asked;
                payment.ask_again_at = Some(now);
            }
        } else if warn_at(until) <= now && payment.expiry_watch == ExpiryWatch::Waiting {
            payment.expiry_watch = ExpiryWatch::Warned;
            lapsing = Some(until);
        }
    }
    if let Some(until) = lapsing {
        let detail = format!("the held money lapses at {}", until.rfc3339());
        order.needs_attention(AttentionCode::AuthorizationExpiring, detail, now);
    }
}

//! One step of an order: an input comes in, the order afterwards goes out.
//!
//! Steps and their undos: a claim that was asked for is released (`owed` asks for it as soon as the
//! order is closed); an authorisation is undone by a void before any stock is given back; money that
//! came too late is never dropped, it puts the order before a person.

use uuid::Uuid;

use crate::domain::id::{OperationId, RefundId, Sku};
use crate::domain::inventory::{ClaimAnswer, ClaimReply, Placement};
use crate::domain::order::{
    AttentionCode, ClaimState, CloseReason, CreditNoteCancellation, Order, OrderStatus, Resolution,
};
use crate::domain::payment::{
    CallFailure, CallResult, ExpiryWatch, Gateway, MovementReport, Payment, PaymentReport,
};
use crate::domain::time::Timestamp;

use super::news::{
    Whose, put_off, take_failure, take_movements, take_never_received, take_refund_answer,
    take_report,
};
use super::questions;
use super::reminders;
use super::schedule::warn_at;
use super::settle::settle;
use super::shortage;

/// What can happen to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// SKUs answered a reserve, commit or release.
    Stock(Vec<(Sku, ClaimReply)>),
    /// A SKU whose object had forgotten what it once answered was told again, and answered this.
    Reminded(Sku, ClaimReply),
    /// A SKU told where an order's units come from, and the version of its counters that says so.
    Placed(Sku, Placement, i64),
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
    /// What a gateway said to a question beside others ([`Payment::question`]).
    ReportBeside {
        /// The gateway's identity of the payment that was asked about.
        reference: String,
        /// Which question it was.
        raised_at: Timestamp,
        /// Where it stands.
        result: CallResult,
    },
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
    /// A SKU put back what came back with a refund or a return.
    Restocked {
        /// The key it was told of it under.
        key: String,
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
    /// The note that cancels a refund's credit note has its number.
    CreditNoteCancelled {
        /// Whose.
        refund: RefundId,
        /// The number of the one that cancels.
        number: String,
        /// What it leaves of the credit note, minor units: what of the refund has moved.
        moved_minor: i64,
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
            for (sku, reply) in answers {
                take_stock_answer(order, &sku, reply, now);
            }
        }
        Input::Reminded(sku, reply) => reminders::take_answer(order, &sku, reply, now),
        Input::Placed(sku, placement, version) => {
            if let Some(claim) = order.claims.iter_mut().find(|claim| claim.sku == sku) {
                claim.placed(placement, version);
            }
        }
        Input::Gateway { operation, result: Err(failure) } => {
            take_failure(order, operation, &failure, now);
        }
        Input::Gateway { operation, result: Ok(report) } => {
            take_report(order, Whose::Operation(operation), report, now, fresh);
        }
        Input::Report(report) => take_report(order, Whose::Report, report, now, fresh),
        Input::ReportBeside { reference, raised_at, result } => {
            questions::take_answer(order, (&reference, raised_at), result, now, fresh);
        }
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
        Input::Restocked { key, sku } => order.note_restocked(&key, &sku),
        Input::CreditNote { refund, number } => {
            let refund = order.refunds.iter_mut().find(|known| known.id == refund);
            if let Some(refund) = refund.filter(|known| known.credit_note_number.is_none()) {
                refund.credit_note_number = Some(number);
            }
        }
        Input::CreditNoteCancelled { refund, number, moved_minor } => {
            let refund = order.refunds.iter_mut().find(|known| known.id == refund);
            if let Some(refund) = refund {
                let amount_minor = refund.credited_minor().saturating_sub(moved_minor);
                if refund.credit_note_number.is_some() && amount_minor > 0 {
                    let cancellation = CreditNoteCancellation { number, amount_minor };
                    refund.credit_note_cancellations.push(cancellation);
                }
            }
        }
        Input::Close(reason) => {
            if order.closing.is_none() && order.may_be_called_off(reason) {
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
                // Nobody works on the order: what was under way may have been sent by who died.
                doubt(payment, now);
                let open = payment.has_unknown() || payment.awaits_refund() || !payment.is_over();
                if !payment.operations.is_empty() && open {
                    payment.ask_now(now);
                }
            }
        }
        Input::AskAbout { gateway, reference } => {
            let known = order.payment_for_movements(&reference, &[], gateway);
            if let Some(payment) = known.filter(|payment| payment.reference().is_some()) {
                questions::raise(payment, now);
            }
        }
        Input::Flag { code, detail } => order.needs_attention(code, detail, now),
        Input::Resolve { code, resolution } => order.resolve_attention(code, &resolution),
        Input::Wake => wake(order, now),
    }
}

fn take_stock_answer(order: &mut Order, sku: &Sku, reply: ClaimReply, now: Timestamp) {
    // An order whose money is there can only be short of units, never be refused them.
    let sold = order.is_sold_by_channel() && !order.status.is_terminal();
    let paid = sold || (order.status == OrderStatus::Open && order.is_secured());
    let Some(claim) = order.claims.iter_mut().find(|claim| claim.sku == *sku) else {
        return;
    };
    let next = match (claim.claim, reply.answer) {
        (ClaimState::Requested, ClaimAnswer::Held) => ClaimState::Held,
        (
            ClaimState::Requested,
            ClaimAnswer::Insufficient { available } | ClaimAnswer::Limited { available, .. },
        ) if paid => ClaimState::Short { available },
        (ClaimState::Requested, ClaimAnswer::Insufficient { available }) => {
            ClaimState::Refused { available, limit: None }
        }
        (ClaimState::Requested, ClaimAnswer::Limited { available, limit }) => {
            ClaimState::Refused { available, limit: Some(limit) }
        }
        (ClaimState::Requested, ClaimAnswer::Closed) if sold => ClaimState::Short { available: 0 },
        (ClaimState::Requested, ClaimAnswer::Closed) => {
            ClaimState::Refused { available: 0, limit: None }
        }
        (ClaimState::Requested | ClaimState::Held, ClaimAnswer::Short { available }) => {
            ClaimState::Short { available }
        }
        (ClaimState::Held, ClaimAnswer::Closed) => ClaimState::Short { available: 0 },
        (ClaimState::Requested | ClaimState::Held, ClaimAnswer::Committed) => ClaimState::Committed,
        (
            ClaimState::Requested | ClaimState::Held | ClaimState::Committed,
            ClaimAnswer::Released,
        ) => ClaimState::Released,
        (state @ ClaimState::Short { .. }, answer) => shortage::next(answer).unwrap_or(state),
        (state, _) => state,
    };
    let was_short = matches!(claim.claim, ClaimState::Short { .. });
    if matches!(next, ClaimState::Held | ClaimState::Committed) {
        if let Some(placement) = reply.placement {
            claim.placed(placement, reply.version);
        }
    } else {
        claim.placement = None;
    }
    claim.claim = next;
    match next {
        ClaimState::Short { available } => {
            shortage::put_off(claim, now);
            let claim = claim.clone();
            // What a person was told of once is not told again each time that the SKU is asked.
            if !was_short {
                shortage::report(order, &claim, available, now);
            }
        }
        ClaimState::Committed if was_short => {
            claim.ask_again_at = None;
            shortage::resolve(order, now);
        }
        _ => {}
    }
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
        OrderStatus::Placing => !order.is_sold_by_channel(),
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

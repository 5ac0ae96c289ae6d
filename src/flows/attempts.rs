//! Several attempts to pay one order: the newest counts, the earlier ones are called off.
//!
//! An earlier attempt that brings money after all wins if the current one has not, and is given back,
//! once, if it has: the buyer pays once whatever the gateways do.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::advance::step;
use super::settle::call_off;
use crate::domain::order::{AttentionCode, ClaimState, Order};
use crate::domain::payment::{
    CaptureMode, Gateway, MovementRefusal, Operation, OperationKind, Origin, Payment,
};
use crate::domain::time::Timestamp;

/// More attempts than this no buyer makes.
const MAX_EARLIER_ATTEMPTS: usize = 9;

/// Another way to pay an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAttempt {
    /// Who moves the money.
    pub gateway: Gateway,
    /// The gateway's token of the means of payment.
    pub method: Option<String>,
    /// Where the gateway sends the browser afterwards.
    pub return_url: Option<String>,
    /// When the money is taken.
    pub capture_mode: CaptureMode,
    /// What the buyer's statement is to say.
    pub statement_descriptor: Option<String>,
    /// How long the buyer has to pay, from now.
    pub payment_window_seconds: u32,
    /// How much longer the reservations last.
    pub reservation_grace_seconds: u32,
}

/// Starts another attempt: the reservations are asked to last until its window's end, the payment before
/// it is called off, and once the stock is held the gateway is asked.
///
/// # Errors
/// What stands in the way; the order is unchanged.
pub fn retry(
    order: &mut Order,
    attempt: NewAttempt,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) -> Result<(), MovementRefusal> {
    order.check_retry()?;
    if order.earlier_payments.len() >= MAX_EARLIER_ATTEMPTS {
        return Err(MovementRefusal::OrderClosed);
    }
    step(order, now, fresh, |order, _| {
        let Some(payment) = &mut order.payment else { return };
        let next = Payment {
            method: attempt.method,
            return_url: attempt.return_url,
            statement_descriptor: attempt.statement_descriptor,
            ..Payment::new(attempt.gateway, attempt.capture_mode, payment.asked)
        };
        let earlier = std::mem::replace(payment, next);
        order.earlier_payments.push(earlier);
        let window = i64::from(attempt.payment_window_seconds);
        let window_ends_at = now.plus_seconds(window);
        let grace = i64::from(attempt.reservation_grace_seconds);
        order.payment_window_ends_at = order.payment_window_ends_at.max(window_ends_at);
        order.claims_expire_at = order.claims_expire_at.max(window_ends_at.plus_seconds(grace));
        for claim in order.claims.iter_mut().filter(|claim| claim.claim == ClaimState::Held) {
            claim.claim = ClaimState::Requested;
        }
    });
    Ok(())
}

/// Deals with the attempts that another has taken the place of.
pub(super) fn settle_attempts(order: &mut Order, now: Timestamp, fresh: &mut dyn FnMut() -> Uuid) {
    if order.earlier_payments.is_empty() {
        return;
    }
    let secured = order.is_secured();
    let closed = order.status.is_terminal();
    let mut paid_twice = None;
    for payment in &mut order.earlier_payments {
        if payment.is_secured() {
            if secured && !closed {
                let taken = payment.succeeded_minor(OperationKind::Capture) > 0;
                if taken && paid_twice.is_none() {
                    let reference = payment.reference().unwrap_or_default();
                    let gateway = payment.gateway.name();
                    paid_twice =
                        Some(format!("{gateway} {reference} brought money too and is given back"));
                }
                give_back(payment, "another attempt has paid the order", now, fresh);
            }
        } else if !payment.is_dead() {
            call_off(payment, now, fresh);
        }
    }
    if let Some(detail) = paid_twice {
        order.needs_attention(AttentionCode::PaidTwice, detail, now);
    }
}

/// An earlier attempt that has brought money takes the place of one that has not.
pub(super) fn promote(order: &mut Order) {
    let wins = |payment: &Payment| {
        payment.is_secured()
            && payment.unanswered(OperationKind::Void).is_none()
            && !payment.operations.iter().any(|o| o.kind == OperationKind::Refund)
    };
    let Some(at) = order.earlier_payments.iter().position(wins) else { return };
    let (Some(earlier), Some(current)) =
        (order.earlier_payments.get_mut(at), order.payment.as_mut())
    else {
        return;
    };
    std::mem::swap(earlier, current);
    // An attempt that nobody has been asked for yet leaves no trace.
    if earlier.operations.is_empty() {
        order.earlier_payments.remove(at);
    }
    order.closing = None;
}

/// Gives back what a payment has brought, by one operation each: held money is let go, taken money is
/// refunded.
pub(super) fn give_back(
    payment: &mut Payment,
    reason: &str,
    now: Timestamp,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    let by_us = |o: &Operation| o.kind == OperationKind::Refund && o.origin == Origin::Order;
    let taken = payment.refundable_minor();
    if taken > 0 {
        if payment.operations.iter().any(by_us) || payment.check_refund(taken).is_err() {
            return;
        }
        for part in payment.refund_parts(taken) {
            payment.request(OperationKind::Refund, part.amount_minor, fresh(), now);
            if let Some(operation) = payment.operations.last_mut() {
                operation.capture_reference = part.capture_reference;
                operation.reason = Some(reason.to_owned());
            }
        }
        return;
    }
    if payment.capturable_minor() > 0 && !payment.let_go {
        call_off(payment, now, fresh);
    }
}

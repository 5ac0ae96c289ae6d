//! Razorpay's states and amounts in Cartwright's words, and back.

use super::wire::{
    Dispute, DisputeStatus, Order, OrderStatus, Payment, PaymentStatus, Refund, RefundStatus,
};
use crate::domain::currency::Currency;
use crate::domain::money::{Money, sum_minor};
use crate::domain::payment::{
    BuyerAction, Decline, MovementReport, MovementState, OperationKind, PaymentReport,
    ReportedState,
};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::BuildError;
use crate::providers::payment::reading;

const RAZORPAY: &str = "Razorpay";

/// For how many minutes after its creation a held payment can be taken; then Razorpay gives it back.
///
/// It is written into every order, since the account's own setting can be anything. Razorpay's pages
/// name 7 200 minutes (five days) as the most in one place and three days in another: this is the
/// smaller of the two, so that the moment that is reported is not too late whichever is true.
pub(super) const HOLD_MINUTES: i64 = 3 * 24 * 60;

/// Our amount in Razorpay's smallest unit, which is ISO 4217's minor unit.
///
/// Of the three-decimal currencies Razorpay names three, and takes them with a last digit of 0.
pub(super) fn to_razorpay(amount: Money) -> Result<i64, BuildError> {
    reading::askable(amount)?;
    let step = match (amount.currency.code(), amount.currency.minor_digits()) {
        ("KWD" | "BHD" | "OMR", _) => 10,
        (_, 0 | 2) => 1,
        _ => {
            return Err(BuildError::Currency {
                gateway: RAZORPAY,
                currency: amount.currency,
                reason: "it is not among the three-decimal currencies that Razorpay takes",
            });
        }
    };
    if amount.amount.checked_rem(step) == Some(0) {
        Ok(amount.amount)
    } else {
        Err(BuildError::Granularity { gateway: RAZORPAY, amount, step })
    }
}

/// Whether a text can be Razorpay's identity of an order.
pub(super) fn is_order(text: &str) -> bool {
    is_named(text, "order_")
}

/// Whether a text can be Razorpay's identity of a payment.
pub(super) fn is_payment(text: &str) -> bool {
    is_named(text, "pay_")
}

fn is_named(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(reading::is_reference)
}

pub(super) fn currency(code: &str) -> Result<Currency, &'static str> {
    code.parse().map_err(|_| "it is in a currency we do not know")
}

/// What an order and all attempts to pay it say, or why it can't be relied on.
pub(super) fn report(
    order: &Order,
    key_id: &str,
    occurred_at: Timestamp,
) -> Result<PaymentReport, &'static str> {
    if !is_order(&order.id) {
        return Err("the order's id is malformed");
    }
    let amount = Money::new(order.amount.0, currency(&order.currency)?);
    let attempts = attempts(order)?;
    let captured_minor = sum_minor(
        attempts.iter().filter(|payment| payment.was_taken()).map(|payment| payment.amount.0),
    )
    .map_err(|_| "the payments add up to more than can be")?;
    let paid = order.amount_paid.map_or(0, |paid| paid.0);
    if paid > captured_minor || (order.status == OrderStatus::Paid && captured_minor == 0) {
        return Err("the order is paid with more than its payments add up to");
    }
    let state = state(attempts);
    let about = charge(attempts);
    // What is held can't be more or less than what was asked; if it is, that is told, and alarms.
    let amount = match (state, about) {
        (ReportedState::Authorized, Some(payment)) => Money::new(payment.amount.0, amount.currency),
        _ => amount,
    };
    Ok(PaymentReport {
        operation_id: started_by(order),
        action: waits(state).then(|| action(&order.id, key_id)),
        decline: about.filter(|_| state == ReportedState::Declined).map(decline),
        authorized_until: about.filter(|_| state == ReportedState::Authorized).map(held_until),
        charge: about.filter(|_| is_money(state)).map(|payment| payment.id.clone()),
        ..PaymentReport::new(order.id.clone(), state, amount, captured_minor, occurred_at)
    })
}

/// The attempts to pay an order, all of which must be about it.
fn attempts(order: &Order) -> Result<&[Payment], &'static str> {
    let Some(payments) = &order.payments else {
        // Nobody has tried as long as it is `created`. Later the order alone does not say what became
        // of it.
        return match order.status {
            OrderStatus::Created => Ok(&[]),
            OrderStatus::Attempted | OrderStatus::Paid => Err("the order came without payments"),
        };
    };
    for payment in &payments.items {
        if !is_payment(&payment.id) {
            return Err("a payment's id is malformed");
        }
        if payment.order_id.as_deref().is_some_and(|id| id != order.id) {
            return Err("a payment of another order is listed");
        }
        if payment.currency != order.currency {
            return Err("a payment is in another currency than its order");
        }
    }
    Ok(&payments.items)
}

/// Where an order stands: money that was taken says more than money that is held, and both say more
/// than whatever else was tried before or after.
fn state(attempts: &[Payment]) -> ReportedState {
    let any = |is: fn(&Payment) -> bool| attempts.iter().any(is);
    if any(Payment::was_taken) {
        ReportedState::Captured
    } else if any(|payment| payment.status == PaymentStatus::Authorized) {
        ReportedState::Authorized
    } else if any(Payment::has_lapsed) {
        ReportedState::Cancelled
    } else if latest(attempts).is_some_and(|payment| payment.status == PaymentStatus::Failed) {
        ReportedState::Declined
    } else {
        ReportedState::ActionRequired
    }
}

/// The payment that decides where the order stands: the first one taken, or else the first one held,
/// or else the last one tried.
fn charge(attempts: &[Payment]) -> Option<&Payment> {
    let first = |is: fn(&Payment) -> bool| {
        attempts.iter().filter(|payment| is(payment)).min_by_key(|payment| payment.created_at)
    };
    first(Payment::was_taken)
        .or_else(|| first(|payment| payment.status == PaymentStatus::Authorized))
        .or_else(|| latest(attempts))
}

fn latest(attempts: &[Payment]) -> Option<&Payment> {
    attempts.iter().max_by_key(|payment| payment.created_at)
}

const fn is_money(state: ReportedState) -> bool {
    matches!(state, ReportedState::Authorized | ReportedState::Captured)
}

const fn waits(state: ReportedState) -> bool {
    matches!(state, ReportedState::ActionRequired | ReportedState::Declined)
}

fn started_by(order: &Order) -> Option<crate::domain::id::OperationId> {
    let receipt = order.receipt.as_deref().and_then(|text| text.parse().ok());
    receipt.or_else(|| order.notes.operation_id())
}

fn held_until(payment: &Payment) -> Timestamp {
    payment.created_at.0.plus_seconds(HOLD_MINUTES.saturating_mul(60))
}

fn action(order: &str, key_id: &str) -> BuyerAction {
    BuyerAction::HostedCheckout { public_key: key_id.to_owned(), reference: order.to_owned() }
}

/// A decline, with something in both fields. The reason says more than the code, which is one of
/// three.
fn decline(payment: &Payment) -> Decline {
    let code = payment.error_reason.as_deref().or(payment.error_code.as_deref());
    let message = payment.error_description.as_deref();
    Decline {
        code: reading::code(code.unwrap_or("declined")),
        message: reading::message(message.unwrap_or("The payment was declined.")),
    }
}

/// What one payment says of its order: as much as there is to say while it is the only one, so that
/// it is not asked where several could be. Which operation started it is left open: the buyer's
/// browser can write into a payment's notes.
pub(super) fn payment_report(
    payment: &Payment,
    key_id: &str,
    occurred_at: Timestamp,
) -> Result<PaymentReport, &'static str> {
    let order = payment.order_id.as_deref().filter(|id| is_order(id));
    let order = order.ok_or("the payment's order is missing or malformed")?;
    if !is_payment(&payment.id) {
        return Err("the payment's id is malformed");
    }
    let amount = Money::new(payment.amount.0, currency(&payment.currency)?);
    let attempts = std::slice::from_ref(payment);
    let state = state(attempts);
    let captured_minor = if payment.was_taken() { payment.amount.0 } else { 0 };
    Ok(PaymentReport {
        action: waits(state).then(|| action(order, key_id)),
        decline: (state == ReportedState::Declined).then(|| decline(payment)),
        authorized_until: (state == ReportedState::Authorized).then(|| held_until(payment)),
        charge: is_money(state).then(|| payment.id.clone()),
        ..PaymentReport::new(order.to_owned(), state, amount, captured_minor, occurred_at)
    })
}

/// What a paid order says together with the payment that paid it. Unlike the payment alone it counts
/// all that was ever paid for it.
pub(super) fn paid_report(
    order: &Order,
    payment: &Payment,
    key_id: &str,
    occurred_at: Timestamp,
) -> Result<PaymentReport, &'static str> {
    let paid = order.amount_paid.ok_or("the order does not say how much was paid")?;
    if payment.order_id.as_deref() != Some(order.id.as_str()) || !payment.was_taken() {
        return Err("the payment is not the one that paid the order");
    }
    let amount = Money::new(order.amount.0, currency(&order.currency)?);
    let operation_id = started_by(order);
    let report = payment_report(payment, key_id, occurred_at)?;
    Ok(PaymentReport { operation_id, amount, captured_minor: paid.0, ..report })
}

/// A refund in our words.
pub(super) fn refund(
    refund: &Refund,
    occurred_at: Timestamp,
) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&refund.id) {
        return Err("the refund's id is malformed");
    }
    Ok(MovementReport {
        kind: OperationKind::Refund,
        reference: refund.id.clone(),
        operation_id: refund.operation_id(),
        amount: Money::new(refund.amount.0, currency(&refund.currency)?),
        state: match refund.status {
            RefundStatus::Pending => MovementState::Pending,
            RefundStatus::Processed => MovementState::Succeeded,
            RefundStatus::Failed => MovementState::Failed,
        },
        occurred_at,
        reason: None,
        respond_by: None,
    })
}

/// A dispute in our words. `closed` is an end without a verdict: what was deducted decides.
pub(super) fn chargeback(
    dispute: &Dispute,
    occurred_at: Timestamp,
) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&dispute.id) {
        return Err("the dispute's id is malformed");
    }
    let deducted = dispute.amount_deducted.is_some_and(|amount| amount.0 > 0);
    let state = match dispute.status {
        DisputeStatus::Open | DisputeStatus::UnderReview | DisputeStatus::ActionRequired => {
            MovementState::Pending
        }
        DisputeStatus::Lost => MovementState::Succeeded,
        DisputeStatus::Closed if deducted => MovementState::Succeeded,
        DisputeStatus::Won | DisputeStatus::Closed => MovementState::Failed,
    };
    Ok(MovementReport {
        kind: OperationKind::Chargeback,
        reference: dispute.id.clone(),
        operation_id: None,
        amount: Money::new(dispute.amount.0, currency(&dispute.currency)?),
        state,
        occurred_at,
        reason: dispute.reason_code.as_deref().map(reading::code),
        respond_by: dispute.respond_by.map(|moment| moment.0),
    })
}

//! The sandbox's states in Cartwright's words.

use super::wire::{Dispute, DisputeStatus, Payment, Refund, RefundStatus, Status};
use crate::domain::currency::Currency;
use crate::domain::money::Money;
use crate::domain::payment::{
    BuyerAction, Decline, MovementReport, MovementState, OperationKind, PaymentReport,
    ReportedState,
};
use crate::domain::time::Timestamp;
use crate::providers::payment::reading::{self, Minor};

/// What a payment says, or why it can't be relied on. Its `updated_at` is the time of the news on
/// every road, so replies and webhooks are in one order.
pub(super) fn report(payment: Payment) -> Result<PaymentReport, &'static str> {
    if !reading::is_reference(&payment.id) {
        return Err("the payment's id is malformed");
    }
    let state = match payment.status {
        Status::ActionRequired => ReportedState::ActionRequired,
        Status::Processing => ReportedState::Processing,
        Status::Authorized => ReportedState::Authorized,
        Status::Failed => ReportedState::Failed,
        Status::Cancelled => ReportedState::Cancelled,
        Status::Captured => ReportedState::Captured,
    };
    let action = match (payment.status, payment.redirect_url) {
        (Status::ActionRequired, Some(url)) if reading::is_web_url(&url) => {
            Some(BuyerAction::Redirect { url })
        }
        (Status::ActionRequired, _) => return Err("the payment does not say where to go"),
        _ => None,
    };
    let decline = payment.decline.filter(|_| payment.status == Status::Failed);
    let amount = money(payment.amount, &payment.currency)?;
    let occurred_at = moment(payment.updated_at).ok_or("the payment's time is out of range")?;
    let mut movements = Vec::new();
    for one in payment.refunds.iter().filter(|refund| refund.payment_id == payment.id) {
        movements.push(refund(one)?);
    }
    for one in payment.disputes.iter().filter(|dispute| dispute.payment_id == payment.id) {
        movements.push(dispute(one)?);
    }
    Ok(PaymentReport {
        movements,
        authorized_until: payment.authorized_until.and_then(moment),
        operation_id: payment.operation_id.parse().ok(),
        action,
        decline: decline.map(|decline| Decline {
            code: reading::code(&decline.code),
            message: reading::message(&decline.message),
        }),
        ..PaymentReport::new(payment.id, state, amount, payment.captured.0, occurred_at)
    })
}

/// An amount as the sandbox writes it.
pub(super) fn money(amount: Minor, currency: &str) -> Result<Money, &'static str> {
    let currency: Currency =
        currency.parse().map_err(|_| "the amount is in a currency we do not know")?;
    Ok(Money::new(amount.0, currency))
}

/// What a refund says, or why it can't be relied on.
pub(super) fn refund(refund: &Refund) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&refund.id) {
        return Err("the refund's id is malformed");
    }
    Ok(MovementReport {
        kind: OperationKind::Refund,
        reference: refund.id.clone(),
        operation_id: refund.operation_id.as_deref().and_then(|id| id.parse().ok()),
        amount: money(refund.amount, &refund.currency)?,
        state: match refund.status {
            RefundStatus::Pending => MovementState::Pending,
            RefundStatus::Succeeded => MovementState::Succeeded,
            RefundStatus::Failed => MovementState::Failed,
        },
        occurred_at: moment(refund.updated_at).ok_or("the refund's time is out of range")?,
        reason: refund.reason.as_deref().map(reading::message),
        respond_by: None,
    })
}

/// What a dispute says, or why it can't be relied on.
pub(super) fn dispute(dispute: &Dispute) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&dispute.id) {
        return Err("the dispute's id is malformed");
    }
    Ok(MovementReport {
        kind: OperationKind::Chargeback,
        reference: dispute.id.clone(),
        operation_id: None,
        amount: money(dispute.amount, &dispute.currency)?,
        state: match dispute.status {
            DisputeStatus::Open => MovementState::Pending,
            DisputeStatus::Won => MovementState::Failed,
            DisputeStatus::Lost => MovementState::Succeeded,
        },
        occurred_at: moment(dispute.updated_at).ok_or("the dispute's time is out of range")?,
        reason: dispute.reason.as_deref().map(reading::message),
        respond_by: dispute
            .respond_by
            .filter(|_| dispute.status == DisputeStatus::Open)
            .and_then(moment),
    })
}

/// Milliseconds since 1970, if they are a moment.
pub(super) fn moment(milliseconds: i64) -> Option<Timestamp> {
    (0..=Timestamp::MAX.milliseconds())
        .contains(&milliseconds)
        .then(|| Timestamp::from_milliseconds(milliseconds))
}

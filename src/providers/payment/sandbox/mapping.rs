//! The sandbox's states in Cartwright's words.

use super::wire::{Payment, Status};
use crate::domain::currency::Currency;
use crate::domain::money::Money;
use crate::domain::payment::{BuyerAction, Decline, PaymentReport, ReportedState};
use crate::domain::time::Timestamp;
use crate::providers::payment::reading;

/// What a payment says, or why it can't be relied on. Its `updated_at` is the time of the news on
/// every road, so replies and webhooks are in one order.
pub(super) fn report(payment: Payment) -> Result<PaymentReport, &'static str> {
    if !reading::is_reference(&payment.id) {
        return Err("the payment's id is malformed");
    }
    let currency: Currency =
        payment.currency.parse().map_err(|_| "the payment is in a currency we do not know")?;
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
    let amount = Money::new(payment.amount.0, currency);
    let occurred_at = moment(payment.updated_at).ok_or("the payment's time is out of range")?;
    Ok(PaymentReport {
        operation_id: payment.operation_id.parse().ok(),
        action,
        decline: decline.map(|decline| Decline {
            code: reading::code(&decline.code),
            message: reading::message(&decline.message),
        }),
        ..PaymentReport::new(payment.id, state, amount, payment.captured.0, occurred_at)
    })
}

/// Milliseconds since 1970, if they are a moment.
pub(super) fn moment(milliseconds: i64) -> Option<Timestamp> {
    (0..=Timestamp::MAX.milliseconds())
        .contains(&milliseconds)
        .then(|| Timestamp::from_milliseconds(milliseconds))
}

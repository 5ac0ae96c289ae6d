//! Stripe's states and amounts in Cartwright's words, and back.

use super::wire::{
    Charge, Dispute, DisputeStatus, LatestCharge, PaymentIntent, Refund, RefundStatus, Status,
};
use crate::domain::currency::Currency;
use crate::domain::money::Money;
use crate::domain::payment::{
    BuyerAction, Decline, MovementReport, MovementState, OperationKind, PaymentReport,
    ReportedState,
};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::BuildError;
use crate::providers::payment::reading;

const STRIPE: &str = "Stripe";

/// The longest line of a statement, prefix and suffix together.
const MAX_STATEMENT_CHARACTERS: usize = 22;

/// How Stripe's smallest unit relates to ISO 4217's minor unit, by
/// <https://docs.stripe.com/currencies>.
enum Unit {
    /// The same; only multiples of `step` are taken.
    Same { step: i64 },
    /// Stripe's is this many times smaller: a currency that lost its minor unit and which Stripe
    /// still counts in hundredths.
    Finer(i64),
    /// Stripe's is this many times bigger.
    Coarser(i64),
    /// Not taken, or it is not certain in which unit.
    Unusable(&'static str),
}

/// The unit of a currency.
///
/// The zero-decimal list agrees with ISO 4217 but for ISK (Stripe counts hundredths) and MGA (ISO has
/// a fifth as minor unit, written with two digits; Stripe counts whole ariary). UGX stands in Stripe's
/// zero-decimal list and, on the same page, among the currencies counted in hundredths: charging a
/// hundred times too much is no way to find out which is true, so it is refused. Of the three-decimal
/// currencies Stripe takes five, and only with a last digit of 0.
fn unit(currency: Currency) -> Unit {
    match (currency.code(), currency.minor_digits()) {
        ("ISK", _) => Unit::Finer(100),
        ("MGA", _) => Unit::Coarser(100),
        ("UGX", _) => Unit::Unusable("its documentation contradicts itself about the unit"),
        ("BHD" | "JOD" | "KWD" | "OMR" | "TND", _) => Unit::Same { step: 10 },
        (_, 0 | 2) => Unit::Same { step: 1 },
        _ => Unit::Unusable("it is not among the three-decimal currencies that Stripe takes"),
    }
}

/// Our amount in Stripe's smallest unit.
pub(super) fn to_stripe(amount: Money) -> Result<i64, BuildError> {
    reading::askable(amount)?;
    let granularity = |step| BuildError::Granularity { gateway: STRIPE, amount, step };
    match unit(amount.currency) {
        Unit::Same { step } => {
            exact(amount.amount, step).map(|_| amount.amount).ok_or_else(|| granularity(step))
        }
        Unit::Finer(factor) => amount.amount.checked_mul(factor).ok_or(BuildError::Amount(amount)),
        Unit::Coarser(factor) => exact(amount.amount, factor).ok_or_else(|| granularity(factor)),
        Unit::Unusable(reason) => {
            Err(BuildError::Currency { gateway: STRIPE, currency: amount.currency, reason })
        }
    }
}

/// Stripe's amount in our minor units; `None` if it has no exact counterpart.
fn from_stripe(amount: i64, currency: Currency) -> Option<i64> {
    match unit(currency) {
        Unit::Same { .. } => Some(amount),
        Unit::Finer(factor) => exact(amount, factor),
        Unit::Coarser(factor) => amount.checked_mul(factor),
        Unit::Unusable(_) => None,
    }
}

fn exact(amount: i64, divisor: i64) -> Option<i64> {
    (amount.checked_rem(divisor)? == 0).then(|| amount.checked_div(divisor)).flatten()
}

/// A currency as Stripe writes it.
pub(super) fn currency(code: &str) -> Result<Currency, &'static str> {
    code.to_ascii_uppercase().parse().map_err(|_| "the amount is in a currency we do not know")
}

/// An amount as Stripe writes it, in our minor units.
pub(super) fn money(amount: i64, code: &str) -> Result<Money, &'static str> {
    let currency = currency(code)?;
    let minor = from_stripe(amount, currency).ok_or("the amount has no minor units")?;
    Ok(Money::new(minor, currency))
}

/// Seconds since 1970, if they are a moment.
pub(super) fn moment(seconds: i64) -> Option<Timestamp> {
    seconds
        .checked_mul(1_000)
        .filter(|milliseconds| (0..=Timestamp::MAX.milliseconds()).contains(milliseconds))
        .map(Timestamp::from_milliseconds)
}

/// What Stripe takes as the end of a statement's line: at most 22 of its letters, and one real letter
/// among them. What it would refuse is left out, since a payment is not to fail because of it.
pub(super) fn statement_suffix(text: &str) -> Option<String> {
    let taken = |c: &char| {
        (c.is_ascii_graphic() || *c == ' ') && !matches!(c, '<' | '>' | '\\' | '\'' | '"' | '*')
    };
    let suffix: String = text.trim().chars().filter(taken).take(MAX_STATEMENT_CHARACTERS).collect();
    let suffix = suffix.trim();
    suffix.contains(|c: char| c.is_ascii_alphabetic()).then(|| suffix.to_owned())
}

/// What a refund says, or why it can't be relied on.
pub(super) fn refund(
    refund: &Refund,
    occurred_at: Timestamp,
) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&refund.id) {
        return Err("the refund's id is malformed");
    }
    let state = match refund.status {
        RefundStatus::Pending | RefundStatus::RequiresAction => MovementState::Pending,
        RefundStatus::Succeeded => MovementState::Succeeded,
        RefundStatus::Failed | RefundStatus::Canceled => MovementState::Failed,
    };
    let operation = refund.metadata.as_ref().and_then(|metadata| metadata.operation_id.as_deref());
    let reason = refund.failure_reason.as_deref().or(refund.reason.as_deref());
    Ok(MovementReport {
        kind: OperationKind::Refund,
        reference: refund.id.clone(),
        operation_id: operation.and_then(|id| id.parse().ok()),
        amount: money(refund.amount.0, &refund.currency)?,
        state,
        occurred_at,
        reason: reason.map(reading::code),
        respond_by: None,
    })
}

/// Where a dispute stands in our words.
pub(super) const fn dispute_state(status: DisputeStatus) -> MovementState {
    match status {
        DisputeStatus::WarningNeedsResponse
        | DisputeStatus::WarningUnderReview
        | DisputeStatus::NeedsResponse
        | DisputeStatus::UnderReview => MovementState::Pending,
        DisputeStatus::WarningClosed | DisputeStatus::Won | DisputeStatus::Prevented => {
            MovementState::Failed
        }
        DisputeStatus::Lost => MovementState::Succeeded,
    }
}

/// What a dispute says, or why it can't be relied on.
pub(super) fn dispute(
    dispute: &Dispute,
    occurred_at: Timestamp,
) -> Result<MovementReport, &'static str> {
    if !reading::is_reference(&dispute.id) {
        return Err("the dispute's id is malformed");
    }
    let state = dispute_state(dispute.status);
    let due_by = dispute.evidence_details.as_ref().and_then(|details| details.due_by);
    Ok(MovementReport {
        kind: OperationKind::Chargeback,
        reference: dispute.id.clone(),
        operation_id: None,
        amount: money(dispute.amount.0, &dispute.currency)?,
        state,
        occurred_at,
        reason: dispute.reason.as_deref().map(reading::code),
        respond_by: due_by.filter(|_| state == MovementState::Pending).and_then(moment),
    })
}

/// What a charge adds to the report of its payment: until when the money is held, and its refunds.
fn of_charge(
    charge: Charge,
    payment: &str,
    status: Status,
    occurred_at: Timestamp,
) -> (Option<Timestamp>, Vec<MovementReport>) {
    let until = charge
        .payment_method_details
        .and_then(|details| details.card)
        .and_then(|card| card.capture_before)
        .filter(|_| status == Status::RequiresCapture)
        .and_then(moment);
    let refunds = charge.refunds.map(|refunds| refunds.data).unwrap_or_default();
    let movements = refunds
        .into_iter()
        .filter_map(|value| serde_json::from_value::<Refund>(value).ok())
        .filter(|refund| refund.payment_intent.as_deref() == Some(payment))
        .filter_map(|one| refund(&one, occurred_at).ok())
        .collect();
    (until, movements)
}

/// What a `PaymentIntent` says, or why it can't be relied on.
pub(super) fn report(
    intent: PaymentIntent,
    occurred_at: Timestamp,
) -> Result<PaymentReport, &'static str> {
    if !reading::is_reference(&intent.id) {
        return Err("the payment's id is malformed");
    }
    let currency = currency(&intent.currency)?;
    let ours = |amount| from_stripe(amount, currency).ok_or("the amount has no minor units");
    let amount = Money::new(ours(intent.amount.0)?, currency);
    let captured_minor = match (intent.amount_received, intent.status) {
        (Some(received), _) => ours(received.0)?,
        (None, Status::Succeeded) => return Err("the payment does not say how much was taken"),
        (None, _) => 0,
    };
    let decline = intent.last_payment_error.as_ref().map(|error| {
        let code = error.decline_code.as_deref().or(error.code.as_deref());
        decline(code, error.message.as_deref())
    });
    let state = match intent.status {
        Status::RequiresPaymentMethod if decline.is_some() => ReportedState::Declined,
        Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => {
            ReportedState::ActionRequired
        }
        Status::Processing => ReportedState::Processing,
        Status::RequiresCapture => ReportedState::Authorized,
        Status::Canceled => ReportedState::Cancelled,
        Status::Succeeded => ReportedState::Captured,
    };
    let waits = matches!(state, ReportedState::ActionRequired | ReportedState::Declined);
    let action = if waits { action(&intent) } else { None };
    let operation_id = intent.metadata.operation_id.as_deref().and_then(|id| id.parse().ok());
    let (authorized_until, movements) = match intent.latest_charge {
        Some(LatestCharge::Charge(charge)) => {
            of_charge(*charge, &intent.id, intent.status, occurred_at)
        }
        _ => (None, Vec::new()),
    };
    Ok(PaymentReport {
        operation_id,
        action,
        authorized_until,
        movements,
        decline: decline.filter(|_| state == ReportedState::Declined),
        ..PaymentReport::new(intent.id, state, amount, captured_minor, occurred_at)
    })
}

/// What the browser does next: a page to visit if Stripe names one, else Stripe's own browser library
/// knows, given the client secret.
fn action(intent: &PaymentIntent) -> Option<BuyerAction> {
    let page = (intent.status == Status::RequiresAction)
        .then_some(intent.next_action.as_ref())
        .flatten()
        .and_then(|next| next.redirect_to_url.as_ref())
        .and_then(|redirect| redirect.url.clone())
        .filter(|url| reading::is_web_url(url))
        .map(|url| BuyerAction::Redirect { url });
    page.or_else(|| {
        let client_secret =
            intent.client_secret.clone().filter(|secret| reading::is_reference(secret))?;
        Some(BuyerAction::ClientSecret { client_secret })
    })
}

/// A decline, with something in both fields.
fn decline(code: Option<&str>, message: Option<&str>) -> Decline {
    Decline {
        code: reading::code(code.unwrap_or("declined")),
        message: reading::message(message.unwrap_or("The payment was declined.")),
    }
}

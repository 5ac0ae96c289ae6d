//! Stripe's objects and events, as Stripe writes them.

use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::HttpReply;
use serde_json::{Value, json};

use super::super::books::{
    BookedDispute, BookedPayment, BookedRefund, DisputeState, Outcome, RefundState, Standing,
};
use super::super::desk::{Happening, approved};
use super::super::exchange::json_reply;
use super::kinds;

const RESPOND_WITHIN_SECONDS: i64 = 7 * 24 * 60 * 60;

const fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::AwaitingMethod => "requires_payment_method",
        Standing::AwaitingBuyer => "requires_action",
        Standing::Processing => "processing",
        Standing::Held => "requires_capture",
        Standing::Captured => "succeeded",
        Standing::Failed | Standing::Cancelled => "canceled",
    }
}

fn metadata(payment: &BookedPayment) -> Value {
    json!({"order_id": payment.order_id, "operation_id": payment.operation_id})
}

fn currency(payment: &BookedPayment) -> String {
    payment.currency.to_ascii_lowercase()
}

fn card_error() -> Value {
    json!({
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card was declined.",
    })
}

/// A PaymentIntent.
pub fn intent(payment: &BookedPayment) -> Value {
    let last = payment.attempts.last();
    let is_declined = payment.standing == Standing::AwaitingMethod
        && last.is_some_and(|attempt| attempt.outcome == Outcome::Declined);
    let page = format!("https://hooks.stripe.com/3ds/{}", payment.reference);
    let next_action = match (payment.standing, &payment.terms.return_url) {
        (Standing::AwaitingBuyer, Some(url)) => json!({
            "type": "redirect_to_url", "redirect_to_url": {"return_url": url, "url": page},
        }),
        (Standing::AwaitingBuyer, None) => json!({"type": "use_stripe_sdk"}),
        _ => Value::Null,
    };
    json!({
        "id": payment.reference,
        "object": "payment_intent",
        "amount": payment.asked_minor,
        "amount_capturable": payment.held_minor,
        "amount_received": payment.captured_minor(),
        "canceled_at": null,
        "capture_method": if payment.terms.is_manual { "manual" } else { "automatic" },
        "client_secret": format!("{}_secret_simulated", payment.reference),
        "created": payment.created_at.seconds(),
        "currency": currency(payment),
        "description": null,
        "last_payment_error": is_declined.then(card_error),
        "latest_charge": last.map(|attempt| attempt.id.clone()),
        "livemode": false,
        "metadata": metadata(payment),
        "next_action": next_action,
        "payment_method": if is_declined { None } else { payment.terms.method.clone() },
        "payment_method_types": ["card"],
        "processing": null,
        "status": status(payment.standing),
    })
}

/// The answer to a card that was declined.
pub fn declined(payment: &BookedPayment) -> HttpReply {
    let mut error = card_error();
    error["payment_intent"] = intent(payment);
    json_reply(402, &json!({ "error": error }))
}

/// The charge that brought the money.
pub fn charge(payment: &BookedPayment, id: &str) -> Value {
    let until = payment.held_until.map(Timestamp::seconds);
    json!({
        "id": id,
        "object": "charge",
        "amount": payment.asked_minor,
        "amount_captured": payment.captured_minor(),
        "amount_refunded": payment.refunding_minor(),
        "captured": !payment.captures.is_empty(),
        "created": payment.created_at.seconds(),
        "currency": currency(payment),
        "disputed": payment.disputes.iter().any(|one| one.state != DisputeState::Won),
        "metadata": metadata(payment),
        "payment_intent": payment.reference,
        "payment_method_details": {"type": "card", "card": {"capture_before": until}},
        "status": if approved(payment) == id { "succeeded" } else { "failed" },
    })
}

/// A PaymentIntent with its charge in it, if that was asked for.
pub fn expanded(payment: &BookedPayment, expand: Option<String>) -> Value {
    let mut shown = intent(payment);
    let Some((id, wanted)) = payment.attempts.last().map(|one| &one.id).zip(expand) else {
        return shown;
    };
    let mut whole = charge(payment, id);
    if wanted == "latest_charge.refunds" {
        let newest = payment.refunds.iter().rev().take(10);
        let data: Vec<Value> = newest.map(|refund| refund_object(payment, refund)).collect();
        whole["refunds"] =
            json!({"object": "list", "data": data, "has_more": payment.refunds.len() > 10});
    }
    shown["latest_charge"] = whole;
    shown
}

/// A refund. One of the dashboard's names nothing of ours.
pub fn refund_object(payment: &BookedPayment, refund: &BookedRefund) -> Value {
    let operation = refund.operation_id();
    let metadata = match operation {
        Some(operation) => json!({"order_id": refund.order_id, "operation_id": operation}),
        None => json!({}),
    };
    let mut shown = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount_minor,
        "charge": refund.charge,
        "created": refund.created_at.seconds(),
        "currency": currency(payment),
        "metadata": metadata,
        "payment_intent": payment.reference,
        "reason": null,
        "status": match refund.state {
            RefundState::Pending => "pending",
            RefundState::Succeeded => "succeeded",
            RefundState::Failed => "failed",
        },
    });
    if refund.state == RefundState::Failed {
        shown["failure_reason"] = json!("expired_or_canceled_card");
    }
    shown
}

/// A dispute.
pub fn dispute_object(payment: &BookedPayment, dispute: &BookedDispute) -> Value {
    let due = dispute.created_at.plus_seconds(RESPOND_WITHIN_SECONDS).seconds();
    json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount_minor,
        "charge": dispute.charge,
        "created": dispute.created_at.seconds(),
        "currency": currency(payment),
        "evidence_details": {"due_by": due, "has_evidence": false, "past_due": false},
        "is_charge_refundable": false,
        "payment_intent": payment.reference,
        "reason": "fraudulent",
        "status": match dispute.state {
            DisputeState::Open => "needs_response",
            DisputeState::Won => "won",
            DisputeState::Lost => "lost",
        },
    })
}

/// What a happening is told by: the event's type and its object.
pub fn told(payment: &BookedPayment, happening: Happening) -> Vec<(String, Value)> {
    let object = match happening {
        Happening::RefundMade(at) | Happening::RefundSettled(at) => {
            refund_object(payment, &payment.refunds[at])
        }
        Happening::Disputed(at) | Happening::DisputeDecided(at) => {
            dispute_object(payment, &payment.disputes[at])
        }
        _ => intent(payment),
    };
    let also = match happening {
        Happening::RefundSettled(at) if payment.refunds[at].state == RefundState::Failed => {
            Some("refund.failed")
        }
        Happening::DisputeDecided(at) if payment.disputes[at].state == DisputeState::Won => {
            Some("charge.dispute.funds_reinstated")
        }
        _ => None,
    };
    let kinds = kinds(happening).iter().copied().chain(also);
    kinds.map(|kind| (kind.to_owned(), object.clone())).collect()
}

/// The event around its object.
pub fn envelope(id: &str, kind: &str, object: Value, at: Timestamp) -> Value {
    json!({
        "id": id,
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": at.seconds(),
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind,
    })
}

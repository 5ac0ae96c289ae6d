//! Razorpay's entities and events, as Razorpay writes them.

use cartwright::domain::time::Timestamp;
use serde_json::{Value, json};

use super::super::books::{
    Attempt, BookedDispute, BookedPayment, BookedRefund, DisputeState, Outcome, RefundState,
};
use super::super::desk::{Happening, approved};

const RESPOND_WITHIN_SECONDS: i64 = 7 * 24 * 60 * 60;

pub fn collection(items: Vec<Value>) -> Value {
    json!({"entity": "collection", "count": items.len(), "items": items})
}

/// An order, with all attempts to pay it if they are wanted.
pub fn order_object(payment: &BookedPayment, with_payments: bool) -> Value {
    let paid = payment.captured_minor();
    let mut order = json!({
        "id": payment.reference,
        "entity": "order",
        "amount": payment.asked_minor,
        "amount_paid": paid,
        "amount_due": (payment.asked_minor - paid).max(0),
        "currency": payment.currency,
        "receipt": payment.operation_id,
        "offer_id": null,
        "status": match (paid, payment.attempts.len()) {
            (1.., _) => "paid",
            (_, 0) => "created",
            _ => "attempted",
        },
        "attempts": payment.attempts.len(),
        "notes": {"order_id": payment.order_id, "operation_id": payment.operation_id},
        "created_at": payment.created_at.seconds(),
    });
    if with_payments {
        let newest = payment.attempts.iter().rev();
        let items = newest.map(|attempt| attempt_object(payment, attempt)).collect();
        order["payments"] = collection(items);
    }
    order
}

/// One attempt: Razorpay's payment. The order's notes are not in it.
pub fn attempt_object(payment: &BookedPayment, attempt: &Attempt) -> Value {
    let is_captured = payment.captures.iter().any(|capture| capture.charge == attempt.id);
    let of_attempt = payment.refunds.iter().filter(|refund| refund.charge == attempt.id);
    let refunded: i64 = of_attempt
        .filter(|refund| refund.state != RefundState::Failed)
        .map(|refund| refund.amount_minor)
        .sum();
    let is_declined = attempt.outcome == Outcome::Declined;
    let error = |text: &'static str| is_declined.then_some(text);
    json!({
        "id": attempt.id,
        "entity": "payment",
        "amount": payment.asked_minor,
        "currency": payment.currency,
        "status": match attempt.outcome {
            Outcome::Declined => "failed",
            Outcome::Released => "refunded",
            Outcome::Approved if !is_captured => "authorized",
            Outcome::Approved if refunded == payment.asked_minor => "refunded",
            Outcome::Approved => "captured",
        },
        "order_id": payment.reference,
        "invoice_id": null,
        "international": false,
        "method": "card",
        "amount_refunded": refunded,
        "captured": is_captured,
        "description": null,
        "email": "buyer@example.com",
        "notes": [],
        "error_code": error("BAD_REQUEST_ERROR"),
        "error_description": error("Your payment could not be completed."),
        "error_source": error("customer"),
        "error_step": error("payment_authorization"),
        "error_reason": error("insufficient_funds"),
        "created_at": attempt.at.seconds(),
    })
}

/// A refund. One of the dashboard's names nothing of ours.
pub fn refund_object(payment: &BookedPayment, refund: &BookedRefund) -> Value {
    let operation = refund.operation_id();
    let notes = match operation {
        Some(operation) => json!({
            "order_id": refund.order_id, "operation_id": operation,
        }),
        None => json!([]),
    };
    json!({
        "id": refund.id,
        "entity": "refund",
        "amount": refund.amount_minor,
        "currency": payment.currency,
        "payment_id": refund.charge,
        "notes": notes,
        "receipt": operation,
        "acquirer_data": {"arn": null},
        "status": match refund.state {
            RefundState::Pending => "pending",
            RefundState::Succeeded => "processed",
            RefundState::Failed => "failed",
        },
        "speed_processed": "normal",
        "speed_requested": "normal",
        "created_at": refund.created_at.seconds(),
    })
}

/// The refund by which Razorpay writes that held money was let go.
fn lapse_object(payment: &BookedPayment) -> Option<Value> {
    let at = payment.released_at?;
    let attempt = payment.attempts.iter().find(|one| one.outcome == Outcome::Released)?;
    Some(json!({
        "id": attempt.id.replace("pay_", "rfnd_L"),
        "entity": "refund",
        "amount": payment.asked_minor,
        "currency": payment.currency,
        "payment_id": attempt.id,
        "notes": [],
        "receipt": null,
        "status": "processed",
        "speed_processed": "normal",
        "speed_requested": "normal",
        "created_at": at.seconds(),
    }))
}

/// Every refund of an order.
pub fn refund_objects(payment: &BookedPayment) -> Vec<Value> {
    let made = payment.refunds.iter().map(|refund| refund_object(payment, refund));
    made.chain(lapse_object(payment)).collect()
}

fn dispute_object(payment: &BookedPayment, dispute: &BookedDispute) -> Value {
    let is_lost = dispute.state == DisputeState::Lost;
    json!({
        "id": dispute.id,
        "entity": "dispute",
        "payment_id": dispute.charge,
        "amount": dispute.amount_minor,
        "currency": payment.currency,
        "amount_deducted": if is_lost { dispute.amount_minor } else { 0 },
        "reason_code": "goods_or_services_not_received",
        "respond_by": dispute.created_at.plus_seconds(RESPOND_WITHIN_SECONDS).seconds(),
        "status": match dispute.state {
            DisputeState::Open => "open",
            DisputeState::Won => "won",
            DisputeState::Lost => "lost",
        },
        "phase": "chargeback",
        "created_at": dispute.created_at.seconds(),
    })
}

/// What a happening is told by: the event's name and its payload.
pub fn told(payment: &BookedPayment, happening: Happening) -> Vec<(String, Value)> {
    let attempt = |id: &str| {
        let found = payment.attempts.iter().find(|attempt| attempt.id == id);
        found.map_or(Value::Null, |attempt| attempt_object(payment, attempt))
    };
    let last = payment.attempts.last().map_or(Value::Null, |one| attempt_object(payment, one));
    let (kinds, payload): (Vec<String>, Value) = match happening {
        Happening::Created | Happening::NeedsBuyer | Happening::Processing => return Vec::new(),
        Happening::Held => (vec!["payment.authorized".to_owned()], json!({"payment": last})),
        Happening::Declined => (vec!["payment.failed".to_owned()], json!({"payment": last})),
        Happening::Taken => {
            let payload = json!({"payment": attempt(&approved(payment))});
            let mut whole = payload.clone();
            whole["order"] = order_object(payment, false);
            let mut events = vec![("payment.captured".to_owned(), payload)];
            // An order is paid once, whatever comes after.
            if payment.captures.len() == 1 {
                events.push(("order.paid".to_owned(), whole));
            }
            return events;
        }
        Happening::Cancelled => match lapse_object(payment) {
            Some(refund) => {
                (vec!["refund.processed".to_owned()], json!({"refund": refund, "payment": last}))
            }
            None => return Vec::new(),
        },
        Happening::RefundMade(at) | Happening::RefundSettled(at) => {
            let refund = refund_object(payment, &payment.refunds[at]);
            let mut kinds = Vec::new();
            if matches!(happening, Happening::RefundMade(_)) {
                kinds.push("refund.created".to_owned());
            }
            match refund["status"].as_str() {
                Some("pending") | None => {}
                Some(status) => kinds.push(format!("refund.{status}")),
            }
            let of = attempt(&payment.refunds[at].charge);
            (kinds, json!({"refund": refund, "payment": of}))
        }
        Happening::Disputed(at) | Happening::DisputeDecided(at) => {
            let dispute = &payment.disputes[at];
            let verdict = match dispute.state {
                DisputeState::Open => "created",
                DisputeState::Won => "won",
                DisputeState::Lost => "lost",
            };
            let shown = dispute_object(payment, dispute);
            let payload = json!({"dispute": shown, "payment": attempt(&dispute.charge)});
            (vec![format!("payment.dispute.{verdict}")], payload)
        }
    };
    kinds.into_iter().map(|kind| (kind, payload.clone())).collect()
}

/// The event around its payload. Its id goes in a header.
pub fn envelope(kind: &str, payload: Value, at: Timestamp) -> Value {
    let fields = payload.as_object().cloned().unwrap_or_default();
    let contains: Vec<String> = fields.keys().cloned().collect();
    let held = fields.into_iter().map(|(name, entity)| (name, json!({ "entity": entity })));
    json!({
        "entity": "event",
        "account_id": "acc_Simulated0001",
        "event": kind,
        "contains": contains,
        "payload": held.collect::<serde_json::Map<_, _>>(),
        "created_at": at.seconds(),
    })
}

//! Razorpay's objects as it writes them for `ask()`, and what is asked about them.

use cartwright::domain::payment::{BuyerAction, Gateway, MovementReport};
use cartwright::providers::payment::contract::{
    CaptureAsk, KnownPayment, PaymentGateway, RefundAsk,
};
use serde_json::{Value, json};

pub use crate::support::*;

pub const ORDER: &str = "order_Rz7dE2eZvKYlo2";
pub const PAYMENT: &str = "pay_Rz7dF9aQxTcW01";
pub const REFUND: &str = "rfnd_Rz8aB3cD4eF5gH";
pub const DISPUTE: &str = "disp_Rz9iJ0kL1mN2oP";

pub fn razorpay<T>(work: impl FnOnce(&dyn PaymentGateway) -> T) -> T {
    with_gateway(Gateway::Razorpay, work)
}

/// An object as Razorpay writes it; `razorpay-fake.test.mjs` holds the fake to the same file.
pub fn golden(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../golden/razorpay.json")).unwrap();
    all[name].clone()
}

/// An order, with these attempts to pay it.
pub fn order(status: &str, payments: &[Value]) -> Value {
    let taken = |payment: &&Value| payment["captured"] == json!(true);
    let paid: i64 =
        payments.iter().filter(taken).filter_map(|payment| payment["amount"].as_i64()).sum();
    let mut order = golden("order");
    order["amount_paid"] = json!(paid);
    order["amount_due"] = json!(1_999_i64.saturating_sub(paid));
    order["status"] = json!(status);
    order["attempts"] = json!(payments.len());
    order["payments"] = list(payments);
    order
}

pub fn notes(number: u128) -> Value {
    json!({"order_id": order_id().to_string(), "operation_id": operation(number).to_string()})
}

/// An attempt to pay the order, `age` seconds ago.
pub fn payment(status: &str, age: i64) -> Value {
    let mut payment = golden("payment");
    payment["status"] = json!(status);
    payment["captured"] = json!(matches!(status, "captured" | "refunded"));
    payment["created_at"] = json!(NOW_SECONDS.saturating_sub(age));
    if status == "refunded" {
        payment["amount_refunded"] = json!(1_999);
        payment["refund_status"] = json!("full");
    }
    if let ("failed", Some(failure)) = (status, golden("failure").as_object()) {
        for (field, text) in failure {
            payment[field] = text.clone();
        }
    }
    payment
}

/// The same with another field.
pub fn with(mut value: Value, field: &str, to: Value) -> Value {
    value[field] = to;
    value
}

pub fn list(items: &[Value]) -> Value {
    json!({"entity": "collection", "count": items.len(), "items": items})
}

pub fn refund(status: &str) -> Value {
    with(golden("refund"), "status", json!(status))
}

pub fn dispute(status: &str, deducted: i64) -> Value {
    let dispute = with(golden("dispute"), "status", json!(status));
    with(dispute, "amount_deducted", json!(deducted))
}

/// An event as Razorpay sends it, about these entities by name.
pub fn event(kind: &str, entities: &[(&str, Value)]) -> Value {
    let held = |(name, entity): &(&str, Value)| ((*name).to_owned(), json!({"entity": entity}));
    let mut event = golden("event");
    event["event"] = json!(kind);
    event["contains"] = entities.iter().map(|(name, _)| *name).collect();
    event["payload"] = entities.iter().map(held).collect::<serde_json::Map<_, _>>().into();
    event
}

/// A refusal of Razorpay's.
pub fn error(code: &str, description: &str) -> Value {
    let mut body = golden("error");
    body["error"]["code"] = json!(code);
    body["error"]["description"] = json!(description);
    body
}

pub fn checkout() -> Option<BuyerAction> {
    Some(BuyerAction::HostedCheckout {
        public_key: RAZORPAY_KEY_ID.to_owned(),
        reference: ORDER.to_owned(),
    })
}

/// What is known of the order once its payment is.
pub fn paid() -> KnownPayment {
    KnownPayment { charge: Some(PAYMENT.to_owned()), ..known(ORDER) }
}

pub fn capture_ask() -> CaptureAsk {
    CaptureAsk {
        operation_id: operation(3),
        payment: paid(),
        amount: money(1_999, "USD"),
        is_final: true,
    }
}

pub fn refund_ask() -> RefundAsk {
    RefundAsk {
        operation_id: operation(4),
        payment: paid(),
        capture: None,
        amount: money(500, "USD"),
        captured_minor: 1_999,
        reason: Some("Too small".to_owned()),
    }
}

/// The movement of `refund(…)`, in this state and at this second.
pub fn moved(state: cartwright::domain::payment::MovementState, seconds: i64) -> MovementReport {
    MovementReport {
        kind: cartwright::domain::payment::OperationKind::Refund,
        reference: REFUND.to_owned(),
        operation_id: Some(operation(4)),
        amount: money(500, "USD"),
        state,
        occurred_at: cartwright::domain::time::Timestamp::from_milliseconds(
            seconds.saturating_mul(1_000),
        ),
        reason: None,
        respond_by: None,
    }
}

/// What a gateway call of ours ended in, as far as it decides what is done next.
pub fn word<T>(result: Result<T, cartwright::domain::payment::CallFailure>) -> &'static str {
    use cartwright::domain::payment::CallFailure;
    match result {
        Ok(_) => "told",
        Err(CallFailure::NotSent { .. }) => "not sent",
        Err(CallFailure::Refused { .. }) => "refused",
        Err(CallFailure::Unsupported { .. }) => "unsupported",
        Err(CallFailure::NotYet { .. }) => "not yet",
        Err(CallFailure::AskInstead { .. }) => "ask",
        Err(CallFailure::Unknown { .. }) => "unknown",
    }
}

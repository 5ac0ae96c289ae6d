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

/// An order, with these attempts to pay it.
pub fn order(status: &str, payments: &[Value]) -> Value {
    let taken = |payment: &&Value| payment["captured"] == json!(true);
    let paid: i64 =
        payments.iter().filter(taken).filter_map(|payment| payment["amount"].as_i64()).sum();
    json!({
        "id": ORDER,
        "entity": "order",
        "amount": 1_999,
        "amount_paid": paid,
        "amount_due": 1_999_i64.saturating_sub(paid),
        "currency": "USD",
        "receipt": operation(1).to_string(),
        "payments": {"entity": "collection", "count": payments.len(), "items": payments},
        "offer_id": null,
        "status": status,
        "attempts": payments.len(),
        "notes": notes(1),
        "created_at": NOW_SECONDS - 60,
    })
}

pub fn notes(number: u128) -> Value {
    json!({"order_id": order_id().to_string(), "operation_id": operation(number).to_string()})
}

/// An attempt to pay the order, `age` seconds ago.
pub fn payment(status: &str, age: i64) -> Value {
    let failed = status == "failed";
    let failure = |text: &str| if failed { json!(text) } else { Value::Null };
    json!({
        "id": PAYMENT,
        "entity": "payment",
        "amount": 1_999,
        "currency": "USD",
        "status": status,
        "order_id": ORDER,
        "invoice_id": null,
        "international": false,
        "method": "card",
        "amount_refunded": if status == "refunded" { 1_999 } else { 0 },
        "refund_status": if status == "refunded" { json!("full") } else { Value::Null },
        "captured": matches!(status, "captured" | "refunded"),
        "description": null,
        "card_id": "card_Rz7dF9aQxTcW02",
        "bank": null,
        "wallet": null,
        "vpa": null,
        "email": "buyer@example.com",
        "contact": "+919999999999",
        "notes": [],
        "fee": null,
        "tax": null,
        "error_code": failure("BAD_REQUEST_ERROR"),
        "error_description": failure("Your payment could not be completed: insufficient funds."),
        "error_source": failure("customer"),
        "error_step": failure("payment_authorization"),
        "error_reason": failure("insufficient_funds"),
        "acquirer_data": {"auth_code": "123456"},
        "created_at": NOW_SECONDS.saturating_sub(age),
    })
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
    json!({
        "id": REFUND,
        "entity": "refund",
        "amount": 500,
        "currency": "USD",
        "payment_id": PAYMENT,
        "notes": notes(4),
        "receipt": operation(4).to_string(),
        "acquirer_data": {"arn": null},
        "created_at": NOW_SECONDS - 5,
        "batch_id": null,
        "status": status,
        "speed_processed": "normal",
        "speed_requested": "normal",
    })
}

pub fn dispute(status: &str, deducted: i64) -> Value {
    json!({
        "id": DISPUTE,
        "entity": "dispute",
        "payment_id": PAYMENT,
        "amount": 1_999,
        "currency": "USD",
        "amount_deducted": deducted,
        "gateway_dispute_id": null,
        "reason_code": "goods_or_services_not_received",
        "respond_by": NOW_SECONDS + 7 * 86_400,
        "status": status,
        "phase": "chargeback",
        "comments": null,
        "created_at": NOW_SECONDS - 5,
    })
}

/// An event as Razorpay sends it, about these entities by name.
pub fn event(kind: &str, entities: &[(&str, Value)]) -> Value {
    let held = |(name, entity): &(&str, Value)| ((*name).to_owned(), json!({"entity": entity}));
    json!({
        "entity": "event",
        "account_id": "acc_Rz0000000000",
        "event": kind,
        "contains": entities.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        "payload": entities.iter().map(held).collect::<serde_json::Map<_, _>>(),
        "created_at": NOW_SECONDS,
    })
}

/// A refusal of Razorpay's.
pub fn error(code: &str, description: &str) -> Value {
    json!({"error": {"code": code, "description": description, "source": "business",
        "step": "payment_initiation", "reason": "input_validation_failed", "metadata": {}}})
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

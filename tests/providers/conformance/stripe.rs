//! Stripe's replies and webhooks, scenario by scenario.

use cartwright::domain::payment::Gateway;
use cartwright::providers::payment::contract::HttpReply;
use serde_json::{Value, json};

use super::{Given, Incoming, Op, PART, Scenario, Step, Vendor};
use crate::support::*;

pub const VENDOR: Vendor = Vendor {
    gateway: Gateway::Stripe,
    variables: &[
        ("STRIPE_SECRET_KEY", STRIPE_KEY),
        ("STRIPE_WEBHOOK_SECRET", "whsec_CANARY_old,whsec_CANARY_new"),
    ],
    ask,
    reference: REFERENCE,
    idempotency_header: Some("idempotency-key"),
    given,
    sign,
    signature_header: "stripe-signature",
};

const NOT_BUILT: &str = "is not built yet";

fn sign(body: &[u8]) -> Incoming {
    let header = signed(NEW_SECRET, NOW_SECONDS, body);
    Incoming {
        headers: vec![("stripe-signature".to_owned(), header)],
        body: body.to_vec(),
        evidence: None,
    }
}

fn event(kind: &str, object: Value) -> Step {
    Step::Event(sign(stripe_event(kind, object).to_string().as_bytes()))
}

fn call(op: Op, body: Value) -> Step {
    Step::Call(op, json_reply(200, &body))
}

fn refusal(op: Op, status: u16, kind: &str, code: &str) -> Step {
    Step::Call(op, error(status, kind, code, None))
}

fn error(status: u16, kind: &str, code: &str, intent: Option<Value>) -> HttpReply {
    let mut error = json!({"type": kind, "code": code, "message": "No."});
    if let Some(intent) = intent {
        error["payment_intent"] = intent;
    }
    json_reply(status, &json!({ "error": error }))
}

fn intent(status: &str, received: i64) -> Value {
    let mut intent = stripe_intent(status);
    intent["amount_received"] = json!(received);
    intent
}

/// A payment that would be good but for one field.
fn with(field: &str, value: Value) -> Given {
    let mut intent = stripe_intent("succeeded");
    intent[field] = value;
    Given::Steps(vec![call(Op::Start, intent)])
}

fn found(intents: Vec<Value>) -> Value {
    json!({"object": "search_result", "url": "/v1/payment_intents/search", "has_more": false,
        "data": intents})
}

fn given(scenario: Scenario) -> Given {
    use Scenario as S;
    let held = || call(Op::Start, stripe_intent("requires_capture"));
    let paid = || stripe_intent("succeeded");
    Given::Steps(match scenario {
        S::Success => vec![call(Op::Start, paid())],
        S::AuthorizeOnly => vec![held()],
        S::Decline => vec![Step::Call(Op::Start, json_reply(402, &stripe_decline()))],
        S::ActionRequired => vec![call(Op::Start, stripe_intent("requires_action"))],
        S::PendingThenSuccess => vec![
            call(Op::Start, stripe_intent("processing")),
            call(Op::Retrieve, stripe_intent("processing")),
            call(Op::Retrieve, paid()),
        ],
        S::TimeoutAfterSuccess => vec![call(Op::Recover, paid())],
        S::TimeoutAfterSuccessLate => vec![call(Op::RecoverLate, found(vec![paid()]))],
        S::StartNeverArrived => vec![call(Op::Find, found(vec![]))],
        S::DuplicateReply => vec![call(Op::Start, paid()), call(Op::Recover, paid())],
        S::AmountMismatch => return with("amount", json!(2_000)),
        S::CurrencyMismatch => return with("currency", json!("eur")),
        S::AnotherPayment => {
            return with("metadata", json!({"operation_id": operation(99).to_string()}));
        }
        S::MissingField => {
            let mut intent = paid();
            intent.as_object_mut().unwrap().remove("amount");
            vec![call(Op::Start, intent)]
        }
        S::WrongType => return with("amount", json!("1999")),
        S::Fraction => return with("amount", json!(1_999.5)),
        S::Negative => return with("amount", json!(-1_999)),
        S::Enormous => return with("amount", json!(1_000_000_000_000_001_i64)),
        S::UnknownState => return with("status", json!("blessed")),
        S::MalformedReference => return with("id", json!("../../refunds")),
        S::ErrorBodyWith200 => {
            let body = json!({"error": {"type": "api_error", "message": "No."}});
            vec![call(Op::Start, body)]
        }
        S::Refusal => {
            vec![refusal(Op::Start, 400, "invalid_request_error", "amount_too_small")]
        }
        S::KeyRevoked => vec![refusal(Op::Start, 401, "invalid_request_error", "api_key_expired")],
        S::WhoseStranger => {
            vec![refusal(Op::Whose, 404, "invalid_request_error", "resource_missing")]
        }
        S::Whose => vec![call(Op::Whose, paid())],
        S::CaptureFull => vec![held(), call(Op::Capture, paid())],
        S::CapturePart => vec![held(), call(Op::CapturePart, intent("succeeded", PART))],
        S::CaptureAgain => {
            return Given::Declared(
                "an ordinary account takes held money once; several captures need a contract with \
                 Stripe",
            );
        }
        S::AlreadyCaptured | S::VoidTooLate => {
            let op = if scenario == S::VoidTooLate { Op::Void } else { Op::Capture };
            let code = "payment_intent_unexpected_state";
            let reply = error(400, "invalid_request_error", code, Some(paid()));
            vec![held(), Step::Call(op, reply)]
        }
        S::Void => vec![held(), call(Op::Void, stripe_intent("canceled"))],
        S::WebhookGood => vec![event("payment_intent.succeeded", paid())],
        _ => return Given::Declared(NOT_BUILT),
    })
}

//! The sandbox's replies and webhooks, scenario by scenario.

use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::{Given, Incoming, Op, PART, Scenario, Step, Vendor};
use crate::support::*;

pub const VENDOR: Vendor = Vendor {
    gateway: Gateway::Sandbox,
    variables: &[
        ("SANDBOX_ENABLED", "true"),
        ("SANDBOX_BASE_URL", "http://127.0.0.1:8788"),
        ("SANDBOX_API_KEY", SANDBOX_KEY),
        ("SANDBOX_WEBHOOK_SECRET", "whsec_CANARY_old,whsec_CANARY_new"),
    ],
    ask,
    reference: "sbx_0011223344556677",
    idempotency_header: Some("idempotency-key"),
    given,
    sign,
    signature_header: "sandbox-signature",
};

const NOT_BUILT: &str = "is not built yet";

fn sign(body: &[u8]) -> Incoming {
    let header = signed(NEW_SECRET, NOW_SECONDS, body);
    Incoming {
        headers: vec![("sandbox-signature".to_owned(), header)],
        body: body.to_vec(),
        evidence: None,
    }
}

fn event(payment: Value) -> Step {
    Step::Event(sign(sandbox_event(payment).to_string().as_bytes()))
}

fn call(op: Op, body: Value) -> Step {
    Step::Call(op, json_reply(200, &body))
}

fn refusal(op: Op, status: u16, code: &str, payment: Option<Value>) -> Step {
    let mut error = json!({"code": code, "message": "No."});
    if let Some(payment) = payment {
        error["payment"] = payment;
    }
    Step::Call(op, json_reply(status, &json!({ "error": error })))
}

/// A payment in a state, `seconds` after the first news of it.
fn later(status: &str, captured: i64, seconds: i64) -> Value {
    let mut payment = sandbox_payment(status);
    payment["captured"] = json!(captured);
    let moment = NOW.plus_milliseconds(seconds * 1_000 - 20).milliseconds();
    payment["updated_at"] = json!(moment);
    payment
}

/// A payment that would be good but for one field.
fn with(field: &str, value: Value) -> Given {
    let mut payment = sandbox_payment("captured");
    payment[field] = value;
    Given::Steps(vec![call(Op::Start, payment)])
}

fn given(scenario: Scenario) -> Given {
    use Scenario as S;
    let held = || call(Op::Start, sandbox_payment("authorized"));
    let paid = || sandbox_payment("captured");
    Given::Steps(match scenario {
        S::Success => vec![call(Op::Start, paid())],
        S::AuthorizeOnly => vec![held()],
        S::Decline => {
            let mut payment = sandbox_payment("failed");
            payment["decline"] = json!({"code": "card_declined", "message": "Declined."});
            vec![call(Op::Start, payment)]
        }
        S::ActionRequired => {
            let mut payment = sandbox_payment("action_required");
            payment["redirect_url"] = json!("http://127.0.0.1:8788/pay/sbx_1?token=1");
            vec![call(Op::Start, payment)]
        }
        S::PendingThenSuccess => vec![
            call(Op::Start, sandbox_payment("processing")),
            call(Op::Retrieve, later("processing", 0, 1)),
            call(Op::Retrieve, later("captured", 1_999, 2)),
        ],
        S::TimeoutAfterSuccess => vec![call(Op::Recover, paid())],
        S::TimeoutAfterSuccessLate => {
            vec![call(Op::RecoverLate, json!({"items": [paid()]}))]
        }
        S::StartNeverArrived => vec![call(Op::Find, json!({"items": []}))],
        S::DuplicateReply => vec![call(Op::Start, paid()), call(Op::Recover, paid())],
        S::AmountMismatch => return with("amount", json!(2_000)),
        S::CurrencyMismatch => return with("currency", json!("EUR")),
        S::AnotherPayment => return with("operation_id", json!(operation(99).to_string())),
        S::MissingField => {
            let mut payment = paid();
            payment.as_object_mut().unwrap().remove("amount");
            vec![call(Op::Start, payment)]
        }
        S::WrongType => return with("amount", json!("1999")),
        S::Fraction => return with("amount", json!(1_999.5)),
        S::Negative => return with("captured", json!(-1_999)),
        S::Enormous => return with("amount", json!(1_000_000_000_000_001_i64)),
        S::UnknownState => return with("status", json!("blessed")),
        S::MalformedReference => return with("id", json!("../../refunds")),
        S::ErrorBodyWith200 => {
            let body = json!({"error": {"code": "unknown_method", "message": "No such method."}});
            vec![call(Op::Start, body)]
        }
        S::Refusal => vec![refusal(Op::Start, 400, "unknown_method", None)],
        S::KeyRevoked => vec![refusal(Op::Start, 401, "unauthorized", None)],
        S::Whose => vec![call(Op::Whose, paid())],
        S::WhoseStranger => vec![refusal(Op::Whose, 404, "not_found", None)],
        S::CaptureFull => vec![held(), call(Op::Capture, later("captured", 1_999, 1))],
        S::CapturePart => vec![held(), call(Op::CapturePart, later("captured", PART, 1))],
        S::AlreadyCaptured | S::VoidTooLate => {
            let op = if scenario == S::VoidTooLate { Op::Void } else { Op::Capture };
            vec![held(), refusal(op, 400, "unexpected_state", Some(later("captured", 1_999, 1)))]
        }
        S::Void => vec![held(), call(Op::Void, later("cancelled", 0, 1))],
        S::WebhookGood => vec![event(paid())],
        _ => return Given::Declared(NOT_BUILT),
    })
}

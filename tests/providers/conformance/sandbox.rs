//! The sandbox's replies and webhooks, scenario by scenario.

use cartwright::domain::id::OperationId;
use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::{
    FULL, Given, Incoming, Op, PART, REST, Scenario, Step, Vendor, refunded_by, rest_refunded_by,
};
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

/// A webhook about a refund or a dispute.
fn movement_event(field: &str, object: Value, seconds: i64) -> Step {
    let kind = format!("{field}.{}", object["status"].as_str().unwrap());
    let mut event = json!({
        "id": format!("evt_{seconds}"),
        "type": kind,
        "created_at": NOW.plus_milliseconds(seconds * 1_000).milliseconds(),
    });
    event[field] = object;
    Step::Event(sign(event.to_string().as_bytes()))
}

fn refund(status: &str, amount: i64, asked_by: Option<OperationId>, seconds: i64) -> Value {
    let moment = NOW.plus_milliseconds(seconds * 1_000).milliseconds();
    json!({
        "id": asked_by.map_or_else(|| "sbxr_dashboard".to_owned(), |id| format!("sbxr_{id}")),
        "payment_id": VENDOR.reference,
        "order_id": asked_by.map(|_| order_id().to_string()),
        "operation_id": asked_by.map(|id| id.to_string()),
        "amount": amount,
        "currency": "USD",
        "status": status,
        "reason": null,
        "created_at": moment,
        "updated_at": moment,
    })
}

fn dispute(status: &str, seconds: i64) -> Value {
    let moment = NOW.plus_milliseconds(seconds * 1_000).milliseconds();
    json!({
        "id": "sbxd_1",
        "payment_id": VENDOR.reference,
        "amount": FULL,
        "currency": "USD",
        "status": status,
        "reason": "fraudulent",
        "respond_by": moment + 604_800_000,
        "created_at": moment,
        "updated_at": moment,
    })
}

fn line(kind: &str, operation_id: Option<OperationId>) -> Value {
    json!({
        "id": format!("mov_{kind}"),
        "kind": kind,
        "payment_id": VENDOR.reference,
        "order_id": order_id().to_string(),
        "operation_id": operation_id.map(|id| id.to_string()),
        "amount": FULL,
        "currency": "USD",
        "moved_at": NOW.plus_milliseconds(-60_000).milliseconds(),
    })
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
        S::CaptureAgain => vec![
            held(),
            call(Op::CaptureFirst, later("authorized", PART, 1)),
            call(Op::CaptureRest, later("captured", FULL, 2)),
        ],
        S::Void => vec![held(), call(Op::Void, later("cancelled", 0, 1))],
        S::WebhookGood => vec![event(paid())],
        _ => money_back(scenario),
    })
}

/// The scenarios in which money goes back, and the books.
fn money_back(scenario: Scenario) -> Vec<Step> {
    use Scenario as S;
    let paid = || call(Op::Start, sandbox_payment("captured"));
    let whose = || call(Op::Whose, sandbox_payment("captured"));
    let ours = |status: &str, seconds| refund(status, FULL, Some(refunded_by()), seconds);
    match scenario {
        S::RefundFull => vec![paid(), call(Op::Refund, ours("succeeded", 1))],
        S::RefundPart | S::RefundAgain => {
            let first = refund("succeeded", PART, Some(refunded_by()), 1);
            let mut steps = vec![paid(), call(Op::RefundPart, first)];
            if scenario == S::RefundAgain {
                let rest = refund("succeeded", REST, Some(rest_refunded_by()), 2);
                steps.push(call(Op::RefundRest, rest));
            }
            steps
        }
        S::RefundTooMuch => vec![paid(), refusal(Op::Refund, 400, "refund_too_large", None)],
        S::RefundReplyLost => vec![paid(), call(Op::RecoverRefund, ours("succeeded", 1))],
        S::RefundReplyLostLate => {
            let items = json!({"items": [ours("succeeded", 1)]});
            vec![paid(), call(Op::RecoverRefundLate, items)]
        }
        S::RefundNeverArrived => vec![paid(), call(Op::FindRefund, json!({"items": []}))],
        S::RefundPendingThenSuccess => vec![
            paid(),
            call(Op::Refund, ours("pending", 1)),
            movement_event("refund", ours("succeeded", 2), 2),
        ],
        S::RefundFailed => vec![
            paid(),
            call(Op::Refund, ours("pending", 1)),
            movement_event("refund", ours("failed", 2), 2),
        ],
        S::WebhookAnyOrder => vec![
            event(later("authorized", PART, 1)),
            event(later("captured", FULL, 2)),
            movement_event("refund", ours("pending", 3), 3),
            movement_event("refund", ours("succeeded", 4), 4),
            movement_event("dispute", dispute("open", 5), 5),
            movement_event("dispute", dispute("lost", 6), 6),
        ],
        S::DashboardRefund => {
            vec![movement_event("refund", refund("succeeded", PART, None, 1), 1), whose()]
        }
        S::DisputeOpened => vec![movement_event("dispute", dispute("open", 1), 1), whose()],
        S::DisputeWon => vec![movement_event("dispute", dispute("won", 1), 1), whose()],
        S::DisputeLost => vec![movement_event("dispute", dispute("lost", 1), 1), whose()],
        S::BooksFirstPage => {
            vec![call(Op::List, json!({"items": [line("capture", None)], "next": "c_1"}))]
        }
        S::BooksNextPage => {
            let first = json!({"items": [line("capture", None)], "next": "c_1"});
            let last = json!({"items": [line("refund", Some(refunded_by()))], "next": null});
            vec![call(Op::List, first), call(Op::ListNext, last)]
        }
        other => panic!("{other:?} is played by the suite"),
    }
}

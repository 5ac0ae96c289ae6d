//! Razorpay's replies and webhooks, scenario by scenario.
//!
//! A start answers with an order that nobody has paid yet; everything else is heard from a question or
//! an event afterwards.

use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::{
    FULL, Given, Incoming, Op, PART, REST, Scenario, Step, Vendor, refunded_by, rest_refunded_by,
};
use crate::razorpay::fixtures::*;
use crate::razorpay::webhooks::sign as signature;

pub const VENDOR: Vendor = Vendor {
    gateway: Gateway::Razorpay,
    variables: &[
        ("RAZORPAY_KEY_ID", RAZORPAY_KEY_ID),
        ("RAZORPAY_KEY_SECRET", RAZORPAY_KEY_SECRET),
        ("RAZORPAY_WEBHOOK_SECRET", "whsec_CANARY_old,whsec_CANARY_new"),
    ],
    ask,
    reference: ORDER,
    // Only refunds have one.
    idempotency_header: None,
    given,
    sign,
    signature_header: "x-razorpay-signature",
};

const WHOLE: &str = "Razorpay takes held money once and in full";
const NO_VOID: &str = "Razorpay has no request that lets held money go: it lapses";

fn sign(body: &[u8]) -> Incoming {
    let signature = signature(NEW_SECRET, body);
    let event_id = format!("Rz{:.14}", signature);
    Incoming {
        headers: vec![
            ("x-razorpay-signature".to_owned(), signature),
            ("x-razorpay-event-id".to_owned(), event_id),
        ],
        body: body.to_vec(),
        evidence: None,
    }
}

/// An event, `seconds` after the first news of the payment.
fn told(kind: &str, entities: &[(&str, Value)], seconds: i64) -> Step {
    let event =
        with(event(kind, entities), "created_at", json!(NOW_SECONDS.saturating_add(seconds)));
    Step::Event(sign(event.to_string().as_bytes()))
}

fn call(op: Op, body: Value) -> Step {
    Step::Call(op, json_reply(200, &body))
}

fn refusal(op: Op, status: u16, description: &str) -> Step {
    Step::Call(op, json_reply(status, &error("BAD_REQUEST_ERROR", description)))
}

/// The order as it is when nobody has tried to pay it.
fn new_order() -> Value {
    let mut new = order("created", &[]);
    new.as_object_mut().unwrap().remove("payments");
    new
}

fn start() -> Step {
    call(Op::Start, new_order())
}

/// The order with its one payment in a state.
fn with_payment(status: &str) -> Value {
    let of_order = match status {
        "captured" | "refunded" => "paid",
        _ => "attempted",
    };
    list(&[order(of_order, &[payment(status, 2)])])
}

fn paid() -> Step {
    call(Op::Retrieve, with_payment("captured"))
}

fn held() -> Step {
    call(Op::Retrieve, with_payment("authorized"))
}

/// A start whose reply would be good but for one field.
fn spoilt(field: &str, to: Value) -> Given {
    Given::Steps(vec![call(Op::Start, with(new_order(), field, to))])
}

/// A refund of ours.
fn refund_of(amount: i64, status: &str) -> Value {
    let (id, operation) = match amount {
        REST => ("rfnd_Rz8rest", rest_refunded_by()),
        _ => (REFUND, refunded_by()),
    };
    let refund = with(refund(status), "amount", json!(amount));
    let refund = with(refund, "receipt", json!(operation.to_string()));
    let notes = json!({"order_id": order_id().to_string(), "operation_id": operation.to_string()});
    with(with(refund, "id", json!(id)), "notes", notes)
}

/// A refund that somebody made in the dashboard.
fn foreign_refund() -> Value {
    let refund = with(refund_of(PART, "processed"), "receipt", Value::Null);
    with(refund, "notes", json!([]))
}

/// News of a refund, with the payment that it is of.
fn refund_event(kind: &str, refund: Value, seconds: i64) -> Step {
    told(kind, &[("refund", refund), ("payment", payment("captured", 2))], seconds)
}

/// News of a dispute, after which somebody must ask whose the payment is: its notes are empty.
fn dispute_of(kind: &str, status: &str, deducted: i64) -> Vec<Step> {
    let entities = [("payment", payment("captured", 2)), ("dispute", dispute(status, deducted))];
    vec![told(&format!("payment.dispute.{kind}"), &entities, 5), call(Op::Whose, new_order())]
}

fn order_paid(seconds: i64) -> Step {
    let order = with(order("paid", &[payment("captured", 2)]), "payments", Value::Null);
    told("order.paid", &[("payment", payment("captured", 2)), ("order", order)], seconds)
}

fn whole_life() -> Vec<Step> {
    vec![
        told("payment.failed", &[("payment", with(payment("failed", 9), "id", json!("pay_1")))], 1),
        told("payment.authorized", &[("payment", payment("authorized", 2))], 2),
        told("payment.captured", &[("payment", payment("captured", 2))], 3),
        paid(),
        order_paid(3),
        refund_event("refund.created", refund_of(PART, "pending"), 4),
        refund_event("refund.processed", refund_of(PART, "processed"), 5),
        dispute_of("lost", "lost", FULL).remove(0),
    ]
}

fn given(scenario: Scenario) -> Given {
    use Scenario as S;
    let refunded = |op, amount| call(op, refund_of(amount, "processed"));
    Given::Steps(match scenario {
        S::Success => vec![start(), paid()],
        S::AuthorizeOnly => vec![start(), held()],
        S::Decline => vec![start(), call(Op::Retrieve, with_payment("failed"))],
        S::ActionRequired => vec![start()],
        S::PendingThenSuccess => {
            vec![start(), call(Op::Retrieve, with_payment("created")), paid()]
        }
        S::TimeoutAfterSuccess => vec![call(Op::Recover, with_payment("captured"))],
        S::TimeoutAfterSuccessLate => vec![call(Op::RecoverLate, with_payment("captured"))],
        S::StartNeverArrived => vec![call(Op::Find, list(&[]))],
        S::DuplicateReply => vec![start(), start(), paid(), paid()],
        S::AmountMismatch => return spoilt("amount", json!(2_000)),
        S::CurrencyMismatch => return spoilt("currency", json!("EUR")),
        S::AnotherPayment => return spoilt("receipt", json!(operation(99).to_string())),
        S::MissingField => {
            let mut order = new_order();
            order.as_object_mut().unwrap().remove("amount");
            vec![call(Op::Start, order)]
        }
        S::WrongType => return spoilt("amount", json!("1999")),
        S::Fraction => return spoilt("amount", json!(1_999.5)),
        S::Negative => return spoilt("amount", json!(-1_999)),
        S::Enormous => return spoilt("amount", json!(1_000_000_000_000_001_i64)),
        S::UnknownState => return spoilt("status", json!("blessed")),
        S::MalformedReference => return spoilt("id", json!("../../refunds")),
        S::ErrorBodyWith200 => vec![call(Op::Start, error("BAD_REQUEST_ERROR", "No."))],
        S::Refusal => {
            vec![refusal(Op::Start, 400, "Order amount less than minimum amount allowed")]
        }
        S::KeyRevoked => vec![refusal(Op::Start, 401, "Authentication failed")],
        S::CaptureFull => vec![start(), held(), call(Op::Capture, payment("captured", 2))],
        S::CapturePart | S::CaptureAgain => return Given::Declared(WHOLE),
        S::AlreadyCaptured => vec![
            start(),
            held(),
            refusal(Op::Capture, 400, "This payment has already been captured"),
        ],
        S::Void | S::VoidTooLate => return Given::Declared(NO_VOID),
        S::RefundFull => vec![start(), paid(), refunded(Op::Refund, FULL)],
        S::RefundPart => vec![start(), paid(), refunded(Op::RefundPart, PART)],
        S::RefundAgain => {
            vec![start(), paid(), refunded(Op::RefundPart, PART), refunded(Op::RefundRest, REST)]
        }
        S::RefundTooMuch => {
            let text = "The total refund amount is greater than the refund payment amount";
            vec![start(), paid(), refusal(Op::Refund, 400, text)]
        }
        S::RefundReplyLost => {
            let found = list(&[refund_of(FULL, "processed")]);
            vec![start(), paid(), call(Op::RecoverRefund, found)]
        }
        S::RefundReplyLostLate => {
            let found = list(&[refund_of(FULL, "processed")]);
            vec![start(), paid(), call(Op::RecoverRefundLate, found)]
        }
        S::RefundNeverArrived => vec![start(), paid(), call(Op::FindRefund, list(&[]))],
        S::RefundPendingThenSuccess => vec![
            start(),
            paid(),
            call(Op::Refund, refund_of(FULL, "pending")),
            refund_event("refund.processed", refund_of(FULL, "processed"), 9),
        ],
        S::RefundFailed => vec![
            start(),
            paid(),
            call(Op::Refund, refund_of(FULL, "pending")),
            refund_event("refund.failed", refund_of(FULL, "failed"), 9),
        ],
        S::WebhookGood => vec![order_paid(1)],
        S::WebhookAnyOrder => whole_life(),
        S::DashboardRefund => vec![
            refund_event("refund.processed", foreign_refund(), 5),
            call(Op::Whose, new_order()),
        ],
        S::DisputeOpened => dispute_of("created", "open", 0),
        S::DisputeWon => dispute_of("won", "won", 0),
        S::DisputeLost => dispute_of("lost", "lost", FULL),
        S::Whose => vec![call(Op::Whose, new_order())],
        S::WhoseStranger => vec![refusal(Op::Whose, 400, "The id provided does not exist")],
        S::BooksFirstPage => vec![call(Op::List, list(&[payment("captured", 2)]))],
        S::BooksNextPage => vec![
            call(Op::List, list(&[payment("captured", 2)])),
            call(Op::ListNext, list(&[refund_of(FULL, "processed")])),
        ],
        _ => return Given::Declared("the suite makes it out of the others"),
    })
}

//! Razorpay's protocol: orders that the buyer pays in the hosted checkout, captures, refunds and lists.
//!
//! What the books call a payment is Razorpay's order, and its attempts are Razorpay's payments. No means
//! of payment passes through a request: the world says what the buyer does. Only refunds have a key.
//! Held money is captured whole or lapses after three days, which Razorpay writes as a refund of money
//! that was never taken.

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest};
use serde_json::{Value, json};

use super::books::{BookedPayment, Origin, Standing, Terms};
use super::desk::{Denial, Desk, Wish};
use super::exchange::{self, Asked, Keep, json_reply};

mod shown;

use self::shown::{attempt_object, collection, order_object, refund_object, refund_objects};
pub use self::shown::{envelope, told};

pub const BASE_URL: &str = "https://api.razorpay.com";
pub const KEY_ID: &str = "rzp_test_simulated";
pub const KEY_SECRET: &str = "simulated_razorpay_key_secret";
pub const WEBHOOK_SECRET: &str = "simulated_razorpay_webhook_secret";

/// Basic authorization of the two keys.
const AUTHORIZATION: &str =
    "Basic cnpwX3Rlc3Rfc2ltdWxhdGVkOnNpbXVsYXRlZF9yYXpvcnBheV9rZXlfc2VjcmV0";

/// The longest receipt.
const MAX_RECEIPT: usize = 40;

pub fn trouble() -> Value {
    json!({"error": {"code": "SERVER_ERROR", "description": "We are facing some trouble."}})
}

fn refusal(status: u16, description: &str) -> HttpReply {
    let error = json!({
        "code": "BAD_REQUEST_ERROR", "description": description, "source": "business",
        "step": "payment_initiation", "reason": "input_validation_failed", "metadata": {},
    });
    json_reply(status, &json!({ "error": error }))
}

fn missing() -> HttpReply {
    refusal(400, "The id provided does not exist")
}

pub fn handle(desk: &mut Desk, request: &HttpRequest, at: Timestamp) -> HttpReply {
    let asked = Asked::of(request);
    if asked.header("authorization") != Some(AUTHORIZATION) {
        return refusal(401, "Authentication failed");
    }
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    if asked.is_post {
        let Ok(input) = serde_json::from_slice::<Value>(&asked.body) else {
            return refusal(400, "The body is not JSON");
        };
        return match path.as_slice() {
            ["v1", "orders"] => start(desk, &input, at),
            ["v1", "payments", id, "capture"] => capture(desk, id, &input, at),
            ["v1", "payments", id, "refund"] => refund(desk, &asked, id, &input, at),
            _ => refusal(400, "The requested URL was not found on the server."),
        };
    }
    match path.as_slice() {
        ["v1", "orders"] => orders(desk, &asked, at),
        ["v1", "orders", id] => match desk.books.payments.get(*id) {
            Some(payment) => json_reply(200, &order_object(payment, false)),
            None => missing(),
        },
        ["v1", "payments"] => {
            let all = desk.books.payments.values();
            let all = all.flat_map(|one| {
                one.attempts.iter().map(|attempt| attempt_object(one, attempt)).collect::<Vec<_>>()
            });
            page(&asked, all.collect())
        }
        ["v1", "payments", id] => match owner(desk, id) {
            Some(payment) => {
                let attempt = payment.attempts.iter().find(|one| one.id == *id).unwrap();
                json_reply(200, &attempt_object(payment, attempt))
            }
            None => missing(),
        },
        ["v1", "payments", id, "refunds"] => match owner(desk, id) {
            Some(payment) => {
                let mut all = refund_objects(payment);
                all.retain(|refund| refund["payment_id"] == *id);
                page(&asked, all)
            }
            None => missing(),
        },
        ["v1", "refunds"] => {
            page(&asked, desk.books.payments.values().flat_map(refund_objects).collect())
        }
        _ => refusal(400, "The requested URL was not found on the server."),
    }
}

/// The order that an attempt was to pay.
fn owner<'a>(desk: &'a Desk, attempt: &str) -> Option<&'a BookedPayment> {
    let tried = |payment: &&BookedPayment| payment.attempts.iter().any(|one| one.id == attempt);
    desk.books.payments.values().find(tried)
}

/// A page of a list, the newest first.
fn page(asked: &Asked, mut all: Vec<Value>) -> HttpReply {
    let number = |name: &str| asked.query(name).and_then(|text| text.parse::<i64>().ok());
    let within = |at: i64| {
        number("from").is_none_or(|from| at >= from) && number("to").is_none_or(|to| at <= to)
    };
    all.retain(|one| one["created_at"].as_i64().is_some_and(within));
    let place = |one: &Value| (one["created_at"].as_i64(), one["id"].as_str().map(str::to_owned));
    all.sort_by_key(|one| std::cmp::Reverse(place(one)));
    let size = |name, usual| number(name).map_or(usual, |n| usize::try_from(n).unwrap_or(0));
    let (skip, count) = (size("skip", 0), size("count", 10).min(100));
    let items: Vec<Value> = all.into_iter().skip(skip).take(count).collect();
    json_reply(200, &collection(items))
}

fn orders(desk: &Desk, asked: &Asked, at: Timestamp) -> HttpReply {
    let expands = asked.query("expand[]").as_deref() == Some("payments");
    let Some(receipt) = asked.query("receipt") else {
        let all = desk.books.payments.values();
        return page(asked, all.map(|payment| order_object(payment, expands)).collect());
    };
    let found = desk.searched(&receipt, at);
    page(asked, found.into_iter().map(|payment| order_object(payment, expands)).collect())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn start(desk: &mut Desk, input: &Value, at: Timestamp) -> HttpReply {
    let receipt = text(&input["receipt"]);
    exchange::count_start(desk, receipt.as_deref());
    let currency = text(&input["currency"]).unwrap_or_default();
    let least = if currency == "INR" { 100 } else { 1 };
    let Some(amount) = input["amount"].as_i64().filter(|amount| *amount >= least) else {
        return refusal(400, "Order amount less than minimum amount allowed");
    };
    if receipt.as_ref().is_some_and(|receipt| receipt.len() > MAX_RECEIPT) {
        return refusal(400, "The receipt may not be greater than 40 characters.");
    }
    let reference = desk.id("order");
    desk.enter(BookedPayment {
        gateway: Gateway::Razorpay,
        reference: reference.clone(),
        order_id: text(&input["notes"]["order_id"]),
        operation_id: receipt,
        currency,
        asked_minor: amount,
        held_minor: 0,
        held_until: None,
        standing: Standing::AwaitingMethod,
        attempts: Vec::new(),
        captures: Vec::new(),
        released_at: None,
        refunds: Vec::new(),
        disputes: Vec::new(),
        made_by_key: None,
        created_at: at,
        updated_at: at,
        terms: Terms { is_manual: input["payment"]["capture"] == "manual", ..Terms::default() },
    });
    json_reply(200, &order_object(&desk.books.payments[&reference], false))
}

fn capture(desk: &mut Desk, id: &str, input: &Value, at: Timestamp) -> HttpReply {
    let Some(payment) = owner(desk, id) else { return missing() };
    let reference = payment.reference.clone();
    if payment.captures.iter().any(|capture| capture.charge == id) {
        return refusal(400, "This payment has already been captured");
    }
    if payment.standing != Standing::Held || super::desk::approved(payment) != id {
        let words = "Only payments which have been authorized and not yet captured can be captured";
        return refusal(400, words);
    }
    if input["currency"] != payment.currency.as_str() {
        return refusal(400, "Payment currency mismatch");
    }
    if input["amount"].as_i64() != Some(payment.held_minor) {
        return refusal(400, "Capture amount must be equal to the amount authorized");
    }
    let held = payment.held_minor;
    let done = desk.capture(&reference, held, true, Origin::Request(None), at);
    assert!(done.is_ok(), "the money is held");
    let payment = &desk.books.payments[&reference];
    let attempt = payment.attempts.iter().find(|attempt| attempt.id == id).unwrap();
    json_reply(200, &attempt_object(payment, attempt))
}

fn refund(desk: &mut Desk, asked: &Asked, id: &str, input: &Value, at: Timestamp) -> HttpReply {
    let work = |desk: &mut Desk| give_back(desk, id, input, at);
    let Some(key) = asked.header("x-refund-idempotency") else { return work(desk) };
    if key.len() < 10 {
        return refusal(400, "The idempotency key is invalid");
    }
    let keep = Keep { lifetime_milliseconds: None, errors: false };
    let conflict = || refusal(400, "Different request body sent with the same Idempotency Key");
    exchange::once(desk, key, &asked.fingerprint(), keep, at, conflict, work)
}

fn give_back(desk: &mut Desk, id: &str, input: &Value, at: Timestamp) -> HttpReply {
    let Some(payment) = owner(desk, id) else { return missing() };
    let reference = payment.reference.clone();
    if !payment.captures.iter().any(|capture| capture.charge == id) {
        return refusal(400, "The payment status should be captured for action to be taken");
    }
    let operation = text(&input["receipt"]).or_else(|| text(&input["notes"]["operation_id"]));
    let wish = Wish {
        reference: reference.clone(),
        charge: Some(id.to_owned()),
        amount_minor: input["amount"].as_i64(),
        currency: None,
        origin: Origin::Request(operation),
        order_id: text(&input["notes"]["order_id"]),
        reason: text(&input["notes"]["reason"]),
    };
    match desk.refund(wish, at) {
        Ok(made) => {
            let payment = &desk.books.payments[&reference];
            let refund = payment.refunds.iter().find(|refund| refund.id == made).unwrap();
            json_reply(200, &refund_object(payment, refund))
        }
        Err(Denial::AlreadyRefunded) => refusal(400, "The payment has been fully refunded already"),
        Err(_) => refusal(400, "The total refund amount is greater than the refund payment amount"),
    }
}

//! Stripe's protocol: PaymentIntents, refunds, the search and the balance transactions.
//!
//! | method | what happens |
//! |---|---|
//! | none | `requires_payment_method` until the buyer pays in the browser |
//! | `pm_card_visa` | paid, or held, in the answer |
//! | `pm_card_…chargeDeclined…` | declined with 402; the buyer may try again |
//! | `pm_card_threeDSecure2Required` | `requires_action`, with a page if there is a return URL |
//! | `pm_usBankAccount_success` | `processing` until the bank answers |
//! | `pm_card_pendingRefund` | paid; its refunds wait |
//! | `pm_card_createDispute` | paid, and disputed at once |
//!
//! Keys are kept for 24 hours, with refusals of what was carried out; what is malformed is refused
//! before the key is looked at.

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest};
use serde_json::{Value, json};

use super::books::{BookedPayment, Origin, Standing, Terms};
use super::desk::{Denial, Desk, Happening, Wish};
use super::exchange::{self, Asked, Keep, json_reply};

mod books;
mod shown;

use self::shown::{declined, intent, refund_object};
pub use self::shown::{envelope, told};

pub const BASE_URL: &str = "https://api.stripe.com";
pub const SECRET_KEY: &str = "sk_test_simulated";
pub const WEBHOOK_SECRET: &str = "whsec_simulated_stripe";

const KEY_LIFETIME_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;

type Form = Vec<(String, String)>;

/// How a means of payment behaves.
fn behaviour(method: &str) -> Option<&'static str> {
    Some(match method {
        "pm_card_visa" | "pm_card_pendingRefund" | "pm_card_refundFail" => "pay",
        "pm_card_createDispute" => "dispute",
        "pm_card_threeDSecure2Required" => "action",
        "pm_usBankAccount_success" => "process",
        text if text.starts_with("pm_card_") && text.contains("chargeDeclined") => "decline",
        _ => return None,
    })
}

pub fn trouble() -> Value {
    json!({"error": {"type": "api_error", "message": "Something went wrong on Stripe's end."}})
}

fn refusal(status: u16, code: Option<&str>, payment: Option<&BookedPayment>) -> HttpReply {
    let mut error = json!({"type": "invalid_request_error", "message": "Stripe refuses."});
    if let Some(code) = code {
        error["code"] = json!(code);
    }
    if let Some(payment) = payment {
        error["payment_intent"] = intent(payment);
    }
    json_reply(status, &json!({ "error": error }))
}

fn missing() -> HttpReply {
    refusal(404, Some("resource_missing"), None)
}

pub fn handle(desk: &mut Desk, request: &HttpRequest, at: Timestamp) -> HttpReply {
    let asked = Asked::of(request);
    if asked.header("authorization") != Some(&format!("Bearer {SECRET_KEY}")) {
        return refusal(401, None, None);
    }
    if asked.header("stripe-version").is_none() {
        return refusal(400, None, None);
    }
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (asked.is_post, path.as_slice()) {
        (true, ["v1", rest @ ..]) => change(desk, &asked, rest, at),
        (_, ["v1", "payment_intents", "search"]) => search(desk, &asked, at),
        (_, ["v1", "payment_intents", id]) => match desk.books.payments.get(*id) {
            Some(payment) => json_reply(200, &shown::expanded(payment, asked.query("expand[]"))),
            None => missing(),
        },
        (_, ["v1", "refunds"]) => json_reply(200, &books::refund_list(desk, &asked)),
        (_, ["v1", "balance_transactions"]) => books::balance(desk, &asked),
        _ => refusal(404, None, None),
    }
}

fn search(desk: &Desk, asked: &Asked, at: Timestamp) -> HttpReply {
    let query = asked.query("query").unwrap_or_default();
    let wanted =
        query.strip_prefix("metadata['operation_id']:'").and_then(|q| q.strip_suffix('\''));
    let Some(operation) = wanted else { return refusal(400, None, None) };
    let data: Vec<Value> = desk.searched(operation, at).into_iter().map(intent).collect();
    let body = json!({
        "object": "search_result", "url": "/v1/payment_intents/search", "has_more": false,
        "next_page": null, "data": data,
    });
    json_reply(200, &body)
}

fn field<'a>(form: &'a Form, name: &str) -> Option<&'a str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn amount(form: &Form, name: &str) -> Option<i64> {
    field(form, name)?.parse().ok().filter(|amount| (1..=99_999_999).contains(amount))
}

fn change(desk: &mut Desk, asked: &Asked, rest: &[&str], at: Timestamp) -> HttpReply {
    if asked.header("content-type") != Some("application/x-www-form-urlencoded") {
        return refusal(400, None, None);
    }
    let Some(key) = asked.header("idempotency-key").filter(|key| (1..=255).contains(&key.len()))
    else {
        return refusal(400, None, None);
    };
    let form: Form = url::form_urlencoded::parse(&asked.body).into_owned().collect();
    if rest == ["payment_intents"] {
        exchange::count_start(desk, field(&form, "metadata[operation_id]"));
        if let Err(refused) = check_start(&form) {
            return refused;
        }
    }
    if form.iter().any(|(_, value)| value.is_empty()) {
        return refusal(400, Some("parameter_invalid_empty"), None);
    }
    let keep = Keep { lifetime_milliseconds: Some(KEY_LIFETIME_MILLISECONDS), errors: true };
    let conflict = || {
        let error =
            json!({"type": "idempotency_error", "message": "The key has other parameters."});
        json_reply(400, &json!({ "error": error }))
    };
    exchange::once(desk, key, &asked.fingerprint(), keep, at, conflict, |desk| match rest {
        ["payment_intents"] => start(desk, key, &form, at),
        ["payment_intents", id, "capture"] => capture(desk, id, key, &form, at),
        ["payment_intents", id, "cancel"] => {
            let done = desk.cancel(id, at);
            answer(desk, id, done)
        }
        ["refunds"] => refund(desk, &form, at),
        _ => refusal(404, None, None),
    })
}

fn answer(desk: &Desk, id: &str, done: Result<(), Denial>) -> HttpReply {
    match done {
        Ok(()) => json_reply(200, &intent(&desk.books.payments[id])),
        Err(Denial::Missing) => missing(),
        Err(Denial::State) => {
            refusal(400, Some("payment_intent_unexpected_state"), desk.books.payments.get(id))
        }
        Err(_) => refusal(400, Some("amount_too_large"), None),
    }
}

fn check_start(form: &Form) -> Result<(), HttpReply> {
    let currency = field(form, "currency").unwrap_or_default();
    if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(refusal(400, Some("parameter_invalid"), None));
    }
    if amount(form, "amount").is_none() {
        return Err(refusal(400, Some("parameter_invalid_integer"), None));
    }
    match field(form, "payment_method") {
        Some(method) if behaviour(method).is_none() => {
            return Err(refusal(400, Some("resource_missing"), None));
        }
        _ => {}
    }
    let redirects = field(form, "automatic_payment_methods[allow_redirects]");
    let confirms = field(form, "confirm") == Some("true");
    if confirms && field(form, "return_url").is_none() && redirects != Some("never") {
        return Err(refusal(400, Some("parameter_missing"), None));
    }
    Ok(())
}

fn start(desk: &mut Desk, key: &str, form: &Form, at: Timestamp) -> HttpReply {
    let text = |name| field(form, name).map(str::to_owned);
    let reference = desk.id("pi");
    desk.enter(BookedPayment {
        gateway: Gateway::Stripe,
        reference: reference.clone(),
        order_id: text("metadata[order_id]"),
        operation_id: text("metadata[operation_id]"),
        currency: text("currency").unwrap_or_default().to_ascii_uppercase(),
        asked_minor: amount(form, "amount").unwrap_or_default(),
        held_minor: 0,
        held_until: None,
        standing: Standing::AwaitingMethod,
        attempts: Vec::new(),
        captures: Vec::new(),
        released_at: None,
        refunds: Vec::new(),
        disputes: Vec::new(),
        made_by_key: Some(key.to_owned()),
        created_at: at,
        updated_at: at,
        terms: Terms {
            is_manual: field(form, "capture_method") == Some("manual"),
            method: text("payment_method"),
            return_url: text("return_url"),
            due_at: None,
        },
    });
    match field(form, "payment_method").and_then(behaviour) {
        None => {}
        Some("action") => desk.needs_buyer(&reference, at),
        Some("process") => desk.processes(&reference, at),
        Some("decline") => {
            assert!(desk.decline(&reference, at));
            return declined(&desk.books.payments[&reference]);
        }
        Some(behaviour) => {
            assert!(desk.approve(&reference, at));
            if behaviour == "dispute" {
                desk.dispute(&reference, at);
            }
        }
    }
    json_reply(200, &intent(&desk.books.payments[&reference]))
}

fn capture(desk: &mut Desk, id: &str, key: &str, form: &Form, at: Timestamp) -> HttpReply {
    let held = desk.books.payments.get(id).map_or(0, |payment| payment.held_minor);
    let wanted = match field(form, "amount_to_capture") {
        Some(_) => amount(form, "amount_to_capture").unwrap_or(0),
        None => held,
    };
    let done = desk.capture(id, wanted, true, Origin::Request(Some(key.to_owned())), at);
    answer(desk, id, done)
}

fn refund(desk: &mut Desk, form: &Form, at: Timestamp) -> HttpReply {
    let text = |name| field(form, name).map(str::to_owned);
    let reference = text("payment_intent").unwrap_or_default();
    let wish = Wish {
        reference: reference.clone(),
        charge: None,
        amount_minor: text("amount").map(|_| amount(form, "amount").unwrap_or(0)),
        currency: None,
        origin: Origin::Request(text("metadata[operation_id]")),
        order_id: text("metadata[order_id]"),
        reason: text("metadata[reason]"),
    };
    match desk.refund(wish, at) {
        Ok(id) => {
            let payment = &desk.books.payments[&reference];
            let refund = payment.refunds.iter().find(|refund| refund.id == id).unwrap();
            json_reply(200, &refund_object(payment, refund))
        }
        Err(Denial::Missing) => missing(),
        Err(Denial::Disputed) => refusal(400, Some("charge_disputed"), None),
        Err(Denial::AlreadyRefunded) => refusal(400, Some("charge_already_refunded"), None),
        Err(_) => refusal(400, None, None),
    }
}

/// Which events tell of a happening.
const fn kinds(happening: Happening) -> &'static [&'static str] {
    match happening {
        Happening::Created => &["payment_intent.created"],
        Happening::NeedsBuyer => &["payment_intent.requires_action"],
        Happening::Processing => &["payment_intent.processing"],
        Happening::Held => &["payment_intent.amount_capturable_updated"],
        Happening::Taken => &["payment_intent.succeeded"],
        Happening::Declined => &["payment_intent.payment_failed"],
        Happening::Cancelled => &["payment_intent.canceled"],
        Happening::RefundMade(_) => &["refund.created"],
        Happening::RefundSettled(_) => &["refund.updated"],
        Happening::Disputed(_) => &["charge.dispute.created", "charge.dispute.funds_withdrawn"],
        Happening::DisputeDecided(_) => &["charge.dispute.closed"],
    }
}

//! The sandbox's protocol (`sandbox/README.md` of the repository), as pure functions over the books.
//!
//! | method | what happens |
//! |---|---|
//! | `auto` (default) | `processing`, paid 0.3 s later |
//! | `instant`, `timeout` | paid in the answer (losing it is the world's part) |
//! | `decline` | `failed` in the answer |
//! | `redirect` | waits for the buyer on a page |
//! | `pending` | `processing` until the world says how it ends |
//! | `wrong_amount` | one minor unit more than asked is charged |
//! | `refund_pending`, `refund_fails` | paid; its refunds wait, or fail at once |

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest};
use serde_json::{Value, json};

use super::books::{
    BookedDispute, BookedPayment, BookedRefund, DisputeState, Origin, RefundState, Standing, Terms,
};
use super::desk::{Denial, Desk, Happening, Wish};
use super::exchange::{self, Asked, Keep, json_reply};

pub const BASE_URL: &str = "http://sandbox.gateways.test";
pub const API_KEY: &str = "simulated_sandbox_key";
pub const WEBHOOK_SECRET: &str = "whsec_simulated_sandbox";

/// After how long the `auto` method pays.
const AUTO_MILLISECONDS: i64 = 300;
/// Lines of a page of the books.
const PAGE_LINES: usize = 100;
/// How long the merchant may contest a dispute.
const RESPOND_WITHIN_SECONDS: i64 = 7 * 24 * 60 * 60;

const METHODS: [&str; 9] = [
    "auto",
    "instant",
    "decline",
    "redirect",
    "pending",
    "timeout",
    "wrong_amount",
    "refund_pending",
    "refund_fails",
];

pub fn handle(desk: &mut Desk, request: &HttpRequest, at: Timestamp) -> HttpReply {
    let asked = Asked::of(request);
    if asked.header("authorization") != Some(&format!("Bearer {API_KEY}")) {
        return refusal(401, "invalid_api_key", None);
    }
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (asked.is_post, path.as_slice()) {
        (true, ["v1", rest @ ..]) if is_change(rest) => change(desk, &asked, rest, at),
        (false, ["v1", "payments"]) => {
            let operation = asked.query("operation_id").unwrap_or_default();
            let items: Vec<Value> =
                desk.books.started_by(&operation).into_iter().map(shown).collect();
            json_reply(200, &json!({ "items": items }))
        }
        (false, ["v1", "payments", id]) => match desk.books.payments.get(*id) {
            Some(payment) => json_reply(200, &shown(payment)),
            None => refusal(404, "not_found", None),
        },
        (false, ["v1", "refunds"]) => refunds(desk, &asked),
        (false, ["v1", "movements"]) => movements(desk, &asked),
        _ => refusal(404, "not_found", None),
    }
}

fn is_change(rest: &[&str]) -> bool {
    matches!(rest, ["payments"] | ["payments", _, "capture" | "cancel"] | ["refunds"])
}

/// A change under its key. Only what was carried out is kept.
fn change(desk: &mut Desk, asked: &Asked, rest: &[&str], at: Timestamp) -> HttpReply {
    let Some(key) = asked.header("idempotency-key").filter(|key| (1..=255).contains(&key.len()))
    else {
        return refusal(400, "invalid_request", None);
    };
    let Ok(input) = serde_json::from_slice::<Value>(&asked.body) else {
        return refusal(400, "invalid_json", None);
    };
    if rest == ["payments"] {
        exchange::count_start(desk, input["operation_id"].as_str());
    }
    let kept = Keep { lifetime_milliseconds: None, errors: false };
    let conflict = || refusal(422, "idempotency_key_reused", None);
    exchange::once(desk, key, &asked.fingerprint(), kept, at, conflict, |desk| match rest {
        ["payments"] => start(desk, key, &input, at),
        ["refunds"] => refund(desk, &input, at),
        [_, id, "capture"] => {
            let (amount, currency) = (input["amount"].as_i64(), input["currency"].as_str());
            let known = desk.books.payments.get(*id).map(|payment| payment.currency.clone());
            if known.is_some() && known.as_deref() != currency {
                return refusal(400, "invalid_amount", None);
            }
            let is_final = input["final"].as_bool() != Some(false);
            let origin = Origin::Request(Some(key.to_owned()));
            let done = desk.capture(id, amount.unwrap_or(0), is_final, origin, at);
            answer(desk, id, done)
        }
        [_, id, _] => {
            let standing = desk.books.payments.get(*id).map(|payment| payment.standing);
            let done = match standing {
                Some(Standing::Cancelled) => Ok(()),
                _ => desk.cancel(id, at),
            };
            answer(desk, id, done)
        }
        _ => refusal(404, "not_found", None),
    })
}

fn answer(desk: &Desk, id: &str, done: Result<(), Denial>) -> HttpReply {
    match done {
        Ok(()) => json_reply(200, &shown(&desk.books.payments[id])),
        Err(denial) => denied(desk, id, denial),
    }
}

fn denied(desk: &Desk, id: &str, denial: Denial) -> HttpReply {
    match denial {
        Denial::Missing => refusal(404, "not_found", None),
        Denial::State => refusal(400, "unexpected_state", desk.books.payments.get(id)),
        Denial::TooMuch | Denial::Currency => refusal(400, "invalid_amount", None),
        Denial::Disputed => refusal(400, "payment_disputed", None),
        Denial::AlreadyRefunded => refusal(400, "refund_too_large", None),
    }
}

fn refusal(status: u16, code: &str, payment: Option<&BookedPayment>) -> HttpReply {
    let mut error = json!({"code": code, "message": "the sandbox refuses"});
    if let Some(payment) = payment {
        error["payment"] = shown(payment);
    }
    json_reply(status, &json!({ "error": error }))
}

fn text(input: &Value, name: &str) -> Option<String> {
    input[name].as_str().map(str::to_owned)
}

fn start(desk: &mut Desk, key: &str, input: &Value, at: Timestamp) -> HttpReply {
    let method = text(input, "method").unwrap_or_else(|| "auto".to_owned());
    if !METHODS.contains(&method.as_str()) {
        return refusal(400, "unknown_method", None);
    }
    let (Some(amount), Some(currency)) = (input["amount"].as_i64(), text(input, "currency")) else {
        return refusal(400, "invalid_amount", None);
    };
    let (order_id, operation_id) = (text(input, "order_id"), text(input, "operation_id"));
    if amount < 1 || order_id.is_none() || operation_id.is_none() {
        return refusal(400, "invalid_request", None);
    }
    let reference = desk.id("sbx");
    desk.enter(BookedPayment {
        gateway: Gateway::Sandbox,
        reference: reference.clone(),
        order_id,
        operation_id,
        currency,
        asked_minor: if method == "wrong_amount" { amount + 1 } else { amount },
        held_minor: 0,
        held_until: None,
        standing: Standing::Processing,
        attempts: Vec::new(),
        captures: Vec::new(),
        released_at: None,
        refunds: Vec::new(),
        disputes: Vec::new(),
        made_by_key: Some(key.to_owned()),
        created_at: at,
        updated_at: at,
        terms: Terms {
            is_manual: input["capture"] == "manual",
            method: Some(method.clone()),
            return_url: text(input, "return_url"),
            due_at: (method == "auto").then(|| at.plus_milliseconds(AUTO_MILLISECONDS)),
        },
    });
    match method.as_str() {
        "auto" | "pending" => {}
        "redirect" => desk.needs_buyer(&reference, at),
        "decline" => assert!(desk.decline(&reference, at)),
        _ => assert!(desk.approve(&reference, at)),
    }
    json_reply(200, &shown(&desk.books.payments[&reference]))
}

fn refund(desk: &mut Desk, input: &Value, at: Timestamp) -> HttpReply {
    let reference = text(input, "payment_id").unwrap_or_default();
    let (Some(amount), Some(currency)) = (input["amount"].as_i64(), text(input, "currency")) else {
        return refusal(400, "invalid_amount", None);
    };
    let made = desk.refund(
        Wish {
            reference: reference.clone(),
            charge: None,
            amount_minor: Some(amount),
            currency: Some(currency),
            origin: Origin::Request(text(input, "operation_id")),
            order_id: text(input, "order_id"),
            reason: text(input, "reason"),
        },
        at,
    );
    match made {
        Ok(id) => {
            let payment = &desk.books.payments[&reference];
            let refund = payment.refunds.iter().find(|refund| refund.id == id).unwrap();
            json_reply(200, &shown_refund(payment, refund))
        }
        Err(Denial::TooMuch) => refusal(400, "refund_too_large", None),
        Err(denial) => denied(desk, &reference, denial),
    }
}

fn refunds(desk: &Desk, asked: &Asked) -> HttpReply {
    let operation = asked.query("operation_id");
    let payment = asked.query("payment_id").and_then(|id| desk.books.payments.get(&id));
    let items: Vec<Value> = payment.map_or_else(Vec::new, |payment| {
        let ours = |refund: &&BookedRefund| {
            operation.is_none() || refund.operation_id() == operation.as_deref()
        };
        payment.refunds.iter().filter(ours).map(|refund| shown_refund(payment, refund)).collect()
    });
    json_reply(200, &json!({ "items": items }))
}

/// The books from one moment to before another, oldest first.
fn movements(desk: &Desk, asked: &Asked) -> HttpReply {
    let moment = |name: &str| asked.query(name).and_then(|text| text.parse::<i64>().ok());
    let (Some(from), Some(to)) = (moment("from"), moment("to")) else {
        return refusal(400, "invalid_request", None);
    };
    let after = asked.query("cursor").map_or(Some((0, String::new())), |cursor| {
        let (at, id) = cursor.split_once('-')?;
        Some((at.parse::<i64>().ok()?, id.to_owned()))
    });
    let Some(after) = after else { return refusal(400, "invalid_request", None) };
    let mut lines: Vec<((i64, String), Value)> = Vec::new();
    for payment in desk.books.payments.values() {
        let mut line = |id: &str, kind, amount, at: Timestamp, refund: Option<&BookedRefund>| {
            let order = match (kind, refund) {
                ("capture", _) => payment.order_id.clone(),
                (_, refund) => refund.and_then(|refund| refund.order_id.clone()),
            };
            let at = at.milliseconds();
            lines.push((
                (at, id.to_owned()),
                json!({
                    "id": id, "kind": kind, "payment_id": payment.reference, "order_id": order,
                    "operation_id": refund.and_then(BookedRefund::operation_id),
                    "amount": amount, "currency": payment.currency, "moved_at": at,
                }),
            ));
        };
        for one in &payment.captures {
            line(&one.id, "capture", one.amount_minor, one.at, None);
        }
        for one in payment.refunds.iter().filter(|one| one.state == RefundState::Succeeded) {
            line(&one.id, "refund", one.amount_minor, one.updated_at, Some(one));
        }
        for one in payment.disputes.iter().filter(|one| one.state != DisputeState::Won) {
            line(&one.id, "chargeback", one.amount_minor, one.created_at, None);
        }
    }
    lines.retain(|(place, _)| (from..to).contains(&place.0) && *place > after);
    lines.sort_by(|left, right| left.0.cmp(&right.0));
    let more = lines.len() > PAGE_LINES;
    lines.truncate(PAGE_LINES);
    let next = lines.last().filter(|_| more).map(|((at, id), _)| format!("{at}-{id}"));
    let items: Vec<Value> = lines.into_iter().map(|(_, line)| line).collect();
    json_reply(200, &json!({"items": items, "next": next}))
}

const fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::AwaitingMethod | Standing::AwaitingBuyer => "action_required",
        Standing::Processing => "processing",
        Standing::Held => "authorized",
        Standing::Captured => "captured",
        Standing::Failed => "failed",
        Standing::Cancelled => "cancelled",
    }
}

/// A payment as the API shows it.
fn shown(payment: &BookedPayment) -> Value {
    let page = format!("{BASE_URL}/pay/{}?token=t", payment.reference);
    let refunds: Vec<Value> =
        payment.refunds.iter().map(|refund| shown_refund(payment, refund)).collect();
    let disputes: Vec<Value> =
        payment.disputes.iter().map(|dispute| shown_dispute(payment, dispute)).collect();
    let decline = (payment.standing == Standing::Failed)
        .then(|| json!({"code": "card_declined", "message": "The card was declined."}));
    json!({
        "id": payment.reference,
        "status": status(payment.standing),
        "amount": payment.asked_minor,
        "currency": payment.currency,
        "captured": payment.captured_minor(),
        "method": payment.terms.method,
        "capture": if payment.terms.is_manual { "manual" } else { "automatic" },
        "order_id": payment.order_id,
        "operation_id": payment.operation_id,
        "redirect_url": (payment.standing == Standing::AwaitingBuyer).then_some(page),
        "authorized_until": payment.held_until.map(Timestamp::milliseconds),
        "statement_descriptor": null,
        "refunds": refunds,
        "disputes": disputes,
        "decline": decline,
        "created_at": payment.created_at.milliseconds(),
        "updated_at": payment.updated_at.milliseconds(),
    })
}

fn shown_refund(payment: &BookedPayment, refund: &BookedRefund) -> Value {
    json!({
        "id": refund.id,
        "payment_id": payment.reference,
        "order_id": refund.order_id,
        "operation_id": refund.operation_id(),
        "amount": refund.amount_minor,
        "currency": payment.currency,
        "status": match refund.state {
            RefundState::Pending => "pending",
            RefundState::Succeeded => "succeeded",
            RefundState::Failed => "failed",
        },
        "reason": refund.reason,
        "created_at": refund.created_at.milliseconds(),
        "updated_at": refund.updated_at.milliseconds(),
    })
}

fn shown_dispute(payment: &BookedPayment, dispute: &BookedDispute) -> Value {
    json!({
        "id": dispute.id,
        "payment_id": payment.reference,
        "amount": dispute.amount_minor,
        "currency": payment.currency,
        "status": match dispute.state {
            DisputeState::Open => "open",
            DisputeState::Won => "won",
            DisputeState::Lost => "lost",
        },
        "reason": "fraudulent",
        "respond_by": dispute.created_at.plus_seconds(RESPOND_WITHIN_SECONDS).milliseconds(),
        "created_at": dispute.created_at.milliseconds(),
        "updated_at": dispute.updated_at.milliseconds(),
    })
}

/// What a happening is told by: the event's type and what stands in it.
pub fn told(payment: &BookedPayment, happening: Happening) -> Vec<(String, Value)> {
    let event = match happening {
        Happening::Created | Happening::NeedsBuyer | Happening::Processing => return Vec::new(),
        Happening::Held | Happening::Taken | Happening::Declined | Happening::Cancelled => {
            let kind = format!("payment.{}", status(payment.standing));
            (kind, json!({ "payment": shown(payment) }))
        }
        Happening::RefundMade(at) | Happening::RefundSettled(at) => {
            let refund = shown_refund(payment, &payment.refunds[at]);
            let kind = format!("refund.{}", refund["status"].as_str().unwrap());
            (kind, json!({ "refund": refund }))
        }
        Happening::Disputed(at) | Happening::DisputeDecided(at) => {
            let dispute = shown_dispute(payment, &payment.disputes[at]);
            let kind = format!("dispute.{}", dispute["status"].as_str().unwrap());
            (kind, json!({ "dispute": dispute }))
        }
    };
    vec![event]
}

/// The event around what it tells.
pub fn envelope(id: &str, kind: &str, mut object: Value, at: Timestamp) -> Value {
    let updated = object.as_object().and_then(|fields| fields.values().next());
    let created = updated.and_then(|one| one["updated_at"].as_i64()).unwrap_or(at.milliseconds());
    object["id"] = json!(id);
    object["type"] = json!(kind);
    object["created_at"] = json!(created);
    object
}

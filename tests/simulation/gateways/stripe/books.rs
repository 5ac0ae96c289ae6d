//! Stripe's lists: the refunds of a payment, and the balance transactions with what each came from.

use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::HttpReply;
use serde_json::{Value, json};

use super::super::books::{DisputeState, RefundState};
use super::super::desk::Desk;
use super::super::exchange::{Asked, json_reply};
use super::shown::{charge, dispute_object, refund_object};
use super::{missing, refusal};

fn limit(asked: &Asked) -> usize {
    asked.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10).clamp(1, 100)
}

/// `GET /v1/refunds`, the newest first.
pub fn refund_list(desk: &Desk, asked: &Asked) -> Value {
    let wanted = asked.query("payment_intent").unwrap_or_default();
    let mut data: Vec<Value> = desk.books.payments.get(&wanted).map_or_else(Vec::new, |payment| {
        payment.refunds.iter().rev().map(|refund| refund_object(payment, refund)).collect()
    });
    let has_more = data.len() > limit(asked);
    data.truncate(limit(asked));
    json!({"object": "list", "url": "/v1/refunds", "has_more": has_more, "data": data})
}

/// A line of the books. Its identity says what it came from, so that it never changes.
fn line(at: Timestamp, kind: &str, category: &str, amount: i64, source: Value) -> Value {
    let id = source["id"].as_str().unwrap_or_default().replace('_', "");
    json!({
        "id": format!("txn_{id}{}", category.replace('_', "")),
        "object": "balance_transaction",
        "amount": amount,
        "created": at.seconds(),
        "currency": source["currency"],
        "fee": 0,
        "net": amount,
        "reporting_category": category,
        "source": source,
        "status": "available",
        "type": kind,
    })
}

fn lines(desk: &Desk) -> Vec<Value> {
    let mut lines = Vec::new();
    for payment in desk.books.payments.values() {
        for one in &payment.captures {
            let source = charge(payment, &one.charge);
            lines.push(line(one.at, "charge", "charge", one.amount_minor, source));
        }
        for one in &payment.refunds {
            let source = refund_object(payment, one);
            lines.push(line(one.created_at, "refund", "refund", -one.amount_minor, source.clone()));
            if one.state == RefundState::Failed {
                let (at, amount) = (one.updated_at, one.amount_minor);
                lines.push(line(at, "refund_failure", "refund_failure", amount, source));
            }
        }
        for one in &payment.disputes {
            let (source, amount) = (dispute_object(payment, one), one.amount_minor);
            lines.push(line(one.created_at, "adjustment", "dispute", -amount, source.clone()));
            if one.state == DisputeState::Won {
                let kind = "dispute_reversal";
                lines.push(line(one.updated_at, "adjustment", kind, amount, source));
            }
        }
    }
    let place = |line: &Value| (line["created"].as_i64(), line["id"].as_str().map(str::to_owned));
    lines.sort_by_key(|line| std::cmp::Reverse(place(line)));
    lines
}

/// `GET /v1/balance_transactions`, the newest first.
pub fn balance(desk: &Desk, asked: &Asked) -> HttpReply {
    let second = |name: &str| asked.query(name).and_then(|text| text.parse::<i64>().ok());
    let (Some(from), Some(to)) = (second("created[gte]"), second("created[lt]")) else {
        return refusal(400, None, None);
    };
    let mut found = lines(desk);
    found.retain(|line| line["created"].as_i64().is_some_and(|at| (from..to).contains(&at)));
    if let Some(after) = asked.query("starting_after") {
        let Some(at) = found.iter().position(|line| line["id"] == after.as_str()) else {
            return missing();
        };
        found.drain(..=at);
    }
    let has_more = found.len() > limit(asked);
    found.truncate(limit(asked));
    if asked.query("expand[]").as_deref() != Some("data.source") {
        for line in &mut found {
            line["source"] = line["source"]["id"].clone();
        }
    }
    let url = "/v1/balance_transactions";
    json_reply(200, &json!({"object": "list", "url": url, "has_more": has_more, "data": found}))
}

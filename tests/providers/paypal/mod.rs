//! PayPal's requests to the byte, its replies and events in our words, and whom it believes.
//!
//! This file holds what PayPal sends: the replies that the other files and the conformance suite alter.

mod contracts;
mod listing;
mod refunds;
mod requests;
mod settings;
mod states;
mod trust;
mod webhooks;

use base64ct::{Base64, Encoding};
use cartwright::domain::payment::{CallFailure, CallResult, Gateway, PaymentReport};
use cartwright::providers::payment::contract::{HttpReply, KnownPayment, PaymentGateway};
use rsa::PrivateKey;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::conformance::Incoming;
use crate::support::*;

pub const ORDER: &str = "5O190127TN364715T";
pub const HOLD: &str = "0AW2184448108334S";
pub const CAPTURE: &str = "3C679366HH908993F";
pub const REFUND: &str = "1JU08902781691411";
pub const DISPUTE: &str = "PP-D-27803";
pub const WEBHOOK_ID: &str = "1JE4291016473214C";
pub const APPROVE: &str = "https://www.paypal.com/checkoutnow?token=5O190127TN364715T";

pub const VARIABLES: &[(&str, &str)] = &[
    ("PAYPAL_CLIENT_ID", "AeA1QIZXiflr1CANARYid"),
    ("PAYPAL_CLIENT_SECRET", "EP1CANARYsecret"),
    ("PAYPAL_WEBHOOK_ID", "0EH40505U7160970P,1JE4291016473214C"),
    ("PAYPAL_WEBHOOK_ROOTS", include_str!("certificates/root.pem")),
];

fn paypal<T>(work: impl FnOnce(&dyn PaymentGateway) -> T) -> T {
    with_gateway(Gateway::Paypal, work)
}

/// A moment of the payment's life, so many seconds after its start.
pub fn at(seconds: i64) -> String {
    let text = NOW.plus_seconds(seconds).rfc3339();
    format!("{}Z", text.split_once('.').unwrap().0)
}

pub fn usd(value: &str) -> Value {
    json!({"currency_code": "USD", "value": value})
}

fn links(of: &[(&str, &str)]) -> Value {
    let link = |(rel, href): &(&str, &str)| json!({"rel": rel, "href": href, "method": "GET"});
    Value::Array(of.iter().map(link).collect())
}

/// An order of `ask()` in that status, with the whole of it shown.
pub fn order(status: &str) -> Value {
    json!({
        "id": ORDER,
        "intent": "CAPTURE",
        "status": status,
        "payment_source": {"paypal": {}},
        "purchase_units": [{
            "reference_id": "default",
            "amount": usd("19.99"),
            "payee": {"email_address": "shop@example.com", "merchant_id": "8QNHYVUFW8CF6"},
            "custom_id": order_id().to_string(),
            "invoice_id": operation(1).to_string(),
        }],
        "create_time": at(0),
        "links": links(&[
            ("self", &format!("https://api-m.paypal.com/v2/checkout/orders/{ORDER}")),
            ("payer-action", APPROVE),
        ]),
    })
}

/// An order that is through, with these payments.
pub fn order_with(payments: Value) -> Value {
    let mut order = order("COMPLETED");
    order["purchase_units"][0]["payments"] = payments;
    order["update_time"] = json!(at(2));
    order
}

pub fn capture(status: &str, value: &str) -> Value {
    json!({
        "id": CAPTURE,
        "status": status,
        "amount": usd(value),
        "final_capture": true,
        "seller_protection": {"status": "NOT_ELIGIBLE"},
        "custom_id": order_id().to_string(),
        "invoice_id": operation(1).to_string(),
        "links": links(&[("up", &format!("https://api-m.paypal.com/v2/checkout/orders/{ORDER}"))]),
        "create_time": at(2),
        "update_time": at(2),
    })
}

pub fn hold(status: &str) -> Value {
    json!({
        "id": HOLD,
        "status": status,
        "amount": usd("19.99"),
        "custom_id": order_id().to_string(),
        "invoice_id": operation(1).to_string(),
        "expiration_time": at(29 * 86_400),
        "create_time": at(1),
        "update_time": at(1),
    })
}

/// An order whose money is held, and these captures of it.
pub fn held(status: &str, captures: &[Value]) -> Value {
    let mut order = order_with(json!({"authorizations": [hold(status)], "captures": captures}));
    order["intent"] = json!("AUTHORIZE");
    order
}

pub fn paid() -> Value {
    order_with(json!({"captures": [capture("COMPLETED", "19.99")]}))
}

/// A refund that the operation asked for.
pub fn refund(id: &str, status: &str, value: &str, by: u128) -> Value {
    json!({
        "id": id,
        "status": status,
        "amount": usd(value),
        "custom_id": format!("{}.{}", order_id(), operation(by)),
        "invoice_id": operation(by).to_string(),
        "note_to_payer": "Returned",
        "links": links(&[
            ("self", &format!("https://api-m.paypal.com/v2/payments/refunds/{id}")),
            ("up", &format!("https://api-m.paypal.com/v2/payments/captures/{CAPTURE}")),
        ]),
        "create_time": at(5),
        "update_time": at(6),
    })
}

/// A refund that somebody made at PayPal: it has the marks of the capture.
pub fn refund_by_hand(id: &str, value: &str) -> Value {
    let mut refund = refund(id, "COMPLETED", value, 1);
    refund["custom_id"] = json!(order_id().to_string());
    refund
}

pub fn dispute(status: &str, outcome: Option<&str>) -> Value {
    let mut dispute = json!({
        "dispute_id": DISPUTE,
        "create_time": at(7),
        "update_time": at(if status == "RESOLVED" { 9 } else { 8 }),
        "disputed_transactions": [{
            "seller_transaction_id": CAPTURE,
            "custom": order_id().to_string(),
            "invoice_number": operation(1).to_string(),
        }],
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": status,
        "dispute_amount": usd("19.99"),
        "dispute_life_cycle_stage": "CHARGEBACK",
        "seller_response_due_date": at(10 * 86_400),
    });
    if let Some(code) = outcome {
        dispute["dispute_outcome"] = json!({"outcome_code": code});
    }
    dispute
}

/// An event as PayPal sends it.
pub fn event(kind: &str, resource: Value) -> Value {
    json!({
        "id": format!("WH-58D329510W468432D-{}", kind.replace('.', "")),
        "event_version": "1.0",
        "create_time": at(3).replace('Z', ".250Z"),
        "resource_type": "capture",
        "resource_version": "2.0",
        "event_type": kind,
        "summary": "Something happened",
        "resource": resource,
    })
}

/// A refusal as PayPal writes it.
pub fn refusal(status: u16, name: &str, issue: Option<&str>) -> HttpReply {
    let details: Vec<Value> = issue
        .map(|issue| json!({"issue": issue, "description": "It says why."}))
        .into_iter()
        .collect();
    let body = json!({"name": name, "message": "It was refused.", "debug_id": "b2a8a1b6c1234",
        "details": details, "links": []});
    json_reply(status, &body)
}

pub fn unprocessable(issue: &str) -> HttpReply {
    refusal(422, "UNPROCESSABLE_ENTITY", Some(issue))
}

pub fn revoked() -> HttpReply {
    let body = json!({"error": "invalid_token", "error_description": "Token signature failed"});
    json_reply(401, &body)
}

pub fn no_such_order() -> HttpReply {
    refusal(404, "RESOURCE_NOT_FOUND", Some("INVALID_RESOURCE_ID"))
}

pub const GOOD_CHAIN: &str = include_str!("certificates/good.pem");
const CERTIFICATE: &str = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594";

/// The parts of a signature, each to be made wrong.
pub struct Signing<'a> {
    pub webhook_id: &'a str,
    pub time: String,
    pub certificate_url: &'a str,
    pub algorithm: &'a str,
    pub chain: &'a str,
}

impl Default for Signing<'_> {
    fn default() -> Self {
        Self {
            webhook_id: WEBHOOK_ID,
            time: at(0),
            certificate_url: CERTIFICATE,
            algorithm: "SHA256withRSA",
            chain: GOOD_CHAIN,
        }
    }
}

impl Signing<'_> {
    /// A webhook signed in this way with the key of the test leaf.
    pub fn sign(&self, body: &[u8]) -> Incoming {
        const ID: &str = "b0e1c0f0-e6a1-11ee-8f6d-0242ac120002";
        let key = include_bytes!("certificates/leaf.der");
        let key = PrivateKey::from_pkcs8_der(key).unwrap();
        let text = format!("{ID}|{}|{}|{}", self.time, self.webhook_id, crc32(body));
        let hash = Sha256::digest(text.as_bytes());
        let signature = key.sign(Pkcs1v15Sign::new::<Sha256>(), &hash).unwrap();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Incoming {
            headers: vec![
                header("paypal-transmission-id", ID),
                header("paypal-transmission-time", &self.time),
                header("paypal-transmission-sig", &Base64::encode_string(&signature)),
                header("paypal-cert-url", self.certificate_url),
                header("paypal-auth-algo", self.algorithm),
            ],
            body: body.to_vec(),
            evidence: Some(reply(200, self.chain)),
        }
    }
}

/// A webhook rightly signed now.
pub fn sign(body: &[u8]) -> Incoming {
    Signing::default().sign(body)
}

/// The CRC-32 by its table, as in other implementations than ours.
fn crc32(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256u32)
        .map(|n| (0..8).fold(n, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 }))
        .collect();
    let step = |c: u32, b: &u8| table[usize::from(c.to_le_bytes()[0] ^ b)] ^ (c >> 8);
    !bytes.iter().fold(u32::MAX, step)
}

/// The paid payment, as the shop knows it.
pub fn known_order() -> KnownPayment {
    known(ORDER)
}

/// The held payment, as the shop knows it.
pub fn known_hold() -> KnownPayment {
    KnownPayment { charge: Some(HOLD.to_owned()), ..known(ORDER) }
}

/// What a question about the order is answered.
fn asked(order: &Value) -> PaymentReport {
    let reply = json_reply(200, order);
    paypal(|gateway| gateway.retrieve(&known_order()).unwrap().read(&reply, NOW)).unwrap()
}

//! What the tests share: settings of every gateway, one order's ask, and replies as vendors write them.

use crate::conformance::{VENDORS, hostile, vendor};
use std::sync::OnceLock;

use cartwright::domain::id::{OperationId, OrderId, ShardNumber};
use cartwright::domain::money::Money;
use cartwright::domain::payment::{CaptureMode, Gateway, PaymentReport};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    AuthorizeAsk, EventNews, HttpReply, HttpRequest, KnownPayment, PaymentGateway, VerifiedEvent,
};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

/// The canary of every secret: no output may hold it.
pub const CANARY: &str = "CANARY";
pub const STRIPE_KEY: &str = "sk_test_CANARY_key";
pub const SANDBOX_KEY: &str = "CANARY_sandbox_key";
pub const RAZORPAY_KEY_ID: &str = "rzp_test_key";
pub const RAZORPAY_KEY_SECRET: &str = "CANARY_razorpay_secret";
pub const OLD_SECRET: &str = "whsec_CANARY_old";
pub const NEW_SECRET: &str = "whsec_CANARY_new";

/// 2026-01-01T00:00:00.250Z.
pub const NOW: Timestamp = Timestamp::from_milliseconds(1_767_225_600_250);
pub const NOW_SECONDS: i64 = 1_767_225_600;

pub const REFERENCE: &str = "pi_3Qx7dE2eZvKYlo2C0abcdEFG";

/// Every gateway that has joined the conformance suite, set up by its own variables.
pub fn settings() -> PaymentSettings {
    PaymentSettings::from_variables(|name| {
        let of_vendors = VENDORS.iter().flat_map(|vendor| vendor.variables);
        std::iter::once(&("ENVIRONMENT", "development"))
            .chain(of_vendors)
            .find(|(variable, _)| *variable == name)
            .map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

pub fn with_gateway<T>(which: Gateway, work: impl FnOnce(&dyn PaymentGateway) -> T) -> T {
    static SETTINGS: OnceLock<PaymentSettings> = OnceLock::new();
    let settings = SETTINGS.get_or_init(settings);
    work(registry::gateway(settings, which).unwrap().as_ref())
}

pub fn order_id() -> OrderId {
    OrderId::new(ShardNumber(7), Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001))
}

pub fn operation(number: u128) -> OperationId {
    OperationId::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_1000 | number))
}

pub fn money(amount: i64, currency: &str) -> Money {
    Money::new(amount, currency.parse().unwrap())
}

pub fn ask() -> AuthorizeAsk {
    AuthorizeAsk {
        operation_id: operation(1),
        order_id: order_id(),
        amount: money(1_999, "USD"),
        capture: CaptureMode::Automatic,
        method: None,
        return_url: None,
        email: None,
        description: None,
        statement_descriptor: None,
        billing: None,
    }
}

/// The gateways that sign as Stripe does.
pub const STRIPES_SCHEME: [Gateway; 2] = [Gateway::Sandbox, Gateway::Stripe];

/// What is known of the payment of `ask()`.
pub fn known(reference: &str) -> KnownPayment {
    let AuthorizeAsk { order_id, operation_id, amount, .. } = ask();
    KnownPayment {
        order_id,
        started_by: operation_id,
        reference: reference.to_owned(),
        amount,
        charge: None,
        card_last_four: None,
        settled: None,
    }
}

/// Where the payment stands, if the event says so.
pub fn report_of(event: &VerifiedEvent) -> Option<PaymentReport> {
    match &event.news {
        EventNews::Payment(report) => Some((**report).clone()),
        _ => None,
    }
}

pub fn reply(status: u16, body: impl Into<Vec<u8>>) -> HttpReply {
    HttpReply { status, headers: Vec::new(), body: body.into() }
}

pub fn json_reply(status: u16, body: &Value) -> HttpReply {
    reply(status, body.to_string())
}

/// A request as text, as it would be on the wire: what the goldens compare.
pub fn wire(request: &HttpRequest) -> String {
    let mut text = format!("{} {}\n", request.method.name(), request.url);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(std::str::from_utf8(&request.body).unwrap());
    text
}

/// A `PaymentIntent` as Stripe writes one for `ask()`.
pub fn stripe_intent(status: &str) -> Value {
    let received = if status == "succeeded" { 1_999 } else { 0 };
    let capturable = if status == "requires_capture" { 1_999 } else { 0 };
    json!({
        "id": REFERENCE,
        "object": "payment_intent",
        "amount": 1_999,
        "amount_capturable": capturable,
        "amount_details": {"tip": {}},
        "amount_received": received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": true},
        "canceled_at": null,
        "cancellation_reason": null,
        "capture_method": "automatic",
        "client_secret": format!("{REFERENCE}_secret_t0kenF0rTheBr0wser"),
        "confirmation_method": "automatic",
        "created": NOW_SECONDS - 1,
        "currency": "usd",
        "customer": null,
        "description": null,
        "last_payment_error": null,
        "latest_charge": null,
        "livemode": false,
        "metadata": {
            "order_id": order_id().to_string(),
            "operation_id": operation(1).to_string(),
        },
        "next_action": null,
        "on_behalf_of": null,
        "payment_method": null,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": null,
        "receipt_email": null,
        "review": null,
        "setup_future_usage": null,
        "shipping": null,
        "source": null,
        "statement_descriptor": null,
        "statement_descriptor_suffix": null,
        "status": status,
        "transfer_data": null,
        "transfer_group": null,
    })
}

/// The error of a declined card, with the payment that it was for.
pub fn stripe_decline() -> Value {
    let error = json!({
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card has insufficient funds.",
        "type": "card_error",
    });
    let mut intent = stripe_intent("requires_payment_method");
    intent["last_payment_error"] = error.clone();
    let mut body = json!({ "error": error });
    body["error"]["payment_intent"] = intent;
    body
}

/// A refund as Stripe writes one; `asked_by` is the operation of ours, if it is one of ours.
pub fn stripe_refund(status: &str, amount: i64, asked_by: Option<OperationId>) -> Value {
    let metadata = asked_by.map_or_else(
        || json!({}),
        |operation| {
            json!({"order_id": order_id().to_string(), "operation_id": operation.to_string()})
        },
    );
    let number = asked_by.map_or_else(|| "dashboard".to_owned(), |operation| operation.to_string());
    json!({
        "id": format!("re_3Qx7dE2eZvKYlo2C0_{number}"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": "txn_3Qx7dE2eZvKYlo2C0refund",
        "charge": "ch_3Qx7dE2eZvKYlo2C0abcdEFG",
        "created": NOW_SECONDS,
        "currency": "usd",
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": metadata,
        "payment_intent": REFERENCE,
        "reason": null,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": status,
        "transfer_reversal": null,
    })
}

/// A dispute of the whole payment as Stripe writes one.
pub fn stripe_dispute(status: &str) -> Value {
    json!({
        "id": "dp_3Qx7dE2eZvKYlo2C0abcdEFG",
        "object": "dispute",
        "amount": 1_999,
        "balance_transactions": [],
        "charge": "ch_3Qx7dE2eZvKYlo2C0abcdEFG",
        "created": NOW_SECONDS,
        "currency": "usd",
        "evidence": {},
        "evidence_details": {
            "due_by": NOW_SECONDS + 604_800, "has_evidence": false, "past_due": false,
            "submission_count": 0,
        },
        "is_charge_refundable": false,
        "livemode": false,
        "metadata": {},
        "payment_intent": REFERENCE,
        "reason": "fraudulent",
        "status": status,
    })
}

/// The charge of `ask()`, as far as it is read.
pub fn stripe_charge() -> Value {
    json!({
        "id": "ch_3Qx7dE2eZvKYlo2C0abcdEFG",
        "object": "charge",
        "amount": 1_999,
        "amount_captured": 1_999,
        "amount_refunded": 0,
        "captured": true,
        "created": NOW_SECONDS,
        "currency": "usd",
        "disputed": false,
        "metadata": {
            "order_id": order_id().to_string(),
            "operation_id": operation(1).to_string(),
        },
        "paid": true,
        "payment_intent": REFERENCE,
        "payment_method_details": {"card": {"brand": "visa", "last4": "4242"}, "type": "card"},
        "refunded": false,
        "status": "succeeded",
    })
}

/// A line of Stripe's books, settled in another currency than the buyer's.
pub fn stripe_line(kind: &str, number: u32, source: Value) -> Value {
    json!({
        "id": format!("txn_{number}"),
        "object": "balance_transaction",
        "amount": 1_712,
        "available_on": NOW_SECONDS + 172_800,
        "created": NOW_SECONDS - 60,
        "currency": "eur",
        "description": null,
        "exchange_rate": 0.856_428_2,
        "fee": 75,
        "fee_details": [],
        "net": 1_637,
        "reporting_category": kind,
        "source": source,
        "status": "pending",
        "type": kind,
    })
}

/// A list as Stripe writes one.
pub fn stripe_list(url: &str, items: Vec<Value>, has_more: bool) -> Value {
    json!({"object": "list", "url": url, "has_more": has_more, "data": items})
}

/// An event as Stripe sends it.
pub fn stripe_event(kind: &str, object: Value) -> Value {
    json!({
        "id": "evt_3Qx7dE2eZvKYlo2C0WpQx1Yz",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": NOW_SECONDS,
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": "req_1", "idempotency_key": operation(1).to_string()},
        "type": kind,
    })
}

/// A payment as the sandbox writes one for `ask()`; `sandbox/sandbox.test.mjs` holds the sandbox to the
/// same file.
pub fn sandbox_payment(status: &str) -> Value {
    let mut payment: Value =
        serde_json::from_str(include_str!("golden/sandbox_payment.json")).unwrap();
    payment["status"] = json!(status);
    if status != "captured" {
        payment["captured"] = json!(0);
    }
    payment
}

/// An event as the sandbox sends it.
pub fn sandbox_event(payment: Value) -> Value {
    json!({
        "id": "evt_8899aabbccddeeff",
        "type": "payment.captured",
        "created_at": NOW.plus_milliseconds(-20).milliseconds(),
        "payment": payment,
    })
}

/// The header in which a gateway puts its signature.
pub fn signature_header(gateway: Gateway) -> &'static str {
    vendor(gateway).signature_header
}

/// The hexadecimal MAC of Stripe's scheme.
pub fn mac(secret: &str, time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A good header.
pub fn signed(secret: &str, seconds: i64, body: &[u8]) -> String {
    let time = seconds.to_string();
    format!("t={time},v1={}", mac(secret, &time, body))
}

/// An event that is of interest, as bytes.
pub fn event_body(gateway: Gateway) -> Vec<u8> {
    hostile::good_event(vendor(gateway)).unwrap().body
}

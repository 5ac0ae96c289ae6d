//! Razorpay's own examples and signatures, where the shared contracts are there.

use cartwright::domain::payment::{CallFailure, Gateway, OperationKind, ReportedState};
use cartwright::providers::payment::contract::{
    CaptureAsk, EventNews, ListedPage, ParameterLookup, RefundAsk, Window,
};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;
use serde_json::{Value, json};

use super::fixtures::*;
use crate::contracts::contract;

fn replies() -> Option<Value> {
    contract("razorpay/responses.json")
}

/// The example with what the examples leave out or hold in older words.
fn with_all(value: &Value, fields: &[(&str, Value)]) -> Value {
    fields.iter().fold(value.clone(), |value, (field, to)| with(value, field, to.clone()))
}

#[test]
fn razorpays_orders_are_read() {
    let Some(replies) = replies() else { return };
    let find =
        |orders: Value| razorpay(|g| g.find(&ask()).unwrap().read(&json_reply(200, &orders), NOW));
    // None of them is ours.
    assert_eq!(find(replies["order_collection"].clone()), Ok(None));
    assert_eq!(find(replies["order_collection_with_one_order"].clone()), Ok(None));
    let ours = [("receipt", json!(operation(1).to_string()))];
    let attempted = with_all(&replies["edit_order"], &ours);
    let result = find(list(std::slice::from_ref(&attempted)));
    assert!(
        matches!(result, Err(CallFailure::Unknown { .. })),
        "an order that was attempted does not say by itself what became of it: {result:?}"
    );
    let id = attempted["id"].as_str().unwrap();
    let failed =
        with_all(&payment("failed", 1), &[("order_id", json!(id)), ("currency", json!("INR"))]);
    let report = find(list(&[with(attempted, "payments", list(&[failed]))])).unwrap().unwrap();
    assert_eq!((report.state, report.amount), (ReportedState::Declined, money(2_200, "INR")));
    // Known to be bad: an order whose identity Razorpay can't have given.
    let fake = with_all(&replies["fake_order"], &ours);
    assert!(matches!(find(list(&[fake])), Err(CallFailure::Unknown { .. })));
}

#[test]
fn razorpays_payments_and_refunds_are_read() {
    let Some(replies) = replies() else { return };
    let window = Window { from: NOW.plus_seconds(-1_767_225_600), to: NOW };
    let listed = |cursor: Option<&str>, items: &[Value]| -> Result<ListedPage, CallFailure> {
        razorpay(|g| {
            let call = g.listing().unwrap().list(window, cursor).unwrap();
            call.read(&json_reply(200, &list(items)), NOW)
        })
    };
    let payments = [
        replies["fake_captured_payment"].clone(),
        replies["edit_payment"].clone(),
        replies["payment_collection"]["items"][0].clone(),
    ];
    let page = listed(None, &payments).unwrap();
    assert_eq!(page.entries.len(), 1, "one was captured");
    assert_eq!(page.entries[0].amount, money(500, "INR"));
    assert_eq!(page.entries[0].occurred_at.seconds(), 1_400_826_750);
    let page = listed(Some("refunds:0"), &[replies["fake_refund"].clone()]).unwrap();
    assert_eq!(page.entries[0].kind, OperationKind::Refund);
    assert_eq!(page.entries[0].amount, money(300_100, "INR"));
    // Known to be bad: refunds of an older API that do not say where they stand.
    let old = replies["refund_collection"]["items"].as_array().unwrap();
    assert!(matches!(listed(Some("refunds:0"), old), Err(CallFailure::Unknown { .. })));

    let refund = with(replies["fake_refund"].clone(), "receipt", json!(operation(4).to_string()));
    let charge = refund["payment_id"].as_str().unwrap().to_owned();
    let ask = RefundAsk { capture: Some(charge), ..refund_ask() };
    let movement = razorpay(|g| {
        let call = g.refunding().unwrap().refund(&ask).unwrap();
        call.read(&json_reply(200, &refund), NOW).unwrap()
    });
    assert_eq!(movement.amount, money(300_100, "INR"));

    let held = with(replies["edit_payment"].clone(), "order_id", json!(ORDER));
    let mut known = paid();
    known.charge = held["id"].as_str().map(ToOwned::to_owned);
    let ask = CaptureAsk { payment: known, ..capture_ask() };
    let report = razorpay(|g| {
        let call = g.capturing().unwrap().capture(&ask).unwrap();
        call.read(&json_reply(200, &held), NOW).unwrap()
    });
    assert_eq!((report.state, report.amount), (ReportedState::Authorized, money(1_000, "INR")));
}

/// Razorpay, with these secrets.
fn razorpay_with(key_secret: &str, webhook_secret: &str) -> PaymentSettings {
    PaymentSettings::from_variables(|name| {
        let value = match name {
            "RAZORPAY_KEY_ID" => RAZORPAY_KEY_ID,
            "RAZORPAY_KEY_SECRET" => key_secret,
            "RAZORPAY_WEBHOOK_SECRET" => webhook_secret,
            _ => return None,
        };
        Some(value.to_owned())
    })
    .unwrap()
}

#[test]
fn razorpays_webhooks_and_disputes_are_read() {
    let Some(replies) = replies() else { return };
    let told = |event: &Value| {
        let body = event.to_string();
        let signature = super::webhooks::sign(NEW_SECRET, body.as_bytes());
        let lookup = |name: &str| (name == "x-razorpay-signature").then(|| signature.clone());
        razorpay(|g| g.verify(&lookup, body.as_bytes(), None, NOW)).unwrap().news
    };
    let news = told(&replies["fake_payment_authorized_webhook"]);
    assert_eq!(news, EventNews::AskAbout { reference: "order_100000000order".to_owned() });
    for name in ["dispute", "dispute_accept", "dispute_contest"] {
        let dispute = &replies[name];
        let of = with(payment("captured", 9), "id", dispute["payment_id"].clone());
        let entities = [("payment", of), ("dispute", dispute.clone())];
        let news = told(&event("payment.dispute.created", &entities));
        let EventNews::Movements { movements, .. } = news else { panic!("{name}: {news:?}") };
        assert_eq!(movements[0].respond_by.unwrap().seconds(), dispute["respond_by"]);
    }
}

#[test]
fn signatures_made_by_razorpays_sdk() {
    let Some(vectors) = contract("signatures/vectors.json") else { return };
    let vector = &vectors["razorpay"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (body, secret) = (text(&vector["body"]), text(&vector["secret"]));
    let header = text(&vector["header"]["X-Razorpay-Signature"]);
    let checkout = &vector["checkout"];
    let key_secret = text(&checkout["key_secret"]);
    let believed = |secrets: &str, header: &str, body: &str| {
        let settings = razorpay_with(&key_secret, secrets);
        let lookup = |name: &str| (name == "x-razorpay-signature").then(|| header.to_owned());
        let gateway = registry::gateway(&settings, Gateway::Razorpay).unwrap();
        gateway.verify(&lookup, body.as_bytes(), None, NOW).is_ok()
    };
    assert!(believed(&secret, &header, &body));
    assert!(believed(&format!("old,{secret},other"), &header, &body), "any live secret");
    assert!(!believed("old,other", &header, &body), "no live secret");
    assert!(!believed(&secret, &header.to_uppercase(), &body), "upper case");
    assert!(!believed(&secret, &format!("{header:.62}"), &body), "truncated");
    assert!(!believed(&secret, &header, &body.replace("50000", "50001")), "tampered");
    let parsed: Value = serde_json::from_str(&body).unwrap();
    assert!(!believed(&secret, &header, &parsed.to_string()), "re-serialised");

    let settings = razorpay_with(&key_secret, &secret);
    let gateway = registry::gateway(&settings, Gateway::Razorpay).unwrap();
    let good = |name: &str| checkout.get(name).map(text);
    let swapped = |name: &str| match name {
        "razorpay_payment_id" => Some("pay_2".to_owned()),
        _ => good(name),
    };
    let check = |lookup: ParameterLookup<'_>| {
        gateway.check_return(&known(&text(&checkout["razorpay_order_id"])), lookup).is_ok()
    };
    assert!(check(&good));
    assert!(!check(&swapped));
    assert!(gateway.check_return(&known("order_2"), &good).is_err(), "another order");
}

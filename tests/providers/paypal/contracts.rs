//! Against PayPal's own descriptions of its API, where they are present.

use cartwright::domain::payment::CaptureMode;
use cartwright::providers::payment::contract::{CaptureAsk, EventNews, RefundAsk};
use cartwright::providers::payment::registry;
use cartwright::providers::payment::settings::PaymentSettings;

use super::*;
use crate::contracts::contract;

/// Whether PayPal's schema takes a body.
fn takes(description: &Value, schema: &str, body: &Value) -> Result<(), String> {
    assert!(description["components"]["schemas"][schema].is_object(), "no schema {schema}");
    let root = json!({"$ref": format!("#/components/schemas/{schema}"),
        "components": description["components"]});
    let validator = jsonschema::validator_for(&root).unwrap();
    validator.validate(body).map_err(|error| format!("{schema}: {error} in {body}"))
}

fn sent(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn paypals_schemas_take_our_requests_and_refuse_bad_ones() {
    let Some(orders) = contract("paypal/checkout_orders_v2.json") else { return };
    let Some(payments) = contract("paypal/payments_payment_v2.json") else { return };
    let mut full = ask();
    full.capture = CaptureMode::OnRequest;
    full.return_url = Some("https://shop.example/back?order=1".to_owned());
    full.email = Some("buyer@example.com".to_owned());
    full.description = Some("Order 1".to_owned());
    full.statement_descriptor = Some("CARTWRIGHT".to_owned());
    let mut forints = ask();
    forints.amount = money(150_000, "HUF");
    paypal(|gateway| {
        for ask in [&ask(), &full, &forints] {
            let body = sent(&gateway.authorize(ask).unwrap().request.body);
            takes(&orders, "order_request", &body).unwrap();
        }
        let completing = gateway.completing().unwrap();
        let body = sent(&completing.complete(&full, &known_order()).unwrap().request.body);
        takes(&orders, "order_authorize_request", &body).unwrap();
        takes(&orders, "order_capture_request", &body).unwrap();
        let capture = CaptureAsk {
            operation_id: operation(3),
            payment: known_hold(),
            amount: money(1_200, "USD"),
            is_final: false,
        };
        let capturing = gateway.capturing().unwrap();
        let body = sent(&capturing.capture(&capture).unwrap().request.body);
        takes(&payments, "capture_request", &body).unwrap();
        let refund = RefundAsk {
            operation_id: operation(5),
            payment: known_order(),
            capture: Some(CAPTURE.to_owned()),
            amount: money(1_200, "USD"),
            captured_minor: 1_999,
            reason: Some("Returned".to_owned()),
        };
        let body = sent(&gateway.refunding().unwrap().refund(&refund).unwrap().request.body);
        takes(&payments, "refund_request", &body).unwrap();
    });
    let good = paypal(|gateway| sent(&gateway.authorize(&full).unwrap().request.body));
    for (path, bad) in [
        ("/intent", json!("LATER")),
        ("/purchase_units", json!("one")),
        ("/purchase_units/0/amount/value", json!("19,99")),
        ("/purchase_units/0/amount/value", json!(19.99)),
        ("/purchase_units/0/custom_id", json!("x".repeat(128))),
        ("/purchase_units/0/soft_descriptor", json!("x".repeat(23))),
        ("/payment_source/paypal/experience_context/user_action", json!("PAY_LATER")),
    ] {
        let mut body = good.clone();
        *body.pointer_mut(path).unwrap() = bad;
        assert!(takes(&orders, "order_request", &body).is_err(), "{path}");
    }
    let bad = json!({"amount": {"value": "1.00"}});
    assert!(takes(&payments, "capture_request", &bad).is_err());
    assert!(takes(&payments, "refund_request", &bad).is_err());
}

#[test]
fn our_paypal_replies_are_shaped_as_paypal_says() {
    let Some(orders) = contract("paypal/checkout_orders_v2.json") else { return };
    let Some(payments) = contract("paypal/payments_payment_v2.json") else { return };
    let Some(webhooks) = contract("paypal/notifications_webhooks_v1.json") else { return };
    let part = capture("COMPLETED", "12.00");
    let refunds = order_with(json!({"captures": [capture("REFUNDED", "19.99")],
        "refunds": [refund(REFUND, "COMPLETED", "12.00", 5)]}));
    for order in [
        order("PAYER_ACTION_REQUIRED"),
        order("APPROVED"),
        paid(),
        held("CREATED", &[]),
        held("PARTIALLY_CAPTURED", &[part]),
        refunds,
    ] {
        takes(&orders, "order", &order).unwrap();
    }
    takes(&payments, "capture-2", &capture("PENDING", "19.99")).unwrap();
    takes(&payments, "authorization-2", &hold("VOIDED")).unwrap();
    takes(&payments, "refund", &refund(REFUND, "PENDING", "12.00", 5)).unwrap();
    takes(&webhooks, "event", &event("CHECKOUT.ORDER.APPROVED", order("APPROVED"))).unwrap();
    let mut refused: Value =
        serde_json::from_slice(&unprocessable("PREVIOUSLY_VOIDED").body).unwrap();
    let words = "Authorization has been previously voided and hence cannot be voided again.";
    refused["details"][0]["description"] = json!(words);
    takes(&payments, "authorizations.void-422", &refused).unwrap();
    let mut bad = paid();
    bad["status"] = json!("BLESSED");
    assert!(takes(&orders, "order", &bad).is_err());
    assert!(takes(&payments, "refund", &refund(REFUND, "BLESSED", "12.00", 5)).is_err());
    assert!(takes(&webhooks, "event", &json!({"id": 7})).is_err());
}

#[test]
fn paypals_schema_takes_our_question_about_a_webhook() {
    let Some(webhooks) = contract("paypal/notifications_webhooks_v1.json") else { return };
    let settings = PaymentSettings::from_variables(|name| {
        let by_api = [("PAYPAL_WEBHOOK_VERIFICATION", "api"), ("PAYPAL_WEBHOOK_ID", WEBHOOK_ID)];
        let found = by_api.iter().chain(VARIABLES).find(|(variable, _)| *variable == name);
        found.filter(|(name, _)| *name != "PAYPAL_WEBHOOK_ROOTS").map(|(_, v)| (*v).to_owned())
    })
    .unwrap();
    let gateway = registry::gateway(&settings, Gateway::Paypal).unwrap();
    let incoming = sign(event("CHECKOUT.ORDER.APPROVED", order("APPROVED")).to_string().as_bytes());
    let header = |name: &str| {
        incoming.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let evidence = gateway.evidence(&header, &incoming.body, NOW).unwrap().unwrap();
    let body = sent(&evidence.request.body);
    assert_eq!(body.as_object().unwrap().len(), 7);
    takes(&webhooks, "verify_webhook_signature", &body).unwrap();
    let mut bad = body.clone();
    bad.as_object_mut().unwrap().remove("cert_url");
    assert!(takes(&webhooks, "verify_webhook_signature", &bad).is_err());
}

/// A signature that was made after the formula of PayPal's own package for Python.
#[test]
fn a_signature_by_paypals_formula() {
    let Some(vectors) = contract("signatures/vectors.json") else { return };
    let vector = &vectors["paypal_selfsigned"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let roots = text(&vector["test_cert_pem"]);
    let webhook_id = text(&vector["webhook_id"]);
    let settings = PaymentSettings::from_variables(|name| match name {
        "ENVIRONMENT" => Some("development".to_owned()),
        "PAYPAL_WEBHOOK_ROOTS" => Some(roots.clone()),
        "PAYPAL_WEBHOOK_ID" => Some(webhook_id.clone()),
        _ => VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, v)| (*v).to_owned()),
    })
    .unwrap();
    let gateway = registry::gateway(&settings, Gateway::Paypal).unwrap();
    let header = |name: &str| vector["headers"][name.to_uppercase()].as_str().map(str::to_owned);
    let certificate = reply(200, text(&vector["test_cert_pem"]));
    let body = text(&vector["body"]);
    let judge = |body: &str| {
        assert!(gateway.evidence(&header, body.as_bytes(), NOW).unwrap().is_some());
        gateway.verify(&header, body.as_bytes(), Some(&certificate), NOW)
    };
    let told = judge(&body).unwrap();
    assert_eq!((told.event_id.as_str(), told.news), ("WH-1", EventNews::Nothing));
    assert!(judge(&body.replace("10.00", "10.01")).is_err());
    assert!(judge(&format!("{body}\n")).is_err());
}

//! Against the vendors' own data, where it is present: `../shared/contracts` is no part of a checkout,
//! and a test that needs it says so and passes without it.

use std::path::Path;

use cartwright::domain::payment::{CaptureMode, Gateway, ReportedState};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{CaptureAsk, VoidAsk};
use cartwright::providers::payment::settings::Secret;
use cartwright::providers::payment::signature;
use serde_json::{Map, Value, json};

use crate::support::*;

pub fn contract(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(_) => {
            println!("skipped: shared/contracts/{name} is not there");
            None
        }
    }
}

const OPENAPI: &str = "stripe/openapi-2023-08-16.slice.json";

/// A form body as nested JSON: `metadata[order_id]=x` is `{"metadata": {"order_id": "x"}}`.
fn form(body: &[u8]) -> Value {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap();
    let mut root = Map::new();
    for (name, value) in pairs {
        let slot = match name.split_once('[') {
            None => root.entry(name),
            Some((outer, inner)) => root
                .entry(outer)
                .or_insert_with(|| json!({}))
                .as_object_mut()
                .unwrap()
                .entry(inner.strip_suffix(']').unwrap()),
        };
        assert!(matches!(slot, serde_json::map::Entry::Vacant(_)), "a field twice");
        slot.or_insert(Value::String(value));
    }
    Value::Object(root)
}

/// A form knows only texts: where the schema wants a number or a truth value, the text is read as one.
fn typed(value: &Value, schema: &Value) -> Value {
    match (value, schema["type"].as_str()) {
        (Value::String(text), Some("integer")) => {
            text.parse::<i64>().map_or_else(|_| value.clone(), Value::from)
        }
        (Value::String(text), Some("boolean")) => {
            text.parse::<bool>().map_or_else(|_| value.clone(), Value::from)
        }
        (Value::Object(fields), _) => fields
            .iter()
            .map(|(name, field)| (name.clone(), typed(field, &schema["properties"][name])))
            .collect::<Map<_, _>>()
            .into(),
        _ => value.clone(),
    }
}

/// Whether Stripe's schema of the request takes a body.
fn takes(openapi: &Value, path: &str, body: &[u8]) -> Result<(), String> {
    let schema = &openapi["paths"][path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
        ["schema"];
    assert!(schema.is_object(), "{path} has no schema");
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.validate(&typed(&form(body), schema)).map_err(|error| error.to_string())
}

#[test]
fn stripes_schema_takes_our_requests_and_refuses_bad_ones() {
    let Some(openapi) = contract(OPENAPI) else { return };
    let mut full = ask();
    full.capture = CaptureMode::Manual;
    full.method = Some("pm_card_visa".to_owned());
    full.email = Some("buyer@example.com".to_owned());
    full.description = Some("Order 1".to_owned());
    let mut with_return = full.clone();
    with_return.return_url = Some("https://shop.example/back".to_owned());
    with_gateway(Gateway::Stripe, |gateway| {
        for ask in [ask(), full, with_return] {
            let body = gateway.authorize(&ask).unwrap().request.body;
            takes(&openapi, "/v1/payment_intents", &body).unwrap();
        }
        let reference = REFERENCE.to_owned();
        let capture = CaptureAsk {
            operation_id: operation(3),
            payment: known(&reference),
            amount: money(5, "USD"),
            is_final: true,
        };
        let body = gateway.capturing().unwrap().capture(&capture).unwrap().request.body;
        takes(&openapi, "/v1/payment_intents/{intent}/capture", &body).unwrap();
        let cancel = VoidAsk { operation_id: operation(2), payment: known(&reference) };
        let body = gateway.voiding().unwrap().void(&cancel).unwrap().request.body;
        takes(&openapi, "/v1/payment_intents/{intent}/cancel", &body).unwrap();
    });
    for bad in [
        "currency=usd",
        "amount=1999",
        "amount=19.99&currency=usd",
        "amount=1999&currency=usd&capture_method=later",
        "amount=1999&currency=usd&surprise=1",
        "amount=1999&currency=usd&automatic_payment_methods[enabled]=perhaps",
        "amount=1999&currency=usd&confirm=1",
    ] {
        assert!(takes(&openapi, "/v1/payment_intents", bad.as_bytes()).is_err(), "{bad}");
    }
    assert!(takes(&openapi, "/v1/payment_intents/{intent}/capture", b"amount=5").is_err());
}

/// OpenAPI 3.0's `nullable` in the words of JSON Schema.
fn with_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_nulls),
        Value::Object(fields) => {
            fields.values_mut().for_each(with_nulls);
            if fields.remove("nullable") == Some(json!(true)) {
                let schema = Value::Object(std::mem::take(fields));
                fields.insert("anyOf".to_owned(), json!([schema, {"type": "null"}]));
            }
        }
        _ => {}
    }
}

#[test]
fn our_stripe_replies_are_shaped_as_stripe_says() {
    let Some(mut openapi) = contract(OPENAPI) else { return };
    with_nulls(&mut openapi["components"]);
    let schema =
        json!({"$ref": "#/components/schemas/payment_intent", "components": openapi["components"]});
    let validator = jsonschema::validator_for(&schema).unwrap();
    let statuses = ["requires_payment_method", "processing", "requires_capture", "succeeded"];
    for intent in
        statuses.map(stripe_intent).iter().chain([&stripe_decline()["error"]["payment_intent"]])
    {
        let errors: Vec<_> = validator.iter_errors(intent).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let mut bad = stripe_intent("succeeded");
    bad["amount"] = json!("1999");
    assert!(!validator.is_valid(&bad));
}

#[test]
fn stripes_own_payment_of_the_pinned_version_is_read() {
    let Some(fixtures) = contract("stripe/fixtures-2026-08.json") else { return };
    let intent = &fixtures["resources"]["payment_intent"];
    let reference = intent["id"].as_str().unwrap();
    let report = with_gateway(Gateway::Stripe, |gateway| {
        gateway.retrieve(&known(reference)).unwrap().read(&json_reply(200, intent), NOW).unwrap()
    });
    assert_eq!(report.amount, money(1_099, "USD"));
    // The fixture has a last_payment_error.
    assert_eq!((report.state, report.captured_minor), (ReportedState::Declined, 0));
}

#[test]
fn signatures_made_by_the_vendors_sdk() {
    let Some(vectors) = contract("signatures/vectors.json") else { return };
    let vector = &vectors["stripe"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let payload = text(&vector["payload"]);
    let header = text(&vector["header"]["Stripe-Signature"]);
    let secrets = [Secret::new(&text(&vector["secret"])).unwrap()];
    let signed_at = vector["timestamp"].as_i64().unwrap();
    let check = |header: &str, body: &str, age: i64| {
        let now = Timestamp::from_milliseconds((signed_at + age) * 1_000);
        signature::check(header, body.as_bytes(), &secrets, now).is_ok()
    };
    assert!(check(&header, &payload, 0));
    assert!(check(&header, &payload, 300), "age 300 s");
    assert!(!check(&header, &payload, 301), "age 301 s");
    // The SDK accepts the far future; we do not.
    assert!(!check(&header, &payload, -3_600), "an hour ahead");
    let other = format!("v1={}", "0".repeat(64));
    assert!(check(&header.replace(",v1=", &format!(",{other},v1=")), &payload, 0), "rotation");
    assert!(!check(&header.replace("v1=", "v0="), &payload, 0), "v0 only");
    assert!(!check(&header, &payload.replace("1000", "1001"), 0), "tampered");
    // Shippo signs in the same way.
    let shippo = &vectors["shippo"];
    let secrets = [Secret::new(&text(&shippo["secret"])).unwrap()];
    let header = text(&shippo["header"]["Shippo-Auth-Signature"]);
    let body = text(&shippo["body"]);
    let now = Timestamp::from_milliseconds(1_767_225_600_000);
    assert!(signature::check(&header, body.as_bytes(), &secrets, now).is_ok());
}

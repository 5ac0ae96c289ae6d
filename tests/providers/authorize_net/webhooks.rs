//! Notifications: signatures, rotation, and what they ask for.

use std::path::Path;

use cartwright::providers::payment::contract::{
    EventNews, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};

use super::replies::*;
use super::*;

fn verify(header: Option<&str>, body: &[u8]) -> Result<VerifiedEvent, WebhookRefusal> {
    let lookup =
        |name: &str| (name == "x-anet-signature").then(|| header.map(str::to_owned)).flatten();
    gateway(|g| {
        assert_eq!(g.evidence(&lookup, body, NOW), Ok(None));
        g.verify(&lookup, body, None, NOW)
    })
}

fn signed(event: &Value) -> Result<VerifiedEvent, WebhookRefusal> {
    let body = event.to_string();
    verify(Some(&signature(NEW_KEY, body.as_bytes())), body.as_bytes())
}

/// Computed apart from the code: `printf %s '{"a":1}' | openssl dgst -sha512 -hmac KEY`, in capitals.
#[test]
fn the_scheme_of_the_tests_is_the_documented_one() {
    let mut mac = Hmac::<Sha512>::new_from_slice(b"KEY").unwrap();
    mac.update(b"{\"a\":1}");
    let expected = hex::encode_upper(mac.finalize().into_bytes());
    assert_eq!(signature("KEY", b"{\"a\":1}"), format!("sha512={expected}"));
    assert_eq!(expected, VECTOR);
}

const VECTOR: &str = "D97CE6014A49C766DDED2F3056530C961789B2A75446AAB2A922DCA28313B29EC7AC7B30EE386249E0E9A011D09DC93551D4EDCDBE368AB64F3B2B5B6E175283";

#[test]
fn only_a_right_signature_over_the_raw_bytes_is_believed() {
    let body = event("authcapture.created", PAYMENT).to_string();
    let bytes = body.as_bytes();
    for key in [OLD_KEY, NEW_KEY] {
        assert!(verify(Some(&signature(key, bytes)), bytes).is_ok());
    }
    let good = signature(NEW_KEY, bytes);
    let hex = good.strip_prefix("sha512=").unwrap();
    let key_as_bytes = hex::decode("56E529FE6C63D60E545F84686096E6AA").unwrap();
    let mut decoded = Hmac::<Sha512>::new_from_slice(&key_as_bytes).unwrap();
    decoded.update(bytes);
    let mut weak = Hmac::<Sha256>::new_from_slice(NEW_KEY.as_bytes()).unwrap();
    weak.update(bytes);
    let forged = [
        String::new(),
        "sha512=".to_owned(),
        hex.to_owned(),
        format!("sha512={}", hex.to_lowercase()),
        format!("SHA512={hex}"),
        format!("sha512 = {hex}"),
        format!("sha512={} ", hex),
        format!("sha512={hex}00"),
        format!("sha512={}", hex.get(..126).unwrap()),
        format!("sha512={}", hex.get(1..).unwrap()),
        format!("sha512={},sha512={hex}", "0".repeat(128)),
        format!("sha512={}", "0".repeat(128)),
        format!("sha512={}", "G".repeat(128)),
        format!("sha512={}", hex::encode_upper(decoded.finalize().into_bytes())),
        format!("sha256={}", hex::encode_upper(weak.finalize().into_bytes())),
        signature("CANARY_another", bytes),
        signature(NEW_KEY, &bytes[..bytes.len() - 1]),
    ];
    for header in forged {
        let refusal = verify(Some(&header), bytes).unwrap_err();
        assert_eq!(refusal, WebhookRefusal::BadSignature, "{header}");
    }
    assert_eq!(verify(None, bytes), Err(WebhookRefusal::BadSignature));
    let reserialised = body.replace("\":", "\": ");
    for other in [
        &reserialised,
        body.strip_suffix('}').unwrap(),
        &format!("{body} "),
        &body.replace("19.99", "19.98"),
    ] {
        assert_eq!(verify(Some(&good), other.as_bytes()), Err(WebhookRefusal::BadSignature));
    }
    let huge = vec![b' '; MAX_WEBHOOK_BYTES + 1];
    let refusal = verify(Some(&signature(NEW_KEY, &huge)), &huge).unwrap_err();
    assert_eq!(refusal, WebhookRefusal::BadSignature);
}

#[test]
fn a_notification_asks_about_its_transaction() {
    for kind in [
        "authorization.created",
        "authcapture.created",
        "capture.created",
        "priorAuthCapture.created",
        "void.created",
        "refund.created",
        "fraud.approved",
        "fraud.held",
        "fraud.declined",
    ] {
        let event = signed(&event(kind, PAYMENT)).unwrap();
        assert_eq!(event.event_id, "d0e8e7fe-c3e7-4add-a480-27bc5ce28a18");
        assert_eq!(event.kind, format!("net.authorize.payment.{kind}"));
        assert_eq!(event.occurred_at.milliseconds(), 1_767_225_600_008);
        assert_eq!((event.order_id, event.operation_id), (None, None));
        assert_eq!(event.news, EventNews::AskAbout { reference: PAYMENT.to_owned() }, "{kind}");
    }
    let mut customer = event("x", PAYMENT);
    customer["eventType"] = json!("net.authorize.customer.created");
    customer["payload"] = json!({"entityName": "customerProfile", "id": "394"});
    assert_eq!(signed(&customer).unwrap().news, EventNews::Nothing);
    let mut profile = event("authcapture.created", PAYMENT);
    profile["payload"]["entityName"] = json!("customerProfile");
    assert_eq!(signed(&profile).unwrap().news, EventNews::Nothing);
}

#[test]
fn rightly_signed_nonsense_is_malformed() {
    for (field, value) in [
        ("notificationId", json!("")),
        ("notificationId", json!("a b")),
        ("notificationId", json!("x".repeat(256))),
        ("notificationId", json!(1)),
        ("eventType", json!(null)),
        ("eventDate", json!("today")),
        ("eventDate", json!("1969-01-01T00:00:00Z")),
        ("payload", json!(null)),
        ("payload", json!({"entityName": "transaction"})),
        ("payload", json!({"entityName": "transaction", "id": "0"})),
        ("payload", json!({"entityName": "transaction", "id": "../1"})),
        ("payload", json!({"entityName": "transaction", "id": 2_228_446_239_i64})),
    ] {
        let mut bad = event("authcapture.created", PAYMENT);
        bad[field] = value.clone();
        let result = signed(&bad);
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{field} {value}");
    }
    for body in [&b""[..], b"null", b"[]", b"{}", b"\xff", "[".repeat(100_000).as_bytes()] {
        let result = verify(Some(&signature(NEW_KEY, body)), body);
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })));
    }
}

#[test]
fn a_notification_that_is_not_believed_names_whom_to_ask_about() {
    let doubted = |body: &[u8]| gateway(|g| g.doubted_reference(body));
    let body = event("authcapture.created", PAYMENT).to_string();
    assert_eq!(doubted(body.as_bytes()).as_deref(), Some(PAYMENT));
    for id in ["", "0", "12a", "123456789012345678901", "-1"] {
        let body = json!({"payload": {"id": id}}).to_string();
        assert_eq!(doubted(body.as_bytes()), None, "{id}");
    }
    for body in [&b""[..], b"{}", b"[]", b"\xff", &vec![b' '; MAX_WEBHOOK_BYTES + 1]] {
        assert_eq!(doubted(body), None);
    }
}

/// Vectors made apart from this project, where they are present.
#[test]
fn signature_vectors() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts/signatures/vectors.json");
    let Ok(text) = std::fs::read(path) else {
        println!("skipped: shared/contracts/signatures is not there");
        return;
    };
    let vectors: Value = serde_json::from_slice(&text).unwrap();
    let named = ["authorizenet", "authorize_net"].map(|name| &vectors[name]);
    let Some(vector) = named.into_iter().find(|vector| vector.is_object()) else {
        println!("skipped: there is no vector of Authorize.net");
        return;
    };
    let text = |pointer: &str| vector.pointer(pointer).unwrap().as_str().unwrap();
    let body = text("/body").as_bytes();
    assert_eq!(signature(text("/secret"), body), text("/header/X-ANET-Signature"));
}

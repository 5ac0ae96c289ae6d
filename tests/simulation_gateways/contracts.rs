//! What the gateways write against the vendors' own examples, where they are present:
//! `../shared/contracts` (or `CONTRACTS_DIR`) is no part of a checkout, and a test that needs it says so
//! and passes without it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cartwright::domain::payment::{CaptureMode, Gateway};
use serde_json::Value;

use crate::lab::Lab;

fn contract(name: &str) -> Option<Value> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts");
    let folder = std::env::var_os("CONTRACTS_DIR").map_or_else(beside, PathBuf::from);
    let Ok(bytes) = std::fs::read(folder.join(name)) else {
        println!("skipped: shared/contracts/{name} is not there");
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// Every object of the vendor's in a value, by the name that it bears.
fn objects(value: &Value, name: &str, found: &mut BTreeMap<String, Vec<Value>>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| objects(item, name, found)),
        Value::Object(fields) => {
            if let Some(Value::String(kind)) = fields.get(name) {
                found.entry(kind.clone()).or_default().push(value.clone());
            }
            fields.values().for_each(|field| objects(field, name, found));
        }
        _ => {}
    }
}

/// Everything that a gateway writes in the life of some payments.
fn written(which: Gateway, name: &str) -> BTreeMap<String, Vec<Value>> {
    let mut lab = Lab::new(which);
    for round in 0..4 {
        let known = lab.paid(CaptureMode::Manual);
        lab.capture(&known, 1_999, true).unwrap();
        lab.gateway.refunds_wait(round > 1);
        let ask = lab.refund_ask(&known, 100);
        let refund = lab.refund(&ask).unwrap().reference;
        lab.gateway.settle_refund(&refund, round > 2, lab.now);
        assert!(lab.gateway.dashboard_refund(&known.reference, 1, lab.now));
        assert!(lab.gateway.dispute(&known.reference, lab.now));
        assert!(lab.gateway.dispute_won(&known.reference, lab.now));
    }
    let mut ask = lab.ask(CaptureMode::Automatic);
    ask.method = None;
    let open = lab.authorize(&ask).unwrap().reference;
    assert!(lab.gateway.buyer_declines(&open, lab.now));
    lab.paid(CaptureMode::Manual);
    lab.now = lab.gateway.wakes_at().unwrap();
    lab.gateway.advance(lab.now);
    let mut found = BTreeMap::new();
    for event in lab.gateway.take_events() {
        objects(&serde_json::from_slice(&event.body).unwrap(), name, &mut found);
    }
    found
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Fields of ours that are not among theirs, or of another type.
fn strange(ours: &Value, theirs: &Value, also: &[&str]) -> Vec<String> {
    let fields = ours.as_object().unwrap().iter();
    fields
        .filter(|(name, value)| match theirs.get(name) {
            // Razorpay writes no notes as an empty list.
            Some(known) => {
                let kinds = [kind(value), kind(known)];
                kinds[0] != kinds[1] && !kinds.contains(&"null") && *name != "notes"
            }
            None => !also.contains(&name.as_str()),
        })
        .map(|(name, value)| format!("{name}: {value}"))
        .collect()
}

#[test]
fn stripes_objects_have_stripes_fields() {
    let Some(fixtures) = contract("stripe/fixtures-2026-08.json") else { return };
    let found = written(Gateway::Stripe, "object");
    for name in ["event", "payment_intent", "refund", "dispute"] {
        let theirs = &fixtures["resources"][name];
        // Only a refund that failed has a reason.
        let also: &[&str] = if name == "refund" { &["failure_reason"] } else { &[] };
        for ours in &found[name] {
            assert_eq!(strange(ours, theirs, also), [""; 0], "{name}");
        }
    }
}

#[test]
fn razorpays_entities_have_razorpays_fields() {
    let Some(examples) = contract("razorpay/responses.json") else { return };
    let found = written(Gateway::Razorpay, "entity");
    for (name, example) in [
        ("payment", "edit_payment"),
        ("order", "edit_order"),
        ("refund", "fake_refund"),
        ("dispute", "dispute"),
    ] {
        for ours in &found[name] {
            assert_eq!(strange(ours, &examples[example], &[]), [""; 0], "{name}");
        }
    }
}

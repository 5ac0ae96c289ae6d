//! Refunds: what their replies say, and that a lost one is found or certainly not there.

use cartwright::domain::payment::{CallFailure, MovementReport, MovementState};
use cartwright::providers::payment::contract::RefundAsk;
use serde_json::{Value, json};

use super::fixtures::*;

fn refunded(status: u16, body: &Value) -> Result<MovementReport, CallFailure> {
    razorpay(|g| {
        let call = g.refunding().unwrap().refund(&refund_ask()).unwrap();
        call.read(&json_reply(status, body), NOW)
    })
}

fn found(refunds: &[Value]) -> Result<Option<MovementReport>, CallFailure> {
    razorpay(|g| {
        let call = g.refunding().unwrap().find_refund(&refund_ask()).unwrap();
        call.read(&json_reply(200, &list(refunds)), NOW)
    })
}

#[test]
fn a_refund_in_our_words() {
    for (status, state) in [
        ("pending", MovementState::Pending),
        ("processed", MovementState::Succeeded),
        ("failed", MovementState::Failed),
    ] {
        let expected = moved(state, NOW_SECONDS);
        assert_eq!(refunded(200, &refund(status)), Ok(expected.clone()));
        assert_eq!(found(&[refund(status)]), Ok(Some(expected)));
    }
}

#[test]
fn a_refund_is_recognised_by_its_receipt_or_its_notes() {
    let by_notes = with(refund("processed"), "receipt", Value::Null);
    let by_receipt = with(refund("processed"), "notes", json!([]));
    let neither = with(by_notes.clone(), "notes", json!([]));
    let other = with(refund("processed"), "receipt", json!(operation(9).to_string()));
    let elsewhere = with(refund("processed"), "payment_id", json!("pay_other"));
    for good in [&by_notes, &by_receipt] {
        assert_eq!(word(refunded(200, good)), "told");
        assert!(found(&[other.clone(), good.clone(), neither.clone()]).unwrap().is_some());
    }
    for bad in [&neither, &other, &elsewhere] {
        assert_eq!(word(refunded(200, bad)), "unknown");
    }
    assert_eq!(found(&[]), Ok(None));
    assert_eq!(found(&[other.clone(), neither]), Ok(None));
    assert_eq!(word(found(&[elsewhere])), "unknown");
    assert_eq!(word(found(&[refund("processed"), refund("pending")])), "unknown");
    // A full page that ends without it proves nothing.
    let many: Vec<Value> = (0..100).map(|_| other.clone()).collect();
    assert_eq!(found(&many[..99]), Ok(None));
    assert_eq!(word(found(&many)), "unknown");
}

#[test]
fn a_refund_names_the_capture_that_is_asked_for() {
    let ask = RefundAsk { capture: Some("pay_Rz7second".to_owned()), ..refund_ask() };
    razorpay(|g| {
        let refunding = g.refunding().unwrap();
        let sent = refunding.refund(&ask).unwrap().request.url;
        assert_eq!(sent, "https://api.razorpay.com/v1/payments/pay_Rz7second/refund");
        let sought = refunding.find_refund(&ask).unwrap().request.url;
        assert!(sought.starts_with("https://api.razorpay.com/v1/payments/pay_Rz7second/refunds?"));
    });
}

#[test]
fn what_a_refusal_of_a_refund_proves() {
    let bad = |text: &str| error("BAD_REQUEST_ERROR", text);
    let table = [
        (400, bad("The total refund amount is greater than the refund payment amount"), "refused"),
        (400, bad("The payment has been fully refunded already"), "refused"),
        (400, bad("Your account does not have enough balance"), "refused"),
        (401, bad("Authentication failed"), "refused"),
        // Somebody used the key or the receipt: perhaps we did.
        (400, bad("A refund with this receipt already exists"), "unknown"),
        (400, bad("Different request body for the same Idempotency Key"), "unknown"),
        (409, bad("Another refund is in progress"), "unknown"),
        (429, bad("Too many requests"), "unknown"),
        (400, error("GATEWAY_ERROR", "The bank is down"), "unknown"),
        (500, error("SERVER_ERROR", "We are down"), "unknown"),
        (200, bad("no"), "unknown"),
        (200, with(refund("processed"), "status", json!("blessed")), "unknown"),
        (200, with(refund("processed"), "status", Value::Null), "unknown"),
        (200, with(refund("processed"), "id", json!("../x")), "unknown"),
        (200, with(refund("processed"), "amount", json!("500")), "unknown"),
    ];
    for (status, body, expected) in table {
        assert_eq!(word(refunded(status, &body)), expected, "{status} {body}");
    }
    razorpay(|g| {
        for status in [400, 401, 404, 429, 500, 503] {
            let call = g.refunding().unwrap().find_refund(&refund_ask()).unwrap();
            let result = call.read(&json_reply(status, &bad("no")), NOW);
            assert_eq!(word(result), "unknown", "a question that fails proves nothing: {status}");
        }
    });
}

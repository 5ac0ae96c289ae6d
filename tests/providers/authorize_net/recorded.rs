//! The vendor's own replies.

use std::path::Path;

use cartwright::domain::payment::ReportedState;
use serde_json::{Value, json};

use super::replies::*;
use super::*;

/// The vendor's own replies, where they are present.
#[test]
fn recorded_replies_are_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/contracts/authorizenet/responses.json");
    let Ok(text) = std::fs::read(path) else {
        println!("skipped: shared/contracts/authorizenet is not there");
        return;
    };
    let all: Value = serde_json::from_slice(&text).unwrap();
    let recorded = |name: &str| all[name][0].clone();
    let answered = |mut body: Value, number| {
        body["refId"] = json!(invoice(operation(number)));
        with_mark(&body)
    };
    let aim =
        |case: &str| recorded(&format!("AuthnetJsonAimTest.testCreateTransactionRequest{case}"));
    let success = aim("AuthCaptureSuccess");
    let report = start(&answered(success.clone(), 1)).unwrap();
    assert_eq!((report.state, report.reference.as_str()), (ReportedState::Captured, PAYMENT));
    // The known-bad one: it answers somebody else's request.
    assert!(is_unknown(&start(&with_mark(&success))));
    assert_eq!(word(&start(&answered(aim("AuthOnlySuccess"), 1))), "done");
    assert_eq!(word(&start(&answered(aim("AuthOnlyError"), 1))), "unknown", "a duplicate");
    gateway(|g| {
        let of = |reference: &str| CaptureAsk { payment: known(reference), ..capture_ask(1_999) };
        let capture = |reference: &str, case: &str| {
            let call = g.capturing().unwrap().capture(&of(reference)).unwrap();
            word(&call.read(&answered(aim(case), 3), NOW))
        };
        assert_eq!(capture("2230581333", "PriorAuthCapture"), "done");
        assert_eq!(capture("2165665234", "PriorAuthCaptureError"), "ask");
        let void = |reference: &str, case: &str| {
            let ask = VoidAsk { payment: known(reference), ..void_ask() };
            let call = g.voiding().unwrap().void(&ask).unwrap();
            word(&call.read(&answered(aim(case), 2), NOW))
        };
        assert_eq!(void("2230581408", "Void"), "done");
        assert_eq!(void("2165665483", "VoidError"), "ask");
        let refund = g.refunding().unwrap().refund(&refund_ask(700, true)).unwrap();
        assert_eq!(refund.read(&answered(aim("Refund"), 5), NOW).unwrap().reference, REFUND);
        let details = recorded("AuthnetJsonReportingTest.testGetTransactionDetailsRequestSuccess");
        // Not one of ours, though its number is asked for.
        assert!(is_unknown(&retrieve(&known("2162566217"), &with_mark(&details))));
        assert_eq!(g.whose("2162566217").unwrap().read(&with_mark(&details), NOW), Ok(None));
        let unsettled =
            recorded("AuthnetJsonReportingTest.testGetUnsettledTransactionListRequestSuccess");
        assert!(is_unknown(&g.find(&ask()).unwrap().read(&with_mark(&unsettled), NOW)));
    });
    let paypal = "AuthnetJsonAimPaypalTest.testCreateTransactionRequest";
    let consent = recorded(&format!("{paypal}AuthOnly"));
    assert_eq!(word(&start(&answered(consent, 1))), "unknown", "response code 5");
    let not_taken = recorded(&format!("{paypal}AuthCaptureError"));
    assert_eq!(word(&start(&answered(not_taken, 1))), "unknown", "2001");
}

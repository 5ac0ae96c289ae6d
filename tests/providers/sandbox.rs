//! The sandbox's messages to the byte. `sandbox/README.md` describes the protocol.

use cartwright::domain::payment::{BuyerAction, CallFailure, CaptureMode, Gateway, ReportedState};
use cartwright::providers::payment::contract::{CaptureAsk, Recovery, VoidAsk};
use serde_json::{Value, json};

use crate::support::*;

#[test]
fn requests() {
    with_gateway(Gateway::Sandbox, |gateway| {
        let plain = gateway.authorize(&ask()).unwrap().request;
        assert_eq!(
            wire(&plain),
            "POST http://127.0.0.1:8788/v1/payments\n\
             authorization: Bearer CANARY_sandbox_key\n\
             content-type: application/json\n\
             idempotency-key: op_01990000000070008000000000001001\n\
             \n\
             {\"amount\":1999,\"currency\":\"USD\",\"capture\":\"automatic\",\"method\":\"auto\",\
             \"order_id\":\"ord_0701990000000070008000000000000001\",\
             \"operation_id\":\"op_01990000000070008000000000001001\"}"
        );
        let mut full = ask();
        full.capture = CaptureMode::Manual;
        full.method = Some("redirect".to_owned());
        full.return_url = Some("https://shop.example/back".to_owned());
        full.email = Some("buyer@example.com".to_owned());
        full.description = Some("Zwölf Äpfel".to_owned());
        let request = gateway.authorize(&full).unwrap().request;
        // `sandbox/sandbox.test.mjs` sends the same file to the sandbox.
        let golden = include_str!("golden/sandbox_start.json");
        assert_eq!(String::from_utf8(request.body).unwrap(), golden.trim_end());
        let reference = "sbx_1".to_owned();
        let cancel = VoidAsk { operation_id: operation(2), payment: known(&reference) };
        assert_eq!(
            wire(&gateway.voiding().unwrap().void(&cancel).unwrap().request),
            "POST http://127.0.0.1:8788/v1/payments/sbx_1/cancel\n\
             authorization: Bearer CANARY_sandbox_key\n\
             content-type: application/json\n\
             idempotency-key: op_01990000000070008000000000001002\n\
             \n\
             {}"
        );
        let capture = CaptureAsk {
            operation_id: operation(3),
            payment: known(&reference),
            amount: money(500, "USD"),
            is_final: true,
        };
        let request = gateway.capturing().unwrap().capture(&capture).unwrap().request;
        assert_eq!(request.url, "http://127.0.0.1:8788/v1/payments/sbx_1/capture");
        assert_eq!(request.body, b"{\"amount\":500,\"currency\":\"USD\"}");
        let retrieve = gateway.retrieve(&known("sbx_1")).unwrap().request;
        assert_eq!(
            wire(&retrieve),
            "GET http://127.0.0.1:8788/v1/payments/sbx_1\n\
             authorization: Bearer CANARY_sandbox_key\n\n"
        );
        let Recovery::Search(search) = gateway.recover(&ask(), 86_400_000).unwrap() else {
            panic!("expected a search")
        };
        assert_eq!(
            search.request.url,
            "http://127.0.0.1:8788/v1/payments?operation_id=op_01990000000070008000000000001001"
        );
    });
}

#[test]
fn the_time_of_the_news_is_the_gateways_on_every_road() {
    with_gateway(Gateway::Sandbox, |gateway| {
        let call = gateway.authorize(&ask()).unwrap();
        let report = call.read(&json_reply(200, &sandbox_payment("processing")), NOW).unwrap();
        assert_eq!(report.occurred_at, NOW.plus_milliseconds(-20));
        let body = sandbox_event(sandbox_payment("captured")).to_string();
        let header = signed(NEW_SECRET, NOW_SECONDS, body.as_bytes());
        let event = gateway.verify(&|_| Some(header.clone()), body.as_bytes(), None, NOW).unwrap();
        assert_eq!(report_of(&event).unwrap().occurred_at, NOW.plus_milliseconds(-20));
    });
}

#[test]
fn a_redirect_names_its_page() {
    with_gateway(Gateway::Sandbox, |gateway| {
        let mut payment = sandbox_payment("action_required");
        let read = |payment: &Value| {
            gateway.authorize(&ask()).unwrap().read(&json_reply(200, payment), NOW)
        };
        for bad in [json!(null), json!("javascript:alert(1)"), json!("/pay/x"), json!(7)] {
            payment["redirect_url"] = bad;
            assert!(matches!(read(&payment), Err(CallFailure::Unknown { .. })), "{payment}");
        }
        let url = "http://127.0.0.1:8788/pay/sbx_1?token=ab".to_owned();
        payment["redirect_url"] = json!(url);
        let report = read(&payment).unwrap();
        assert_eq!(report.state, ReportedState::ActionRequired);
        assert_eq!(report.action, Some(BuyerAction::Redirect { url }));
    });
}

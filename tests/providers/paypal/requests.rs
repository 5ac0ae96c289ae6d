//! What is sent to PayPal, to the byte.

use cartwright::domain::payment::CaptureMode;
use cartwright::providers::payment::contract::{
    AuthorizeAsk, BuildError, CaptureAsk, Recovery, VoidAsk,
};

use super::*;

const API: &str = "https://api-m.paypal.com";
const ACCEPT: &str = "accept: application/json\n";
const HOUR: i64 = 3_600_000;

fn posted(path: &str, key: &str, body: &str) -> String {
    format!(
        "POST {API}{path}\n{ACCEPT}content-type: application/json\npaypal-request-id: {key}\n\
         prefer: return=representation\n\n{body}"
    )
}

fn authorize(ask: &AuthorizeAsk) -> Result<String, BuildError> {
    paypal(|gateway| gateway.authorize(ask).map(|call| wire(&call.request)))
}

#[test]
fn the_token_is_asked_for_with_the_applications_id_and_secret() {
    let call = paypal(|gateway| gateway.access_token().unwrap().unwrap());
    assert_eq!(
        wire(&call.request),
        format!(
            "POST {API}/v1/oauth2/token\n\
             authorization: Basic QWVBMVFJWlhpZmxyMUNBTkFSWWlkOkVQMUNBTkFSWXNlY3JldA==\n\
             {ACCEPT}content-type: application/x-www-form-urlencoded\n\n\
             grant_type=client_credentials"
        )
    );
    assert!(!format!("{call:?}").contains("QWVB"));
    let body = json!({"scope": "https://uri.paypal.com/services/payments/payment",
        "access_token": "A21AAF-secret", "token_type": "Bearer", "app_id": "APP-80W284485P519543T",
        "expires_in": 32_400, "nonce": "2026-01-01T00:00:00Z"});
    let read = |status, body: &Value| {
        paypal(|gateway| {
            gateway.access_token().unwrap().unwrap().read(&json_reply(status, body), NOW)
        })
    };
    let token = read(200, &body).unwrap();
    assert_eq!(token.authorization, "Bearer A21AAF-secret");
    assert_eq!(token.expires_at, NOW.plus_seconds(32_400));
    assert!(!format!("{token:?}").contains("A21AAF"));
    for (field, bad) in [
        ("access_token", json!("")),
        ("access_token", json!("a\r\nx-evil: 1")),
        ("access_token", json!("x".repeat(5_000))),
        ("token_type", json!("mac")),
        ("expires_in", json!(0)),
        ("expires_in", json!("32400")),
    ] {
        let mut altered = body.clone();
        altered[field] = bad;
        assert!(matches!(read(200, &altered), Err(CallFailure::Unknown { .. })), "{field}");
    }
    let refused = json!({"error": "invalid_client", "error_description": "Client failed"});
    let refused = read(401, &refused).unwrap_err();
    assert!(matches!(refused, CallFailure::Refused { code, .. } if code == "invalid_client"));
    assert!(matches!(read(503, &body), Err(CallFailure::Unknown { .. })));
}

#[test]
fn a_start_creates_an_order_that_names_ours() {
    let key = operation(1).to_string();
    assert_eq!(
        authorize(&ask()).unwrap(),
        posted(
            "/v2/checkout/orders",
            &key,
            "{\"intent\":\"CAPTURE\",\"purchase_units\":[{\"reference_id\":\"default\",\
             \"amount\":{\"currency_code\":\"USD\",\"value\":\"19.99\"},\
             \"custom_id\":\"ord_0701990000000070008000000000000001\",\
             \"invoice_id\":\"op_01990000000070008000000000001001\"}],\
             \"payment_source\":{\"paypal\":{\"experience_context\":{\
             \"shipping_preference\":\"NO_SHIPPING\",\"user_action\":\"PAY_NOW\"}}}}"
        )
    );
    let mut full = ask();
    full.capture = CaptureMode::OnRequest;
    full.return_url = Some("https://shop.example/back?order=1".to_owned());
    full.email = Some("buyer@example.com".to_owned());
    full.description = Some("Order \"1\"".to_owned());
    full.statement_descriptor = Some("CARTWRIGHT".to_owned());
    assert_eq!(
        authorize(&full).unwrap(),
        posted(
            "/v2/checkout/orders",
            &key,
            "{\"intent\":\"AUTHORIZE\",\"purchase_units\":[{\"reference_id\":\"default\",\
             \"amount\":{\"currency_code\":\"USD\",\"value\":\"19.99\"},\
             \"description\":\"Order \\\"1\\\"\",\
             \"custom_id\":\"ord_0701990000000070008000000000000001\",\
             \"invoice_id\":\"op_01990000000070008000000000001001\",\
             \"soft_descriptor\":\"CARTWRIGHT\"}],\
             \"payment_source\":{\"paypal\":{\"email_address\":\"buyer@example.com\",\
             \"experience_context\":{\"shipping_preference\":\"NO_SHIPPING\",\
             \"user_action\":\"PAY_NOW\",\
             \"return_url\":\"https://shop.example/back?order=1\",\
             \"cancel_url\":\"https://shop.example/back?order=1\"}}}}"
        )
    );
}

#[test]
fn amounts_are_written_in_the_currencys_own_digits() {
    let value = |minor, currency| {
        let mut ask = ask();
        ask.amount = money(minor, currency);
        authorize(&ask)
    };
    for (minor, currency, text) in
        [(5, "USD", "0.05"), (500, "JPY", "500"), (150_000, "HUF", "1500"), (2_900, "TWD", "29")]
    {
        let wanted = format!("{{\"currency_code\":\"{currency}\",\"value\":\"{text}\"}}");
        assert!(value(minor, currency).unwrap().contains(&wanted), "{currency}");
    }
    for currency in ["HUF", "TWD"] {
        assert!(matches!(value(2_950, currency), Err(BuildError::Granularity { step: 100, .. })));
    }
    assert!(matches!(value(1_000, "KWD"), Err(BuildError::Currency { .. })));
    for minor in [0, -1] {
        assert!(matches!(value(minor, "USD"), Err(BuildError::Amount(_))));
    }
}

#[test]
fn what_paypal_would_not_take_is_not_sent() {
    let refused = |alter: &dyn Fn(&mut AuthorizeAsk)| {
        let mut ask = ask();
        alter(&mut ask);
        authorize(&ask).unwrap_err()
    };
    let token = refused(&|ask| ask.method = Some("pm_card_visa".to_owned()));
    assert_eq!(token, BuildError::PaymentMethod { gateway: "PayPal" });
    let url = refused(&|ask| ask.return_url = Some("javascript:alert(1)".to_owned()));
    assert_eq!(url, BuildError::ReturnUrl);
    let text = |text: &str| Some(text.to_owned());
    for (limit, error) in [
        (22, refused(&|ask| ask.statement_descriptor = text(&"x".repeat(23)))),
        (127, refused(&|ask| ask.description = text(&"é".repeat(128)))),
        (254, refused(&|ask| ask.email = text(&"x".repeat(255)))),
    ] {
        assert!(matches!(error, BuildError::TooLong { limit: of, .. } if of == limit), "{error:?}");
    }
}

#[test]
fn completing_has_a_key_of_its_own_and_follows_the_intent() {
    for (capture, verb) in [
        (CaptureMode::Automatic, "capture"),
        (CaptureMode::Manual, "authorize"),
        (CaptureMode::OnRequest, "authorize"),
    ] {
        let mut ask = ask();
        ask.capture = capture;
        let complete = || {
            paypal(|gateway| {
                let completing = gateway.completing().unwrap();
                wire(&completing.complete(&ask, &known_order()).unwrap().request)
            })
        };
        let key = format!("{}-complete", operation(1));
        let path = format!("/v2/checkout/orders/{ORDER}/{verb}");
        assert_eq!(complete(), posted(&path, &key, "{}"));
        assert_eq!(complete(), complete());
    }
}

#[test]
fn questions_are_asked_by_paypals_ids() {
    paypal(|gateway| {
        let get = |path: String| format!("GET {API}{path}\n{ACCEPT}\n");
        let order = get(format!("/v2/checkout/orders/{ORDER}"));
        assert_eq!(wire(&gateway.retrieve(&known_order()).unwrap().request), order);
        assert_eq!(wire(&gateway.whose(ORDER).unwrap().request), order);
        let whose = |reference: &str| wire(&gateway.whose(reference).unwrap().request);
        assert_eq!(whose("capture-3C67"), get("/v2/payments/captures/3C67".to_owned()));
        assert_eq!(whose("authorization-0A"), get("/v2/payments/authorizations/0A".to_owned()));
        assert_eq!(
            wire(&gateway.find(&ask()).unwrap().request),
            get("/v2/checkout/orders/01990000000070008000000000001001".to_owned())
        );
        for bad in ["", "../x", "a/b", "capture-", "capture-a/b", "a?b"] {
            assert!(matches!(gateway.whose(bad), Err(BuildError::Reference)), "{bad}");
        }
    });
}

#[test]
fn held_money_is_taken_and_let_go_by_the_authorization() {
    let taken = |amount, is_final| {
        let ask = CaptureAsk {
            operation_id: operation(3),
            payment: known_hold(),
            amount: money(amount, "USD"),
            is_final,
        };
        paypal(|gateway| wire(&gateway.capturing().unwrap().capture(&ask).unwrap().request))
    };
    let path = format!("/v2/payments/authorizations/{HOLD}/capture");
    let body = |value: &str, last: bool| {
        format!(
            "{{\"amount\":{{\"currency_code\":\"USD\",\"value\":\"{value}\"}},\
             \"invoice_id\":\"{}\",\"final_capture\":{last}}}",
            operation(3)
        )
    };
    let key = operation(3).to_string();
    assert_eq!(taken(1_999, true), posted(&path, &key, &body("19.99", true)));
    assert_eq!(taken(5, false), posted(&path, &key, &body("0.05", false)));
    paypal(|gateway| {
        assert!(gateway.capturing().unwrap().in_parts());
        let void = |payment| VoidAsk { operation_id: operation(2), payment };
        let voiding = gateway.voiding().unwrap();
        let path = format!("/v2/payments/authorizations/{HOLD}/void");
        let request = voiding.void(&void(known_hold())).unwrap().request;
        assert_eq!(wire(&request), posted(&path, &operation(2).to_string(), ""));
        assert!(matches!(voiding.void(&void(known_order())), Err(BuildError::NotOffered(_))));
        let capture = CaptureAsk {
            operation_id: operation(3),
            payment: known_order(),
            amount: money(5, "USD"),
            is_final: true,
        };
        let refused = gateway.capturing().unwrap().capture(&capture);
        assert!(matches!(refused, Err(BuildError::NotOffered(_))));
    });
}

#[test]
fn a_lost_start_is_repeated_to_the_byte_while_paypal_keeps_its_key_and_then_was_never_made() {
    paypal(|gateway| {
        let first = gateway.authorize(&ask()).unwrap().request;
        for age in [i64::MIN, 0, HOUR, 11 * HOUR / 2 - 1] {
            let Recovery::Repeat(call) = gateway.recover(&ask(), age).unwrap() else {
                panic!("expected a repeat at {age}")
            };
            assert_eq!(call.request, first);
        }
        for age in [11 * HOUR / 2, 48 * HOUR, i64::MAX] {
            let Recovery::Search(call) = gateway.recover(&ask(), age).unwrap() else {
                panic!("expected a search at {age}")
            };
            assert_eq!(call.read(&no_such_order(), NOW), Ok(None));
        }
        // Only PayPal's own word for it.
        for other in [
            reply(404, "<html>not here</html>"),
            refusal(404, "SOMETHING_ELSE", None),
            refusal(403, "NOT_AUTHORIZED", None),
            revoked(),
        ] {
            let result = gateway.find(&ask()).unwrap().read(&other, NOW);
            assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{other:?}");
        }
    });
}

//! Stripe's requests to the byte, and its states, errors, currencies and events in our words.

use cartwright::domain::payment::{
    BuyerAction, CallFailure, CallResult, CaptureMode, Decline, Gateway, ReportedState,
};
use cartwright::providers::payment::contract::{
    AuthorizeAsk, BuildError, CaptureAsk, Recovery, VerifiedEvent, VoidAsk, WebhookRefusal,
};
use serde_json::{Value, json};

use crate::support::*;

const HEADERS: &str = "authorization: Bearer sk_test_CANARY_key\n\
    stripe-version: 2026-08-26.dahlia\n\
    accept: application/json\n";

fn authorize(ask: &AuthorizeAsk) -> String {
    with_gateway(Gateway::Stripe, |g| wire(&g.authorize(ask).unwrap().request))
}

fn read(status: u16, body: &Value) -> CallResult {
    with_gateway(Gateway::Stripe, |g| {
        g.authorize(&ask()).unwrap().read(&json_reply(status, body), NOW)
    })
}

#[test]
fn a_start_without_a_method_leaves_the_choice_to_the_browser() {
    assert_eq!(
        authorize(&ask()),
        format!(
            "POST https://api.stripe.com/v1/payment_intents\n\
             {HEADERS}\
             content-type: application/x-www-form-urlencoded\n\
             idempotency-key: op_01990000000070008000000000001001\n\
             \n\
             amount=1999&currency=usd&capture_method=automatic\
             &automatic_payment_methods%5Benabled%5D=true\
             &metadata%5Border_id%5D=ord_0701990000000070008000000000000001\
             &metadata%5Boperation_id%5D=op_01990000000070008000000000001001"
        )
    );
}

#[test]
fn a_start_with_a_method_is_confirmed_at_once() {
    let mut ask = ask();
    ask.capture = CaptureMode::Manual;
    ask.method = Some("pm_card_visa".to_owned());
    ask.return_url = Some("https://shop.example/back?order=1&x=ü".to_owned());
    ask.email = Some("buyer+1@example.com".to_owned());
    ask.description = Some("Order 1 & more = fun".to_owned());
    let body = authorize(&ask);
    let (_, body) = body.split_once("\n\n").unwrap();
    assert_eq!(
        body,
        "amount=1999&currency=usd&capture_method=manual\
         &automatic_payment_methods%5Benabled%5D=true\
         &return_url=https%3A%2F%2Fshop.example%2Fback%3Forder%3D1%26x%3D%C3%BC\
         &payment_method=pm_card_visa&confirm=true\
         &receipt_email=buyer%2B1%40example.com\
         &description=Order+1+%26+more+%3D+fun\
         &metadata%5Border_id%5D=ord_0701990000000070008000000000000001\
         &metadata%5Boperation_id%5D=op_01990000000070008000000000001001"
    );
    ask.return_url = None;
    assert!(authorize(&ask).contains(
        "&automatic_payment_methods%5Ballow_redirects%5D=never&payment_method=pm_card_visa&confirm=true"
    ));
}

#[test]
fn the_other_requests() {
    with_gateway(Gateway::Stripe, |gateway| {
        let retrieve = gateway.retrieve(&known(REFERENCE)).unwrap().request;
        assert_eq!(
            wire(&retrieve),
            format!(
                "GET https://api.stripe.com/v1/payment_intents/{REFERENCE}\
                 ?expand%5B%5D=latest_charge.refunds\n{HEADERS}\n"
            )
        );
        let cancel = VoidAsk { operation_id: operation(2), payment: known(REFERENCE) };
        assert_eq!(
            wire(&gateway.voiding().unwrap().void(&cancel).unwrap().request),
            format!(
                "POST https://api.stripe.com/v1/payment_intents/{REFERENCE}/cancel\n\
                 {HEADERS}\
                 content-type: application/x-www-form-urlencoded\n\
                 idempotency-key: op_01990000000070008000000000001002\n\
                 \n"
            )
        );
        let capture = CaptureAsk {
            operation_id: operation(3),
            payment: known(REFERENCE),
            amount: money(500, "USD"),
            is_final: true,
        };
        assert_eq!(
            wire(&gateway.capturing().unwrap().capture(&capture).unwrap().request),
            format!(
                "POST https://api.stripe.com/v1/payment_intents/{REFERENCE}/capture\n\
                 {HEADERS}\
                 content-type: application/x-www-form-urlencoded\n\
                 idempotency-key: op_01990000000070008000000000001003\n\
                 \n\
                 amount_to_capture=500"
            )
        );
        let search = gateway.find(&ask()).unwrap().request;
        assert_eq!(
            wire(&search),
            format!(
                "GET https://api.stripe.com/v1/payment_intents/search?query=metadata%5B%27operation_id%27%5D\
                 %3A%27op_01990000000070008000000000001001%27\n{HEADERS}\n"
            )
        );
    });
}

#[test]
fn a_lost_start_is_repeated_to_the_byte_for_23_hours_and_searched_for_afterwards() {
    const HOUR: i64 = 3_600_000;
    with_gateway(Gateway::Stripe, |gateway| {
        let first = gateway.authorize(&ask()).unwrap().request;
        for age in [i64::MIN, 0, HOUR, 23 * HOUR - 1] {
            let Recovery::Repeat(call) = gateway.recover(&ask(), age).unwrap() else {
                panic!("expected a repeat at {age}")
            };
            assert_eq!(call.request, first);
        }
        for age in [23 * HOUR, 48 * HOUR, i64::MAX] {
            let Recovery::Search(call) = gateway.recover(&ask(), age).unwrap() else {
                panic!("expected a search at {age}")
            };
            assert_eq!(call.request, gateway.find(&ask()).unwrap().request);
        }
    });
}

#[test]
fn an_ask_that_was_stored_builds_the_same_request() {
    let stored = serde_json::to_string(&ask()).unwrap();
    assert_eq!(
        stored,
        "{\"operation_id\":\"op_01990000000070008000000000001001\",\
         \"order_id\":\"ord_0701990000000070008000000000000001\",\
         \"amount\":{\"amount\":1999,\"currency\":\"USD\"},\"capture\":\"automatic\",\
         \"method\":null,\"return_url\":null,\"email\":null,\"description\":null}"
    );
    assert_eq!(authorize(&serde_json::from_str(&stored).unwrap()), authorize(&ask()));
}

#[test]
fn amounts_are_in_stripes_own_units() {
    let table = [
        ("USD", 1, Ok("amount=1&currency=usd&")),
        ("USD", 1_000_000_000_000_000, Ok("amount=1000000000000000&currency=usd&")),
        ("JPY", 500, Ok("amount=500&currency=jpy&")),
        ("ISK", 5, Ok("amount=500&currency=isk&")),
        ("HUF", 1_045, Ok("amount=1045&currency=huf&")),
        ("TWD", 80_045, Ok("amount=80045&currency=twd&")),
        ("MGA", 10_000, Ok("amount=100&currency=mga&")),
        ("KWD", 5_120, Ok("amount=5120&currency=kwd&")),
        ("MGA", 150, Err("Stripe takes only multiples of 100 minor units of MGA, not 150")),
        ("KWD", 5_124, Err("Stripe takes only multiples of 10 minor units of KWD, not 5124")),
        (
            "UGX",
            500,
            Err("Stripe can't take UGX: its documentation contradicts itself about the unit"),
        ),
        (
            "LYD",
            5_120,
            Err(
                "Stripe can't take LYD: it is not among the three-decimal currencies that Stripe takes",
            ),
        ),
        ("USD", 0, Err("0 USD is not an amount that can be charged")),
        ("USD", -1, Err("-1 USD is not an amount that can be charged")),
        ("ISK", i64::MAX, Err("9223372036854775807 ISK is not an amount that can be charged")),
    ];
    for (currency, amount, expected) in table {
        let ask = AuthorizeAsk { amount: money(amount, currency), ..ask() };
        let built = with_gateway(Gateway::Stripe, |g| {
            g.authorize(&ask).map(|call| wire(&call.request)).map_err(|error| error.to_string())
        });
        match (built, expected) {
            (Ok(request), Ok(expected)) => assert!(request.contains(expected), "{request}"),
            (Err(error), Err(expected)) => assert_eq!(error, expected),
            (built, _) => panic!("{currency} {amount}: {built:?}"),
        }
    }
}

#[test]
fn amounts_come_back_in_ours() {
    let table = [
        ("isk", 500, Some(5)),
        ("isk", 501, None),
        ("mga", 100, Some(10_000)),
        ("jpy", 500, Some(500)),
        ("kwd", 5_120, Some(5_120)),
        ("ugx", 500, None),
        ("zzz", 500, None),
    ];
    for (currency, amount, expected) in table {
        let mut intent = stripe_intent("processing");
        intent["currency"] = json!(currency);
        intent["amount"] = json!(amount);
        let amount = read(200, &intent).ok().map(|report| report.amount.amount);
        assert_eq!(amount, expected, "{currency}");
    }
}

#[test]
fn what_stripe_cannot_take_is_not_sent() {
    let long = "x".repeat(1_001);
    let method = |text: &str| AuthorizeAsk { method: Some(text.to_owned()), ..ask() };
    let back = |text: &str| AuthorizeAsk { return_url: Some(text.to_owned()), ..ask() };
    let asks = [
        method("4242424242424242"),
        method("4242 4242 4242 4242"),
        method(""),
        method("pm_1/../../refunds"),
        method(&format!("pm_{long}")),
        back("/relative"),
        back("javascript:alert(1)"),
        back("https://user:pass@shop.example"),
        AuthorizeAsk { description: Some(long.clone()), ..ask() },
        AuthorizeAsk { email: Some(long.clone()), ..ask() },
    ];
    with_gateway(Gateway::Stripe, |gateway| {
        for ask in asks {
            let error = gateway.authorize(&ask).unwrap_err();
            let failure = CallFailure::from(error);
            assert!(matches!(failure, CallFailure::NotSent { .. }), "{ask:?}");
            assert!(!failure.to_string().contains("4242"));
        }
        for reference in ["", "pi_1/cancel", "pi_1?x", "..", "pi_é", &long] {
            let cancel = VoidAsk { operation_id: operation(2), payment: known(reference) };
            assert_eq!(gateway.retrieve(&known(reference)).unwrap_err(), BuildError::Reference);
            assert_eq!(
                gateway.voiding().unwrap().void(&cancel).unwrap_err(),
                BuildError::Reference
            );
        }
    });
}

#[test]
fn every_status_in_our_words() {
    let table = [
        ("requires_payment_method", ReportedState::ActionRequired, 0),
        ("requires_confirmation", ReportedState::ActionRequired, 0),
        ("requires_action", ReportedState::ActionRequired, 0),
        ("processing", ReportedState::Processing, 0),
        ("requires_capture", ReportedState::Authorized, 0),
        ("canceled", ReportedState::Cancelled, 0),
        ("succeeded", ReportedState::Captured, 1_999),
    ];
    for (status, state, captured) in table {
        let report = read(200, &stripe_intent(status)).unwrap();
        assert_eq!((report.state, report.captured_minor), (state, captured), "{status}");
        let waits = state == ReportedState::ActionRequired;
        let secret = format!("{REFERENCE}_secret_t0kenF0rTheBr0wser");
        let action = waits.then_some(BuyerAction::ClientSecret { client_secret: secret });
        assert_eq!(report.action, action, "{status}");
        assert_eq!(report.reference, REFERENCE);
        assert_eq!(report.amount, money(1_999, "USD"));
        assert_eq!(report.decline, None);
        // Whole seconds of the sending, so that an event of the same second is not older news.
        assert_eq!(report.occurred_at.milliseconds(), NOW_SECONDS * 1_000);
    }
    let unheard_of = read(200, &stripe_intent("requires_blessing"));
    assert!(matches!(unheard_of, Err(CallFailure::Unknown { .. })));
}

#[test]
fn a_page_to_visit_is_a_redirect_and_anything_else_goes_through_the_browser_library() {
    let mut intent = stripe_intent("requires_action");
    let url = "https://hooks.stripe.com/3d_secure_2/hosted?merchant=1".to_owned();
    intent["next_action"] = json!({
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": "https://shop.example", "url": url},
    });
    assert_eq!(read(200, &intent).unwrap().action, Some(BuyerAction::Redirect { url }));
    for next_action in [
        json!({"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}),
        json!({"type": "redirect_to_url", "redirect_to_url": {"url": "javascript:alert(1)"}}),
        json!({"type": "redirect_to_url", "redirect_to_url": {"url": null}}),
    ] {
        intent["next_action"] = next_action;
        let action = read(200, &intent).unwrap().action;
        assert!(matches!(action, Some(BuyerAction::ClientSecret { .. })), "{action:?}");
    }
}

#[test]
fn a_declined_card_is_news_about_the_payment_which_can_be_attempted_again() {
    let report = read(402, &stripe_decline()).unwrap();
    assert_eq!(report.state, ReportedState::Declined);
    assert_eq!(
        report.decline,
        Some(Decline {
            code: "insufficient_funds".to_owned(),
            message: "Your card has insufficient funds.".to_owned(),
        })
    );
    assert!(matches!(report.action, Some(BuyerAction::ClientSecret { .. })));
    let mut without = stripe_decline();
    without["error"]["payment_intent"] = json!(null);
    assert!(matches!(read(402, &without), Err(CallFailure::Refused { .. })));
}

#[test]
fn cancelling_or_capturing_too_late_reports_the_state_that_the_payment_is_in() {
    let error = |status: &str| {
        json!({"error": {
            "code": "payment_intent_unexpected_state",
            "message": format!("You cannot cancel this PaymentIntent because it has a status of {status}."),
            "payment_intent": stripe_intent(status),
            "type": "invalid_request_error",
        }})
    };
    let reference = REFERENCE.to_owned();
    let cancel = VoidAsk { operation_id: operation(2), payment: known(&reference) };
    let capture = CaptureAsk {
        operation_id: operation(3),
        payment: known(&reference),
        amount: money(1_999, "USD"),
        is_final: true,
    };
    with_gateway(Gateway::Stripe, |gateway| {
        for (status, state) in
            [("succeeded", ReportedState::Captured), ("canceled", ReportedState::Cancelled)]
        {
            let reply = json_reply(400, &error(status));
            let report =
                gateway.voiding().unwrap().void(&cancel).unwrap().read(&reply, NOW).unwrap();
            assert_eq!(report.state, state);
            let call = gateway.capturing().unwrap().capture(&capture).unwrap();
            assert_eq!(call.read(&reply, NOW).unwrap().state, state);
        }
        let mut another = error("succeeded");
        another["error"]["payment_intent"]["id"] = json!("pi_another");
        let result =
            gateway.voiding().unwrap().void(&cancel).unwrap().read(&json_reply(400, &another), NOW);
        assert!(matches!(result, Err(CallFailure::Unknown { .. })));
    });
}

#[test]
fn what_a_refusal_proves_depends_on_what_was_asked() {
    let error =
        |kind: &str, code: &str| json!({"error": {"type": kind, "code": code, "message": "No."}});
    // (status, body, first start, repeated start, cancel, question): true means certainly not done.
    let table = [
        (
            400,
            error("invalid_request_error", "parameter_invalid_integer"),
            [true, true, true, false],
        ),
        (401, error("invalid_request_error", "api_key_expired"), [true, false, false, false]),
        (
            403,
            error("invalid_request_error", "more_permissions_required"),
            [true, false, false, false],
        ),
        (404, error("invalid_request_error", "resource_missing"), [true, false, false, false]),
        (400, error("idempotency_error", "idempotency_key_in_use"), [false; 4]),
        (409, error("idempotency_error", "idempotency_key_in_use"), [false; 4]),
        (429, error("invalid_request_error", "rate_limit"), [false; 4]),
    ];
    let cancel = VoidAsk { operation_id: operation(2), payment: known(REFERENCE) };
    with_gateway(Gateway::Stripe, |gateway| {
        for (status, body, certain) in table {
            let Recovery::Repeat(repeat) = gateway.recover(&ask(), 60_000).unwrap() else {
                panic!("expected a repeat")
            };
            let calls = [
                gateway.authorize(&ask()).unwrap(),
                repeat,
                gateway.voiding().unwrap().void(&cancel).unwrap(),
                gateway.retrieve(&known(REFERENCE)).unwrap(),
            ];
            for (at, (call, certain)) in calls.into_iter().zip(certain).enumerate() {
                let result = call.read(&json_reply(status, &body), NOW);
                let expected = match result {
                    Err(CallFailure::Refused { .. }) => certain,
                    Err(CallFailure::Unknown { .. }) => !certain,
                    _ => false,
                };
                assert!(expected, "{status} {body} call {at}: {result:?}");
            }
        }
    });
}

#[test]
fn a_gateways_texts_are_bounded_and_harmless() {
    let long = "é".repeat(10_000);
    let body = json!({"error": {
        "type": "invalid_request_error",
        "code": "bad\r\ncode <b>",
        "message": format!("a\r\nb\u{0}{long}"),
    }});
    let Err(CallFailure::Refused { code, message }) = read(400, &body) else {
        panic!("expected a refusal")
    };
    assert_eq!(code, "bad__code__b_");
    assert!(message.starts_with("a  b é"));
    assert_eq!(message.chars().count(), 500);
}

#[test]
fn a_search_finds_one_payment_or_none_and_never_picks_among_two() {
    let read = |items: Value| {
        let body = json!({"object": "search_result", "url": "/v1/payment_intents/search",
            "has_more": false, "data": items});
        with_gateway(Gateway::Stripe, |g| {
            g.find(&ask()).unwrap().read(&json_reply(200, &body), NOW)
        })
    };
    let ours = stripe_intent("succeeded");
    let mut other = stripe_intent("succeeded");
    other["metadata"]["operation_id"] = json!(operation(9).to_string());
    assert_eq!(read(json!([])), Ok(None));
    assert_eq!(read(json!([other])), Ok(None));
    let found = read(json!([other, ours])).unwrap().unwrap();
    assert_eq!(found.state, ReportedState::Captured);
    assert!(matches!(read(json!([ours, ours])), Err(CallFailure::Unknown { .. })));
}

#[test]
fn a_search_that_stripe_does_not_offer_is_told_from_one_that_it_does_not_answer() {
    let read = |status, body: &str| {
        with_gateway(Gateway::Stripe, |g| g.find(&ask()).unwrap().read(&reply(status, body), NOW))
    };
    let refusal = json!({"error": {"type": "invalid_request_error", "message": "not available"}});
    let refusal = refusal.to_string();
    assert!(matches!(read(400, &refusal), Err(CallFailure::Unsupported { .. })));
    for (status, body) in [(400, "<html>"), (401, &*refusal), (403, &*refusal), (429, &*refusal)] {
        let unclear = matches!(read(status, body), Err(CallFailure::Unknown { .. }));
        assert!(unclear, "{status} {body}");
    }
}

fn verify(event: &Value) -> Result<VerifiedEvent, WebhookRefusal> {
    let body = event.to_string();
    let header = signed(OLD_SECRET, NOW_SECONDS, body.as_bytes());
    with_gateway(Gateway::Stripe, |g| {
        g.verify(
            &|name| (name == "stripe-signature").then(|| header.clone()),
            body.as_bytes(),
            None,
            NOW,
        )
    })
}

#[test]
fn events_of_interest_report_and_the_rest_is_acknowledged() {
    let table = [
        ("payment_intent.succeeded", "succeeded", Some(ReportedState::Captured)),
        ("payment_intent.payment_failed", "requires_payment_method", Some(ReportedState::Declined)),
        ("payment_intent.canceled", "canceled", Some(ReportedState::Cancelled)),
        ("payment_intent.processing", "processing", Some(ReportedState::Processing)),
        ("payment_intent.requires_action", "requires_action", Some(ReportedState::ActionRequired)),
        (
            "payment_intent.amount_capturable_updated",
            "requires_capture",
            Some(ReportedState::Authorized),
        ),
        ("payment_intent.created", "requires_payment_method", None),
        ("payment_intent.partially_funded", "requires_action", None),
        ("charge.succeeded", "succeeded", None),
    ];
    for (kind, status, state) in table {
        let mut intent = stripe_intent(status);
        if kind == "payment_intent.payment_failed" {
            intent["last_payment_error"] = stripe_decline()["error"].clone();
        }
        let event = verify(&stripe_event(kind, intent)).unwrap();
        assert_eq!(event.event_id, "evt_3Qx7dE2eZvKYlo2C0WpQx1Yz");
        assert_eq!(event.kind, kind);
        assert_eq!(event.occurred_at.seconds(), NOW_SECONDS);
        assert_eq!(report_of(&event).as_ref().map(|report| report.state), state, "{kind}");
        if let Some(report) = report_of(&event) {
            assert_eq!(event.order_id, Some(order_id()));
            assert_eq!(event.operation_id, Some(operation(1)));
            assert_eq!(report.occurred_at, event.occurred_at);
        }
    }
}

#[test]
fn an_event_of_another_api_version_is_read_by_its_stable_fields() {
    let old = json!({
        "id": "evt_1", "object": "event", "api_version": "2019-12-03", "created": NOW_SECONDS,
        "type": "payment_intent.succeeded",
        "data": {"object": {
            "id": REFERENCE, "object": "payment_intent", "amount": 1_999, "amount_received": 1_999,
            "currency": "usd", "status": "succeeded",
            "charges": {"object": "list", "data": []},
            "metadata": {"order_id": order_id().to_string(), "operation_id": operation(1).to_string()},
        }},
    });
    let event = verify(&old).unwrap();
    assert_eq!(report_of(&event).unwrap().state, ReportedState::Captured);
}

#[test]
fn an_event_that_is_not_of_this_shop_is_none_of_its_business() {
    let mut intent = stripe_intent("succeeded");
    intent["metadata"] = json!({});
    intent["currency"] = json!("zzz");
    let event = verify(&stripe_event("payment_intent.succeeded", intent.clone())).unwrap();
    assert_eq!((event.order_id, report_of(&event)), (None, None));
    // Ours, and unreadable: it is sent again, and somebody hears of it.
    intent["metadata"] = json!({"order_id": order_id().to_string()});
    let refusal = verify(&stripe_event("payment_intent.succeeded", intent)).unwrap_err();
    assert!(matches!(refusal, WebhookRefusal::Malformed { .. }));
}

#[test]
fn an_event_with_an_impossible_head_is_malformed() {
    let good = stripe_event("payment_intent.succeeded", stripe_intent("succeeded"));
    for (field, value) in [
        ("id", json!("")),
        ("id", json!("evt 1")),
        ("id", json!("x".repeat(256))),
        ("object", json!("charge")),
        ("created", json!(-1)),
        ("created", json!(i64::MAX)),
        ("created", json!("1767225600")),
        ("created", json!(1.5)),
        ("type", json!(null)),
        ("data", json!(null)),
    ] {
        let mut event = good.clone();
        event[field] = value;
        let result = verify(&event);
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{field}: {result:?}");
    }
}

//! What is sent, to the byte, and what never is.

use cartwright::domain::payment::{CallFailure, CaptureMode};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    AuthorizeAsk, BuildError, CaptureAsk, HttpRequest, KnownPayment, Recovery, RefundAsk,
    RefundRecovery, Window,
};

use super::fixtures::*;

/// `rzp_test_key:CANARY_razorpay_secret`, in base64.
const HEADERS: &str = "authorization: Basic cnpwX3Rlc3Rfa2V5OkNBTkFSWV9yYXpvcnBheV9zZWNyZXQ=\n\
    accept: application/json\n";
const JSON: &str = "content-type: application/json\n";

fn authorize(ask: &AuthorizeAsk) -> String {
    razorpay(|g| wire(&g.authorize(ask).unwrap().request))
}

#[test]
fn a_start_makes_an_order_that_is_taken_as_soon_as_it_is_paid() {
    assert_eq!(
        authorize(&ask()),
        format!(
            "POST https://api.razorpay.com/v1/orders\n{HEADERS}{JSON}\n\
             {{\"amount\":1999,\"currency\":\"USD\",\
             \"receipt\":\"op_01990000000070008000000000001001\",\"partial_payment\":false,\
             \"notes\":{{\"order_id\":\"ord_0701990000000070008000000000000001\",\
             \"operation_id\":\"op_01990000000070008000000000001001\"}},\
             \"payment\":{{\"capture\":\"automatic\",\"capture_options\":{{\
             \"automatic_expiry_period\":4320,\"manual_expiry_period\":4320,\
             \"refund_speed\":\"normal\"}}}}}}"
        )
    );
}

#[test]
fn a_start_that_holds_says_for_how_long() {
    for capture in [CaptureMode::Manual, CaptureMode::OnRequest] {
        let request = authorize(&AuthorizeAsk { capture, ..ask() });
        let payment = "\"payment\":{\"capture\":\"manual\",\"capture_options\":\
            {\"manual_expiry_period\":4320,\"refund_speed\":\"normal\"}}}";
        assert!(request.ends_with(payment), "{request}");
    }
}

#[test]
fn a_receipt_is_no_longer_than_razorpay_takes() {
    let receipt = ask().operation_id.to_string();
    assert!(receipt.len() <= 40, "{receipt}");
}

#[test]
fn the_other_requests() {
    let by_receipt = format!(
        "GET https://api.razorpay.com/v1/orders?receipt=op_01990000000070008000000000001001\
         &expand%5B%5D=payments\n{HEADERS}\n"
    );
    razorpay(|gateway| {
        assert_eq!(wire(&gateway.retrieve(&known(ORDER)).unwrap().request), by_receipt);
        assert_eq!(wire(&gateway.find(&ask()).unwrap().request), by_receipt);
        assert_eq!(
            wire(&gateway.whose(ORDER).unwrap().request),
            format!("GET https://api.razorpay.com/v1/orders/{ORDER}\n{HEADERS}\n")
        );
        let capture = gateway.capturing().unwrap().capture(&capture_ask()).unwrap();
        assert_eq!(
            wire(&capture.request),
            format!(
                "POST https://api.razorpay.com/v1/payments/{PAYMENT}/capture\n{HEADERS}{JSON}\n\
                 {{\"amount\":1999,\"currency\":\"USD\"}}"
            )
        );
        let refunding = gateway.refunding().unwrap();
        assert!(!refunding.reads_first());
        assert_eq!(
            wire(&refunding.refund(&refund_ask()).unwrap().request),
            format!(
                "POST https://api.razorpay.com/v1/payments/{PAYMENT}/refund\n{HEADERS}{JSON}\
                 x-refund-idempotency: op_01990000000070008000000000001004\n\n\
                 {{\"amount\":500,\"speed\":\"normal\",\
                 \"receipt\":\"op_01990000000070008000000000001004\",\
                 \"notes\":{{\"order_id\":\"ord_0701990000000070008000000000000001\",\
                 \"operation_id\":\"op_01990000000070008000000000001004\",\
                 \"reason\":\"Too small\"}}}}"
            )
        );
        assert_eq!(
            wire(&refunding.find_refund(&refund_ask()).unwrap().request),
            format!(
                "GET https://api.razorpay.com/v1/payments/{PAYMENT}/refunds?count=100\n{HEADERS}\n"
            )
        );
        let window = Window {
            from: Timestamp::from_milliseconds(NOW_SECONDS * 1_000),
            to: Timestamp::from_milliseconds((NOW_SECONDS + 3_600) * 1_000),
        };
        let listing = gateway.listing().unwrap();
        for (cursor, book, skip) in [
            (None, "payments", 0),
            (Some("payments:50"), "payments", 50),
            (Some("refunds:0"), "refunds", 0),
            (Some("refunds:100"), "refunds", 100),
        ] {
            assert_eq!(
                wire(&listing.list(window, cursor).unwrap().request),
                format!(
                    "GET https://api.razorpay.com/v1/{book}?from={NOW_SECONDS}&to={}&count=50\
                     &skip={skip}\n{HEADERS}\n",
                    NOW_SECONDS + 3_599
                )
            );
        }
    });
}

/// `razorpay-fake.test.mjs` gives the same bytes to the fake, which takes them.
#[test]
fn what_the_fake_is_tested_with_is_what_is_sent() {
    let requests = golden("requests");
    let body = |request: &HttpRequest| String::from_utf8(request.body.clone()).unwrap();
    razorpay(|gateway| {
        assert_eq!(body(&gateway.authorize(&ask()).unwrap().request), requests["start"]);
        let capture = gateway.capturing().unwrap().capture(&capture_ask()).unwrap();
        assert_eq!(body(&capture.request), requests["capture"]);
        let refund = gateway.refunding().unwrap().refund(&refund_ask()).unwrap();
        assert_eq!(body(&refund.request), requests["refund"]);
    });
}

#[test]
fn a_lost_start_and_a_lost_refund_are_looked_for_and_never_sent_again() {
    const HOUR: i64 = 3_600_000;
    razorpay(|gateway| {
        for age in [i64::MIN, 0, HOUR, 48 * HOUR, i64::MAX] {
            let Recovery::Search(call) = gateway.recover(&ask(), age).unwrap() else {
                panic!("expected a search at {age}")
            };
            assert_eq!(call.request, gateway.find(&ask()).unwrap().request);
            let refunding = gateway.refunding().unwrap();
            let RefundRecovery::Search(call) =
                refunding.recover_refund(&refund_ask(), age).unwrap()
            else {
                panic!("expected a search at {age}")
            };
            assert_eq!(call.request, refunding.find_refund(&refund_ask()).unwrap().request);
        }
    });
}

#[test]
fn amounts_are_in_minor_units() {
    let table = [
        ("INR", 1, Ok("\"amount\":1,\"currency\":\"INR\"")),
        ("USD", 1_000_000_000_000_000, Ok("\"amount\":1000000000000000,\"currency\":\"USD\"")),
        ("JPY", 500, Ok("\"amount\":500,\"currency\":\"JPY\"")),
        ("KWD", 5_120, Ok("\"amount\":5120,\"currency\":\"KWD\"")),
        ("BHD", 10, Ok("\"amount\":10,\"currency\":\"BHD\"")),
        ("OMR", 5_124, Err("Razorpay takes only multiples of 10 minor units of OMR, not 5124")),
        ("KWD", 1, Err("Razorpay takes only multiples of 10 minor units of KWD, not 1")),
        (
            "JOD",
            5_120,
            Err("Razorpay can't take JOD: it is not among the three-decimal currencies that \
                 Razorpay takes"),
        ),
        ("INR", 0, Err("0 INR is not an amount that can be charged")),
        ("INR", -1, Err("-1 INR is not an amount that can be charged")),
    ];
    for (currency, amount, expected) in table {
        let ask = AuthorizeAsk { amount: money(amount, currency), ..ask() };
        let built = razorpay(|g| {
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
fn what_razorpay_cannot_take_is_not_sent() {
    let start = |ask: AuthorizeAsk| {
        let error = razorpay(|g| g.authorize(&ask).unwrap_err());
        let failure = CallFailure::from(error);
        assert!(!failure.to_string().contains("4242"));
        failure
    };
    for method in ["4242424242424242", "token_Rz1", ""] {
        let failure = start(AuthorizeAsk { method: Some(method.to_owned()), ..ask() });
        assert_eq!(
            failure.to_string(),
            "nothing was sent: the payment method is not a token that Razorpay gives"
        );
    }
    for url in ["/relative", "javascript:alert(1)", "https://user:pass@shop.example"] {
        start(AuthorizeAsk { return_url: Some(url.to_owned()), ..ask() });
    }
    let long = format!("order_{}", "x".repeat(300));
    let references =
        ["", "order_", "order_1/../refunds", "pay_1", "order_1?x", "..", "order_é", long.as_str()];
    razorpay(|gateway| {
        for reference in references {
            assert_eq!(gateway.retrieve(&known(reference)).unwrap_err(), BuildError::Reference);
            assert_eq!(gateway.whose(reference).unwrap_err(), BuildError::Reference);
            let payment = KnownPayment { charge: Some(PAYMENT.to_owned()), ..known(reference) };
            let ask = CaptureAsk { payment, ..capture_ask() };
            let capturing = gateway.capturing().unwrap();
            assert_eq!(capturing.capture(&ask).unwrap_err(), BuildError::Reference);
        }
        let refunding = gateway.refunding().unwrap();
        for charge in ["", "pay_", "order_1", "pay_1/capture", "pay_é"] {
            let payment = KnownPayment { charge: Some(charge.to_owned()), ..known(ORDER) };
            let capture = CaptureAsk { payment: payment.clone(), ..capture_ask() };
            let capturing = gateway.capturing().unwrap();
            assert_eq!(capturing.capture(&capture).unwrap_err(), BuildError::Reference);
            let ask = RefundAsk { payment, ..refund_ask() };
            assert_eq!(refunding.refund(&ask).unwrap_err(), BuildError::Reference);
            assert_eq!(refunding.find_refund(&ask).unwrap_err(), BuildError::Reference);
            let ask = RefundAsk { capture: Some(charge.to_owned()), ..refund_ask() };
            assert_eq!(refunding.refund(&ask).unwrap_err(), BuildError::Reference);
        }
        let ask = RefundAsk { reason: Some("x".repeat(257)), ..refund_ask() };
        assert!(matches!(refunding.refund(&ask), Err(BuildError::TooLong { .. })));
        let ask = RefundAsk { amount: money(0, "USD"), ..refund_ask() };
        assert!(matches!(refunding.refund(&ask), Err(BuildError::Amount(_))));
        let window = Window { from: NOW, to: NOW.plus_seconds(1) };
        for cursor in [
            "",
            "payments",
            "payments:",
            "payments:-1",
            "payments:+1",
            "refunds:x",
            "disputes:0",
            "payments:0:0",
            "payments:99999999",
            "payments:1000001",
        ] {
            let listed = gateway.listing().unwrap().list(window, Some(cursor));
            assert_eq!(listed.unwrap_err(), BuildError::Reference, "{cursor}");
        }
    });
}

#[test]
fn what_is_not_offered_or_not_possible_yet_says_so() {
    razorpay(|gateway| {
        assert!(gateway.voiding().is_none() && gateway.completing().is_none());
        let capturing = gateway.capturing().unwrap();
        assert!(!capturing.in_parts());
        let part = CaptureAsk { amount: money(1_000, "USD"), ..capture_ask() };
        let error = capturing.capture(&part).unwrap_err();
        assert_eq!(error, BuildError::NotOffered("capture of a part"));
        let early = CaptureAsk { payment: known(ORDER), ..capture_ask() };
        assert!(matches!(capturing.capture(&early), Err(BuildError::NotYet(_))));
        let early = RefundAsk { payment: known(ORDER), ..refund_ask() };
        assert!(matches!(gateway.refunding().unwrap().refund(&early), Err(BuildError::NotYet(_))));
    });
}

#[test]
fn nothing_that_is_printed_holds_the_secret() {
    razorpay(|gateway| {
        let call = gateway.authorize(&ask()).unwrap();
        let secret = "cnpwX3Rlc3Rfa2V5OkNBTkFSWV9yYXpvcnBheV9zZWNyZXQ=";
        assert!(wire(&call.request).contains(secret), "the request itself carries it");
        let printed = format!("{call:?} {:?} {:?}", call.request, settings());
        assert!(!printed.contains(secret) && !printed.contains(CANARY), "{printed}");
    });
}

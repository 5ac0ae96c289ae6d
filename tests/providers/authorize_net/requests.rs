//! The bytes of every request, in the schema's order, and what is never sent.

use cartwright::domain::address::Address;
use cartwright::domain::payment::{CallFailure, CaptureMode};
use cartwright::providers::payment::contract::{AuthorizeAsk, BuildError, Window};
use cartwright::providers::payment::settings::PaymentSettings;

use super::replies::*;
use super::*;

const HEAD: &str = "POST https://api.authorize.net/xml/v1/request.api
content-type: application/json
accept: application/json

";

/// A name and the bytes of a body a line. `authorize-net-fake.test.mjs` holds them to the schema.
const GOLDEN: &str = include_str!("../golden/authorize_net_requests.txt");

fn golden(request: &str, name: &str) {
    let body = GOLDEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    assert_eq!(request, format!("{HEAD}{}", body.unwrap()), "{name}");
}

#[test]
fn a_start_with_all_it_can_have() {
    let ask = AuthorizeAsk {
        email: Some("ada@example.com".to_owned()),
        description: Some("not sent".to_owned()),
        statement_descriptor: Some("not sent".to_owned()),
        billing: Some(Address {
            name: "Augusta Ada King-Noel".to_owned(),
            line1: "12 St James's Square".to_owned(),
            line2: Some("Flat 3".to_owned()),
            city: "San Francisco".to_owned(),
            region: Some("CA".to_owned()),
            postal_code: "94107".to_owned(),
            country: "US".to_owned(),
            phone: Some("+1 415 555 2671".to_owned()),
        }),
        ..ask()
    };
    let request = gateway(|g| wire(&g.authorize(&ask).unwrap().request));
    golden(&request, "start_with_everything");
}

#[test]
fn a_start_that_holds_with_as_little_as_possible() {
    for capture in [CaptureMode::OnRequest, CaptureMode::Manual] {
        let ask = AuthorizeAsk { capture, ..ask_of(money(5, "USD")) };
        let request = gateway(|g| wire(&g.authorize(&ask).unwrap().request));
        golden(&request, "start_that_holds");
    }
}

#[test]
fn captures_voids_and_refunds() {
    gateway(|g| {
        let capture = g.capturing().unwrap().capture(&capture_ask(1_200)).unwrap();
        golden(&wire(&capture.request), "capture");
        let void = g.voiding().unwrap().void(&void_ask()).unwrap();
        golden(&wire(&void.request), "void");
        let refunding = g.refunding().unwrap();
        assert!(refunding.reads_first());
        golden(
            &wire(&refunding.refund(&refund_ask(1_999, false)).unwrap().request),
            "refund_by_void",
        );
        golden(&wire(&refunding.refund(&refund_ask(700, true)).unwrap().request), "refund");
    });
}

#[test]
fn questions_and_books() {
    gateway(|g| {
        let details = "details";
        golden(&wire(&g.retrieve(&known(PAYMENT)).unwrap().request), details);
        golden(&wire(&g.whose(PAYMENT).unwrap().request), details);
        let unsettled = "unsettled";
        golden(&wire(&g.find(&ask()).unwrap().request), unsettled);
        let listing = g.listing().unwrap();
        let window = Window { from: NOW.plus_seconds(-86_400), to: NOW };
        golden(&wire(&listing.list(window, None).unwrap().request), "batches");
        golden(
            &wire(&listing.list(window, Some("2.3990061-1767225600000")).unwrap().request),
            "batch",
        );
        golden(&wire(&listing.list(window, Some("1")).unwrap().request), unsettled);
        for bad in ["", "0", "x", "1.1", "1.1-1-"] {
            assert_eq!(listing.list(window, Some(bad)).unwrap_err(), BuildError::Reference);
        }
        let long = Window { from: NOW, to: NOW.plus_seconds(31 * 86_400 + 1) };
        assert!(matches!(listing.list(long, None).unwrap_err(), BuildError::NotOffered(_)));
    });
}

#[test]
fn an_address_is_cut_to_what_the_schema_takes() {
    let long = "é".repeat(200);
    let billing = Address {
        name: format!("{long} {long}"),
        line1: long.clone(),
        line2: Some(long.clone()),
        city: long.clone(),
        region: Some(long.clone()),
        postal_code: long.clone(),
        country: "GB".to_owned(),
        phone: None,
    };
    let of = |billing: Address| {
        let ask = AuthorizeAsk { billing: Some(billing), ..ask() };
        let body = gateway(|g| g.authorize(&ask).unwrap().request.body);
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        body["createTransactionRequest"]["transactionRequest"]["billTo"].clone()
    };
    let cut = of(billing);
    let limits = [
        ("firstName", 50),
        ("lastName", 50),
        ("address", 60),
        ("city", 40),
        ("state", 40),
        ("zip", 20),
    ];
    for (field, limit) in limits {
        assert_eq!(cut[field].as_str().unwrap().chars().count(), limit, "{field}");
    }
    let short = of(Address {
        name: "Madonna".to_owned(),
        line1: "1 Road".to_owned(),
        line2: None,
        city: "Dublin".to_owned(),
        region: None,
        postal_code: String::new(),
        country: "IE".to_owned(),
        phone: None,
    });
    let expected = serde_json::json!({"lastName": "Madonna", "address": "1 Road",
        "city": "Dublin", "country": "IE"});
    assert_eq!(short, expected);
}

#[test]
fn what_authorize_net_cannot_take_is_not_sent() {
    let method = |text: &str| AuthorizeAsk { method: Some(text.to_owned()), ..ask() };
    let long = "a".repeat(2_049);
    let bad_methods = [
        AuthorizeAsk { method: None, ..ask() },
        method(""),
        method("4242424242424242"),
        method("x4242424242424242y"),
        method("4242-4242-4242-4242"),
        method("two words"),
        method("é"),
        method("a\"b"),
        method(&long),
    ];
    let method_refused = BuildError::PaymentMethod { gateway: "Authorize.net" };
    gateway(|g| {
        for ask in bad_methods {
            assert_eq!(g.authorize(&ask).unwrap_err(), method_refused, "{:?}", ask.method);
        }
        assert!(g.authorize(&method(&"a".repeat(2_048))).is_ok());
        for currency in ["EUR", "JPY", "KWD"] {
            let error = g.authorize(&ask_of(money(1_999, currency))).unwrap_err();
            assert!(matches!(error, BuildError::Currency { .. }), "{currency}");
        }
        for amount in [0, -1, i64::MIN, i64::MAX, 1_000_000_000_000_001] {
            let error = g.authorize(&ask_of(money(amount, "USD"))).unwrap_err();
            assert!(matches!(error, BuildError::Amount(_)), "{amount}");
        }
        let email = Some(format!("{}@example.com", "x".repeat(255)));
        let error = g.authorize(&AuthorizeAsk { email, ..ask() }).unwrap_err();
        assert!(matches!(error, BuildError::TooLong { .. }));
        for reference in ["", "0", "00", "-1", "1 2", "12a", "..", "123456789012345678901"] {
            assert_eq!(g.retrieve(&known(reference)).unwrap_err(), BuildError::Reference);
            assert_eq!(g.whose(reference).unwrap_err(), BuildError::Reference);
        }
        let capturing = g.capturing().unwrap();
        assert!(!capturing.in_parts());
        assert!(matches!(capturing.capture(&capture_ask(2_000)), Err(BuildError::Amount(_))));
        let mut void = void_ask();
        void.payment = taken(false);
        assert!(matches!(g.voiding().unwrap().void(&void), Err(BuildError::NotOffered(_))));
    });
}

#[test]
fn how_money_goes_back_depends_on_whether_it_has_settled() {
    gateway(|g| {
        let refunding = g.refunding().unwrap();
        let failure = |ask: &RefundAsk| CallFailure::from(refunding.refund(ask).unwrap_err());
        let part = failure(&refund_ask(1_200, false));
        assert!(matches!(part, CallFailure::NotYet { .. }), "{part:?}");
        let mut ask = refund_ask(1_999, true);
        ask.payment.settled = None;
        assert!(matches!(failure(&ask), CallFailure::NotYet { .. }));
        let mut ask = refund_ask(1_999, true);
        ask.payment.card_last_four = None;
        assert!(matches!(failure(&ask), CallFailure::Unsupported { .. }));
    });
}

#[test]
fn settings_are_read_and_never_quoted() {
    let read = |more: &[(&str, &str)]| {
        let base = [
            ("AUTHORIZE_NET_LOGIN_ID", LOGIN_ID),
            ("AUTHORIZE_NET_TRANSACTION_KEY", TRANSACTION_KEY),
            ("AUTHORIZE_NET_SIGNATURE_KEY", OLD_KEY),
        ];
        let all: Vec<_> = more.iter().chain(&base).copied().collect();
        PaymentSettings::from_variables(|name| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| error.to_string())
    };
    let settings = read(&[]).unwrap().authorize_net.unwrap();
    assert_eq!(settings.currency.code(), "USD");
    let text = format!("{settings:?}");
    assert!(!text.contains("CANARY"), "{text}");
    let cad = read(&[("AUTHORIZE_NET_CURRENCIES", "CAD")]).unwrap().authorize_net.unwrap();
    assert_eq!(cad.currency.code(), "CAD");
    for (name, value) in [
        ("AUTHORIZE_NET_TRANSACTION_KEY", " "),
        ("AUTHORIZE_NET_TRANSACTION_KEY", "CANARY key"),
        ("AUTHORIZE_NET_SIGNATURE_KEY", ""),
        ("AUTHORIZE_NET_SIGNATURE_KEY", "CANARY1,2,3,4,5"),
        ("AUTHORIZE_NET_CURRENCIES", "CANARY"),
        ("AUTHORIZE_NET_CURRENCIES", "USD,EUR"),
        ("AUTHORIZE_NET_CURRENCIES", "JPY"),
        ("AUTHORIZE_NET_CURRENCIES", "KWD"),
        ("AUTHORIZE_NET_BASE_URL", "http://CANARY.example"),
    ] {
        let error = read(&[(name, value)]).unwrap_err();
        assert!(error.starts_with(name), "{error}");
        assert!(!error.contains("CANARY"), "{error}");
    }
    assert_eq!(read(&[("AUTHORIZE_NET_LOGIN_ID", "")]).unwrap().authorize_net, None);
}

#[test]
fn credentials_stand_in_the_body_and_nowhere_else() {
    gateway(|g| {
        let call = g.authorize(&ask()).unwrap();
        assert_eq!(wire(&call.request).matches("CANARY").count(), 2);
        assert!(!format!("{call:?} {:?}", call.request).contains("CANARY"));
        let echoing = reply(200, format!("{LOGIN_ID} {TRANSACTION_KEY}"));
        let failure = call.read(&echoing, NOW).unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("CANARY"));
    });
}

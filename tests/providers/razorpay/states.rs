//! Orders and their payments in our words, and which failures are certain.

use cartwright::domain::payment::{CallFailure, CallResult, Decline, ReportedState};
use cartwright::domain::time::Timestamp;
use serde_json::{Value, json};

use super::fixtures::*;

fn retrieve(orders: &[Value]) -> CallResult {
    razorpay(|g| g.retrieve(&known(ORDER)).unwrap().read(&json_reply(200, &list(orders)), NOW))
}

#[test]
fn a_new_order_waits_for_the_buyer_in_the_hosted_checkout() {
    let mut new = order("created", &[]);
    new.as_object_mut().unwrap().remove("payments");
    let report =
        razorpay(|g| g.authorize(&ask()).unwrap().read(&json_reply(200, &new), NOW)).unwrap();
    assert_eq!((report.state, report.captured_minor), (ReportedState::ActionRequired, 0));
    assert_eq!(report.reference, ORDER);
    assert_eq!(report.operation_id, Some(operation(1)));
    assert_eq!(report.amount, money(1_999, "USD"));
    assert_eq!(report.action, checkout());
    assert_eq!(report.charge, None);
    // Whole seconds of the sending, so that an event of the same second is not older news.
    assert_eq!(report.occurred_at.milliseconds(), NOW_SECONDS * 1_000);
}

/// An order's status and payments, and what they come to: state, money taken, payment.
type Case = (&'static str, Vec<Value>, ReportedState, i64, Option<&'static str>);

#[test]
fn every_order_in_our_words() {
    let other = |status, age| with(payment(status, age), "id", json!("pay_Rz7other"));
    let lapsed = with(payment("refunded", 9), "captured", json!(false));
    let table: Vec<Case> = vec![
        ("created", vec![], ReportedState::ActionRequired, 0, None),
        ("attempted", vec![payment("created", 9)], ReportedState::ActionRequired, 0, None),
        ("attempted", vec![payment("failed", 9)], ReportedState::Declined, 0, None),
        (
            "attempted",
            vec![payment("created", 5), other("failed", 9)],
            ReportedState::ActionRequired,
            0,
            None,
        ),
        (
            "attempted",
            vec![other("created", 9), payment("failed", 5)],
            ReportedState::Declined,
            0,
            None,
        ),
        ("attempted", vec![payment("authorized", 9)], ReportedState::Authorized, 0, Some(PAYMENT)),
        // A failure after the money was held, or taken, lowers nothing.
        (
            "attempted",
            vec![other("failed", 1), payment("authorized", 9)],
            ReportedState::Authorized,
            0,
            Some(PAYMENT),
        ),
        (
            "paid",
            vec![other("failed", 1), payment("captured", 9)],
            ReportedState::Captured,
            1_999,
            Some(PAYMENT),
        ),
        // Refunds do not lower what was ever taken.
        ("paid", vec![payment("refunded", 9)], ReportedState::Captured, 1_999, Some(PAYMENT)),
        (
            "paid",
            vec![with(payment("captured", 9), "amount_refunded", json!(500))],
            ReportedState::Captured,
            1_999,
            Some(PAYMENT),
        ),
        // Held money that was let go was never taken.
        ("attempted", vec![lapsed.clone()], ReportedState::Cancelled, 0, None),
        (
            "attempted",
            vec![other("authorized", 1), lapsed],
            ReportedState::Authorized,
            0,
            Some("pay_Rz7other"),
        ),
        // Paid twice: the sum is told, which the ledger refuses.
        (
            "paid",
            vec![other("captured", 1), payment("captured", 9)],
            ReportedState::Captured,
            3_998,
            Some(PAYMENT),
        ),
    ];
    for (status, payments, state, captured, charge) in table {
        let report = retrieve(&[order(status, &payments)]).unwrap();
        let case = format!("{status} {payments:?}");
        assert_eq!((report.state, report.captured_minor), (state, captured), "{case}");
        assert_eq!(report.charge.as_deref(), charge, "{case}");
        assert_eq!((report.reference.as_str(), report.amount), (ORDER, money(1_999, "USD")));
        let waits = matches!(state, ReportedState::ActionRequired | ReportedState::Declined);
        assert_eq!(report.action, if waits { checkout() } else { None }, "{case}");
        assert_eq!(report.decline.is_some(), state == ReportedState::Declined, "{case}");
    }
}

#[test]
fn held_money_lapses_three_days_after_the_payment_was_made() {
    let report = retrieve(&[order("attempted", &[payment("authorized", 40)])]).unwrap();
    let until = Timestamp::from_milliseconds((NOW_SECONDS - 40 + 3 * 86_400) * 1_000);
    assert_eq!(report.authorized_until, Some(until));
    let report = retrieve(&[order("paid", &[payment("captured", 40)])]).unwrap();
    assert_eq!(report.authorized_until, None);
}

#[test]
fn a_decline_says_why_in_bounded_words() {
    let report = retrieve(&[order("attempted", &[payment("failed", 1)])]).unwrap();
    assert_eq!(
        report.decline,
        Some(Decline {
            code: "insufficient_funds".to_owned(),
            message: "Your payment could not be completed due to insufficient account balance."
                .to_owned(),
        })
    );
    let bare = with(payment("failed", 1), "error_reason", Value::Null);
    let bare = with(bare, "error_description", json!(format!("a\r\nb\u{0}{}", "é".repeat(9_999))));
    let decline = retrieve(&[order("attempted", &[bare])]).unwrap().decline.unwrap();
    assert_eq!(decline.code, "BAD_REQUEST_ERROR");
    assert!(decline.message.starts_with("a  b é"));
    assert_eq!(decline.message.chars().count(), 500);
}

#[test]
fn an_order_that_does_not_add_up_is_unknown() {
    let mut unlisted = order("attempted", &[]);
    unlisted.as_object_mut().unwrap().remove("payments");
    let captured = || order("paid", &[payment("captured", 1)]);
    let of = |field: &str, to: Value| order("paid", &[with(payment("captured", 1), field, to)]);
    let cases = [
        ("payments not listed", unlisted),
        ("paid by nothing", order("paid", &[])),
        ("paid more than is listed", with(captured(), "amount_paid", json!(2_000))),
        ("a payment of another order", of("order_id", json!("order_other"))),
        ("a payment in another currency", of("currency", json!("INR"))),
        ("a payment in an unheard-of state", of("status", json!("blessed"))),
        ("a malformed payment", of("id", json!("../refunds"))),
        ("an amount as text", of("amount", json!("1999"))),
        ("a fraction", of("amount", json!(1_999.5))),
        ("a time before all times", of("created_at", json!(-1))),
        ("an unheard-of status", with(captured(), "status", json!("blessed"))),
        ("an unknown currency", with(captured(), "currency", json!("zzz"))),
        ("another entity", with(captured(), "entity", json!("payment"))),
        ("another order", with(captured(), "id", json!("order_other"))),
        ("payments that are no list", with(captured(), "payments", json!([]))),
    ];
    for (case, order) in cases {
        assert_eq!(word(retrieve(&[order])), "unknown", "{case}");
    }
    assert_eq!(word(retrieve(&[])), "unknown");
    assert_eq!(word(retrieve(&[captured(), captured()])), "unknown");
    // Sums that no number holds.
    let huge = |id: &str| {
        with(
            with(payment("captured", 1), "amount", json!(1_000_000_000_000_000_i64)),
            "id",
            json!(id),
        )
    };
    let sum = order("paid", &[huge("pay_1"), huge("pay_2")]);
    assert_eq!(word(retrieve(&[with(sum, "amount_paid", json!(1))])), "unknown");
}

#[test]
fn another_amount_is_told_as_it_is() {
    let order_of = with(order("created", &[]), "amount", json!(2_000));
    assert_eq!(retrieve(&[order_of]).unwrap().amount, money(2_000, "USD"));
    let held = with(payment("authorized", 1), "amount", json!(5));
    let report = retrieve(&[order("attempted", &[held])]).unwrap();
    assert_eq!(report.amount, money(5, "USD"));
}

#[test]
fn a_search_finds_the_order_of_the_operation_or_none_and_never_picks_among_two() {
    let find = |orders: &[Value]| {
        razorpay(|g| g.find(&ask()).unwrap().read(&json_reply(200, &list(orders)), NOW))
    };
    let ours = order("attempted", &[payment("authorized", 1)]);
    let other = with(ours.clone(), "receipt", json!(operation(9).to_string()));
    let foreign = with(ours.clone(), "receipt", Value::Null);
    assert_eq!(find(&[]), Ok(None));
    assert_eq!(find(&[other.clone(), foreign.clone()]), Ok(None));
    let found = find(&[other, ours.clone(), foreign]).unwrap().unwrap();
    assert_eq!(found.state, ReportedState::Authorized);
    let second = with(ours.clone(), "id", json!("order_second"));
    assert_eq!(word(find(&[ours, second])), "unknown");
}

#[test]
fn a_start_that_answers_with_another_order_is_unknown() {
    let start = |body: Value| {
        word(razorpay(|g| g.authorize(&ask()).unwrap().read(&json_reply(200, &body), NOW)))
    };
    assert_eq!(start(order("created", &[])), "told");
    let other = with(order("created", &[]), "receipt", json!(operation(9).to_string()));
    assert_eq!(start(other), "unknown");
    assert_eq!(start(with(order("created", &[]), "receipt", Value::Null)), "unknown");
    assert_eq!(start(with(order("created", &[]), "id", json!("../refunds"))), "unknown");
    assert_eq!(start(error("BAD_REQUEST_ERROR", "no")), "unknown");
}

#[test]
fn what_a_failure_proves_depends_on_what_was_asked() {
    let bad = |text: &str| error("BAD_REQUEST_ERROR", text);
    let done = bad("This payment has already been captured");
    let gone = bad("Only payments which have been authorized and not yet captured can be captured");
    // Start, capture, retrieve, search.
    let table: Vec<(u16, Value, [&str; 4])> = vec![
        (400, bad("The amount must be an integer."), ["refused", "refused", "unknown", "unknown"]),
        (400, done, ["refused", "ask", "unknown", "unknown"]),
        (400, gone, ["refused", "ask", "unknown", "unknown"]),
        (401, bad("Authentication failed"), ["refused", "unknown", "unknown", "unknown"]),
        (404, bad("No such thing"), ["refused", "unknown", "unknown", "unknown"]),
        (400, error("SERVER_ERROR", "We are down"), ["unknown"; 4]),
        (400, error("GATEWAY_ERROR", "The bank is down"), ["unknown"; 4]),
        (409, bad("Another request is in progress"), ["unknown"; 4]),
        (429, bad("Too many requests"), ["unknown"; 4]),
        (500, error("SERVER_ERROR", "We are down"), ["unknown"; 4]),
        (502, json!("<html>"), ["unknown"; 4]),
        (400, json!("<html>"), ["unknown"; 4]),
        (302, order("created", &[]), ["unknown"; 4]),
    ];
    razorpay(|gateway| {
        for (status, body, expected) in table {
            let reply = json_reply(status, &body);
            let words = [
                word(gateway.authorize(&ask()).unwrap().read(&reply, NOW)),
                word(
                    gateway.capturing().unwrap().capture(&capture_ask()).unwrap().read(&reply, NOW),
                ),
                word(gateway.retrieve(&known(ORDER)).unwrap().read(&reply, NOW)),
                word(gateway.find(&ask()).unwrap().read(&reply, NOW)),
            ];
            assert_eq!(words, expected, "{status} {body}");
        }
    });
}

#[test]
fn a_capture_answers_with_the_payment_in_the_words_of_a_retrieve() {
    let capture = |body: &Value| {
        razorpay(|g| {
            let call = g.capturing().unwrap().capture(&capture_ask()).unwrap();
            call.read(&json_reply(200, body), NOW)
        })
    };
    let report = capture(&payment("captured", 9)).unwrap();
    assert_eq!(Ok(report), retrieve(&[order("paid", &[payment("captured", 9)])]));
    for (field, to) in [
        ("id", json!("pay_other")),
        ("order_id", json!("order_other")),
        ("order_id", Value::Null),
        ("entity", json!("order")),
    ] {
        let other = with(payment("captured", 9), field, to);
        assert_eq!(word(capture(&other)), "unknown", "{field}");
    }
    // Nothing was taken, and nothing is said to have been.
    let held = capture(&payment("authorized", 9)).unwrap();
    assert_eq!((held.state, held.captured_minor), (ReportedState::Authorized, 0));
}

#[test]
fn whose_an_order_is_stands_in_its_own_notes() {
    let whose = |status: u16, body: &Value| {
        razorpay(|g| g.whose(ORDER).unwrap().read(&json_reply(status, body), NOW))
    };
    assert_eq!(whose(200, &order("created", &[])), Ok(Some(order_id())));
    for foreign in [json!([]), json!({}), json!({"order_id": "1"}), json!({"order_id": 1})] {
        let order = with(order("created", &[]), "notes", foreign);
        assert_eq!(whose(200, &order), Ok(None));
    }
    let missing = error("BAD_REQUEST_ERROR", "The id provided does not exist");
    assert_eq!(whose(400, &missing), Ok(None));
    assert_eq!(whose(404, &missing), Ok(None));
    let other = with(order("created", &[]), "id", json!("order_other"));
    for (status, body) in [
        (200, other),
        (400, error("BAD_REQUEST_ERROR", "The api key provided is invalid")),
        (400, error("SERVER_ERROR", "The id provided does not exist, perhaps")),
        (401, missing),
        (404, json!({})),
        (404, error("BAD_REQUEST_ERROR", "The requested URL was not found on the server.")),
        (500, json!({})),
    ] {
        let result = whose(status, &body);
        assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{status} {body}");
    }
}

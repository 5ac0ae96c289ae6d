//! The gateway's books, page by page.

use cartwright::domain::payment::{CallFailure, OperationKind};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{ListedMovement, ListedPage, Window};
use serde_json::{Value, json};

use super::fixtures::*;

const WINDOW: Window = Window {
    from: Timestamp::from_milliseconds((NOW_SECONDS - 3_600) * 1_000),
    to: Timestamp::from_milliseconds(NOW_SECONDS * 1_000),
};

fn page(cursor: Option<&str>, items: &[Value]) -> Result<ListedPage, CallFailure> {
    razorpay(|g| {
        let call = g.listing().unwrap().list(WINDOW, cursor).unwrap();
        call.read(&json_reply(200, &list(items)), NOW)
    })
}

#[test]
fn only_money_that_was_taken_counts_as_money_in() {
    let named = with(payment("captured", 60), "notes", notes(1));
    let items = [
        named,
        with(payment("refunded", 61), "id", json!("pay_given_back")),
        with(with(payment("refunded", 62), "id", json!("pay_lapsed")), "captured", json!(false)),
        with(payment("authorized", 63), "id", json!("pay_held")),
        with(payment("failed", 64), "id", json!("pay_failed")),
        with(payment("created", 65), "id", json!("pay_open")),
        with(with(payment("captured", 66), "id", json!("pay_link")), "order_id", Value::Null),
    ];
    let page = page(None, &items).unwrap();
    let entry = |id: &str, order: bool, reference: bool, age: i64| ListedMovement {
        kind: OperationKind::Capture,
        payment_reference: reference.then(|| ORDER.to_owned()),
        movement_reference: id.to_owned(),
        order_id: order.then(order_id),
        operation_id: None,
        amount: money(1_999, "USD"),
        occurred_at: Timestamp::from_milliseconds((NOW_SECONDS - age) * 1_000),
    };
    assert_eq!(
        page.entries,
        [
            entry(PAYMENT, true, true, 60),
            entry("pay_given_back", false, true, 61),
            entry("pay_link", false, false, 66),
        ]
    );
    assert_eq!(page.next.as_deref(), Some("refunds:0"), "then the refunds");
}

#[test]
fn refunds_count_once_they_are_made() {
    let foreign = with(refund("processed"), "id", json!("rfnd_dashboard"));
    let foreign = with(with(foreign, "receipt", Value::Null), "notes", json!([]));
    let page = page(
        Some("refunds:0"),
        &[refund("processed"), refund("pending"), refund("failed"), foreign],
    )
    .unwrap();
    let summary: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (entry.movement_reference.as_str(), entry.order_id, entry.operation_id))
        .collect();
    assert_eq!(
        summary,
        [(REFUND, Some(order_id()), Some(operation(4))), ("rfnd_dashboard", None, None)]
    );
    assert!(page.entries.iter().all(|entry| {
        entry.kind == OperationKind::Refund
            && entry.amount == money(500, "USD")
            && entry.payment_reference.is_none()
    }));
    assert_eq!(page.next, None, "the last page");
}

#[test]
fn a_full_page_has_a_next_one() {
    let payments: Vec<Value> =
        (0..50).map(|n| with(payment("failed", 60), "id", json!(format!("pay_{n}")))).collect();
    let next = |cursor, items: &[Value]| page(cursor, items).unwrap().next;
    assert_eq!(next(None, &payments).as_deref(), Some("payments:50"));
    assert_eq!(next(Some("payments:50"), &payments).as_deref(), Some("payments:100"));
    assert_eq!(next(Some("payments:100"), &payments[..49]).as_deref(), Some("refunds:0"));
    let refunds: Vec<Value> = (0..50).map(|_| refund("pending")).collect();
    assert_eq!(next(Some("refunds:0"), &refunds).as_deref(), Some("refunds:50"));
    assert_eq!(next(Some("refunds:50"), &[]), None);
}

#[test]
fn a_window_ends_before_its_last_moment() {
    let ids = |items: &[Value]| -> Vec<String> {
        let page = page(None, items).unwrap();
        page.entries.into_iter().map(|entry| entry.movement_reference).collect()
    };
    let at = |id: &str, age: i64| with(payment("captured", age), "id", json!(id));
    let items = [at("pay_after", 0), at("pay_last", 1), at("pay_first", 3_600), at("pay_x", 3_601)];
    assert_eq!(ids(&items), ["pay_last", "pay_first"]);
}

#[test]
fn books_that_can_not_be_read_are_unknown() {
    let bad = [
        with(payment("captured", 60), "status", json!("blessed")),
        with(payment("captured", 60), "id", json!("../x")),
        with(payment("captured", 60), "currency", json!("zzz")),
        with(payment("captured", 60), "amount", json!(-1)),
        refund("processed"),
    ];
    for item in bad {
        assert_eq!(word(page(None, std::slice::from_ref(&item))), "unknown", "{item}");
    }
    razorpay(|g| {
        for status in [400, 401, 404, 429, 500] {
            let call = g.listing().unwrap().list(WINDOW, None).unwrap();
            assert_eq!(word(call.read(&json_reply(status, &list(&[])), NOW)), "unknown");
        }
    });
}

//! Searches, what proves absence, and the books.

use cartwright::domain::id::OperationId;
use cartwright::domain::payment::{
    CaptureMode, MovementReport, OperationKind, PaymentReport, ReportedState,
};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    AuthorizeAsk, ListedPage, Recovery, RefundRecovery, Window,
};
use serde_json::json;
use uuid::Uuid;

use super::replies::*;
use super::*;

type Found = Result<Option<PaymentReport>, CallFailure>;

fn find(ask: &AuthorizeAsk, reply: &HttpReply) -> Found {
    gateway(|g| {
        let found = g.find(ask).unwrap();
        for age in [0, 60_000, 90_000_000] {
            let Recovery::Search(recovery) = g.recover(ask, age).unwrap() else {
                panic!("a start is never repeated")
            };
            assert_eq!(recovery.request, found.request);
        }
        found.read(reply, NOW)
    })
}

fn find_refund(ask: &RefundAsk, reply: &HttpReply) -> Result<Option<MovementReport>, CallFailure> {
    gateway(|g| {
        let refunding = g.refunding().unwrap();
        let found = refunding.find_refund(ask).unwrap();
        let RefundRecovery::Search(recovery) = refunding.recover_refund(ask, 60_000).unwrap()
        else {
            panic!("a refund is never repeated")
        };
        assert_eq!(recovery.request, found.request);
        found.read(reply, NOW)
    })
}

fn ours(status: &str, amount: f64) -> serde_json::Value {
    line(PAYMENT, &invoice(operation(1)), status, amount)
}

#[test]
fn a_start_is_found_by_its_invoice_number() {
    use ReportedState as R;
    let table = [
        ("capturedPendingSettlement", 19.99, Some((R::Captured, 1_999, 1_999))),
        // Told truly: the ledger compares.
        ("capturedPendingSettlement", 20.0, Some((R::Captured, 2_000, 2_000))),
        ("settledSuccessfully", 19.99, Some((R::Captured, 1_999, 1_999))),
        ("authorizedPendingCapture", 19.99, Some((R::Authorized, 1_999, 0))),
        ("FDSPendingReview", 0.0, Some((R::Processing, 1_999, 0))),
        ("declined", 0.0, Some((R::Failed, 1_999, 0))),
        ("generalError", 0.0, Some((R::Failed, 1_999, 0))),
        ("voided", 19.99, Some((R::Cancelled, 1_999, 0))),
        ("expired", 0.0, Some((R::Cancelled, 1_999, 0))),
        ("capturedPendingSettlement", 0.0, None),
        ("capturedPendingSettlement", 19.995, None),
        ("blessed", 19.99, None),
    ];
    for (status, amount, expected) in table {
        let result = find(&ask(), &list(vec![older(), ours(status, amount)]));
        let Some(expected) = expected else {
            assert!(is_unknown(&result), "{status} {amount}: {result:?}");
            continue;
        };
        let report = result.unwrap().unwrap();
        let found = (report.state, report.amount.amount, report.captured_minor);
        assert_eq!(found, expected, "{status} {amount}");
        assert_eq!(report.operation_id, Some(operation(1)));
        assert_eq!(report.settled.is_some(), report.state == R::Captured);
        assert_eq!(report.card_last_four.as_deref(), Some("1111"));
    }
    // Of what was held a part was taken by hand.
    let held = AuthorizeAsk { capture: CaptureMode::OnRequest, ..ask() };
    let part = find(&held, &list(vec![ours("capturedPendingSettlement", 12.0)])).unwrap().unwrap();
    assert_eq!((part.amount.amount, part.captured_minor), (1_999, 1_200));
}

#[test]
fn what_else_is_in_the_list_does_not_matter_but_two_of_ours_do() {
    let mut strange = older();
    strange["settleAmount"] = json!("much");
    strange["transactionStatus"] = json!("blessed");
    strange["invoiceNumber"] = json!(null);
    let lines = vec![strange.clone(), ours("capturedPendingSettlement", 19.99)];
    assert!(find(&ask(), &list(lines)).unwrap().is_some());
    // A refund made by hand carries the invoice number of its payment.
    let lines = vec![
        line(REFUND, &invoice(operation(1)), "refundPendingSettlement", 5.0),
        ours("capturedPendingSettlement", 19.99),
    ];
    assert_eq!(find(&ask(), &list(lines)).unwrap().unwrap().reference, PAYMENT);
    let two = vec![ours("declined", 0.0), ours("capturedPendingSettlement", 19.99)];
    assert!(is_unknown(&find(&ask(), &list(two))));
    let malformed = line("../1", &invoice(operation(1)), "capturedPendingSettlement", 19.99);
    assert!(is_unknown(&find(&ask(), &list(vec![malformed]))));
    let no_list = with_mark(&json!({"messages": ok()}));
    assert!(is_unknown(&find(&ask(), &no_list)), "Ok, and neither a list nor that it is empty");
}

/// An operation that was written down so many seconds before `NOW`.
fn written_down(seconds_ago: i64) -> OperationId {
    let ago = seconds_ago.saturating_neg();
    let milliseconds = NOW.plus_seconds(ago).milliseconds();
    let head = u128::try_from(milliseconds).unwrap() << 80;
    OperationId::new(Uuid::from_u128(head | 0x7000_8000_0000_0000_0001))
}

#[test]
fn absence_is_proved_only_where_nothing_can_have_settled() {
    let asked = |operation_id, capture| AuthorizeAsk { operation_id, capture, ..ask() };
    let at = |seconds_ago: i64, status: &str| {
        let mut line = line("2162566217", "60", status, 5.0);
        line["submitTimeUTC"] = json!(NOW.plus_seconds(-seconds_ago).rfc3339());
        line
    };
    let waits = "capturedPendingSettlement";
    let ten_minutes = 10 * 60;
    let hour = 3_600;
    let day = 86_400;
    let auto = CaptureMode::Automatic;
    let hold = CaptureMode::OnRequest;
    let table = [
        ("just now, an empty list", 180, auto, vec![], true),
        ("as long as it is sure", ten_minutes, auto, vec![], true),
        ("a second longer", ten_minutes + 1, auto, vec![], false),
        ("older one waits for the same batch", day, auto, vec![at(day + hour, waits)], true),
        (
            "older one is only held",
            day,
            auto,
            vec![at(day + hour, "authorizedPendingCapture")],
            false,
        ),
        ("as old, within the clocks' difference", hour, auto, vec![at(hour + 299, waits)], false),
        ("a newer one", hour, auto, vec![at(60, waits)], false),
        ("held money does not settle", day, hold, vec![], true),
        ("but may lapse or be taken by hand", day + 1, hold, vec![], false),
        ("a full page of newer ones", 180, auto, vec![at(60, waits); 300], false),
        ("almost a full page", 180, auto, vec![at(60, waits); 299], true),
    ];
    for (case, seconds, capture, lines, proved) in table {
        let ask = asked(written_down(seconds), capture);
        let reply = if lines.is_empty() { no_records() } else { list(lines) };
        let result = find(&ask, &reply);
        let expected = if proved { result == Ok(None) } else { is_unknown(&result) };
        assert!(expected, "{case}: {result:?}");
    }
    // Found is found, whatever absence would prove.
    let mut page = vec![at(60, waits); 299];
    page.push(ours(waits, 19.99));
    assert!(find(&ask(), &list(page)).unwrap().is_some());
    // An operation that does not say when it was written down.
    let timeless = OperationId::new(Uuid::from_u128(1));
    assert!(is_unknown(&find(&asked(timeless, auto), &no_records())));
}

#[test]
fn a_page_fits_into_what_is_read_of_a_reply() {
    let mut long = older();
    for field in ["firstName", "lastName"] {
        long[field] = json!("x".repeat(50));
    }
    long["profile"] = json!({"customerProfileId": "1".repeat(20),
        "customerPaymentProfileId": "1".repeat(20)});
    let reply = list(vec![long; 300]);
    assert!(reply.body.len() < cartwright::providers::payment::contract::MAX_REPLY_BYTES);
}

#[test]
fn a_refund_is_found_by_its_invoice_number_and_a_void_by_the_payment() {
    let ask = refund_ask(700, true);
    let refund = |amount| line(REFUND, &invoice(operation(5)), "refundPendingSettlement", amount);
    let found = find_refund(&ask, &list(vec![refund(7.0), older()])).unwrap().unwrap();
    assert_eq!((found.reference.as_str(), found.amount), (REFUND, money(700, "USD")));
    assert_eq!(found.operation_id, Some(operation(5)));
    assert_eq!(find_refund(&ask, &list(vec![older()])), Ok(None));
    assert!(is_unknown(&find_refund(&ask, &no_records())), "it may have settled");
    let another = find_refund(&ask, &list(vec![refund(8.0)])).unwrap().unwrap();
    assert_eq!(another.amount, money(800, "USD"), "told truly");

    let ask = refund_ask(1_999, false);
    let found = find_refund(&ask, &details("voided")).unwrap().unwrap();
    assert_eq!(found.reference, "void-2228446239");
    assert_eq!((found.operation_id, found.amount), (Some(operation(5)), money(1_999, "USD")));
    for status in ["capturedPendingSettlement", "settledSuccessfully"] {
        assert_eq!(find_refund(&ask, &details(status)), Ok(None), "{status}");
    }
    assert!(is_unknown(&find_refund(&ask, &details("settlementError"))));
    assert!(is_unknown(&find_refund(&ask, &with_mark(&turned_away("E00040")))));
    let other = details_of("voided", "19.99", "19.99").replace("ord_07", "ord_08");
    assert!(is_unknown(&find_refund(&ask, &reply(200, other))));
}

fn page(
    window: Window,
    cursor: Option<&str>,
    reply: &HttpReply,
) -> Result<ListedPage, CallFailure> {
    gateway(|g| g.listing().unwrap().list(window, cursor).unwrap().read(reply, NOW))
}

#[test]
fn the_books_are_walked_batch_by_batch_and_then_what_has_not_settled() {
    let time = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
    let window = Window { from: time("2025-12-31T00:00:00Z"), to: time("2026-01-01T00:00:00Z") };
    let first = page(
        window,
        None,
        &batches(&[("11", "2025-12-31T09:00:00Z"), ("12", "2026-01-01T09:00:00Z")]),
    )
    .unwrap();
    assert_eq!(first.entries, vec![]);
    let at = |mut line: serde_json::Value, submitted: &str| {
        line["submitTimeUTC"] = json!(submitted);
        line
    };
    let lines = vec![
        at(line("1", "a", "settledSuccessfully", 19.99), "2025-12-31T00:00:00Z"),
        at(line("2", "b", "settledSuccessfully", 19.99), "2025-12-30T23:59:59Z"),
        at(line("3", "c", "refundSettledSuccessfully", 7.0), "2025-12-31T23:59:59Z"),
        at(line("4", "d", "chargeback", 5.0), "2025-12-31T01:00:00Z"),
        at(line("5", "e", "declined", 5.0), "2025-12-31T01:00:00Z"),
        at(line("6", "f", "voided", 5.0), "2025-12-31T01:00:00Z"),
        // Held for three weeks, then taken.
        at(line("7", "g", "settledSuccessfully", 8.5), "2025-12-10T01:00:00Z"),
        at(line("8", "h", "settledSuccessfully", 5.0), "2026-01-01T00:00:00Z"),
    ];
    let second = page(window, first.next.as_deref(), &list(lines)).unwrap();
    let entries: Vec<_> = second
        .entries
        .iter()
        .map(|entry| {
            let ids = (entry.movement_reference.as_str(), entry.payment_reference.as_deref());
            (entry.kind, ids, entry.amount.amount, entry.occurred_at.rfc3339())
        })
        .collect();
    let midnight = "2025-12-31T00:00:00.000Z".to_owned();
    assert_eq!(
        entries,
        vec![
            (OperationKind::Capture, ("1", Some("1")), 1_999, midnight),
            (OperationKind::Refund, ("3", None), 700, "2025-12-31T23:59:59.000Z".to_owned()),
            (OperationKind::Chargeback, ("4", None), 500, "2025-12-31T01:00:00.000Z".to_owned()),
            (OperationKind::Capture, ("7", Some("7")), 850, "2025-12-31T09:00:00.000Z".to_owned()),
        ]
    );
    // A full page has a second one; then comes the next batch, then the unsettled ones, then nothing.
    let full = list(vec![older(); 300]);
    let again = page(window, second.next.as_deref(), &full).unwrap();
    let third = page(window, again.next.as_deref(), &no_records()).unwrap();
    let pending = at(line("9", "i", "refundPendingSettlement", 1.0), "2025-12-31T12:00:00Z");
    // Held for weeks and taken a moment ago, by a question within the window and by one after it.
    let late = at(line("10", "j", "capturedPendingSettlement", 1.0), "2025-12-10T12:00:00Z");
    let lines = list(vec![pending, late.clone()]);
    let last = page(window, third.next.as_deref(), &lines).unwrap();
    assert_eq!(last.entries.len(), 1);
    let today = Window { from: window.from, to: NOW.plus_seconds(1) };
    let entries = page(today, Some("1"), &list(vec![late])).unwrap().entries;
    assert_eq!(entries[0].occurred_at, NOW);
    assert_eq!((last.next, last.entries[0].kind), (None, OperationKind::Refund));
    let nothing = page(window, None, &no_records()).unwrap();
    assert_eq!((nothing.entries.len(), nothing.next.as_deref()), (0, Some("1")));
}

#[test]
fn books_that_cannot_be_read_are_unknown() {
    let window = Window { from: NOW.plus_seconds(-86_400), to: NOW };
    let bad_line = |field: &str, value: serde_json::Value| {
        let mut bad = ours("settledSuccessfully", 19.99);
        bad[field] = value;
        page(window, Some("1"), &list(vec![bad]))
    };
    for (field, value) in [
        ("submitTimeUTC", json!("yesterday")),
        ("settleAmount", json!("19.99")),
        ("settleAmount", json!(-19.99)),
        ("transId", json!("0")),
        ("transactionStatus", json!(null)),
    ] {
        assert!(is_unknown(&bad_line(field, value)), "{field}");
    }
    let batches_of = |reply: &HttpReply| page(window, None, reply);
    assert!(is_unknown(&batches_of(&batches(&[("x", "2026-01-01T00:00:00Z")]))));
    assert!(is_unknown(&batches_of(&batches(&[("1", "today")]))));
    assert!(is_unknown(&batches_of(&batches(&[("1", "2026-01-01T00:00:00Z"); 201]))));
    assert!(is_unknown(&batches_of(&with_mark(&json!({"messages": ok()})))));
    assert!(is_unknown(&batches_of(&with_mark(&turned_away("E00007")))));
}

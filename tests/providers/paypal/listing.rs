//! PayPal's books.

use cartwright::domain::payment::OperationKind;
use cartwright::providers::payment::contract::{BuildError, ListedPage, Window};

use super::*;

const DAY: i64 = 86_400_000;

fn window(days: i64) -> Window {
    Window { from: NOW.plus_milliseconds(DAY.saturating_mul(days.saturating_neg())), to: NOW }
}

fn transaction(code: &str, value: &str, status: &str) -> Value {
    json!({"transaction_info": {
        "paypal_account_id": "6STWC2LSUYYYE",
        "transaction_id": CAPTURE,
        "transaction_event_code": code,
        "transaction_initiation_date": at(-60).replace('Z', "+0000"),
        "transaction_updated_date": at(-50).replace('Z', "+0000"),
        "transaction_amount": usd(value),
        "fee_amount": usd("-0.88"),
        "transaction_status": status,
        "invoice_id": operation(5).to_string(),
        "custom_field": if code == "T1107" {
            format!("{}.{}", order_id(), operation(5))
        } else {
            order_id().to_string()
        },
    }})
}

fn page(details: Value, page: u32, pages: u32) -> HttpReply {
    json_reply(
        200,
        &json!({"transaction_details": details, "account_number": "X", "page": page,
        "total_items": 1, "total_pages": pages}),
    )
}

fn list(
    window: Window,
    cursor: Option<&str>,
    reply: &HttpReply,
) -> Result<ListedPage, CallFailure> {
    paypal(|g| g.listing().unwrap().list(window, cursor).unwrap().read(reply, NOW))
}

#[test]
fn a_page_is_asked_for_by_whole_seconds() {
    let call = paypal(|g| g.listing().unwrap().list(window(1), None).unwrap());
    assert_eq!(
        wire(&call.request),
        "GET https://api-m.paypal.com/v1/reporting/transactions\
         ?start_date=2025-12-31T00%3A00%3A00.000Z&end_date=2025-12-31T23%3A59%3A59.999Z\
         &fields=transaction_info&page_size=100&page=1\naccept: application/json\n\n"
    );
}

#[test]
fn a_long_window_is_asked_for_in_slices_that_leave_nothing_out() {
    let empty = |number, pages| page(json!([]), number, pages);
    let next = |cursor: Option<&str>, reply| list(window(70), cursor, &reply).unwrap().next;
    assert_eq!(next(None, empty(1, 2)).as_deref(), Some("0.2"));
    assert_eq!(next(Some("0.2"), empty(2, 2)).as_deref(), Some("1.1"));
    assert_eq!(next(Some("1.1"), empty(1, 0)).as_deref(), Some("2.1"));
    assert_eq!(next(Some("2.1"), empty(1, 1)), None);
    let url = |cursor| {
        let call = paypal(|g| g.listing().unwrap().list(window(70), cursor).unwrap());
        call.request.url.split("&fields").next().unwrap().to_owned()
    };
    assert!(url(None).ends_with(
        "start_date=2025-10-23T00%3A00%3A00.000Z&end_date=2025-11-22T23%3A59%3A59.999Z"
    ));
    assert!(url(Some("1.1")).contains("start_date=2025-11-23T00%3A00%3A00.000Z"));
    assert!(url(Some("2.1")).ends_with("end_date=2025-12-31T23%3A59%3A59.999Z"));
    for bad in ["", "1", "3.1", "-1.1", "0.x", "99999999.1"] {
        let result = paypal(|g| g.listing().unwrap().list(window(70), Some(bad)).map(|_| ()));
        assert_eq!(result, Err(BuildError::Reference), "{bad}");
    }
}

#[test]
fn only_money_that_moved_is_listed() {
    use OperationKind::{Capture, Chargeback, Refund};
    let table = [
        ("T0006", "19.99", "S", Some(Capture)),
        ("T0006", "19.99", "V", Some(Capture)),
        ("T0003", "19.99", "S", Some(Capture)),
        ("T0006", "19.99", "P", None),
        ("T0006", "19.99", "D", None),
        // We were the buyer.
        ("T0006", "-19.99", "S", None),
        ("T1107", "19.99", "S", None),
        ("T1107", "-12.00", "S", Some(Refund)),
        ("T1107", "-12.00", "P", None),
        ("T1106", "-12.00", "S", Some(Chargeback)),
        ("T1201", "-12.00", "S", Some(Chargeback)),
        ("T0400", "-500.00", "S", None),
        ("T1110", "-12.00", "S", None),
        ("T0107", "-0.30", "S", None),
        ("T9999", "1.00", "S", None),
    ];
    for (code, value, status, kind) in table {
        let reply = page(json!([transaction(code, value, status)]), 1, 1);
        let listed = list(window(1), None, &reply).unwrap();
        assert_eq!(listed.next, None);
        assert_eq!(listed.entries.first().map(|entry| entry.kind), kind, "{code} {value} {status}");
        if let Some(entry) = listed.entries.first() {
            assert_eq!(entry.order_id, Some(order_id()));
            assert_eq!(entry.operation_id.is_some(), entry.kind == Refund);
            assert_eq!(entry.movement_reference, CAPTURE);
            assert!(entry.amount.amount > 0);
            assert_eq!(entry.occurred_at.seconds(), NOW_SECONDS - 60);
        }
    }
}

#[test]
fn a_page_that_can_not_be_read_is_not_an_empty_one() {
    let altered = |field: &str, value: Value| {
        let mut detail = transaction("T0006", "19.99", "S");
        detail["transaction_info"][field] = value;
        page(json!([detail]), 1, 1)
    };
    for reply in [
        reply(200, "{}"),
        page(json!([]), 2, 2),
        altered("transaction_amount", json!({"currency_code": "USD", "value": "19.999"})),
        altered("transaction_amount", json!({"currency_code": "ZZZ", "value": "19.99"})),
        altered("transaction_initiation_date", json!("yesterday")),
        altered("transaction_id", json!("../x")),
        refusal(400, "INVALID_REQUEST", None),
        refusal(403, "NOT_AUTHORIZED", None),
        reply(500, ""),
    ] {
        let result = list(window(1), None, &reply);
        assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{reply:?}");
    }
    // Somebody else's sale on the same account is a movement without an order.
    let strange = altered("custom_field", json!("invoice 7"));
    assert_eq!(list(window(1), None, &strange).unwrap().entries[0].order_id, None);
    // PayPal's search is by the day at times: what is outside the window is another window's.
    let outside = altered("transaction_initiation_date", json!("2025-11-01T00:00:00+0000"));
    assert!(list(window(1), None, &outside).unwrap().entries.is_empty());
}

//! Stripe's refunds, disputes and books: requests to the byte, and what is made of the replies.

use cartwright::domain::payment::{
    CallFailure, Gateway, MovementState, OperationKind, ReportedState,
};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    BuildError, EventNews, ListedPage, RefundAsk, RefundRecovery, VerifiedEvent, WebhookRefusal,
    Window,
};
use serde_json::{Value, json};

use crate::support::*;

const HEADERS: &str = "authorization: Bearer sk_test_CANARY_key\n\
    stripe-version: 2026-08-26.dahlia\n\
    accept: application/json\n";

pub fn refund_ask(amount: i64) -> RefundAsk {
    RefundAsk {
        operation_id: operation(5),
        payment: known(REFERENCE),
        capture: None,
        amount: money(amount, "USD"),
        captured_minor: 1_999,
        reason: None,
    }
}

fn verify(event: &Value) -> Result<VerifiedEvent, WebhookRefusal> {
    let body = event.to_string();
    let header = signed(NEW_SECRET, NOW_SECONDS, body.as_bytes());
    with_gateway(Gateway::Stripe, |g| {
        g.verify(&|_| Some(header.clone()), body.as_bytes(), None, NOW)
    })
}

#[test]
fn requests() {
    with_gateway(Gateway::Stripe, |gateway| {
        let refunding = gateway.refunding().unwrap();
        assert_eq!(
            wire(&refunding.refund(&refund_ask(500)).unwrap().request),
            format!(
                "POST https://api.stripe.com/v1/refunds\n\
                 {HEADERS}\
                 content-type: application/x-www-form-urlencoded\n\
                 idempotency-key: op_01990000000070008000000000001005\n\
                 \n\
                 payment_intent={REFERENCE}&amount=500\
                 &metadata%5Border_id%5D=ord_0701990000000070008000000000000001\
                 &metadata%5Boperation_id%5D=op_01990000000070008000000000001005"
            )
        );
        assert_eq!(
            wire(&refunding.find_refund(&refund_ask(500)).unwrap().request),
            format!(
                "GET https://api.stripe.com/v1/refunds?payment_intent={REFERENCE}&limit=100\n\
                 {HEADERS}\n"
            )
        );
        let window = Window {
            from: Timestamp::from_milliseconds(1_767_139_200_000),
            to: Timestamp::from_milliseconds(1_767_225_600_001),
        };
        let listing = gateway.listing().unwrap();
        let page = "https://api.stripe.com/v1/balance_transactions?created%5Bgte%5D=1767139200\
            &created%5Blt%5D=1767225601&limit=20&expand%5B%5D=data.source";
        assert_eq!(listing.list(window, None).unwrap().request.url, page);
        let next = listing.list(window, Some("txn_7")).unwrap().request;
        assert_eq!(next.url, format!("{page}&starting_after=txn_7"));
        let bad = listing.list(window, Some("txn_7&limit=1"));
        assert_eq!(bad.unwrap_err(), BuildError::Reference);
    });
}

#[test]
fn a_reason_is_kept_where_the_merchant_sees_it() {
    let body = |reason: &str| {
        let ask = RefundAsk { reason: Some(reason.to_owned()), ..refund_ask(500) };
        with_gateway(Gateway::Stripe, |g| {
            wire(&g.refunding().unwrap().refund(&ask).unwrap().request)
        })
    };
    assert!(body("too small & late").ends_with("&metadata%5Breason%5D=too+small+%26+late"));
    assert!(!body("  ").contains("reason"));
    assert!(body(&"x".repeat(501)).ends_with(&format!("={}", "x".repeat(500))));
}

#[test]
fn what_cannot_be_given_back_is_not_sent() {
    with_gateway(Gateway::Stripe, |gateway| {
        let refunding = gateway.refunding().unwrap();
        for amount in [0, -1, 1_000_000_000_000_001] {
            assert!(refunding.refund(&refund_ask(amount)).is_err(), "{amount}");
        }
        let ask = RefundAsk { payment: known("pi_1/../refunds"), ..refund_ask(500) };
        assert_eq!(refunding.refund(&ask).unwrap_err(), BuildError::Reference);
        assert_eq!(refunding.find_refund(&ask).unwrap_err(), BuildError::Reference);
    });
}

#[test]
fn a_lost_refund_is_repeated_for_23_hours_and_then_looked_for() {
    const HOUR: i64 = 3_600_000;
    with_gateway(Gateway::Stripe, |gateway| {
        let refunding = gateway.refunding().unwrap();
        let ask = refund_ask(500);
        for (age, repeats) in [(0, true), (23 * HOUR - 1, true), (23 * HOUR, false)] {
            match refunding.recover_refund(&ask, age).unwrap() {
                RefundRecovery::Repeat(call) => {
                    assert!(repeats, "{age}");
                    assert_eq!(call.request, refunding.refund(&ask).unwrap().request);
                }
                RefundRecovery::Search(call) => {
                    assert!(!repeats, "{age}");
                    assert_eq!(call.request, refunding.find_refund(&ask).unwrap().request);
                }
            }
        }
    });
}

#[test]
fn every_status_of_a_refund() {
    let table = [
        ("pending", MovementState::Pending),
        ("requires_action", MovementState::Pending),
        ("succeeded", MovementState::Succeeded),
        ("failed", MovementState::Failed),
        ("canceled", MovementState::Failed),
    ];
    let read = |refund: &Value| {
        with_gateway(Gateway::Stripe, |g| {
            let call = g.refunding().unwrap().refund(&refund_ask(500)).unwrap();
            call.read(&json_reply(200, refund), NOW)
        })
    };
    for (status, state) in table {
        let report = read(&stripe_refund(status, 500, Some(operation(5)))).unwrap();
        assert_eq!((report.kind, report.state), (OperationKind::Refund, state), "{status}");
        assert_eq!(report.operation_id, Some(operation(5)));
        assert_eq!(report.amount, money(500, "USD"));
        assert_eq!(report.occurred_at.milliseconds(), NOW_SECONDS * 1_000);
    }
    let unclear = [
        stripe_refund("blessed", 500, Some(operation(5))),
        stripe_refund("succeeded", -500, Some(operation(5))),
        stripe_refund("succeeded", 500, Some(operation(6))),
        stripe_refund("succeeded", 500, None),
        json!({"object": "refund"}),
    ];
    for refund in unclear {
        let result = read(&refund);
        assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{refund}: {result:?}");
    }
    let mut another = stripe_refund("succeeded", 500, Some(operation(5)));
    another["payment_intent"] = json!("pi_another");
    assert!(matches!(read(&another), Err(CallFailure::Unknown { .. })));
}

#[test]
fn a_search_proves_nothing_if_there_is_more_and_never_picks_among_two() {
    let read = |refunds: Vec<Value>, more: bool| {
        let body = stripe_list("/v1/refunds", refunds, more);
        with_gateway(Gateway::Stripe, |g| {
            let call = g.refunding().unwrap().find_refund(&refund_ask(500)).unwrap();
            call.read(&json_reply(200, &body), NOW)
        })
    };
    let ours = stripe_refund("succeeded", 500, Some(operation(5)));
    assert_eq!(read(vec![], false), Ok(None));
    assert!(matches!(read(vec![], true), Err(CallFailure::Unknown { .. })));
    assert!(read(vec![ours.clone()], true).unwrap().is_some());
    assert!(matches!(read(vec![ours.clone(), ours], false), Err(CallFailure::Unknown { .. })));
}

#[test]
fn a_charge_tells_until_when_money_is_held_and_what_was_given_back() {
    let read = |intent: &Value| {
        with_gateway(Gateway::Stripe, |g| {
            g.retrieve(&known(REFERENCE)).unwrap().read(&json_reply(200, intent), NOW)
        })
    };
    let mut held = stripe_intent("requires_capture");
    held["latest_charge"] = stripe_charge();
    held["latest_charge"]["payment_method_details"]["card"]["capture_before"] =
        json!(NOW_SECONDS + 600);
    let until = read(&held).unwrap().authorized_until;
    assert_eq!(until.map(Timestamp::seconds), Some(NOW_SECONDS + 600));
    held["latest_charge"] = json!("ch_1");
    assert_eq!(read(&held).unwrap().authorized_until, None);

    let mut paid = stripe_intent("succeeded");
    paid["latest_charge"] = stripe_charge();
    let unreadable = json!({"object": "refund", "id": 7});
    let mut anothers = stripe_refund("succeeded", 700, None);
    anothers["payment_intent"] = json!("pi_another");
    let refunds = vec![unreadable, anothers, stripe_refund("succeeded", 500, None)];
    paid["latest_charge"]["refunds"] = stripe_list("/v1/charges/ch_1/refunds", refunds, false);
    let report = read(&paid).unwrap();
    assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 1_999));
    let amounts: Vec<i64> = report.movements.iter().map(|refund| refund.amount.amount).collect();
    assert_eq!(amounts, [500]);
}

#[test]
fn a_statement_says_what_stripe_takes_of_it() {
    let suffix = |text: &str| {
        let mut ask = ask();
        ask.statement_descriptor = Some(text.to_owned());
        let body = with_gateway(Gateway::Stripe, |g| g.authorize(&ask).unwrap().request.body);
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&body).unwrap();
        let mut found = pairs.into_iter().filter(|(name, _)| name == "statement_descriptor_suffix");
        found.next().map(|(_, value)| value)
    };
    let table = [
        ("ORDER 1", Some("ORDER 1")),
        ("  Order <1> \\'\"*", Some("Order 1")),
        ("Größe 7", Some("Gre 7")),
        ("1234", None),
        ("", None),
        ("***", None),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", Some("ABCDEFGHIJKLMNOPQRSTUV")),
        ("a\r\nb", Some("ab")),
    ];
    for (text, expected) in table {
        assert_eq!(suffix(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn events_of_refunds_and_disputes() {
    let dispute = |status: &str| stripe_dispute(status);
    let refund = |status: &str| stripe_refund(status, 500, Some(operation(5)));
    let table = [
        ("refund.created", refund("pending"), Some(MovementState::Pending)),
        ("refund.updated", refund("succeeded"), Some(MovementState::Succeeded)),
        ("refund.failed", refund("failed"), Some(MovementState::Failed)),
        ("charge.refund.updated", refund("succeeded"), Some(MovementState::Succeeded)),
        ("charge.refunded", stripe_charge(), None),
        ("charge.dispute.created", dispute("warning_needs_response"), Some(MovementState::Pending)),
        ("charge.dispute.updated", dispute("under_review"), Some(MovementState::Pending)),
        ("charge.dispute.funds_withdrawn", dispute("needs_response"), Some(MovementState::Pending)),
        ("charge.dispute.funds_reinstated", dispute("won"), Some(MovementState::Failed)),
        ("charge.dispute.closed", dispute("lost"), Some(MovementState::Succeeded)),
        ("charge.dispute.closed", dispute("warning_closed"), Some(MovementState::Failed)),
        ("charge.dispute.closed", dispute("prevented"), Some(MovementState::Failed)),
    ];
    for (kind, object, state) in table {
        let ours = object["metadata"]["order_id"].is_string() && object["object"] == "refund";
        let event = verify(&stripe_event(kind, object)).unwrap();
        assert_eq!(event.order_id, ours.then(order_id), "{kind}");
        match (event.news, state) {
            (EventNews::Nothing, None) => {}
            (EventNews::Movements { reference, movements }, Some(state)) => {
                assert_eq!(reference, REFERENCE);
                assert_eq!(movements.len(), 1);
                assert_eq!(movements[0].state, state, "{kind}");
                let contestable = movements[0].respond_by.is_some();
                let open = state == MovementState::Pending;
                assert_eq!(contestable, kind.contains("dispute") && open, "{kind}");
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
}

#[test]
fn another_products_movements_are_none_of_ours_and_unreadable_ones_come_again() {
    let mut foreign = stripe_refund("succeeded", 500, None);
    foreign["payment_intent"] = json!(null);
    let mut currency = stripe_dispute("lost");
    currency["currency"] = json!("zzz");
    for (kind, object) in [("refund.created", foreign), ("charge.dispute.closed", currency)] {
        let event = verify(&stripe_event(kind, object)).unwrap();
        assert_eq!(event.news, EventNews::Nothing, "{kind}");
    }
    for (field, value) in [
        ("status", json!("blessed")),
        ("amount", json!(-1)),
        ("amount", json!("1999")),
        ("id", json!("../x")),
        ("payment_intent", json!("../x")),
        ("object", json!("charge")),
    ] {
        let mut dispute = stripe_dispute("lost");
        dispute[field] = value;
        let result = verify(&stripe_event("charge.dispute.closed", dispute));
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{field}: {result:?}");
    }
}

fn listed(lines: Vec<Value>, more: bool) -> Result<ListedPage, CallFailure> {
    let body = stripe_list("/v1/balance_transactions", lines, more);
    let window = Window { from: NOW.plus_milliseconds(-86_400_000), to: NOW };
    with_gateway(Gateway::Stripe, |g| {
        let call = g.listing().unwrap().list(window, None).unwrap();
        call.read(&json_reply(200, &body), NOW)
    })
}

#[test]
fn the_books_tell_the_buyers_money_and_not_the_settlements() {
    let mut part = stripe_charge();
    part["amount_captured"] = json!(1_200);
    part["currency"] = json!("jpy");
    let mut reversal = stripe_line("adjustment", 7, stripe_dispute("under_review"));
    reversal["reporting_category"] = json!("dispute_reversal");
    let mut bounced = stripe_charge();
    bounced["status"] = json!("failed");
    let page = listed(
        vec![
            stripe_line("charge", 1, stripe_charge()),
            stripe_line("payment", 2, part),
            stripe_line("refund", 3, stripe_refund("succeeded", 500, Some(operation(5)))),
            stripe_line("payment_refund", 4, stripe_refund("pending", 700, None)),
            stripe_line("adjustment", 5, stripe_dispute("needs_response")),
            stripe_line("adjustment", 6, stripe_dispute("lost")),
            reversal,
            // Money that came back again.
            stripe_line("refund", 8, stripe_refund("failed", 500, None)),
            stripe_line("refund_failure", 9, stripe_refund("failed", 500, None)),
            stripe_line("adjustment", 10, stripe_dispute("won")),
            stripe_line("payment", 11, bounced),
            // Nobody's payment.
            stripe_line("adjustment", 12, json!("adj_1")),
            stripe_line("payout", 13, json!({"object": "payout"})),
            stripe_line("stripe_fee", 14, json!(null)),
        ],
        true,
    )
    .unwrap();
    let told: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (entry.kind, entry.amount, entry.order_id.is_some(), entry.operation_id))
        .collect();
    assert_eq!(
        told,
        [
            (OperationKind::Capture, money(1_999, "USD"), true, None),
            (OperationKind::Capture, money(1_200, "JPY"), true, None),
            (OperationKind::Refund, money(500, "USD"), true, Some(operation(5))),
            (OperationKind::Refund, money(700, "USD"), false, None),
            (OperationKind::Chargeback, money(1_999, "USD"), false, None),
            (OperationKind::Chargeback, money(1_999, "USD"), false, None),
        ]
    );
    assert!(page.entries.iter().all(|e| e.payment_reference.as_deref() == Some(REFERENCE)));
    assert!(page.entries.iter().all(|e| e.occurred_at.seconds() == NOW_SECONDS - 60));
    assert_eq!(page.next.as_deref(), Some("txn_14"));
}

#[test]
fn books_that_cannot_be_read_are_unknown() {
    let unexpanded = stripe_line("charge", 1, json!("ch_1"));
    let mut id = stripe_charge();
    id["id"] = json!("ch 1");
    let mut negative = stripe_charge();
    negative["amount_captured"] = json!(-1);
    let mut line = stripe_line("charge", 1, stripe_charge());
    line["created"] = json!(i64::MAX);
    for lines in [
        vec![unexpanded],
        vec![stripe_line("charge", 1, id)],
        vec![stripe_line("charge", 1, negative)],
        vec![line],
        vec![stripe_line("refund", 1, stripe_charge())],
    ] {
        assert!(matches!(listed(lines, false), Err(CallFailure::Unknown { .. })));
    }
    assert!(matches!(listed(vec![], true), Err(CallFailure::Unknown { .. })));
    assert_eq!(listed(vec![], false), Ok(ListedPage { entries: vec![], next: None }));
}

//! Giving money back, and finding out whether it was given.

use cartwright::domain::payment::MovementState;
use cartwright::providers::payment::contract::{BuildError, RefundAsk, RefundRecovery};

use super::*;

const DAY: i64 = 86_400_000;

fn ask_back() -> RefundAsk {
    RefundAsk {
        operation_id: operation(5),
        payment: known_order(),
        capture: Some(CAPTURE.to_owned()),
        amount: money(1_200, "USD"),
        captured_minor: 1_999,
        reason: Some("Returned".to_owned()),
    }
}

#[test]
fn a_refund_names_the_capture_the_order_and_itself() {
    let request =
        |ask: &RefundAsk| paypal(|g| g.refunding().unwrap().refund(ask).map(|c| wire(&c.request)));
    assert_eq!(
        request(&ask_back()).unwrap(),
        format!(
            "POST https://api-m.paypal.com/v2/payments/captures/{CAPTURE}/refund\n\
             accept: application/json\ncontent-type: application/json\n\
             paypal-request-id: {0}\nprefer: return=representation\n\n\
             {{\"amount\":{{\"currency_code\":\"USD\",\"value\":\"12.00\"}},\
             \"custom_id\":\"{1}.{0}\",\"invoice_id\":\"{0}\",\"note_to_payer\":\"Returned\"}}",
            operation(5),
            order_id()
        )
    );
    let refused = |alter: &dyn Fn(&mut RefundAsk)| {
        let mut ask = ask_back();
        alter(&mut ask);
        request(&ask).unwrap_err()
    };
    assert_eq!(refused(&|ask| ask.capture = None), BuildError::Reference);
    assert_eq!(refused(&|ask| ask.capture = Some("a/b".to_owned())), BuildError::Reference);
    assert!(matches!(refused(&|ask| ask.amount.amount = 0), BuildError::Amount(_)));
    let long = refused(&|ask| ask.reason = Some("x".repeat(256)));
    assert!(matches!(long, BuildError::TooLong { limit: 255, .. }));
}

#[test]
fn a_lost_refund_is_repeated_for_44_days_and_then_looked_for() {
    paypal(|gateway| {
        let refunding = gateway.refunding().unwrap();
        let first = refunding.refund(&ask_back()).unwrap().request;
        for age in [i64::MIN, 0, 44 * DAY - 1] {
            let RefundRecovery::Repeat(call) = refunding.recover_refund(&ask_back(), age).unwrap()
            else {
                panic!("expected a repeat at {age}")
            };
            assert_eq!(call.request, first);
        }
        let RefundRecovery::Search(call) = refunding.recover_refund(&ask_back(), 44 * DAY).unwrap()
        else {
            panic!("expected a search")
        };
        assert!(
            wire(&call.request)
                .starts_with(&format!("GET https://api-m.paypal.com/v2/checkout/orders/{ORDER}\n"))
        );
    });
}

#[test]
fn a_refund_is_found_in_its_order_or_was_never_made() {
    let find = |refunds: Value| {
        let order = order_with(json!({"captures": [capture("COMPLETED", "19.99")],
            "refunds": refunds}));
        let reply = json_reply(200, &order);
        paypal(|g| g.refunding().unwrap().find_refund(&ask_back()).unwrap().read(&reply, NOW))
    };
    let ours = refund(REFUND, "COMPLETED", "12.00", 5);
    let other = refund("2JU08902781691411", "COMPLETED", "1.00", 6);
    assert_eq!(find(json!([])), Ok(None));
    assert_eq!(find(json!([other])), Ok(None));
    assert_eq!(find(json!([other, ours])).unwrap().unwrap().reference, REFUND);
    let mut twin = ours.clone();
    twin["id"] = json!("3JU08902781691411");
    assert!(matches!(find(json!([ours, twin])), Err(CallFailure::Unknown { .. })));
    for reply in [no_such_order(), revoked(), reply(200, "{}")] {
        let result =
            paypal(|g| g.refunding().unwrap().find_refund(&ask_back()).unwrap().read(&reply, NOW));
        assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{result:?}");
    }
}

#[test]
fn what_the_answer_to_a_refund_proves() {
    let first = |reply: &HttpReply| {
        paypal(|g| g.refunding().unwrap().refund(&ask_back()).unwrap().read(reply, NOW))
    };
    let again = |reply: &HttpReply| {
        paypal(|g| match g.refunding().unwrap().recover_refund(&ask_back(), DAY).unwrap() {
            RefundRecovery::Repeat(call) => call.read(reply, NOW),
            RefundRecovery::Search(_) => panic!("expected a repeat"),
        })
    };
    for (status, state) in [
        ("COMPLETED", MovementState::Succeeded),
        ("PENDING", MovementState::Pending),
        ("FAILED", MovementState::Failed),
        ("CANCELLED", MovementState::Failed),
    ] {
        let reply = json_reply(201, &refund(REFUND, status, "12.00", 5));
        let report = first(&reply).unwrap();
        assert_eq!((report.state, report.operation_id), (state, Some(operation(5))));
        assert_eq!(report.occurred_at.seconds(), NOW_SECONDS + 6);
    }
    let word = |result: Result<_, CallFailure>| match result {
        Ok(_) => "done",
        Err(CallFailure::Refused { .. }) => "refused",
        Err(CallFailure::AskInstead { .. }) => "ask",
        Err(CallFailure::NotYet { .. }) => "not yet",
        Err(_) => "unknown",
    };
    let other = json_reply(201, &refund(REFUND, "COMPLETED", "12.00", 9));
    let unheard = json_reply(201, &refund(REFUND, "BLESSED", "12.00", 5));
    let table = [
        (unprocessable("CAPTURE_FULLY_REFUNDED"), "refused", "ask"),
        (unprocessable("REFUND_AMOUNT_EXCEEDED"), "refused", "ask"),
        (unprocessable("DUPLICATE_INVOICE_ID"), "refused", "ask"),
        (unprocessable("REFUND_TIME_LIMIT_EXCEEDED"), "refused", "refused"),
        (unprocessable("REFUND_FAILED_INSUFFICIENT_FUNDS"), "refused", "refused"),
        (unprocessable("PENDING_CAPTURE"), "not yet", "not yet"),
        (refusal(403, "NOT_AUTHORIZED", None), "refused", "unknown"),
        (no_such_order(), "refused", "unknown"),
        (refusal(409, "RESOURCE_CONFLICT", None), "unknown", "unknown"),
        (reply(500, ""), "unknown", "unknown"),
        (reply(201, "{}"), "unknown", "unknown"),
        (other, "unknown", "unknown"),
        (unheard, "unknown", "unknown"),
    ];
    for (reply, at_first, later) in table {
        assert_eq!(word(first(&reply)), at_first, "first: {reply:?}");
        assert_eq!(word(again(&reply)), later, "again: {reply:?}");
    }
}

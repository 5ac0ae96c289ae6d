//! Where a payment stands, by PayPal's orders, authorizations, captures and refusals.

use cartwright::domain::payment::{
    BuyerAction, CapturedPart, MovementState, OperationKind, ReportedState,
};
use cartwright::providers::payment::contract::{CaptureAsk, VoidAsk};

use super::*;

fn complete(reply: &HttpReply) -> CallResult {
    paypal(|gateway| {
        gateway.completing().unwrap().complete(&ask(), &known_order()).unwrap().read(reply, NOW)
    })
}

fn part(id: &str, status: &str, value: &str, last: bool) -> Value {
    let mut part = capture(status, value);
    part["id"] = json!(id);
    part["final_capture"] = json!(last);
    part
}

#[test]
fn every_state_of_an_order_in_our_words() {
    use ReportedState as R;
    let paid = |status| order_with(json!({"captures": [capture(status, "19.99")]}));
    let some = |value, last| [part("P1", "COMPLETED", value, last)];
    let pending = [part("P1", "PENDING", "19.99", true)];
    let mixed = [part("P1", "COMPLETED", "12.00", false), part("P2", "PENDING", "7.99", true)];
    let declined = [part("P1", "DECLINED", "19.99", true)];
    let voided = |order: Value| {
        let mut order = order;
        order["status"] = json!("VOIDED");
        order
    };
    let table = [
        (order("CREATED"), R::ActionRequired, 0),
        (order("SAVED"), R::ActionRequired, 0),
        (order("PAYER_ACTION_REQUIRED"), R::ActionRequired, 0),
        (order("APPROVED"), R::Approved, 0),
        (order("VOIDED"), R::Cancelled, 0),
        (paid("COMPLETED"), R::Captured, 1_999),
        (paid("PARTIALLY_REFUNDED"), R::Captured, 1_999),
        (paid("REFUNDED"), R::Captured, 1_999),
        (paid("REVERSED"), R::Captured, 1_999),
        (paid("PENDING"), R::Processing, 0),
        (paid("DECLINED"), R::Failed, 0),
        (paid("FAILED"), R::Failed, 0),
        (held("CREATED", &[]), R::Authorized, 0),
        (held("PENDING", &[]), R::Processing, 0),
        (held("DENIED", &[]), R::Failed, 0),
        (held("VOIDED", &[]), R::Cancelled, 0),
        (held("EXPIRED", &[]), R::Cancelled, 0),
        (held("PARTIALLY_CAPTURED", &some("12.00", false)), R::Authorized, 1_200),
        (held("PARTIALLY_CAPTURED", &some("12.00", true)), R::Captured, 1_200),
        (held("CAPTURED", &some("19.99", true)), R::Captured, 1_999),
        (held("VOIDED", &some("12.00", false)), R::Captured, 1_200),
        (voided(held("VOIDED", &some("12.00", false))), R::Captured, 1_200),
        (held("EXPIRED", &some("12.00", false)), R::Captured, 1_200),
        (held("CAPTURED", &pending), R::Processing, 0),
        (held("CREATED", &declined), R::Authorized, 0),
        // Some of it is still being decided: what was taken does not close it.
        (held("CAPTURED", &mixed), R::Authorized, 1_200),
    ];
    for (order, state, captured) in table {
        let report = asked(&order);
        assert_eq!((report.state, report.captured_minor), (state, captured), "{order}");
        assert_eq!(report.amount, money(1_999, "USD"));
        assert_eq!(report.operation_id, Some(operation(1)));
        assert_eq!(report.reference, ORDER);
        assert_eq!(report.occurred_at.milliseconds() % 1_000, 0);
        assert_eq!(report.decline.is_some(), state == R::Failed);
        let page =
            (state == R::ActionRequired).then(|| BuyerAction::Redirect { url: APPROVE.into() });
        assert_eq!(report.action, page);
        let lapses = (state == R::Authorized).then(|| NOW.plus_seconds(29 * 86_400).seconds());
        assert_eq!(report.authorized_until.map(|t| t.seconds()), lapses);
    }
}

#[test]
fn captures_are_told_oldest_first_and_the_hold_that_can_bring_money_is_the_charge() {
    let mut later = part("P2", "COMPLETED", "7.99", true);
    later["create_time"] = json!(at(20));
    let mut order = held("CAPTURED", &[later, part("P1", "REFUNDED", "12.00", false)]);
    let report = asked(&order);
    let told =
        |reference: &str, amount_minor| CapturedPart { reference: reference.into(), amount_minor };
    assert_eq!(report.captures, [told("P1", 1_200), told("P2", 799)]);
    assert_eq!(report.charge.as_deref(), Some(HOLD));
    let mut anew = hold("CREATED");
    anew["id"] = json!("9ZZ2184448108334S");
    order["purchase_units"][0]["payments"] = json!({"authorizations": [anew, hold("VOIDED")]});
    assert_eq!(asked(&order).charge.as_deref(), Some("9ZZ2184448108334S"));
    assert_eq!(asked(&order).state, ReportedState::Authorized);
}

#[test]
fn refunds_come_with_the_order() {
    let mut by_hand = refund_by_hand("4JU08902781691411", "7.99");
    by_hand["note_to_payer"] = json!("a\r\nb");
    let order = order_with(json!({
        "captures": [capture("REFUNDED", "19.99")],
        "refunds": [refund(REFUND, "COMPLETED", "12.00", 5), by_hand],
    }));
    let [ours, theirs] = asked(&order).movements.try_into().unwrap();
    assert_eq!((ours.kind, ours.state), (OperationKind::Refund, MovementState::Succeeded));
    assert_eq!((ours.reference.as_str(), ours.operation_id), (REFUND, Some(operation(5))));
    assert_eq!((ours.amount, ours.occurred_at.seconds()), (money(1_200, "USD"), NOW_SECONDS + 6));
    // Its marks are the capture's: nobody here asked for it.
    assert_eq!((theirs.operation_id, theirs.reason.as_deref()), (None, Some("a  b")));
}

#[test]
fn what_can_not_be_relied_on_is_unknown() {
    let bad = |alter: &dyn Fn(&mut Value)| {
        let mut order = held("PARTIALLY_CAPTURED", &[part("P1", "COMPLETED", "12.00", false)]);
        alter(&mut order);
        let result = complete(&json_reply(201, &order));
        assert!(matches!(result, Err(CallFailure::Unknown { .. })), "{order}: {result:?}");
    };
    let money = "/purchase_units/0/payments/captures/0/amount";
    bad(&|order| order["purchase_units"] = json!([]));
    bad(&|order| {
        let unit = order["purchase_units"][0].clone();
        order["purchase_units"] = json!([unit, unit]);
    });
    bad(&|order| order.pointer_mut(money).unwrap()["currency_code"] = json!("EUR"));
    bad(&|order| order.pointer_mut(money).unwrap()["value"] = json!("-12.00"));
    bad(&|order| order.pointer_mut(money).unwrap()["value"] = json!("12.001"));
    for status in ["authorizations", "captures"] {
        let path = format!("/purchase_units/0/payments/{status}/0");
        bad(&|order| order.pointer_mut(&path).unwrap()["status"] = json!("BLESSED"));
        bad(&|order| order.pointer_mut(&path).unwrap()["id"] = json!("../x"));
    }
    bad(&|order| *order = super::order("COMPLETED"));
    bad(&|order| *order = held("CAPTURED", &[]));
    bad(&|order| order["id"] = json!("8AC96375141939905"));
}

#[test]
fn a_start_must_answer_for_its_own_operation() {
    let start =
        |order: &Value| paypal(|g| g.authorize(&ask()).unwrap().read(&json_reply(201, order), NOW));
    assert_eq!(
        start(&order("PAYER_ACTION_REQUIRED")).unwrap().state,
        ReportedState::ActionRequired
    );
    let mut other = order("PAYER_ACTION_REQUIRED");
    other["purchase_units"][0]["invoice_id"] = json!(operation(9).to_string());
    assert!(matches!(start(&other), Err(CallFailure::Unknown { .. })));
    let mut evil = order("PAYER_ACTION_REQUIRED");
    evil["links"][1]["href"] = json!("javascript:alert(1)");
    assert_eq!(start(&evil).unwrap().action, None);
}

#[test]
fn a_declined_completion_can_be_approved_anew() {
    let mut body: Value =
        serde_json::from_slice(&unprocessable("INSTRUMENT_DECLINED").body).unwrap();
    body["links"] = json!([{"href": APPROVE, "rel": "redirect", "method": "GET"}]);
    let report = complete(&json_reply(422, &body)).unwrap();
    assert_eq!((report.state, report.captured_minor), (ReportedState::Declined, 0));
    assert_eq!((report.reference.as_str(), report.amount), (ORDER, money(1_999, "USD")));
    assert_eq!(report.action, Some(BuyerAction::Redirect { url: APPROVE.to_owned() }));
    let decline = report.decline.unwrap();
    assert_eq!(
        (decline.code.as_str(), decline.message.as_str()),
        ("INSTRUMENT_DECLINED", "It says why.")
    );
    let lapsed = complete(&unprocessable("ORDER_EXPIRED")).unwrap();
    assert_eq!((lapsed.state, lapsed.action), (ReportedState::Failed, None));
}

/// What a failure is called in the tables below.
fn word(result: &CallResult) -> &'static str {
    match result {
        Ok(report) => match report.state {
            ReportedState::Declined => "declined",
            ReportedState::Captured => "captured",
            _ => "report",
        },
        Err(CallFailure::Refused { .. }) => "refused",
        Err(CallFailure::AskInstead { .. }) => "ask",
        Err(CallFailure::Unknown { .. }) => "unknown",
        Err(_) => "other",
    }
}

#[test]
fn what_a_refused_completion_proves() {
    let table = [
        (unprocessable("TRANSACTION_REFUSED"), "declined"),
        (unprocessable("PAYER_CANNOT_PAY"), "declined"),
        (unprocessable("PAYER_ACTION_REQUIRED"), "declined"),
        (unprocessable("ORDER_ALREADY_CAPTURED"), "ask"),
        (unprocessable("ORDER_ALREADY_AUTHORIZED"), "ask"),
        (unprocessable("ORDER_COMPLETED_OR_VOIDED"), "ask"),
        (unprocessable("ORDER_NOT_APPROVED"), "ask"),
        (unprocessable("DUPLICATE_INVOICE_ID"), "ask"),
        (unprocessable("PAYEE_ACCOUNT_RESTRICTED"), "refused"),
        (refusal(400, "INVALID_REQUEST", Some("MALFORMED_REQUEST_JSON")), "refused"),
        (unprocessable("ORDER_COMPLETION_IN_PROGRESS"), "unknown"),
        (refusal(409, "RESOURCE_CONFLICT", Some("PREVIOUS_REQUEST_IN_PROGRESS")), "unknown"),
        (refusal(403, "NOT_AUTHORIZED", Some("PERMISSION_DENIED")), "unknown"),
        (refusal(403, "NOT_AUTHORIZED", Some("INSTRUMENT_DECLINED")), "unknown"),
        (no_such_order(), "unknown"),
        (revoked(), "unknown"),
        (refusal(429, "RATE_LIMIT_REACHED", None), "unknown"),
        (refusal(500, "INTERNAL_SERVER_ERROR", None), "unknown"),
    ];
    for (reply, expected) in table {
        assert_eq!(word(&complete(&reply)), expected, "{reply:?}");
        let question = paypal(|g| g.retrieve(&known_order()).unwrap().read(&reply, NOW));
        assert_eq!(word(&question), "unknown", "a question: {reply:?}");
    }
}

#[test]
fn what_the_answer_to_a_capture_proves() {
    let capture_of = |amount, is_final, reply: &HttpReply| {
        let ask = CaptureAsk {
            operation_id: operation(3),
            payment: known_hold(),
            amount: money(amount, "USD"),
            is_final,
        };
        paypal(|g| g.capturing().unwrap().capture(&ask).unwrap().read(reply, NOW))
    };
    let told = |status, value: &str, by| {
        let mut told = capture(status, value);
        told["invoice_id"] = json!(operation(by).to_string());
        json_reply(201, &told)
    };
    let whole = capture_of(1_999, true, &told("COMPLETED", "19.99", 3));
    assert_eq!(word(&whole), "captured");
    let whole = whole.unwrap();
    assert_eq!((whole.captured_minor, whole.captures.len()), (1_999, 1));
    assert_eq!(whole.charge.as_deref(), Some(HOLD));
    let table = [
        (told("COMPLETED", "12.00", 3), "ask"),
        (told("PENDING", "12.00", 3), "ask"),
        (told("DECLINED", "12.00", 3), "refused"),
        (told("FAILED", "12.00", 3), "refused"),
        (told("COMPLETED", "12.00", 9), "unknown"),
        (unprocessable("AUTHORIZATION_ALREADY_CAPTURED"), "ask"),
        (unprocessable("AUTHORIZATION_VOIDED"), "ask"),
        (unprocessable("AUTHORIZATION_EXPIRED"), "ask"),
        (unprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED"), "refused"),
        (refusal(403, "NOT_AUTHORIZED", None), "unknown"),
        (refusal(500, "INTERNAL_SERVER_ERROR", None), "unknown"),
        (reply(201, ""), "unknown"),
    ];
    for (reply, expected) in table {
        assert_eq!(word(&capture_of(1_200, false, &reply)), expected, "{reply:?}");
    }
}

#[test]
fn what_the_answer_to_a_void_proves() {
    let ask = VoidAsk { operation_id: operation(2), payment: known_hold() };
    let mut other = hold("VOIDED");
    other["id"] = json!("9ZZ2184448108334S");
    let table = [
        (reply(204, ""), "ask"),
        (json_reply(200, &hold("VOIDED")), "ask"),
        (json_reply(200, &hold("CREATED")), "unknown"),
        (json_reply(200, &other), "unknown"),
        (reply(200, ""), "unknown"),
        (unprocessable("PREVIOUSLY_CAPTURED"), "ask"),
        (unprocessable("PREVIOUSLY_VOIDED"), "ask"),
        (refusal(400, "INVALID_REQUEST", None), "refused"),
        (refusal(404, "RESOURCE_NOT_FOUND", None), "unknown"),
        (refusal(409, "RESOURCE_CONFLICT", Some("PREVIOUS_REQUEST_IN_PROGRESS")), "unknown"),
        (reply(502, "<html>"), "unknown"),
        (reply(404, "<html>"), "unknown"),
    ];
    for (reply, expected) in table {
        let result = paypal(|g| g.voiding().unwrap().void(&ask).unwrap().read(&reply, NOW));
        assert_eq!(word(&result), expected, "{reply:?}");
    }
}

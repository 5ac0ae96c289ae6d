//! What PayPal's events tell.

use cartwright::domain::payment::{MovementState, OperationKind, ReportedState};
use cartwright::providers::payment::contract::{EventNews, VerifiedEvent, WebhookRefusal};

use super::*;
use crate::conformance::run;

fn tell(event: &Value) -> Result<VerifiedEvent, WebhookRefusal> {
    let incoming = sign(event.to_string().as_bytes());
    run::verify(crate::conformance::vendor(Gateway::Paypal), &incoming)
}

fn ask_about(reference: &str) -> EventNews {
    EventNews::AskAbout { reference: reference.to_owned() }
}

fn movements(news: EventNews) -> (String, Vec<cartwright::domain::payment::MovementReport>) {
    match news {
        EventNews::Movements { reference, movements } => (reference, movements),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_approved_order_is_told_at_once() {
    let told = tell(&event("CHECKOUT.ORDER.APPROVED", order("APPROVED"))).unwrap();
    assert_eq!(told.order_id, Some(order_id()));
    assert_eq!(told.operation_id, Some(operation(1)));
    let report = report_of(&told).unwrap();
    assert_eq!((report.state, report.reference.as_str()), (ReportedState::Approved, ORDER));
    assert_eq!(report.occurred_at, told.occurred_at);
    let told = tell(&event("CHECKOUT.ORDER.COMPLETED", paid())).unwrap();
    let report = report_of(&told).unwrap();
    assert_eq!((report.state, report.captured_minor), (ReportedState::Captured, 1_999));
    assert_eq!(report.occurred_at.seconds(), NOW_SECONDS + 2, "the order's own time");
}

#[test]
fn an_order_that_does_not_say_enough_is_asked_about() {
    let mut short = order("COMPLETED");
    let told = tell(&event("CHECKOUT.ORDER.COMPLETED", short.clone())).unwrap();
    assert_eq!((told.news, told.order_id), (ask_about(ORDER), Some(order_id())));
    short.as_object_mut().unwrap().remove("purchase_units");
    let told = tell(&event("CHECKOUT.ORDER.COMPLETED", short)).unwrap();
    assert_eq!((told.news, told.order_id), (ask_about(ORDER), None));
}

#[test]
fn what_happens_to_money_makes_us_ask() {
    let of_order = |mut part: Value| {
        part["supplementary_data"] = json!({"related_ids": {"order_id": ORDER}});
        part
    };
    let table = [
        ("PAYMENT.AUTHORIZATION.CREATED", of_order(hold("CREATED")), ORDER),
        ("PAYMENT.AUTHORIZATION.VOIDED", of_order(hold("VOIDED")), ORDER),
        ("PAYMENT.CAPTURE.COMPLETED", of_order(capture("COMPLETED", "19.99")), ORDER),
        ("PAYMENT.CAPTURE.PENDING", of_order(capture("PENDING", "19.99")), ORDER),
        ("PAYMENT.CAPTURE.DENIED", of_order(capture("DECLINED", "19.99")), ORDER),
        ("PAYMENT.CAPTURE.DECLINED", of_order(capture("DECLINED", "19.99")), ORDER),
        // By the link to what it is a part of.
        ("PAYMENT.CAPTURE.COMPLETED", capture("COMPLETED", "19.99"), ORDER),
        ("PAYMENT.AUTHORIZATION.VOIDED", hold("VOIDED"), "authorization-0AW2184448108334S"),
        (
            "PAYMENT.CAPTURE.REVERSED",
            refund(REFUND, "COMPLETED", "19.99", 1),
            "capture-3C679366HH908993F",
        ),
    ];
    for (kind, resource, reference) in table {
        let told = tell(&event(kind, resource)).unwrap();
        assert_eq!(told.news, ask_about(reference), "{kind}");
        assert_eq!(told.order_id, Some(order_id()), "{kind}");
        assert_eq!(told.kind, kind);
        assert_eq!(told.occurred_at.milliseconds(), (NOW_SECONDS + 3) * 1_000 + 250);
    }
    let mut unlinked = capture("COMPLETED", "19.99");
    unlinked.as_object_mut().unwrap().remove("links");
    unlinked.as_object_mut().unwrap().remove("custom_id");
    let told = tell(&event("PAYMENT.CAPTURE.COMPLETED", unlinked)).unwrap();
    assert_eq!((told.news, told.order_id), (ask_about("capture-3C679366HH908993F"), None));
    // The shop asks whose it is, by that reference.
    let whose = |reply: &HttpReply| {
        paypal(|g| g.whose("capture-3C679366HH908993F").unwrap().read(reply, NOW))
    };
    let part = json_reply(200, &capture("COMPLETED", "19.99"));
    assert_eq!(whose(&part), Ok(Some(order_id())));
    assert_eq!(whose(&no_such_order()), Ok(None));
    assert!(matches!(whose(&revoked()), Err(CallFailure::Unknown { .. })));
}

#[test]
fn a_refund_is_told_with_its_capture_as_reference() {
    let told =
        tell(&event("PAYMENT.CAPTURE.REFUNDED", refund(REFUND, "COMPLETED", "12.00", 5))).unwrap();
    assert_eq!(told.order_id, Some(order_id()));
    let (reference, moved) = movements(told.news);
    assert_eq!(reference, "capture-3C679366HH908993F");
    assert_eq!((moved[0].kind, moved[0].state), (OperationKind::Refund, MovementState::Succeeded));
    assert_eq!((moved[0].reference.as_str(), moved[0].amount), (REFUND, money(1_200, "USD")));
    assert_eq!(moved[0].operation_id, Some(operation(5)));
    let mut named = refund(REFUND, "COMPLETED", "12.00", 5);
    named["supplementary_data"] = json!({"related_ids": {"order_id": ORDER}});
    let told = tell(&event("PAYMENT.CAPTURE.REFUNDED", named)).unwrap();
    assert_eq!(movements(told.news).0, ORDER);
}

#[test]
fn a_dispute_is_open_won_or_lost() {
    use MovementState::{Failed, Pending, Succeeded};
    let table = [
        ("CREATED", "OPEN", None, Pending),
        ("UPDATED", "WAITING_FOR_SELLER_RESPONSE", None, Pending),
        ("UPDATED", "UNDER_REVIEW", Some("RESOLVED_BUYER_FAVOUR"), Pending),
        ("RESOLVED", "RESOLVED", Some("RESOLVED_BUYER_FAVOUR"), Succeeded),
        ("RESOLVED", "RESOLVED", Some("ACCEPTED"), Succeeded),
        ("RESOLVED", "RESOLVED", Some("RESOLVED_SELLER_FAVOUR"), Failed),
        ("RESOLVED", "RESOLVED", Some("RESOLVED_WITH_PAYOUT"), Failed),
        ("RESOLVED", "RESOLVED", Some("CANCELED_BY_BUYER"), Failed),
        ("RESOLVED", "RESOLVED", Some("DENIED"), Failed),
        // A person must look.
        ("RESOLVED", "RESOLVED", Some("NONE"), Pending),
        ("RESOLVED", "RESOLVED", None, Pending),
    ];
    for (kind, status, outcome, state) in table {
        let kind = format!("CUSTOMER.DISPUTE.{kind}");
        let told = tell(&event(&kind, dispute(status, outcome))).unwrap();
        assert_eq!(told.order_id, Some(order_id()));
        let (reference, moved) = movements(told.news);
        assert_eq!(reference, "capture-3C679366HH908993F");
        assert_eq!((moved[0].kind, moved[0].state), (OperationKind::Chargeback, state), "{kind}");
        assert_eq!((moved[0].reference.as_str(), moved[0].amount), (DISPUTE, money(1_999, "USD")));
        let until = (state == Pending).then_some(NOW_SECONDS + 10 * 86_400);
        assert_eq!(moved[0].respond_by.map(|moment| moment.seconds()), until);
        assert_eq!(moved[0].reason.as_deref(), Some("MERCHANDISE_OR_SERVICE_NOT_RECEIVED"));
    }
    let mut in_part = dispute("RESOLVED", Some("RESOLVED_BUYER_FAVOUR"));
    in_part["dispute_outcome"]["amount_refunded"] = usd("5.00");
    let told = tell(&event("CUSTOMER.DISPUTE.RESOLVED", in_part)).unwrap();
    assert_eq!(movements(told.news).1[0].amount, money(500, "USD"));
    let mut nameless = dispute("OPEN", None);
    nameless["disputed_transactions"][0].as_object_mut().unwrap().remove("custom");
    let told = tell(&event("CUSTOMER.DISPUTE.CREATED", nameless)).unwrap();
    assert_eq!(told.order_id, None);
    assert_eq!(movements(told.news).0, "capture-3C679366HH908993F", "whose() can be asked");
}

#[test]
fn what_is_not_of_this_shop_is_none_of_its_business() {
    let not_ours = |mut resource: Value| {
        resource["custom_id"] = json!("invoice 7");
        resource
    };
    let mut order = order("APPROVED");
    order["purchase_units"][0]["custom_id"] = json!("invoice 7");
    let mut dispute = dispute("OPEN", None);
    dispute["disputed_transactions"][0]["custom"] = json!("invoice 7");
    for (kind, resource) in [
        ("CHECKOUT.ORDER.APPROVED", order),
        ("PAYMENT.CAPTURE.COMPLETED", not_ours(capture("COMPLETED", "19.99"))),
        ("PAYMENT.AUTHORIZATION.VOIDED", not_ours(hold("VOIDED"))),
        ("PAYMENT.CAPTURE.REFUNDED", not_ours(refund(REFUND, "COMPLETED", "12.00", 5))),
        ("PAYMENT.CAPTURE.REVERSED", not_ours(refund(REFUND, "COMPLETED", "12.00", 5))),
        ("CUSTOMER.DISPUTE.CREATED", dispute),
        ("BILLING.SUBSCRIPTION.CREATED", json!({"id": "I-BW452GLLEP1G"})),
        ("PAYMENT.SALE.COMPLETED", json!(null)),
    ] {
        let told = tell(&event(kind, resource)).unwrap();
        assert_eq!((told.order_id, told.news), (None, EventNews::Nothing), "{kind}");
    }
}

#[test]
fn ours_and_unreadable_is_sent_again() {
    let good = event("PAYMENT.CAPTURE.REFUNDED", refund(REFUND, "COMPLETED", "12.00", 5));
    let resource = "/resource";
    for (path, value) in [
        ("/id", json!("")),
        ("/id", json!("WH 1")),
        ("/create_time", json!("yesterday")),
        ("/create_time", json!(1_767_225_600)),
        ("/event_type", json!(null)),
        (resource, json!(null)),
        ("/resource/id", json!("../x")),
        ("/resource/status", json!("BLESSED")),
        ("/resource/amount/value", json!("12.005")),
        ("/resource/links", json!([])),
    ] {
        let mut event = good.clone();
        *event.pointer_mut(path).unwrap() = value;
        let result = tell(&event);
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{path}: {result:?}");
    }
    let mut two = dispute("OPEN", None);
    let transaction = two["disputed_transactions"][0].clone();
    two["disputed_transactions"] = json!([transaction, transaction]);
    let result = tell(&event("CUSTOMER.DISPUTE.CREATED", two));
    assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })));
}

#[test]
fn the_order_of_a_webhook_that_was_not_believed_can_be_asked_about() {
    let doubted =
        |event: &Value| paypal(|gateway| gateway.doubted_reference(event.to_string().as_bytes()));
    let ours = Some(ORDER.to_owned());
    assert_eq!(doubted(&event("CHECKOUT.ORDER.APPROVED", order("APPROVED"))), ours);
    assert_eq!(doubted(&event("PAYMENT.CAPTURE.COMPLETED", capture("PENDING", "1.00"))), ours);
    assert_eq!(doubted(&event("CUSTOMER.DISPUTE.CREATED", dispute("OPEN", None))), None);
    let mut evil = order("APPROVED");
    evil["id"] = json!("../../x");
    assert_eq!(doubted(&event("CHECKOUT.ORDER.APPROVED", evil)), None);
    assert_eq!(paypal(|gateway| gateway.doubted_reference(b"<html>")), None);
    assert_eq!(paypal(|gateway| gateway.doubted_reference(&[b' '; 300_000])), None);
}

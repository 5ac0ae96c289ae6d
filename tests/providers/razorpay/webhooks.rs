//! Webhooks: which are believed, and what they tell.

use cartwright::domain::payment::{
    Gateway, MovementReport, MovementState, OperationKind, PaymentReport, ReportedState,
};
use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{
    EventNews, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::fixtures::*;

const EVENT_ID: &str = "Rz7EventIdNumber1";

pub fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

fn deliver(
    signature: Option<&str>,
    event_id: Option<&str>,
    body: &[u8],
) -> Result<VerifiedEvent, WebhookRefusal> {
    let lookup = |name: &str| {
        let value = match name {
            "x-razorpay-signature" => signature,
            "x-razorpay-event-id" => event_id,
            _ => None,
        };
        value.map(ToOwned::to_owned)
    };
    with_gateway(Gateway::Razorpay, |g| g.verify(&lookup, body, None, NOW))
}

fn verify(event: &Value) -> Result<VerifiedEvent, WebhookRefusal> {
    let body = event.to_string();
    deliver(Some(&sign(NEW_SECRET, body.as_bytes())), Some(EVENT_ID), body.as_bytes())
}

fn captured() -> Value {
    event("payment.captured", &[("payment", payment("captured", 1))])
}

#[test]
fn only_a_right_signature_over_the_raw_bytes_is_believed() {
    let body = captured().to_string().into_bytes();
    let good = sign(NEW_SECRET, &body);
    let old = sign(OLD_SECRET, &body);
    let table = [
        ("the new secret", Some(good.clone()), true),
        ("the old secret, during a rotation", Some(old), true),
        ("no header", None, false),
        ("a foreign secret", Some(sign("whsec_other", &body)), false),
        ("the key's secret", Some(sign(RAZORPAY_KEY_SECRET, &body)), false),
        ("both secrets at once", Some(sign(&format!("{OLD_SECRET},{NEW_SECRET}"), &body)), false),
        ("upper-case hex", Some(good.to_uppercase()), false),
        ("truncated by a digit", Some(format!("{good:.63}")), false),
        ("truncated by a byte", Some(format!("{good:.62}")), false),
        ("half of it", Some(format!("{good:.32}")), false),
        ("one digit more", Some(format!("{good}0")), false),
        ("one byte more", Some(format!("{good}00")), false),
        ("twice", Some(format!("{good},{good}")), false),
        ("with its scheme", Some(format!("sha256={good}")), false),
        ("a space before", Some(format!(" {good}")), false),
        ("empty", Some(String::new()), false),
        ("not hexadecimal", Some("z".repeat(64)), false),
        ("zeros", Some("0".repeat(64)), false),
        ("enormous", Some("0".repeat(1_000_000)), false),
    ];
    for (case, header, believed) in table {
        let result = deliver(header.as_deref(), Some(EVENT_ID), &body);
        assert_eq!(result.is_ok(), believed, "{case}: {result:?}");
        if !believed {
            assert_eq!(result, Err(WebhookRefusal::BadSignature), "{case}");
        }
    }
}

#[test]
fn a_changed_body_is_refused() {
    let event = captured();
    let body = event.to_string().into_bytes();
    let good = sign(NEW_SECRET, &body);
    let mut altered = body.clone();
    altered[10] ^= 1;
    let text = String::from_utf8(body.clone()).unwrap();
    let bodies: [(&str, Vec<u8>); 7] = [
        ("one bit altered", altered),
        ("another amount", text.replace("1999", "1998").into_bytes()),
        ("truncated", body[..body.len() - 1].to_vec()),
        ("a space more", [body.as_slice(), b" "].concat()),
        ("re-serialised", serde_json::to_vec_pretty(&event).unwrap()),
        ("empty", Vec::new()),
        ("too large", vec![b' '; MAX_WEBHOOK_BYTES + 1]),
    ];
    for (case, changed) in bodies {
        let result = deliver(Some(&good), Some(EVENT_ID), &changed);
        assert_eq!(result, Err(WebhookRefusal::BadSignature), "{case}");
    }
    // Too large is refused even if it is rightly signed.
    let large = vec![b' '; MAX_WEBHOOK_BYTES + 1];
    let result = deliver(Some(&sign(NEW_SECRET, &large)), Some(EVENT_ID), &large);
    assert_eq!(result, Err(WebhookRefusal::BadSignature));
}

#[test]
fn an_event_without_an_id_is_known_by_its_bytes() {
    let body = captured().to_string().into_bytes();
    let id = |header: Option<&str>, body: &[u8]| {
        deliver(Some(&sign(NEW_SECRET, body)), header, body).unwrap().event_id
    };
    assert_eq!(id(Some(EVENT_ID), &body), EVENT_ID);
    let stable = id(None, &body);
    assert!(stable.starts_with("body_") && stable.len() == 69, "{stable}");
    assert_eq!(id(None, &body), stable);
    let long = "x".repeat(256);
    for malformed in ["", "a b", "../x", "é", long.as_str()] {
        assert_eq!(id(Some(malformed), &body), stable);
    }
    let other = event("payment.captured", &[("payment", payment("captured", 2))]).to_string();
    assert_ne!(id(None, other.as_bytes()), stable);
}

#[test]
fn where_a_payment_stands() {
    let failed = || payment("failed", 1);
    let held = || with(payment("authorized", 1), "notes", notes(1));
    let order = |status: &str, paid: i64| {
        let mut order = order(status, &[]);
        order["amount_paid"] = json!(paid);
        order.as_object_mut().unwrap().remove("payments");
        order
    };
    let paid = |order: Value| {
        event("order.paid", &[("payment", payment("captured", 1)), ("order", order)])
    };
    let at = Timestamp::from_milliseconds(NOW_SECONDS * 1_000);
    let report = |state, captured| {
        PaymentReport::new(ORDER.to_owned(), state, money(1_999, "USD"), captured, at)
    };
    let charge = Some(PAYMENT.to_owned());
    let table = [
        (
            event("payment.authorized", &[("payment", held())]),
            Some(order_id()),
            Some(PaymentReport {
                charge: charge.clone(),
                authorized_until: Some(at.plus_seconds(3 * 86_400 - 1)),
                ..report(ReportedState::Authorized, 0)
            }),
        ),
        (
            event("payment.failed", &[("payment", failed())]),
            None,
            Some(PaymentReport {
                action: checkout(),
                decline: Some(cartwright::domain::payment::Decline {
                    code: "insufficient_funds".to_owned(),
                    message:
                        "Your payment could not be completed due to insufficient account balance."
                            .to_owned(),
                }),
                ..report(ReportedState::Declined, 0)
            }),
        ),
        (
            paid(order("paid", 1_999)),
            Some(order_id()),
            Some(PaymentReport {
                operation_id: Some(operation(1)),
                charge: charge.clone(),
                ..report(ReportedState::Captured, 1_999)
            }),
        ),
        // The order counts all that was ever paid for it.
        (
            paid(order("paid", 3_998)),
            Some(order_id()),
            Some(PaymentReport {
                operation_id: Some(operation(1)),
                charge,
                ..report(ReportedState::Captured, 3_998)
            }),
        ),
        // One capture says nothing of others.
        (captured(), None, None),
        // Written later than it happened.
        (event("payment.authorized", &[("payment", payment("captured", 1))]), None, None),
        (event("payment.failed", &[("payment", payment("captured", 1))]), None, None),
        (event("payment.failed", &[("payment", payment("authorized", 1))]), None, None),
    ];
    for (event, order, report) in table {
        let verified = verify(&event).unwrap();
        assert_eq!(verified.event_id, EVENT_ID);
        assert_eq!(verified.occurred_at, at);
        assert_eq!(Value::from(verified.kind), event["event"]);
        assert_eq!(verified.order_id, order, "{event}");
        // A payment's notes can be the browser's: they lead to an order, and prove no operation.
        let of_order = event["event"] == "order.paid";
        assert_eq!(verified.operation_id, of_order.then(|| operation(1)), "{event}");
        let expected = report.map_or_else(
            || EventNews::AskAbout { reference: ORDER.to_owned() },
            |report| EventNews::Payment(Box::new(report)),
        );
        assert_eq!(verified.news, expected, "{event}");
    }
}

#[test]
fn refunds_of_ours_and_of_the_dashboard() {
    let about = |kind: &str, refund: Value, payment: Value| {
        verify(&event(kind, &[("refund", refund), ("payment", payment)])).unwrap()
    };
    for (kind, status, state) in [
        ("refund.created", "pending", MovementState::Pending),
        ("refund.created", "processed", MovementState::Succeeded),
        ("refund.processed", "processed", MovementState::Succeeded),
        ("refund.failed", "failed", MovementState::Failed),
        ("refund.speed_changed", "pending", MovementState::Pending),
    ] {
        let event = about(kind, refund(status), payment("captured", 9));
        assert_eq!(event.order_id, Some(order_id()));
        assert_eq!(event.operation_id, None, "the refund's operation did not start the payment");
        let movements = vec![moved(state, NOW_SECONDS)];
        assert_eq!(event.news, EventNews::Movements { reference: ORDER.to_owned(), movements });
    }
    let foreign = with(with(refund("processed"), "notes", json!([])), "receipt", json!("#126"));
    let named = with(payment("refunded", 9), "notes", notes(1));
    let event = about("refund.processed", foreign, named);
    assert_eq!(event.order_id, None);
    let expected =
        MovementReport { operation_id: None, ..moved(MovementState::Succeeded, NOW_SECONDS) };
    let movements = vec![expected];
    assert_eq!(event.news, EventNews::Movements { reference: ORDER.to_owned(), movements });
    // Held money that lapsed is "refunded", and was never taken.
    let lapsed = with(payment("refunded", 9), "captured", json!(false));
    let lapse = with(with(refund("processed"), "notes", json!([])), "receipt", Value::Null);
    let event = about("refund.processed", lapse, lapsed);
    assert_eq!(event.news, EventNews::AskAbout { reference: ORDER.to_owned() });
}

#[test]
fn disputes_are_chargebacks() {
    let table = [
        ("created", "open", 0, MovementState::Pending),
        ("under_review", "under_review", 0, MovementState::Pending),
        ("action_required", "action_required", 0, MovementState::Pending),
        ("action_required", "open", 0, MovementState::Pending),
        ("won", "won", 0, MovementState::Failed),
        ("lost", "lost", 1_999, MovementState::Succeeded),
        ("closed", "closed", 0, MovementState::Failed),
        ("closed", "closed", 1_999, MovementState::Succeeded),
    ];
    for (kind, status, deducted, state) in table {
        let held = with(payment("captured", 99), "notes", notes(1));
        let entities = [("payment", held), ("dispute", dispute(status, deducted))];
        let event = verify(&event(&format!("payment.dispute.{kind}"), &entities)).unwrap();
        assert_eq!(event.order_id, None, "the browser can write into a payment's notes");
        let at = |seconds: i64| Timestamp::from_milliseconds(seconds * 1_000);
        let movements = vec![MovementReport {
            kind: OperationKind::Chargeback,
            reference: DISPUTE.to_owned(),
            operation_id: None,
            amount: money(1_999, "USD"),
            state,
            occurred_at: at(NOW_SECONDS),
            reason: Some("goods_or_services_not_received".to_owned()),
            respond_by: Some(at(NOW_SECONDS + 7 * 86_400)),
        }];
        assert_eq!(
            event.news,
            EventNews::Movements { reference: ORDER.to_owned(), movements },
            "{kind}"
        );
    }
}

#[test]
fn what_is_not_followed_is_acknowledged() {
    let link = with(payment("captured", 1), "order_id", Value::Null);
    for event in [
        event("payment.captured", &[("payment", link)]),
        event("payment.downtime.started", &[("payment.downtime", json!({"id": "down_1"}))]),
        event("invoice.paid", &[]),
        event("settlement.processed", &[]),
        event("order.notification.delivered", &[("order", order("created", &[]))]),
    ] {
        assert_eq!(verify(&event).unwrap().news, EventNews::Nothing, "{event}");
    }
}

#[test]
fn what_can_not_be_read_is_asked_about_or_sent_again() {
    let broken = with(payment("failed", 1), "currency", json!("zzz"));
    let ask = EventNews::AskAbout { reference: ORDER.to_owned() };
    let foreign = verify(&event("payment.failed", &[("payment", broken.clone())])).unwrap();
    assert_eq!((foreign.order_id, foreign.news), (None, ask.clone()));
    let ours = with(broken, "notes", notes(1));
    let refusal = verify(&event("payment.failed", &[("payment", ours)])).unwrap_err();
    assert!(matches!(refusal, WebhookRefusal::Malformed { .. }));
    // A refund or a dispute beside the payment of another.
    let other = with(refund("processed"), "payment_id", json!("pay_other"));
    let mixed =
        event("refund.processed", &[("refund", other), ("payment", payment("captured", 1))]);
    assert!(matches!(verify(&mixed), Err(WebhookRefusal::Malformed { .. })));
    let other = with(dispute("open", 0), "payment_id", json!("pay_other"));
    let mixed = event(
        "payment.dispute.created",
        &[("dispute", other), ("payment", payment("captured", 1))],
    );
    assert_eq!(verify(&mixed).unwrap().news, ask);
    // An order that was paid by nothing.
    let unpaid =
        event("order.paid", &[("payment", payment("failed", 1)), ("order", order("paid", &[]))]);
    assert!(matches!(verify(&unpaid), Err(WebhookRefusal::Malformed { .. })));
}

#[test]
fn an_event_with_an_impossible_head_is_malformed() {
    for (field, value) in [
        ("entity", json!("payment")),
        ("event", json!(null)),
        ("created_at", json!(-1)),
        ("created_at", json!(i64::MAX)),
        ("created_at", json!("1767225600")),
        ("created_at", json!(1.5)),
        ("payload", json!(null)),
        ("payload", json!([])),
        ("payload", json!({})),
        ("payload", json!({"payment": {"entity": {"order_id": "../x"}}})),
        ("payload", json!({"payment": {"entity": {"order_id": 5}}})),
    ] {
        let result = verify(&with(captured(), field, value));
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{field}: {result:?}");
    }
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 6] = [b"", b"null", b"[]", b"\xef\xbb\xbf{}", b"\xff\xfe", deep.as_bytes()];
    for body in bodies {
        let result = deliver(Some(&sign(NEW_SECRET, body)), Some(EVENT_ID), body);
        assert!(matches!(result, Err(WebhookRefusal::Malformed { .. })), "{result:?}");
    }
}

#[test]
fn a_doubted_body_gives_at_most_a_well_formed_reference() {
    let doubted = |body: &[u8]| razorpay(|g| g.doubted_reference(body));
    let named = |id: &str| {
        event("payment.captured", &[("payment", json!({"order_id": id}))]).to_string().into_bytes()
    };
    assert_eq!(doubted(&named(ORDER)).as_deref(), Some(ORDER));
    let paid = event("order.paid", &[("order", order("paid", &[]))]).to_string();
    assert_eq!(doubted(paid.as_bytes()).as_deref(), Some(ORDER));
    let long = format!("order_{}", "x".repeat(300));
    for bad in ["", "order_", "pay_1", "order_1/capture", "order_1\r\n", "order_é", long.as_str()]
    {
        assert_eq!(doubted(&named(bad)), None, "{bad}");
    }
    let padded = [named(ORDER), vec![b' '; MAX_WEBHOOK_BYTES]].concat();
    let bodies: [&[u8]; 6] = [b"", b"null", b"{}", b"\xff", b"{\"payload\":{}}", &padded];
    for body in bodies {
        assert_eq!(doubted(body), None);
    }
}

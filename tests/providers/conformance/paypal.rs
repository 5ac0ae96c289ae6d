//! PayPal's replies and webhooks, scenario by scenario. A payment is started, approved by the buyer and
//! completed, so what others answer to a start comes here with the completion.

use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::{Given, Op, Scenario, Step, Vendor};
use crate::paypal::*;
use crate::support::*;

pub const VENDOR: Vendor = Vendor {
    gateway: Gateway::Paypal,
    variables: VARIABLES,
    ask,
    reference: ORDER,
    idempotency_header: Some("paypal-request-id"),
    given,
    sign,
    signature_header: "paypal-transmission-sig",
};

fn call(op: Op, body: Value) -> Step {
    Step::Call(op, json_reply(200, &body))
}

fn happened(kind: &str, resource: Value) -> Step {
    Step::Event(sign(event(kind, resource).to_string().as_bytes()))
}

/// Started, and approved by the buyer.
fn approved() -> Vec<Step> {
    vec![call(Op::Start, order("PAYER_ACTION_REQUIRED")), call(Op::Retrieve, order("APPROVED"))]
}

/// Approved, completed, and then these.
fn after_paying(then: &[Step]) -> Vec<Step> {
    [&approved()[..], &[call(Op::Complete, paid())], then].concat()
}

/// Approved, held, and then these.
fn after_holding(then: &[Step]) -> Vec<Step> {
    [&approved()[..], &[call(Op::Complete, held("CREATED", &[]))], then].concat()
}

/// A reply to a completion that would be good but for one thing.
fn but(alter: impl FnOnce(&mut Value)) -> Vec<Step> {
    let mut order = paid();
    alter(&mut order);
    [&approved()[..], &[call(Op::Complete, order)]].concat()
}

fn amount(value: Value) -> Vec<Step> {
    but(|order| order["purchase_units"][0]["amount"]["value"] = value)
}

/// A capture of held money, as it is answered by itself.
fn part(id: &str, value: &str, by: u128) -> Value {
    let mut part = capture("COMPLETED", value);
    part["id"] = json!(id);
    part["invoice_id"] = json!(operation(by).to_string());
    part
}

fn book(code: &str, value: &str, page: u32) -> Value {
    json!({
        "transaction_details": [{"transaction_info": {
            "transaction_id": if code == "T0006" { CAPTURE } else { REFUND },
            "transaction_event_code": code,
            "transaction_initiation_date": at(-60).replace('Z', "+0000"),
            "transaction_updated_date": at(-60).replace('Z', "+0000"),
            "transaction_amount": usd(value),
            "transaction_status": "S",
            "invoice_id": operation(if code == "T0006" { 1 } else { 5 }).to_string(),
            "custom_field": if code == "T0006" {
                order_id().to_string()
            } else {
                format!("{}.{}", order_id(), operation(5))
            },
        }}],
        "page": page,
        "total_items": 2,
        "total_pages": 2,
    })
}

fn given(scenario: Scenario) -> Given {
    use Scenario as S;
    Given::Steps(match scenario {
        S::Success => after_paying(&[]),
        S::AuthorizeOnly => after_holding(&[]),
        S::Decline => {
            [approved(), vec![Step::Call(Op::Complete, unprocessable("INSTRUMENT_DECLINED"))]]
                .concat()
        }
        S::ActionRequired => vec![call(Op::Start, order("PAYER_ACTION_REQUIRED"))],
        S::PendingThenSuccess => {
            let pending = order_with(json!({"captures": [capture("PENDING", "19.99")]}));
            let steps = vec![call(Op::Complete, pending), call(Op::Retrieve, paid())];
            [approved(), steps].concat()
        }
        S::TimeoutAfterSuccess => vec![
            call(Op::Recover, order("PAYER_ACTION_REQUIRED")),
            call(Op::Retrieve, order("APPROVED")),
            call(Op::Complete, paid()),
        ],
        S::TimeoutAfterSuccessLate => {
            return Given::Declared(
                "only the lost reply names the page where the buyer can approve, so after a day the \
                 start has brought no money and can't bring any: it is told as never made",
            );
        }
        S::StartNeverArrived => vec![Step::Call(Op::Find, no_such_order())],
        S::DuplicateReply => {
            let started = order("PAYER_ACTION_REQUIRED");
            [vec![call(Op::Start, started.clone()), call(Op::Recover, started)], after_paying(&[])]
                .concat()
        }
        S::AmountMismatch => amount(json!("20.00")),
        S::CurrencyMismatch => but(|order| {
            for amount in
                ["/purchase_units/0/amount", "/purchase_units/0/payments/captures/0/amount"]
            {
                order.pointer_mut(amount).unwrap()["currency_code"] = json!("EUR");
            }
        }),
        S::AnotherPayment => but(|order| order["id"] = json!("8AC96375141939905")),
        S::MissingField => but(|order| {
            order["purchase_units"][0].as_object_mut().unwrap().remove("amount");
        }),
        S::WrongType => amount(json!(19.99)),
        S::Fraction => amount(json!("19.995")),
        S::Negative => amount(json!("-19.99")),
        S::Enormous => amount(json!("10000000000000.01")),
        S::UnknownState => but(|order| order["status"] = json!("BLESSED")),
        S::MalformedReference => {
            let mut order = order("PAYER_ACTION_REQUIRED");
            order["id"] = json!("../../refunds");
            vec![call(Op::Start, order)]
        }
        S::ErrorBodyWith200 => {
            let refused = unprocessable("INSTRUMENT_DECLINED");
            vec![Step::Call(Op::Start, reply(200, refused.body))]
        }
        S::Refusal => vec![Step::Call(Op::Start, unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE"))],
        S::KeyRevoked => vec![Step::Call(Op::Start, revoked())],
        S::Whose => vec![call(Op::Whose, paid())],
        S::WhoseStranger => vec![Step::Call(Op::Whose, no_such_order())],
        _ => return later(scenario),
    })
}

/// What happens to money once it is held or taken, and what PayPal tells by itself.
fn later(scenario: Scenario) -> Given {
    use Scenario as S;
    let unsure = |op, issue| Step::Call(op, unprocessable(issue));
    let refunded =
        |op, value, by| after_paying(&[call(op, refund(REFUND, "COMPLETED", value, by))]);
    Given::Steps(match scenario {
        S::CaptureFull => after_holding(&[call(Op::Capture, part(CAPTURE, "19.99", 3))]),
        S::CapturePart => {
            let part = part(CAPTURE, "12.00", 3);
            let after = held("PARTIALLY_CAPTURED", std::slice::from_ref(&part));
            after_holding(&[call(Op::CapturePart, part), call(Op::Retrieve, after)])
        }
        S::CaptureAgain => {
            let mut first = part(CAPTURE, "12.00", 3);
            first["final_capture"] = json!(false);
            let rest = part("4C679366HH908993F", "7.99", 4);
            after_holding(&[
                call(Op::CaptureFirst, first.clone()),
                call(Op::Retrieve, held("PARTIALLY_CAPTURED", std::slice::from_ref(&first))),
                call(Op::CaptureRest, rest.clone()),
                call(Op::Retrieve, held("CAPTURED", &[rest, first])),
            ])
        }
        S::AlreadyCaptured => {
            after_holding(&[unsure(Op::Capture, "AUTHORIZATION_ALREADY_CAPTURED")])
        }
        S::Void => after_holding(&[
            call(Op::Void, hold("VOIDED")),
            call(Op::Retrieve, held("VOIDED", &[])),
        ]),
        S::VoidTooLate => after_holding(&[unsure(Op::Void, "PREVIOUSLY_CAPTURED")]),
        S::RefundFull => refunded(Op::Refund, "19.99", 5),
        S::RefundPart => refunded(Op::RefundPart, "12.00", 5),
        S::RefundReplyLost => refunded(Op::RecoverRefund, "19.99", 5),
        S::RefundReplyLostLate => refunded(Op::RecoverRefundLate, "19.99", 5),
        S::RefundAgain => after_paying(&[
            call(Op::RefundPart, refund(REFUND, "COMPLETED", "12.00", 5)),
            call(Op::RefundRest, refund("2JU08902781691411", "COMPLETED", "7.99", 6)),
        ]),
        S::RefundTooMuch => after_paying(&[unsure(Op::Refund, "REFUND_AMOUNT_EXCEEDED")]),
        S::RefundNeverArrived => after_paying(&[call(Op::FindRefund, paid())]),
        S::RefundPendingThenSuccess => {
            let mut pending = refund(REFUND, "PENDING", "19.99", 5);
            pending["update_time"] = json!(at(5));
            let done = refund(REFUND, "COMPLETED", "19.99", 5);
            after_paying(&[call(Op::Refund, pending), happened("PAYMENT.CAPTURE.REFUNDED", done)])
        }
        S::RefundFailed => after_paying(&[call(Op::Refund, refund(REFUND, "FAILED", "19.99", 5))]),
        S::WebhookGood => vec![
            happened("PAYMENT.CAPTURE.COMPLETED", related(capture("COMPLETED", "19.99"))),
            call(Op::Retrieve, paid()),
        ],
        S::WebhookAnyOrder => vec![
            happened("CHECKOUT.ORDER.APPROVED", order("APPROVED")),
            happened("PAYMENT.CAPTURE.COMPLETED", related(capture("COMPLETED", "19.99"))),
            call(Op::Retrieve, paid()),
            happened("PAYMENT.CAPTURE.REFUNDED", refund(REFUND, "COMPLETED", "12.00", 5)),
            happened("CUSTOMER.DISPUTE.CREATED", dispute("OPEN", None)),
            happened(
                "CUSTOMER.DISPUTE.RESOLVED",
                dispute("RESOLVED", Some("RESOLVED_SELLER_FAVOUR")),
            ),
        ],
        S::DashboardRefund => {
            let by_hand = refund_by_hand(REFUND, "12.00");
            vec![happened("PAYMENT.CAPTURE.REFUNDED", by_hand)]
        }
        S::DisputeOpened => vec![happened("CUSTOMER.DISPUTE.CREATED", dispute("OPEN", None))],
        S::DisputeWon => {
            let won = dispute("RESOLVED", Some("RESOLVED_SELLER_FAVOUR"));
            vec![happened("CUSTOMER.DISPUTE.RESOLVED", won)]
        }
        S::DisputeLost => {
            let lost = dispute("RESOLVED", Some("RESOLVED_BUYER_FAVOUR"));
            vec![happened("CUSTOMER.DISPUTE.RESOLVED", lost)]
        }
        S::BooksFirstPage => vec![call(Op::List, book("T0006", "19.99", 1))],
        S::BooksNextPage => vec![
            call(Op::List, book("T0006", "19.99", 1)),
            call(Op::ListNext, book("T1107", "-19.99", 2)),
        ],
        _ => return Given::Declared("is not among what PayPal was asked to play"),
    })
}

/// A capture as an event carries it: it names its order.
fn related(mut capture: Value) -> Value {
    capture["supplementary_data"] = json!({"related_ids": {"order_id": ORDER}});
    capture
}

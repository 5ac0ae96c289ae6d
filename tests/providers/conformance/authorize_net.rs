//! Authorize.net's replies and webhooks, scenario by scenario.

use cartwright::domain::payment::Gateway;
use serde_json::{Value, json};

use super::{Given, Incoming, Op, Scenario, Step, Vendor, captured_by, refunded_by};
use super::{rest_refunded_by, started_by, voided_by};
use crate::authorize_net::replies::*;
use crate::support::operation;

pub const VENDOR: Vendor = Vendor {
    gateway: Gateway::AuthorizeNet,
    variables: &[
        ("AUTHORIZE_NET_LOGIN_ID", LOGIN_ID),
        ("AUTHORIZE_NET_TRANSACTION_KEY", TRANSACTION_KEY),
        ("AUTHORIZE_NET_SIGNATURE_KEY", "CANARY_0LD,CANARY_56E529FE6C63D60E545F84686096E6AA"),
    ],
    ask,
    reference: PAYMENT,
    idempotency_header: None,
    given,
    sign,
    signature_header: "x-anet-signature",
};

fn sign(body: &[u8]) -> Incoming {
    let headers = vec![("x-anet-signature".to_owned(), signature(NEW_KEY, body))];
    Incoming { headers, body: body.to_vec(), evidence: None }
}

fn told(kind: &str, transaction: &str) -> Step {
    Step::Event(sign(event(kind, transaction).to_string().as_bytes()))
}

fn call(op: Op, body: &Value) -> Step {
    Step::Call(op, with_mark(body))
}

fn start() -> Step {
    call(Op::Start, &approved(started_by(), PAYMENT))
}

fn asked(status: &str) -> Step {
    Step::Call(Op::Retrieve, details(status))
}

/// Details that would be good but for how one amount is written.
fn amount(text: &str) -> Given {
    Given::Steps(vec![Step::Call(Op::Retrieve, details_with("settledSuccessfully", text, "19.99"))])
}

fn with(field: &str, value: Value) -> Given {
    let mut body = approved(started_by(), PAYMENT);
    body["transactionResponse"][field] = value;
    Given::Steps(vec![call(Op::Start, &body)])
}

fn ours(status: &str) -> Value {
    line(PAYMENT, &invoice(started_by()), status, 19.99)
}

fn given(scenario: Scenario) -> Given {
    use Scenario as S;
    Given::Steps(match scenario {
        S::Success | S::AuthorizeOnly => vec![start()],
        S::Decline => vec![call(Op::Start, &ended(started_by(), "2", "2", PAYMENT))],
        S::ActionRequired => {
            return Given::Declared("a nonce is charged at once; the buyer has no further step");
        }
        S::PendingThenSuccess => vec![
            call(Op::Start, &ended(started_by(), "4", "253", PAYMENT)),
            asked("FDSPendingReview"),
            asked("capturedPendingSettlement"),
        ],
        S::TimeoutAfterSuccess => {
            let lines = vec![ours("capturedPendingSettlement"), older()];
            vec![Step::Call(Op::Recover, list(lines))]
        }
        S::TimeoutAfterSuccessLate => {
            vec![Step::Call(Op::RecoverLate, list(vec![ours("capturedPendingSettlement")]))]
        }
        S::StartNeverArrived => vec![Step::Call(Op::Find, list(vec![older()]))],
        S::DuplicateReply => {
            vec![start(), Step::Call(Op::Recover, list(vec![ours("capturedPendingSettlement")]))]
        }
        S::AmountMismatch => return amount("20.00"),
        S::CurrencyMismatch => {
            return Given::Declared(
                "an account has one currency, the request names it, and no reply does",
            );
        }
        S::AnotherPayment => vec![call(Op::Start, &approved(operation(99), PAYMENT))],
        S::MissingField => {
            let mut body = approved(started_by(), PAYMENT);
            body["transactionResponse"].as_object_mut().unwrap().remove("transId");
            vec![call(Op::Start, &body)]
        }
        S::WrongType => return with("responseCode", json!(1)),
        S::Fraction => return amount("19.995"),
        S::Negative => return amount("-19.99"),
        S::Enormous => return amount("10000000000000.01"),
        S::UnknownState => vec![asked("blessed")],
        S::MalformedReference => return with("transId", json!("../../refunds")),
        S::ErrorBodyWith200 => vec![call(Op::Start, &turned_away("E00001"))],
        S::Refusal => vec![call(Op::Start, &ended(started_by(), "3", "6", "0"))],
        S::KeyRevoked => vec![call(Op::Start, &turned_away("E00007"))],
        S::Whose => vec![Step::Call(Op::Whose, details("settledSuccessfully"))],
        S::WhoseStranger => vec![call(Op::Whose, &turned_away("E00040"))],
        S::CaptureFull | S::CapturePart => {
            let op = if scenario == S::CaptureFull { Op::Capture } else { Op::CapturePart };
            vec![start(), call(op, &changed(captured_by(), PAYMENT))]
        }
        S::CaptureAgain => {
            return Given::Declared("the rest of what was held is let go with the first capture");
        }
        S::AlreadyCaptured => {
            let mut body = changed(captured_by(), PAYMENT);
            body["transactionResponse"]["messages"][0]["code"] = json!("311");
            vec![start(), call(Op::Capture, &body)]
        }
        S::Void => vec![start(), call(Op::Void, &changed(voided_by(), PAYMENT))],
        S::VoidTooLate => vec![start(), call(Op::Void, &ended(voided_by(), "3", "16", "0"))],
        _ => return later(scenario),
    })
}

/// Refunds, webhooks and books.
fn later(scenario: Scenario) -> Given {
    use Scenario as S;
    let settled = || asked("settledSuccessfully");
    let refund = |invoice: String| line(REFUND, &invoice, "refundPendingSettlement", 19.99);
    Given::Steps(match scenario {
        // Not settled: a void.
        S::RefundFull => vec![start(), call(Op::Refund, &changed(refunded_by(), PAYMENT))],
        S::RefundPart => {
            vec![settled(), call(Op::RefundPart, &approved(refunded_by(), REFUND))]
        }
        S::RefundAgain => vec![
            settled(),
            call(Op::RefundPart, &approved(refunded_by(), REFUND)),
            call(Op::RefundRest, &approved(rest_refunded_by(), "2230581368")),
        ],
        S::RefundTooMuch => {
            vec![settled(), call(Op::Refund, &ended(refunded_by(), "3", "55", "0"))]
        }
        S::RefundReplyLost => {
            let lines = vec![refund(invoice(refunded_by())), older()];
            vec![settled(), Step::Call(Op::RecoverRefund, list(lines))]
        }
        S::RefundReplyLostLate => {
            vec![start(), Step::Call(Op::RecoverRefundLate, details("voided"))]
        }
        S::RefundNeverArrived => {
            vec![settled(), Step::Call(Op::FindRefund, list(vec![older()]))]
        }
        S::RefundPendingThenSuccess | S::RefundFailed => {
            return Given::Declared(
                "a refund is accepted or refused at once, and nothing tells that it has settled",
            );
        }
        S::WebhookGood => vec![
            told("authcapture.created", PAYMENT),
            Step::Call(Op::Whose, details("capturedPendingSettlement")),
            asked("capturedPendingSettlement"),
        ],
        S::WebhookAnyOrder => vec![
            told("authorization.created", PAYMENT),
            Step::Call(Op::Retrieve, details("authorizedPendingCapture")),
            told("priorAuthCapture.created", PAYMENT),
            asked("capturedPendingSettlement"),
            told("refund.created", REFUND),
            settled(),
        ],
        // By hand, before it settled: of one that has settled only the books tell.
        S::DashboardRefund => vec![
            told("priorAuthCapture.created", PAYMENT),
            Step::Call(Op::Whose, details("capturedPendingSettlement")),
            part("capturedPendingSettlement"),
            told("void.created", PAYMENT),
            part("voided"),
        ],
        S::DisputeOpened | S::DisputeWon | S::DisputeLost => {
            return Given::Declared(
                "no notification tells of a dispute; one that is lost shows \
                when the payment is asked about, and in the books",
            );
        }
        S::BooksFirstPage => {
            let lines = vec![ours("settledSuccessfully"), older()];
            vec![
                settled(),
                Step::Call(Op::List, batches(&[("3990061", "2026-01-01T08:40:29Z")])),
                Step::Call(Op::ListNext, list(lines)),
            ]
        }
        S::BooksNextPage => {
            return Given::Declared("the books name neither the order nor the payment of a refund");
        }
        _ => return Given::Declared("is made by the suite"),
    })
}

/// A payment of which a part was taken.
fn part(status: &str) -> Step {
    Step::Call(Op::Retrieve, details_with(status, "19.99", "12.00"))
}

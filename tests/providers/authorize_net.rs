//! What is particular to Authorize.net.

mod books;
mod mutations;
mod outcomes;
mod recorded;
pub mod replies;
mod requests;
mod webhooks;

use cartwright::domain::payment::{CallFailure, CallResult, Gateway};
use cartwright::providers::payment::contract::{
    CaptureAsk, HttpReply, KnownPayment, PaymentGateway, RefundAsk, VoidAsk,
};

use self::replies::{PAYMENT, ask};
use crate::support::*;

fn gateway<T>(work: impl FnOnce(&dyn PaymentGateway) -> T) -> T {
    with_gateway(Gateway::AuthorizeNet, work)
}

fn start(reply: &HttpReply) -> CallResult {
    gateway(|g| g.authorize(&ask()).unwrap().read(reply, NOW))
}

fn retrieve(known: &KnownPayment, reply: &HttpReply) -> CallResult {
    gateway(|g| g.retrieve(known).unwrap().read(reply, NOW))
}

/// The payment as it is known once its money was taken.
fn taken(settled: bool) -> KnownPayment {
    KnownPayment {
        settled: Some(settled),
        card_last_four: Some("1111".to_owned()),
        ..known(PAYMENT)
    }
}

fn capture_ask(minor: i64) -> CaptureAsk {
    CaptureAsk {
        operation_id: operation(3),
        payment: known(PAYMENT),
        amount: money(minor, "USD"),
        is_final: true,
    }
}

fn void_ask() -> VoidAsk {
    VoidAsk { operation_id: operation(2), payment: known(PAYMENT) }
}

fn refund_ask(minor: i64, settled: bool) -> RefundAsk {
    RefundAsk {
        operation_id: operation(5),
        payment: taken(settled),
        capture: None,
        amount: money(minor, "USD"),
        captured_minor: 1_999,
        reason: None,
    }
}

fn is_unknown<T>(result: &Result<T, CallFailure>) -> bool {
    matches!(result, Err(CallFailure::Unknown { .. }))
}

/// A result in a word.
fn word<T>(result: &Result<T, CallFailure>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(CallFailure::Refused { .. }) => "refused",
        Err(CallFailure::AskInstead { .. }) => "ask",
        Err(CallFailure::NotYet { .. }) => "not yet",
        Err(CallFailure::Unknown { .. }) => "unknown",
        Err(failure) => panic!("{failure:?}"),
    }
}

//! What a reply is worth: which request it answers, and how the transaction in it ended.

use serde::de::DeserializeOwned;

use super::codes;
use super::wire::{self, CreateReply, DetailsReply, ResultCode, Transaction, TransactionResponse};
use crate::domain::payment::CallFailure;
use crate::providers::payment::contract::HttpReply;
use crate::providers::payment::reading::{self, Asked, Class, unknown};

/// How a transaction ended that certainly was looked at.
pub(super) enum Verdict {
    Approved(TransactionResponse),
    Held(TransactionResponse),
    Declined(TransactionResponse),
}

/// Reads the reply to a transaction.
pub(super) fn verdict(
    reply: &HttpReply,
    ref_id: &str,
    asked: Asked,
) -> Result<Verdict, CallFailure> {
    let reply: CreateReply = body(reply)?;
    if reply.ref_id.as_deref().is_some_and(|echo| !echo.is_empty() && echo != ref_id) {
        return Err(unknown("the reply is about another request"));
    }
    let Some(response) = reply.transaction_response else {
        return Err(match reply.messages.result_code {
            ResultCode::Error => codes::of_request(&reply.messages.message, asked),
            ResultCode::Ok => unknown("the reply has no transaction"),
        });
    };
    if reply.ref_id.as_deref() != Some(ref_id) {
        return Err(unknown("the reply does not say which request it answers"));
    }
    if codes::is_partial(&response) {
        return Err(unknown("only a part of the amount was approved"));
    }
    match (response.response_code.as_str(), reply.messages.result_code) {
        ("1" | "4", ResultCode::Ok) if codes::was_done_before(&response) => {
            let code = reading::code(codes::reason(&response).0);
            Err(CallFailure::AskInstead { code })
        }
        ("1", ResultCode::Ok) => Ok(Verdict::Approved(response)),
        ("4", ResultCode::Ok) => Ok(Verdict::Held(response)),
        ("2", _) => Ok(Verdict::Declined(response)),
        ("3", _) => Err(codes::of_transaction(&response, asked)),
        (code, _) => {
            Err(unknown(format!("the transaction's response code is {}", reading::code(code))))
        }
    }
}

/// The JSON of a reply. Whatever is not a 2xx comes from something in between and proves nothing.
pub(super) fn body<T: DeserializeOwned>(reply: &HttpReply) -> Result<T, CallFailure> {
    match reading::class(reply.status) {
        Class::Success => wire::read(&reply.body),
        Class::Refusal | Class::Unclear => Err(reading::unclear_status(reply)),
    }
}

/// Reads details; none if there is no such transaction.
pub(super) fn read_details(reply: &HttpReply) -> Result<Option<Transaction>, CallFailure> {
    let reply: DetailsReply = body(reply)?;
    match (reply.messages.result_code, reply.transaction) {
        (ResultCode::Ok, Some(transaction)) => Ok(Some(transaction)),
        (ResultCode::Ok, None) => Err(unknown("the reply has no transaction")),
        (ResultCode::Error, _) => {
            let missing =
                reply.messages.message.first().is_some_and(|m| m.code == codes::NO_SUCH_RECORD);
            if missing {
                return Ok(None);
            }
            Err(codes::of_request(&reply.messages.message, Asked::Question))
        }
    }
}

/// Whether a capture's or a void's reply names the payment, as the transaction or as what it refers to.
pub(super) fn is_about(response: &TransactionResponse, reference: &str) -> bool {
    let refers = response.ref_trans_id.as_deref().filter(|id| !id.is_empty());
    response.trans_id == reference && refers.is_none_or(|id| id == reference)
}

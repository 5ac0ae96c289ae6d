//! What Authorize.net's error codes prove.
//!
//! The HTTP status is 200 whatever happened: errors are in the body, in two layers. `messages` judges
//! the request (codes beginning with `E`), `transactionResponse` the transaction in it (numbers). A
//! request can be found at fault whose transaction was carried out all the same (`E00013` with an
//! approved void, AuthorizeNet/sdk-node issue 108), so the inner layer is looked at first.
//!
//! A code is in a list of refusals here only if its description in the vendor's list
//! (<https://developer.authorize.net/api/reference/responseCodes.html>) says that the request was turned
//! away before money could move. Whatever else comes is unknown and asked about: among it `E00001`,
//! `E00053` and `E00104` (an error, a busy server, maintenance), 19 to 23, 25, 26, 35, 57 to 63 and 261
//! ("an error occurred during processing", at the gateway or between it and the bank), 36 (authorised,
//! settlement failed), 52 and 152 (authorised, and the client could not be told), 120 to 122 (a time-out
//! whose automatic void failed too).

use super::wire::{Message, TransactionResponse};
use crate::domain::payment::CallFailure;
use crate::providers::payment::reading::{self, Asked, unknown};

/// Who asks is not known or may not ask: certain of this request, and no word about an earlier one.
/// `E00005` to `E00008`: key, login id or both wrong, account inactive; `E00009`: the account is in
/// test mode; `E00010`, `E00011`: no permission.
const NOT_ADMITTED: [&str; 7] =
    ["E00005", "E00006", "E00007", "E00008", "E00009", "E00010", "E00011"];

/// The request was not understood and nothing was done. `E00002` to `E00004`: content type, parsing or
/// schema, method name; `E00013` to `E00016`: a field is invalid, missing, too long, of a wrong type;
/// `E00114`: the nonce was used before or has expired.
const NOT_UNDERSTOOD: [&str; 8] =
    ["E00002", "E00003", "E00004", "E00013", "E00014", "E00015", "E00016", "E00114"];

/// No record has that id.
pub(super) const NO_SUCH_RECORD: &str = "E00040";

/// A list with nothing in it.
pub(super) const NO_RECORDS: &str = "I00004";

/// A same transaction was sent before, within the window of duplicates: never a decline, since the one
/// before may have been ours and may have gone through.
const DUPLICATE: &str = "11";

/// The transaction that is referred to can't be found, or is settled and can't be voided any more.
pub(super) const NOT_FOUND: &str = "16";

/// Voided or captured before. They come as approvals (response code 1) although nothing was done;
/// activemerchant pull request 917 met them.
const ALREADY: [&str; 2] = ["310", "311"];

/// Only a part of the amount was approved.
const PARTLY_APPROVED: &str = "295";

/// Turned away before money could move:
/// 5 to 10 amount, card number, expiry date, expired, bank codes; 12 to 15 and 103 authorisation code,
/// account, referrer, transaction id, key; 17, 18, 28, 56 not a means of payment that the merchant
/// takes; 24, 29 to 31, 34, 38, 43 the merchant is not set up at the processor; 33 a field is blank; 37,
/// 78 card number, card code; 39 the currency is not the account's; 47, 49 more than was authorised or
/// is allowed; 50, 51, 54, 55 not settled yet, or more than was taken, or not to be given back; 66, 130
/// to 132 security guidelines, account closed or not accepting; 72, 116, 117 fields of authentication;
/// 123, 128 not permitted; 153 the payment data can't be read.
const REFUSED: [&str; 42] = [
    "5", "6", "7", "8", "9", "10", "12", "13", "14", "15", "17", "18", "24", "28", "29", "30",
    "31", "33", "34", "37", "38", "39", "43", "47", "49", "50", "51", "54", "55", "56", "66", "72",
    "78", "103", "116", "117", "123", "128", "130", "131", "132", "153",
];

/// The first code of a transaction's response, and its text.
pub(super) fn reason(response: &TransactionResponse) -> (&str, &str) {
    let error = response.errors.first().map(|e| (e.error_code.as_str(), e.error_text.as_str()));
    let message = response.messages.first().map(|message| (message.code.as_str(), ""));
    error.or(message).unwrap_or(("", ""))
}

/// Whether an approval says only that it had been done before.
pub(super) fn was_done_before(response: &TransactionResponse) -> bool {
    let code = |code: &str| ALREADY.contains(&code);
    response.messages.iter().any(|message| code(&message.code))
        || response.errors.iter().any(|error| code(&error.error_code))
}

/// Whether only a part was approved. It can't happen, since every start forbids it.
pub(super) fn is_partial(response: &TransactionResponse) -> bool {
    response.split_tender_id.as_deref().is_some_and(|id| !matches!(id, "" | "0"))
        || response.messages.iter().any(|message| message.code == PARTLY_APPROVED)
        || response.errors.iter().any(|error| error.error_code == PARTLY_APPROVED)
}

/// What a request without a transaction in its reply came to.
pub(super) fn of_request(messages: &[Message], asked: Asked) -> CallFailure {
    let Some(Message { code, text }) = messages.first() else {
        return unknown("the gateway gives no reason");
    };
    let certain = match asked {
        Asked::Question => false,
        Asked::Start => {
            NOT_ADMITTED.contains(&code.as_str()) || NOT_UNDERSTOOD.contains(&code.as_str())
        }
        Asked::Again => NOT_UNDERSTOOD.contains(&code.as_str()),
    };
    if certain { refused(code, text) } else { said(code) }
}

/// What an error of a transaction (response code 3) came to.
pub(super) fn of_transaction(response: &TransactionResponse, asked: Asked) -> CallFailure {
    let (code, text) = reason(response);
    let past = asked == Asked::Again && [DUPLICATE, NOT_FOUND].contains(&code);
    if past || was_done_before(response) {
        return CallFailure::AskInstead { code: reading::code(code) };
    }
    let certain = match asked {
        Asked::Question => false,
        // What can't be found is certainly not changed by this request.
        Asked::Start => REFUSED.contains(&code) || code == NOT_FOUND,
        Asked::Again => REFUSED.contains(&code),
    };
    if certain {
        return refused(code, text);
    }
    said(code)
}

/// Certainly not done.
pub(super) fn refused(code: &str, text: &str) -> CallFailure {
    CallFailure::Refused { code: reading::code(code), message: reading::message(text) }
}

fn said(code: &str) -> CallFailure {
    unknown(format!("the gateway answered {}", reading::code(code)))
}

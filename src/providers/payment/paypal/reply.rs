//! What PayPal's replies say about whether something happened.

use super::wire::{ErrorReply, Order, TokenReply};
use super::{mapping, whole_second};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, Decline, PaymentReport, ReportedState};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{AccessToken, HttpReply};
use crate::providers::payment::reading::{self, Asked, Class, Subject};

/// The longest access token that is kept: it stands in a header.
const MAX_TOKEN_CHARACTERS: usize = 4_096;

/// The buyer's means of payment was refused; the same order can be approved with another one.
const DECLINES: [&str; 11] = [
    "COMPLIANCE_VIOLATION",
    "INSTRUMENT_DECLINED",
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
    "PAYEE_BLOCKED_TRANSACTION",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "PAYER_ACCOUNT_RESTRICTED",
    "PAYER_ACTION_REQUIRED",
    "PAYER_CANNOT_PAY",
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
    "TRANSACTION_BLOCKED_BY_PAYEE",
    "TRANSACTION_REFUSED",
];

/// The order is not where we think it is. A duplicate invoice is among them: the invoice is the
/// operation, so it is the first attempt that PayPal has seen before.
const ORDER_IS_ELSEWHERE: [&str; 5] = [
    "DUPLICATE_INVOICE_ID",
    "ORDER_ALREADY_AUTHORIZED",
    "ORDER_ALREADY_CAPTURED",
    "ORDER_COMPLETED_OR_VOIDED",
    "ORDER_NOT_APPROVED",
];

/// Reads an access token.
pub(super) fn token(reply: &HttpReply, sent_at: Timestamp) -> Result<AccessToken, CallFailure> {
    match reading::class(reply.status) {
        Class::Success => {
            let token: TokenReply = reading::json(&reply.body)?;
            let legal = (1..=MAX_TOKEN_CHARACTERS).contains(&token.access_token.len())
                && token.access_token.bytes().all(|b| b.is_ascii_graphic());
            if !legal || !token.token_type.eq_ignore_ascii_case("bearer") || token.expires_in <= 0 {
                return Err(reading::unknown("the reply is not a bearer token"));
            }
            Ok(AccessToken {
                authorization: format!("Bearer {}", token.access_token),
                expires_at: sent_at.plus_seconds(token.expires_in),
            })
        }
        Class::Refusal => {
            let Refusal { code, message, .. } = Refusal::read(reply)?;
            Err(CallFailure::Refused { code, message })
        }
        Class::Unclear => Err(reading::unclear_status(reply)),
    }
}

/// Reads an order that was asked for or about.
pub(super) fn order(
    reply: &HttpReply,
    subject: &Subject,
    asked: Asked,
    sent_at: Timestamp,
) -> Result<PaymentReport, CallFailure> {
    match reading::class(reply.status) {
        Class::Success => judged(reading::json(&reply.body)?, subject, sent_at),
        Class::Refusal => Err(refused(&Refusal::read(reply)?, asked, reply)),
        Class::Unclear => Err(reading::unclear_status(reply)),
    }
}

/// The report of an order that must be the one asked about.
fn judged(
    order: Order,
    subject: &Subject,
    sent_at: Timestamp,
) -> Result<PaymentReport, CallFailure> {
    if !subject.is(&order.id, mapping::operation(&order)) {
        return Err(reading::unknown("the reply is about another order"));
    }
    mapping::report(order, whole_second(sent_at)).map_err(reading::unknown)
}

/// PayPal's own words for a refusal.
pub(super) struct Refusal {
    /// The first issue, which is more exact than the error's name, if there is one.
    pub code: String,
    pub message: String,
    error: ErrorReply,
}

impl Refusal {
    /// Reads a 4xx; what is not PayPal's own error settles nothing.
    pub fn read(reply: &HttpReply) -> Result<Self, CallFailure> {
        let error: ErrorReply = reading::json(&reply.body)?;
        let detail = error.details.first();
        let code = detail.and_then(|detail| detail.issue.as_deref()).unwrap_or(&error.name);
        let message = detail
            .and_then(|detail| detail.description.as_deref())
            .or(error.message.as_deref())
            .unwrap_or_default();
        Ok(Self { code: reading::code(code), message: reading::message(message), error })
    }

    pub fn is_any(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// The payment is past what was asked of it.
    pub fn ask_instead(self) -> CallFailure {
        CallFailure::AskInstead { code: self.code }
    }
}

/// What a refusal proves.
pub(super) fn refused(refusal: &Refusal, asked: Asked, reply: &HttpReply) -> CallFailure {
    // A request under this key is running: this one did nothing, that one may.
    let is_running =
        refusal.is_any(&["ORDER_COMPLETION_IN_PROGRESS", "PREVIOUS_REQUEST_IN_PROGRESS"]);
    if is_running || !asked.is_settled_by(reply.status) {
        return reading::unsettled(reply, &refusal.code);
    }
    CallFailure::Refused { code: refusal.code.clone(), message: refusal.message.clone() }
}

/// Reads the answer to "is there an order of this operation?".
pub(super) fn found(
    reply: &HttpReply,
    operation: OperationId,
    sent_at: Timestamp,
) -> Result<Option<PaymentReport>, CallFailure> {
    match reading::class(reply.status) {
        Class::Success => {
            let order = reading::json(&reply.body)?;
            judged(order, &Subject::StartedBy(operation), sent_at).map(Some)
        }
        Class::Refusal if reply.status == 404 && is_no_such(reply)? => Ok(None),
        Class::Refusal | Class::Unclear => Err(reading::unclear_status(reply)),
    }
}

fn is_no_such(reply: &HttpReply) -> Result<bool, CallFailure> {
    let error: ErrorReply = reading::json(&reply.body)?;
    Ok(error.name == "RESOURCE_NOT_FOUND")
}

/// Reads for which order an order of PayPal's is.
pub(super) fn owner(reply: &HttpReply) -> Result<Option<OrderId>, CallFailure> {
    match reply.status {
        200 => Ok(mapping::owner(&reading::json(&reply.body)?)),
        404 if is_no_such(reply)? => Ok(None),
        _ => Err(reading::unclear_status(reply)),
    }
}

/// Reads for which order a capture or an authorization is.
pub(super) fn owner_of_part(reply: &HttpReply) -> Result<Option<OrderId>, CallFailure> {
    #[derive(serde::Deserialize)]
    struct Part {
        #[serde(rename = "id")]
        _id: String,
        custom_id: Option<String>,
    }
    match reply.status {
        200 => {
            let part: Part = reading::json(&reply.body)?;
            Ok(mapping::named(part.custom_id.as_deref()).0)
        }
        404 if is_no_such(reply)? => Ok(None),
        _ => Err(reading::unclear_status(reply)),
    }
}

/// What the reader of a completion remembers.
pub(super) struct Completed {
    pub reference: String,
    pub operation_id: OperationId,
    pub amount: Money,
}

impl Completed {
    /// Reads the reply to a completion. Two refusals are news: PayPal declined the buyer's means of
    /// payment, and the order lapsed. They don't carry the order, so the report is of what we asked.
    pub fn read(self, reply: &HttpReply, sent_at: Timestamp) -> Result<PaymentReport, CallFailure> {
        match reading::class(reply.status) {
            Class::Success => {
                judged(reading::json(&reply.body)?, &Subject::Reference(self.reference), sent_at)
            }
            Class::Unclear => Err(reading::unclear_status(reply)),
            Class::Refusal => {
                let refusal = Refusal::read(reply)?;
                if refusal.is_any(&ORDER_IS_ELSEWHERE) {
                    return Err(refusal.ask_instead());
                }
                // Only the status of a refused change counts: a 403 with such a word would be another
                // account's.
                let state = match refusal.code.as_str() {
                    code if reply.status == 422 && DECLINES.contains(&code) => {
                        ReportedState::Declined
                    }
                    "ORDER_EXPIRED" if reply.status == 422 => ReportedState::Failed,
                    _ => return Err(refused(&refusal, Asked::Again, reply)),
                };
                Ok(self.news(state, refusal, sent_at))
            }
        }
    }

    fn news(self, state: ReportedState, refusal: Refusal, sent_at: Timestamp) -> PaymentReport {
        let action =
            mapping::approval(&refusal.error.links).filter(|_| state == ReportedState::Declined);
        let moment = whole_second(sent_at);
        PaymentReport {
            operation_id: Some(self.operation_id),
            action,
            decline: Some(Decline { code: refusal.code, message: refusal.message }),
            ..PaymentReport::new(self.reference, state, self.amount, 0, moment)
        }
    }
}

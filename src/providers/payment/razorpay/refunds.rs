//! Giving back what Razorpay took.
//!
//! A refund carries the operation's id three times: as `X-Refund-Idempotency`, under which Razorpay
//! makes one refund however often it is asked; as its receipt; and in its notes. For how long the first
//! is kept Razorpay does not say, so a lost refund is looked for by the other two and only sent again,
//! under the same key, when it is not there.

use super::wire::{Collection, Refund, RefundBody, WrittenNotes};
use super::{Razorpay, charge, mapping, refused, whole_second};
use crate::domain::id::OperationId;
use crate::domain::payment::{CallFailure, MovementReport};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, RefundAsk, RefundRecovery, Refunding,
};
use crate::providers::payment::reading::{self, Asked, Class};

/// The most refunds of one payment that are looked at, and the most that Razorpay lists at once. One
/// request must give the whole: a search that ends on a full page proves nothing.
const MAX_REFUNDS: usize = 100;

/// Razorpay's limit on a note.
const MAX_REASON_CHARACTERS: usize = 256;

impl Refunding for Razorpay<'_> {
    fn refund(&self, ask: &RefundAsk) -> Result<Call<MovementReport>, BuildError> {
        let charge = refunded(ask)?.to_owned();
        let amount = mapping::to_razorpay(ask.amount)?;
        reading::at_most("reason", ask.reason.as_deref(), MAX_REASON_CHARACTERS)?;
        let operation = ask.operation_id;
        let body = RefundBody {
            amount,
            speed: "normal",
            receipt: operation.to_string(),
            notes: WrittenNotes {
                order_id: ask.payment.order_id.to_string(),
                operation_id: operation.to_string(),
                reason: ask.reason.clone(),
            },
        };
        let mut request = self.post(&["v1", "payments", &charge, "refund"], &body)?;
        request.headers.push(("x-refund-idempotency".to_owned(), operation.to_string()));
        Ok(Call::new(request, move |reply, sent_at| match reading::class(reply.status) {
            Class::Success => {
                judged(&reading::json(&reply.body)?, &charge, operation, whole_second(sent_at))
            }
            Class::Refusal => {
                let refusal = refused(reply, Asked::Start)?;
                // The receipt or the key was seen before: this request did nothing, that one may have.
                if refusal.mentions("receipt") || refusal.mentions("idempotency") {
                    return Err(reading::unsettled(reply, &refusal.code));
                }
                Err(refusal.into_failure())
            }
            Class::Unclear => Err(reading::unclear_status(reply)),
        }))
    }

    fn recover_refund(
        &self,
        ask: &RefundAsk,
        _age_milliseconds: i64,
    ) -> Result<RefundRecovery, BuildError> {
        self.find_refund(ask).map(RefundRecovery::Search)
    }

    fn find_refund(&self, ask: &RefundAsk) -> Result<Call<Option<MovementReport>>, BuildError> {
        let charge = refunded(ask)?.to_owned();
        let operation = ask.operation_id;
        let count = MAX_REFUNDS.to_string();
        let request = self.get(&["v1", "payments", &charge, "refunds"], &[("count", &count)]);
        Ok(Call::new(request, move |reply, sent_at| found(reply, &charge, operation, sent_at)))
    }
}

/// The payment to give back: the capture that is named, or else the one that is known.
fn refunded(ask: &RefundAsk) -> Result<&str, BuildError> {
    match ask.capture.as_deref() {
        Some(capture) if mapping::is_payment(capture) => Ok(capture),
        Some(_) => Err(BuildError::Reference),
        None => charge(&ask.payment),
    }
}

/// The report of a refund that must be the one asked for.
fn judged(
    refund: &Refund,
    charge: &str,
    operation: OperationId,
    at: Timestamp,
) -> Result<MovementReport, CallFailure> {
    if refund.payment_id != charge || refund.operation_id() != Some(operation) {
        return Err(reading::unknown("the reply is about another refund"));
    }
    mapping::refund(refund, at).map_err(reading::unknown)
}

/// Reads the refunds of a payment.
fn found(
    reply: &HttpReply,
    charge: &str,
    operation: OperationId,
    sent_at: Timestamp,
) -> Result<Option<MovementReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let list: Collection<Refund> = reading::json(&reply.body)?;
    let mut ours = list.items.iter().filter(|refund| refund.operation_id() == Some(operation));
    match (ours.next(), ours.next()) {
        (None, _) if list.items.len() >= MAX_REFUNDS => {
            Err(reading::unknown("the payment has more refunds than are listed at once"))
        }
        (None, _) => Ok(None),
        (Some(refund), None) => judged(refund, charge, operation, whole_second(sent_at)).map(Some),
        (Some(_), Some(_)) => Err(reading::unknown("two refunds carry one operation")),
    }
}

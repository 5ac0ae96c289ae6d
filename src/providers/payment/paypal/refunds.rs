//! Giving money back. A refund names the capture; `invoice_id` is the operation, so that PayPal's guard
//! against double invoices guards this too, and `custom_id` the order and the operation, by which it is
//! recognised.

use super::reply::{Refusal, refused};
use super::wire::{Amount, NewRefund, Order, Refund};
use super::{Paypal, encoded, mapping, whole_second};
use crate::domain::id::OperationId;
use crate::domain::payment::{CallFailure, MovementReport};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, RefundAsk, RefundRecovery, Refunding,
};
use crate::providers::payment::reading::{self, Asked, Class};

/// For how long a lost refund is repeated under its key: a day less than PayPal keeps it.
pub const REPEAT_REFUND_WITHIN_MILLISECONDS: i64 = 44 * 24 * 60 * 60 * 1_000;

/// PayPal's limit on a note.
const MAX_NOTE_CHARACTERS: usize = 255;

/// What a repeat may be answered when the first attempt was carried out: the payment is asked.
const FIRST_MAY_HAVE_WORKED: [&str; 4] = [
    "CAPTURE_FULLY_REFUNDED",
    "DUPLICATE_INVOICE_ID",
    "MAX_NUMBER_OF_REFUNDS_EXCEEDED",
    "REFUND_AMOUNT_EXCEEDED",
];

impl Paypal<'_> {
    fn give_back(&self, ask: &RefundAsk, asked: Asked) -> Result<Call<MovementReport>, BuildError> {
        let capture = reading::reference(ask.capture.as_deref().ok_or(BuildError::Reference)?)?;
        let note = ask.reason.as_deref().filter(|text| !text.is_empty());
        reading::at_most("reason", note, MAX_NOTE_CHARACTERS)?;
        let body = NewRefund {
            amount: Amount::of(ask.amount)?,
            custom_id: mapping::custom_id(ask.payment.order_id, ask.operation_id),
            invoice_id: ask.operation_id.to_string(),
            note_to_payer: note,
        };
        let path = ["v2", "payments", "captures", capture, "refund"];
        let request = self.post(&path, ask.operation_id.to_string(), encoded(&body)?);
        let operation = ask.operation_id;
        Ok(Call::new(request, move |reply, sent_at| given_back(reply, operation, asked, sent_at)))
    }
}

impl Refunding for Paypal<'_> {
    fn refund(&self, ask: &RefundAsk) -> Result<Call<MovementReport>, BuildError> {
        self.give_back(ask, Asked::Start)
    }

    fn recover_refund(
        &self,
        ask: &RefundAsk,
        age_milliseconds: i64,
    ) -> Result<RefundRecovery, BuildError> {
        if age_milliseconds < REPEAT_REFUND_WITHIN_MILLISECONDS {
            return self.give_back(ask, Asked::Again).map(RefundRecovery::Repeat);
        }
        self.find_refund(ask).map(RefundRecovery::Search)
    }

    fn find_refund(&self, ask: &RefundAsk) -> Result<Call<Option<MovementReport>>, BuildError> {
        let request = self.ask_for_order(&ask.payment.reference)?;
        let reference = ask.payment.reference.clone();
        let operation = ask.operation_id;
        Ok(Call::new(request, move |reply, sent_at| found(reply, &reference, operation, sent_at)))
    }
}

fn given_back(
    reply: &HttpReply,
    operation: OperationId,
    asked: Asked,
    sent_at: Timestamp,
) -> Result<MovementReport, CallFailure> {
    match reading::class(reply.status) {
        Class::Success => {
            let refund: Refund = reading::json(&reply.body)?;
            let movement = mapping::movement(&refund, whole_second(sent_at));
            let movement = movement.map_err(reading::unknown)?;
            if movement.operation_id != Some(operation) {
                return Err(reading::unknown("the reply is about another refund"));
            }
            Ok(movement)
        }
        Class::Refusal => {
            let refusal = Refusal::read(reply)?;
            if refusal.is_any(&["PENDING_CAPTURE"]) {
                return Err(CallFailure::NotYet { reason: refusal.message });
            }
            if asked == Asked::Again && refusal.is_any(&FIRST_MAY_HAVE_WORKED) {
                return Err(refusal.ask_instead());
            }
            Err(refused(&refusal, asked, reply))
        }
        Class::Unclear => Err(reading::unclear_status(reply)),
    }
}

/// Looks for a refund in its order.
fn found(
    reply: &HttpReply,
    reference: &str,
    operation: OperationId,
    sent_at: Timestamp,
) -> Result<Option<MovementReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let order: Order = reading::json(&reply.body)?;
    if order.id != reference {
        return Err(reading::unknown("the reply is about another order"));
    }
    let report = mapping::report(order, whole_second(sent_at)).map_err(reading::unknown)?;
    let mut ours = report.movements.into_iter().filter(|one| one.operation_id == Some(operation));
    match (ours.next(), ours.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(reading::unknown("two refunds carry one operation")),
    }
}

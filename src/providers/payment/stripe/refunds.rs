//! Giving money back through Stripe.
//!
//! A refund names the payment, and carries order and operation in its metadata as the payment does:
//! `GET /v1/refunds?payment_intent=` finds it again after its idempotency key is forgotten.

use super::wire::{ErrorReply, Refund, RefundList};
use super::{REPEAT_WITHIN_MILLISECONDS, Stripe, mapping, refusal, whole_second};
use crate::domain::id::OperationId;
use crate::domain::payment::{CallFailure, MovementReport};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, RefundAsk, RefundRecovery, Refunding,
};
use crate::providers::payment::reading::{self, Asked, Class};

/// Stripe's limit on a value in the metadata.
const MAX_METADATA_CHARACTERS: usize = 500;

impl Refunding for Stripe<'_> {
    fn refund(&self, ask: &RefundAsk) -> Result<Call<MovementReport>, BuildError> {
        self.give_back(ask, Asked::Start)
    }

    fn recover_refund(
        &self,
        ask: &RefundAsk,
        age_milliseconds: i64,
    ) -> Result<RefundRecovery, BuildError> {
        if age_milliseconds < REPEAT_WITHIN_MILLISECONDS {
            return self.give_back(ask, Asked::Again).map(RefundRecovery::Repeat);
        }
        self.find_refund(ask).map(RefundRecovery::Search)
    }

    fn find_refund(&self, ask: &RefundAsk) -> Result<Call<Option<MovementReport>>, BuildError> {
        let wanted = Wanted::of(ask)?;
        let query = [("payment_intent", wanted.payment.as_str()), ("limit", "100")];
        let request = self.get(&["v1", "refunds"], &query);
        Ok(Call::new(request, move |reply, sent_at| found(reply, &wanted, sent_at)))
    }
}

impl Stripe<'_> {
    fn give_back(&self, ask: &RefundAsk, asked: Asked) -> Result<Call<MovementReport>, BuildError> {
        let wanted = Wanted::of(ask)?;
        let mut form = vec![
            ("payment_intent", wanted.payment.clone()),
            ("amount", mapping::to_stripe(ask.amount)?.to_string()),
            ("metadata[order_id]", ask.payment.order_id.to_string()),
            ("metadata[operation_id]", ask.operation_id.to_string()),
        ];
        // Stripe's own field takes three words only, and an empty value deletes a field.
        let reason = ask.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        if let Some(reason) = reason {
            let reason = reason.chars().take(MAX_METADATA_CHARACTERS).collect();
            form.push(("metadata[reason]", reason));
        }
        let request = self.post(&["v1", "refunds"], ask.operation_id, &form)?;
        Ok(Call::new(request, move |reply, sent_at| match reading::class(reply.status) {
            Class::Success => {
                let refund: Refund = reading::json(&reply.body)?;
                if !wanted.is(&refund) {
                    return Err(reading::unknown("the reply is about another refund"));
                }
                judged(&refund, sent_at)
            }
            Class::Refusal => {
                let error = reading::json::<ErrorReply>(&reply.body)?.error;
                let code = error.code.unwrap_or_else(|| error.kind.clone());
                Err(refusal(reply, asked, &error.kind, &code, error.message.as_deref()))
            }
            Class::Unclear => Err(reading::unclear_status(reply)),
        }))
    }
}

/// The refund that is meant.
struct Wanted {
    payment: String,
    operation: OperationId,
}

impl Wanted {
    fn of(ask: &RefundAsk) -> Result<Self, BuildError> {
        let payment = reading::reference(&ask.payment.reference)?.to_owned();
        Ok(Self { payment, operation: ask.operation_id })
    }

    fn is(&self, refund: &Refund) -> bool {
        let operation = refund.metadata.as_ref().and_then(|m| m.operation_id.as_deref());
        refund.payment_intent.as_deref() == Some(self.payment.as_str())
            && operation == Some(self.operation.to_string().as_str())
    }
}

fn judged(refund: &Refund, sent_at: Timestamp) -> Result<MovementReport, CallFailure> {
    mapping::refund(refund, whole_second(sent_at)).map_err(reading::unknown)
}

/// Reads the list of a payment's refunds.
fn found(
    reply: &HttpReply,
    wanted: &Wanted,
    sent_at: Timestamp,
) -> Result<Option<MovementReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let list: RefundList = reading::json(&reply.body)?;
    let mut ours = list.data.iter().filter(|refund| wanted.is(refund));
    match (ours.next(), ours.next()) {
        (None, _) if list.has_more => Err(reading::unknown("more refunds than one page lists")),
        (None, _) => Ok(None),
        (Some(refund), None) => judged(refund, sent_at).map(Some),
        (Some(_), Some(_)) => Err(reading::unknown("two refunds carry one operation")),
    }
}

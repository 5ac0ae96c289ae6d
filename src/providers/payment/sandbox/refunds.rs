//! Giving play money back.

use super::wire::{ErrorReply, Refund, RefundBody, RefundList};
use super::{MAX_TEXT_CHARACTERS, REPEAT_WITHIN_MILLISECONDS, Sandbox, mapping, refusal};
use crate::domain::id::OperationId;
use crate::domain::payment::{CallFailure, MovementReport};
use crate::providers::payment::contract::{
    BuildError, Call, HttpReply, RefundAsk, RefundRecovery, Refunding,
};
use crate::providers::payment::reading::{self, Asked, Class};

impl Refunding for Sandbox<'_> {
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
        let operation = wanted.operation.to_string();
        let query = [("payment_id", wanted.payment.as_str()), ("operation_id", operation.as_str())];
        let request = self.get(&["v1", "refunds"], &query);
        Ok(Call::new(request, move |reply, _| found(reply, &wanted)))
    }
}

impl Sandbox<'_> {
    fn give_back(&self, ask: &RefundAsk, asked: Asked) -> Result<Call<MovementReport>, BuildError> {
        reading::askable(ask.amount)?;
        reading::at_most("reason", ask.reason.as_deref(), MAX_TEXT_CHARACTERS)?;
        let wanted = Wanted::of(ask)?;
        let body = RefundBody {
            payment_id: &wanted.payment,
            amount: ask.amount.amount,
            currency: ask.amount.currency.code(),
            order_id: ask.payment.order_id.to_string(),
            operation_id: ask.operation_id.to_string(),
            reason: ask.reason.as_deref().filter(|reason| !reason.is_empty()),
        };
        let request = self.post(&["v1", "refunds"], ask.operation_id, &body)?;
        Ok(Call::new(request, move |reply, _| match reading::class(reply.status) {
            Class::Success => {
                let refund: Refund = reading::json(&reply.body)?;
                if !wanted.is(&refund) {
                    return Err(reading::unknown("the reply is about another refund"));
                }
                mapping::refund(&refund).map_err(reading::unknown)
            }
            Class::Refusal => {
                let error = reading::json::<ErrorReply>(&reply.body)?.error;
                Err(refusal(reply, asked, &error.code, &error.message))
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
        refund.payment_id == self.payment
            && refund.operation_id.as_deref() == Some(self.operation.to_string().as_str())
    }
}

/// Reads a search.
fn found(reply: &HttpReply, wanted: &Wanted) -> Result<Option<MovementReport>, CallFailure> {
    if !matches!(reading::class(reply.status), Class::Success) {
        return Err(reading::unclear_status(reply));
    }
    let list: RefundList = reading::json(&reply.body)?;
    let mut ours = list.items.iter().filter(|refund| wanted.is(refund));
    match (ours.next(), ours.next()) {
        (None, _) => Ok(None),
        (Some(refund), None) => mapping::refund(refund).map(Some).map_err(reading::unknown),
        (Some(_), Some(_)) => Err(reading::unknown("two refunds carry one operation")),
    }
}

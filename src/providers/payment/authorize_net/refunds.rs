//! Giving money back: before a payment settles by voiding it, all or nothing; after that by a refund,
//! which is a transaction of its own.
//!
//! Which of the two it was is told by `settled` as the payment was read right before. A payment that was
//! voided never settles, so a later attempt that finds it settled knows that the void did not happen.

use super::mapping::{self, Meaning};
use super::reply::{Verdict, is_about, read_details, verdict};
use super::search::{self, Wanted};
use super::wire::{MaskedCard, Payment, Summary, TransactionRequest, TransactionSettings};
use super::{AuthorizeNet, DUPLICATE_WINDOW, codes, order, setting, transaction};
use crate::domain::currency::Currency;
use crate::domain::money::Money;
use crate::domain::payment::{CallFailure, MovementReport, MovementState, OperationKind};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{BuildError, Call, RefundAsk, RefundRecovery, Refunding};
use crate::providers::payment::reading::{Asked, unknown};

/// How money goes back.
enum Way {
    /// By voiding the payment.
    Void,
    /// By a refund to the card with these last digits.
    Refund(String),
}

impl Refunding for AuthorizeNet<'_> {
    fn reads_first(&self) -> bool {
        true
    }

    fn refund(&self, ask: &RefundAsk) -> Result<Call<MovementReport>, BuildError> {
        match way(ask)? {
            Way::Void => self.give_back_by_void(ask),
            Way::Refund(last_four) => self.give_back_by_refund(ask, &last_four),
        }
    }

    fn recover_refund(
        &self,
        ask: &RefundAsk,
        _age_milliseconds: i64,
    ) -> Result<RefundRecovery, BuildError> {
        self.find_refund(ask).map(RefundRecovery::Search)
    }

    fn find_refund(&self, ask: &RefundAsk) -> Result<Call<Option<MovementReport>>, BuildError> {
        match way(ask)? {
            Way::Void => self.find_void(ask),
            Way::Refund(_) => self.find_transaction(ask),
        }
    }
}

fn way(ask: &RefundAsk) -> Result<Way, BuildError> {
    match ask.payment.settled {
        None => Err(BuildError::NotYet("whether the payment has settled is not known")),
        Some(false) if ask.amount.amount == ask.captured_minor => Ok(Way::Void),
        Some(false) => Err(BuildError::NotYet(
            "a part can be given back once the payment settles, within a day",
        )),
        Some(true) => {
            let digits = ask.payment.card_last_four.clone();
            digits
                .map(Way::Refund)
                .ok_or(BuildError::NotOffered("refund of a payment without a card"))
        }
    }
}

impl AuthorizeNet<'_> {
    fn give_back_by_void(&self, ask: &RefundAsk) -> Result<Call<MovementReport>, BuildError> {
        mapping::decimal(ask.amount, self.settings.currency)?;
        let ref_id = mapping::invoice(ask.operation_id);
        let request = self.create(
            &ref_id,
            TransactionRequest {
                transaction_type: "voidTransaction",
                ref_trans_id: Some(transaction(&ask.payment.reference)?),
                ..TransactionRequest::default()
            },
        )?;
        let ask = ask.clone();
        Ok(Call::new(request, move |reply, sent_at| {
            let response = match verdict(reply, &ref_id, Asked::Start) {
                Ok(Verdict::Approved(response)) => response,
                Ok(Verdict::Declined(response)) => {
                    let (code, text) = codes::reason(&response);
                    return Err(codes::refused(code, text));
                }
                Ok(Verdict::Held(_)) => return Err(unknown("the void is held for review")),
                // It was there a moment ago: its batch is being settled, and what is settled can't
                // be voided.
                Err(CallFailure::Refused { code, .. }) if code == codes::NOT_FOUND => {
                    return Err(CallFailure::NotYet {
                        reason: "the payment is being settled".to_owned(),
                    });
                }
                Err(failure) => return Err(failure),
            };
            if !is_about(&response, &ask.payment.reference) {
                return Err(unknown("the reply is about another payment"));
            }
            Ok(voided(&ask, sent_at))
        }))
    }

    fn give_back_by_refund(
        &self,
        ask: &RefundAsk,
        last_four: &str,
    ) -> Result<Call<MovementReport>, BuildError> {
        let ref_id = mapping::invoice(ask.operation_id);
        let request = self.create(
            &ref_id,
            TransactionRequest {
                transaction_type: "refundTransaction",
                amount: Some(mapping::decimal(ask.amount, self.settings.currency)?),
                currency_code: Some(self.settings.currency.code()),
                payment: Some(Payment::CreditCard(MaskedCard {
                    card_number: last_four,
                    expiration_date: "XXXX",
                })),
                ref_trans_id: Some(transaction(&ask.payment.reference)?),
                order: Some(order(&ref_id, ask.payment.order_id)),
                transaction_settings: Some(TransactionSettings {
                    setting: vec![setting("duplicateWindow", DUPLICATE_WINDOW)],
                }),
                ..TransactionRequest::default()
            },
        )?;
        let ask = ask.clone();
        Ok(Call::new(request, move |reply, sent_at| {
            let response = match verdict(reply, &ref_id, Asked::Start)? {
                Verdict::Approved(response) => response,
                Verdict::Declined(response) => {
                    let (code, text) = codes::reason(&response);
                    return Err(codes::refused(code, text));
                }
                Verdict::Held(_) => return Err(unknown("the refund is held for review")),
            };
            if !mapping::is_transaction(&response.trans_id)
                || response.trans_id == ask.payment.reference
            {
                return Err(unknown("the reply names no transaction of its own"));
            }
            Ok(refunded(&ask, response.trans_id, MovementState::Succeeded, sent_at))
        }))
    }

    /// Whether the payment is voided: by us, since nobody else was asked to, or by hand, which gives
    /// back the same money.
    fn find_void(&self, ask: &RefundAsk) -> Result<Call<Option<MovementReport>>, BuildError> {
        let request = self.details(&ask.payment.reference)?;
        let ask = ask.clone();
        Ok(Call::new(request, move |reply, sent_at| {
            let payment = read_details(reply)?.ok_or_else(|| unknown("no such transaction"))?;
            if !mapping::is_ours(&payment, &ask.payment) {
                return Err(unknown("the reply is about another payment"));
            }
            match mapping::meaning(&payment.transaction_status) {
                Some(Meaning::Voided) => Ok(Some(voided(&ask, sent_at))),
                Some(Meaning::Taken { .. } | Meaning::TakenBack | Meaning::Won) => Ok(None),
                _ => Err(unknown("the payment is in a state that says nothing of the void")),
            }
        }))
    }

    fn find_transaction(
        &self,
        ask: &RefundAsk,
    ) -> Result<Call<Option<MovementReport>>, BuildError> {
        let (ask, currency) = (ask.clone(), self.settings.currency);
        Ok(Call::new(self.unsettled(1)?, move |reply, sent_at| {
            let line = search::found(reply, ask.operation_id, Wanted::Refund, sent_at)?;
            line.map(|line| listed(line, &ask, currency, sent_at)).transpose()
        }))
    }
}

/// A payment that was voided in place of a refund.
fn voided(ask: &RefundAsk, at: Timestamp) -> MovementReport {
    MovementReport {
        operation_id: Some(ask.operation_id),
        ..mapping::void_movement(&ask.payment.reference, ask.amount, at)
    }
}

/// An accepted refund counts as made, as an accepted payment counts as taken: both settle within a day,
/// and no notification says so.
fn refunded(
    ask: &RefundAsk,
    reference: String,
    state: MovementState,
    at: Timestamp,
) -> MovementReport {
    MovementReport {
        operation_id: Some(ask.operation_id),
        ..mapping::movement(OperationKind::Refund, reference, ask.amount, state, at)
    }
}

fn listed(
    line: Summary,
    ask: &RefundAsk,
    currency: Currency,
    at: Timestamp,
) -> Result<MovementReport, CallFailure> {
    let amount = Money::new(mapping::minor(&line.settle_amount).map_err(unknown)?, currency);
    let report = refunded(ask, line.trans_id, MovementState::Succeeded, at);
    Ok(MovementReport { amount, ..report })
}

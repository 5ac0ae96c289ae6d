//! Looking for a transaction by its invoice number, among those that have not settled.
//!
//! There is no search by invoice number but this list, newest first, and a transaction leaves it when it
//! settles, once a day. That it is not there proves that it was never made only
//! - if the list that was read reaches back to before the transaction was written down, and
//! - if no batch can have settled since: because it was written down a moment ago
//!   ([`SURE_WITHIN_MILLISECONDS`]), or because the list still holds an older transaction that waits
//!   for the same batch, or because held money does not settle.
//!
//! Otherwise nothing is proved, and a person will have to look.

use super::AuthorizeNet;
use super::codes;
use super::mapping::{self, Meaning};
use super::reply::body;
use super::wire::{ListReply, Paging, Request, ResultCode, Sorting, Summary, Unsettled};
use crate::domain::id::OperationId;
use crate::domain::payment::{CallFailure, PaymentReport};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{AuthorizeAsk, BuildError, Call, HttpReply, HttpRequest};
use crate::providers::payment::reading::{Asked, unknown};

/// Lines on a page. The gateway gives up to 1,000, but so many would be more than is read of a reply;
/// a line has some 400 bytes, and up to 800.
pub(super) const PAGE: usize = 300;

/// For so long after it was written down, no transaction can have settled. An assumption: a batch is cut
/// once a day and goes to the processor and back before its transactions leave the list, which takes
/// hours as a rule. It covers the questions of the first minutes, which is when the answer matters.
pub(super) const SURE_WITHIN_MILLISECONDS: i64 = 10 * 60 * 1_000;

/// How far the gateway's clock may be from ours.
const SKEW_MILLISECONDS: i64 = 5 * 60 * 1_000;

/// For so long after it was written down, held money is in the list unless somebody took it by hand.
const HELD_WITHIN_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;

/// What a transaction must be to be the one that is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A payment; whether its money is only held.
    Payment { held: bool },
    /// A refund.
    Refund,
}

impl AuthorizeNet<'_> {
    pub(super) fn unsettled(&self, page: u32) -> Result<HttpRequest, BuildError> {
        self.post(&Request::Unsettled(Unsettled {
            merchant_authentication: self.merchant(),
            sorting: Sorting { order_by: "submitTimeUTC", order_descending: true },
            paging: Paging { limit: PAGE, offset: page },
        }))
    }

    pub(super) fn find_start(
        &self,
        ask: &AuthorizeAsk,
    ) -> Result<Call<Option<PaymentReport>>, BuildError> {
        let (ask, currency) = (ask.clone(), self.settings.currency);
        Ok(Call::new(self.unsettled(1)?, move |reply, sent_at| {
            let wanted = Wanted::Payment { held: ask.capture.holds() };
            let line = found(reply, ask.operation_id, wanted, sent_at)?;
            line.map(|line| mapping::listed(&line, &ask, currency, sent_at).map_err(unknown))
                .transpose()
        }))
    }
}

/// The lines of a list, if it is one.
pub(super) fn lines(reply: ListReply) -> Result<Vec<Summary>, CallFailure> {
    if reply.messages.result_code == ResultCode::Error {
        return Err(codes::of_request(&reply.messages.message, Asked::Question));
    }
    let says_none = reply.total_num_in_result_set == Some(0)
        || reply.messages.message.iter().any(|message| message.code == codes::NO_RECORDS);
    match reply.transactions {
        Some(lines) => Ok(lines),
        None if says_none => Ok(Vec::new()),
        None => Err(unknown("the reply has no list")),
    }
}

/// The line of the transaction that an operation made; none if it certainly made none.
pub(super) fn found(
    reply: &HttpReply,
    operation: OperationId,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Option<Summary>, CallFailure> {
    let lines = lines(body(reply)?)?;
    if !proves_absence(&lines, operation, wanted, now) {
        return ours(lines, operation, wanted)?
            .map(Some)
            .ok_or_else(|| unknown("the list does not reach back to the operation"));
    }
    ours(lines, operation, wanted)
}

fn ours(
    lines: Vec<Summary>,
    operation: OperationId,
    wanted: Wanted,
) -> Result<Option<Summary>, CallFailure> {
    let invoice = mapping::invoice(operation);
    // A refund that was made by hand has the invoice number of its payment.
    let is_wanted = |line: &Summary| {
        let is_refund = mapping::meaning(&line.transaction_status) == Some(Meaning::Refund);
        line.invoice_number.as_deref() == Some(invoice.as_str())
            && is_refund == (wanted == Wanted::Refund)
    };
    let mut ours = lines.into_iter().filter(is_wanted);
    match (ours.next(), ours.next()) {
        (Some(_), Some(_)) => Err(unknown("two transactions carry one operation")),
        (Some(line), None) if !mapping::is_transaction(&line.trans_id) => {
            Err(unknown("the transaction's id is malformed"))
        }
        (line, _) => Ok(line),
    }
}

fn proves_absence(
    lines: &[Summary],
    operation: OperationId,
    wanted: Wanted,
    now: Timestamp,
) -> bool {
    let Some(written_down) = mapping::written_down_at(operation) else { return false };
    let is_older = |line: &Summary| {
        Timestamp::parse_rfc3339(&line.submit_time_utc)
            .is_some_and(|at| written_down.milliseconds_since(at) > SKEW_MILLISECONDS)
    };
    if lines.len() >= PAGE && !lines.iter().any(is_older) {
        return false;
    }
    let waits = |line: &Summary| {
        line.transaction_status == "capturedPendingSettlement"
            || line.transaction_status == "refundPendingSettlement"
    };
    let age = now.milliseconds_since(written_down);
    age <= SURE_WITHIN_MILLISECONDS
        || (wanted == Wanted::Payment { held: true } && age <= HELD_WITHIN_MILLISECONDS)
        || lines.iter().any(|line| waits(line) && is_older(line))
}

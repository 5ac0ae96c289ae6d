//! When an order must be looked at again, judged from its state alone.

use super::owed::{Effect, owed};
use super::shortage::ask_again_at;
use crate::domain::order::{Order, OrderStatus};
use crate::domain::payment::{ExpiryWatch, OperationResult, Payment};
use crate::domain::time::Timestamp;

/// A payment that the gateway is still working on is asked about after this long, in case its
/// webhook is lost.
pub const POLL_AFTER_SECONDS: i64 = 60;

/// A search that finds no payment proves, this long after the request, that there is none. Sooner it
/// proves nothing: gateways index new payments with a delay of about a minute.
pub const SEARCH_PROVES_AFTER_MILLISECONDS: i64 = 180_000;

/// How long to wait before asking about an unknown outcome for the n-th time (from 0), in seconds:
/// 1 minute, 5 minutes, 1 hour, then daily five times; then never.
#[must_use]
pub const fn ask_again_after_seconds(attempts: u32) -> Option<i64> {
    match attempts {
        0 => Some(60),
        1 => Some(300),
        2 => Some(3_600),
        3..=7 => Some(86_400),
        _ => None,
    }
}

/// How long before held money lapses the merchant is warned.
const WARN_BEFORE_SECONDS: i64 = 24 * 3_600;

/// When to warn that held money lapses at this moment.
#[must_use]
pub const fn warn_at(until: Timestamp) -> Timestamp {
    until.plus_seconds(-WARN_BEFORE_SECONDS)
}

/// When the alarm must look at this order, if ever. `lease_milliseconds` is how long a request that
/// is working on the order may take before the alarm takes the work over.
#[must_use]
pub fn wake_at(order: &Order, now: Timestamp, lease_milliseconds: i64) -> Option<Timestamp> {
    let debts = owed(order, now).into_iter().map(|effect| {
        if effect.is_background() { now } else { now.plus_milliseconds(lease_milliseconds) }
    });
    let questions = |payment: &Payment| payment.question.map(|question| question.ask_at);
    let asks = order.payments().flat_map(|p| p.ask_again_at.into_iter().chain(questions(p)));
    let asks =
        asks.map(|at| at.max(now.plus_milliseconds(lease_if_due(at, now, lease_milliseconds))));
    let too_early = order
        .payments()
        .flat_map(|payment| &payment.operations)
        .filter(|operation| operation.result == OperationResult::Requested)
        .filter_map(|operation| operation.not_before);
    let lapses = order.payments().filter_map(|payment| {
        let until = payment.held_until()?;
        match payment.expiry_watch {
            ExpiryWatch::Waiting => Some(warn_at(until)),
            ExpiryWatch::Warned => Some(until),
            ExpiryWatch::Asked => None,
        }
    });
    let window =
        (order.status == OrderStatus::Open && order.closing.is_none() && !order.is_secured())
            .then_some(order.payment_window_ends_at);
    let short = order.claims.iter().filter_map(|claim| ask_again_at(order, claim));
    let short = short.filter(|at| *at > now);
    debts.chain(asks).chain(too_early).chain(lapses).chain(window).chain(short).min()
}

/// A question that is due now is being asked by whoever just stored the order.
const fn lease_if_due(at: Timestamp, now: Timestamp, lease_milliseconds: i64) -> i64 {
    if at.milliseconds() <= now.milliseconds() { lease_milliseconds } else { 0 }
}

impl Effect {
    /// Whether nobody waits for it: the alarm performs these, many orders together.
    #[must_use]
    pub const fn is_background(&self) -> bool {
        matches!(
            self,
            Self::Commit { .. }
                | Self::Release { .. }
                | Self::Restock(_)
                | Self::NumberInvoice { .. }
                | Self::NumberCreditNote { .. }
                | Self::CancelCreditNote { .. }
        )
    }
}

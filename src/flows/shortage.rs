//! Claims of paid orders that came out short: the money is there and the units are gone.
//!
//! A person is told. Meanwhile the SKU is asked again on a schedule that ends after a month, so that units
//! that come in reach whoever has paid for them, and the ledger knows of it: the cause for attention is then
//! resolved by itself. Nothing is asked any more once a person has resolved it, or money went back or is
//! contested: what becomes of the order is then for people to say.

use crate::domain::inventory::ClaimAnswer;
use crate::domain::order::{AttentionCode, ClaimState, Order, OrderStatus, Resolution, StockClaim};
use crate::domain::payment::OperationKind;
use crate::domain::time::Timestamp;

/// How long to wait before a SKU is asked for the n-th time again (from 1), in seconds: 1, 5 and 15 minutes,
/// hourly for a day, every six hours for a month; then never.
const fn ask_again_after_seconds(times_short: i64) -> Option<i64> {
    match times_short {
        ..=1 => Some(60),
        2 => Some(300),
        3 => Some(900),
        4..=27 => Some(3_600),
        28..=147 => Some(21_600),
        _ => None,
    }
}

/// Whether the order still wants the units that it is short of.
#[must_use]
pub fn asks_again(order: &Order) -> bool {
    let went_back = order.payments().flat_map(|payment| &payment.operations).any(|operation| {
        matches!(operation.kind, OperationKind::Refund | OperationKind::Chargeback)
    });
    let is_open =
        |code| order.attention.iter().any(|known| known.code == code && known.resolved.is_none());
    order.status == OrderStatus::Open
        && order.closing.is_none()
        && order.is_secured()
        && !went_back
        && order.refunds.is_empty()
        && is_open(AttentionCode::StockGone)
}

/// When the SKU of a claim is to be asked again, if ever.
#[must_use]
pub fn ask_again_at(order: &Order, claim: &StockClaim) -> Option<Timestamp> {
    let is_short = matches!(claim.claim, ClaimState::Short { .. });
    claim.ask_again_at.filter(|_| is_short && asks_again(order))
}

/// What an answer makes of a claim that is short; none: nothing.
#[must_use]
pub(super) const fn next(answer: ClaimAnswer) -> Option<ClaimState> {
    match answer {
        ClaimAnswer::Committed => Some(ClaimState::Committed),
        ClaimAnswer::Short { available } => Some(ClaimState::Short { available }),
        ClaimAnswer::Released => Some(ClaimState::Released),
        _ => None,
    }
}

/// Notes that a claim is short, or is so still.
pub(super) fn put_off(claim: &mut StockClaim, now: Timestamp) {
    claim.times_short = claim.times_short.saturating_add(1);
    let wait = ask_again_after_seconds(claim.times_short);
    claim.ask_again_at = wait.map(|seconds| now.plus_seconds(seconds));
}

/// Puts an order before a person whose claim has just come out short.
pub(super) fn report(order: &mut Order, claim: &StockClaim, available: i64, now: Timestamp) {
    let (sku, quantity) = (&claim.sku, claim.quantity);
    // What was never taken off the shelf is not put back there.
    let waiting = match order.units_back(sku) {
        0 => String::new(),
        back => format!("; {back} noted as come back wait until the order has had them"),
    };
    let detail = format!("{sku}: paid for {quantity}, {available} left{waiting}");
    order.needs_attention(AttentionCode::StockGone, detail, now);
}

/// Takes the order off a person's hands when nothing is short any more.
pub(super) fn resolve(order: &mut Order, now: Timestamp) {
    if order.claims.iter().all(|claim| claim.claim == ClaimState::Committed) {
        let note = "The units came and are sold to the order.".to_owned();
        let resolution = Resolution { at: now, by: "cartwright".to_owned(), note };
        order.resolve_attention(AttentionCode::StockGone, &resolution);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sku_is_asked_often_at_first_and_no_more_after_a_month() {
        let waits: Vec<i64> = (1..).map_while(ask_again_after_seconds).collect();
        assert_eq!(&waits[..4], &[60, 300, 900, 3_600]);
        assert!(waits.is_sorted());
        let days = waits.iter().sum::<i64>() / 86_400;
        assert!((30..=32).contains(&days), "{days}");
    }
}

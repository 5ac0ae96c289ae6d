//! What an order says again to a SKU whose object was put back to an earlier state, and what it makes of the
//! answer. Saying it to an object that has forgotten nothing changes nothing.

use super::owed::Effect;
use super::shortage;
use crate::domain::id::Sku;
use crate::domain::inventory::{ClaimAnswer, ClaimReply};
use crate::domain::order::{ClaimState, Order};
use crate::domain::time::Timestamp;

/// What is to be said again, in this order.
#[must_use]
pub fn reminders(order: &Order, sku: &Sku, now: Timestamp) -> Vec<Effect> {
    let Some(claim) = order.claims.iter().find(|claim| claim.sku == *sku) else {
        return Vec::new();
    };
    let (sku, quantity) = (sku.clone(), claim.quantity);
    match claim.claim {
        ClaimState::Held if !order.status.is_terminal() && order.claims_expire_at > now => {
            vec![Effect::Reserve { sku, quantity, expires_at: order.claims_expire_at }]
        }
        ClaimState::Committed => {
            // What came back is put back under the keys that it had.
            let back = order.restocks_done(&sku).into_iter().map(Effect::Restock);
            let mut said = vec![Effect::Commit { sku, quantity }];
            said.extend(back);
            said
        }
        ClaimState::Released => vec![Effect::Release { sku }],
        _ => Vec::new(),
    }
}

/// Takes the answer in. Units that were sold to the order and are gone put it before a person, as they do when
/// they are gone at the first time of asking; units that were held unpaid and are gone are asked for again
/// when the money comes.
pub(super) fn take_answer(order: &mut Order, sku: &Sku, reply: ClaimReply, now: Timestamp) {
    let Some(claim) = order.claims.iter_mut().find(|claim| claim.sku == *sku) else {
        return;
    };
    match (claim.claim, reply.answer) {
        (ClaimState::Held, ClaimAnswer::Held) | (ClaimState::Committed, ClaimAnswer::Committed) => {
            if let Some(placement) = reply.placement {
                claim.placed(placement, reply.version);
            }
        }
        (ClaimState::Committed, ClaimAnswer::Short { available }) => {
            claim.placement = None;
            claim.claim = ClaimState::Short { available };
            shortage::put_off(claim, now);
            let claim = claim.clone();
            shortage::report(order, &claim, available, now);
        }
        _ => {}
    }
}

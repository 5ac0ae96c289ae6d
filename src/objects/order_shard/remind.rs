//! Tells a SKU again what its object has forgotten.

use std::rc::Rc;

use worker::Result;

use super::drive::claim_of;
use super::{Shard, found};
use crate::domain::id::{OrderId, Sku};
use crate::domain::inventory::ClaimAnswer;
use crate::flows::advance::Input;
use crate::flows::owed::Effect;
use crate::flows::reminders::reminders;
use crate::objects::commands::ShardAnswer;
use crate::runtime::clock::now;

impl Shard {
    /// The order as it is afterwards; `TryAgain` if the SKU does not answer.
    pub(super) async fn remind(self: &Rc<Self>, id: OrderId, sku: &Sku) -> Result<ShardAnswer> {
        let Some(order) = self.store.order(id)? else {
            return Ok(ShardAnswer::NotFound);
        };
        for effect in reminders(&order, sku, now()) {
            let Some((object, claim)) = claim_of(&order, &effect) else { continue };
            let Some(reply) = self.stock.claim(object, claim).await else {
                return Ok(ShardAnswer::TryAgain);
            };
            if matches!(effect, Effect::Restock(_)) {
                continue;
            }
            let answer = reply.answer;
            self.tell(id, Input::Reminded(sku.clone(), reply)).await?;
            // What the order could not get cannot come back either.
            if !matches!(answer, ClaimAnswer::Committed) {
                break;
            }
        }
        Ok(found(self.store.order(id)?))
    }
}

//! Decide, store, do: the loop that takes an order as far as it can go now.

use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{join, join_all};
use worker::Result;

use super::commit::Step;
use super::{Shard, gateway};
use crate::domain::id::OrderId;
use crate::domain::inventory::ClaimCommand;
use crate::domain::inventory::spread::StockObject;
use crate::domain::order::{Order, Restock};
use crate::domain::time::Timestamp;
use crate::flows::advance::{Input, advance};
use crate::flows::announce::announce;
use crate::flows::owed::{Effect, owed};
use crate::flows::schedule::wake_at;
use crate::objects::commands::OrderClaim;
use crate::runtime::clock::{fresh_uuid, now};

/// More steps than any order has in a row; a loop would be a defect, and the alarm takes over.
const MAX_STEPS: usize = 12;

/// How long background debts wait for others of their kind, so that they are settled together.
const SETTLE_AFTER_MILLISECONDS: i64 = 150;

/// An order after a step, and what it owes.
pub(super) struct Stepped {
    pub order: Order,
    pub owes: Vec<Effect>,
}

/// Who is working on an order in this instance, and who waits for that.
pub(super) struct Driven {
    since: Timestamp,
    pub waiting: Vec<oneshot::Sender<()>>,
}

/// Marks an order as being worked on, and tells those who wait when that ends, however it ends.
pub(super) struct Driving {
    shard: Rc<Shard>,
    id: OrderId,
    since: Timestamp,
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.shard.store.drop_kept(self.id);
        let mut driven = self.shard.driven.borrow_mut();
        if driven.get(&self.id).is_none_or(|known| known.since != self.since) {
            return;
        }
        for waiting in driven.remove(&self.id).into_iter().flat_map(|known| known.waiting) {
            // Whoever stopped waiting reads the state again later.
            let _ = waiting.send(());
        }
    }
}

/// After this many leases, work that never ended was abandoned by the platform.
const ABANDONED_AFTER_LEASES: i64 = 4;

impl Shard {
    /// Marks the order as being worked on.
    pub(super) fn begin(self: &Rc<Self>, id: OrderId) -> Driving {
        let since = now();
        let mut driven = self.driven.borrow_mut();
        let known = driven.entry(id).or_insert(Driven { since, waiting: Vec::new() });
        known.since = since;
        Driving { shard: Rc::clone(self), id, since }
    }

    /// Whether a request or the alarm is working on the order right now.
    pub(super) fn is_driven(&self, id: OrderId) -> bool {
        let lease = self.platform.settings().lease_milliseconds();
        let limit = lease.saturating_mul(ABANDONED_AFTER_LEASES);
        let driven = self.driven.borrow();
        driven.get(&id).is_some_and(|known| now().milliseconds_since(known.since) < limit)
    }

    /// Feeds `first` to the order, performs what it owes to somebody who waits, feeds the results
    /// back, until nothing more can be done now. None if there is no such order.
    pub(super) async fn drive(
        self: &Rc<Self>,
        id: OrderId,
        first: Vec<Input>,
    ) -> Result<Option<Order>> {
        let _driving = self.begin(id);
        self.drive_on(id, first).await
    }

    /// As [`Shard::drive`], for a caller that has marked the order itself.
    pub(super) async fn drive_on(
        self: &Rc<Self>,
        id: OrderId,
        first: Vec<Input>,
    ) -> Result<Option<Order>> {
        let mut inputs = first;
        let mut last = None;
        for step in 1..=MAX_STEPS {
            let Some(stepped) = self.step(id, inputs).await? else {
                return Ok(last);
            };
            let urgent: Vec<Effect> =
                stepped.owes.into_iter().filter(|effect| !effect.is_background()).collect();
            // Nothing is asked whose answer would not be written down: it would be asked once more.
            let at_end = step == MAX_STEPS;
            inputs = if at_end { Vec::new() } else { self.perform(&stepped.order, urgent).await };
            last = Some(stepped.order);
            if inputs.is_empty() {
                break;
            }
        }
        Ok(last)
    }

    /// Feeds inputs to an order. With none there is nothing to store, and nothing to wait for.
    async fn step(self: &Rc<Self>, id: OrderId, inputs: Vec<Input>) -> Result<Option<Stepped>> {
        if inputs.is_empty() {
            let order = self.store.order(id)?;
            return Ok(order.map(|order| Stepped { owes: owed(&order, now()), order }));
        }
        self.commit(Step::Advance { id, inputs }).await
    }

    /// Takes every order one step, in one transaction.
    pub(super) fn apply(&self, steps: Vec<(OrderId, Vec<Input>)>) -> Result<Vec<Stepped>> {
        self.store.transaction(|| {
            let stepped = steps.into_iter().map(|(id, inputs)| self.advance_within(id, inputs));
            stepped.filter_map(Result::transpose).collect()
        })
    }

    /// Takes an order one step, inside the caller's transaction. None if there is no such order.
    pub(super) fn advance_within(
        &self,
        id: OrderId,
        inputs: Vec<Input>,
    ) -> Result<Option<Stepped>> {
        match self.store.order(id)? {
            Some(order) => self.advance_from(order, inputs).map(Some),
            None => Ok(None),
        }
    }

    /// Takes an order that was just read one step, inside the caller's transaction.
    pub(super) fn advance_from(&self, before: Order, inputs: Vec<Input>) -> Result<Stepped> {
        let now = now();
        let mut order = before.clone();
        let mut changed = false;
        for input in inputs {
            changed |= advance(&mut order, input, now, &mut fresh_uuid);
        }
        if changed {
            self.store_changed(&before, &mut order, now)?;
        }
        Ok(Stepped { owes: owed(&order, now), order })
    }

    /// Stores an order that changed, with its timer and its events, inside the caller's transaction.
    pub(super) fn store_changed(
        &self,
        before: &Order,
        order: &mut Order,
        now: Timestamp,
    ) -> Result<()> {
        // One stored change is one version, however many inputs made it.
        order.version = before.version.saturating_add(1);
        let wake = wake_at(order, now, self.platform.settings().lease_milliseconds());
        let events = announce(Some(before), order);
        let tells = !events.is_empty();
        self.store.update(order, wake, events)?;
        self.unsent.note(before, order);
        self.arm_for(wake, tells, now)
    }

    /// Arms the alarm for an order's timer, or for the outbox.
    pub(super) fn arm_for(
        &self,
        wake: Option<Timestamp>,
        tells: bool,
        now: Timestamp,
    ) -> Result<()> {
        if !self.store.sqlite.is_armed() {
            return self.rearm();
        }
        let soon = now.plus_milliseconds(SETTLE_AFTER_MILLISECONDS);
        let wake = wake.map(|at| at.max(soon));
        match if tells { Some(soon) } else { wake } {
            Some(at) => self.store.sqlite.arm(at),
            None => Ok(()),
        }
    }

    /// Arms the alarm for whatever wants it first.
    pub(super) fn rearm(&self) -> Result<()> {
        let soon = now().plus_milliseconds(SETTLE_AFTER_MILLISECONDS);
        match self.store.earliest_wake()? {
            Some(at) => self.store.sqlite.arm(at.max(soon)),
            None => Ok(()),
        }
    }

    /// Performs an effect at a gateway. What may have gone out before is asked about, and not sent as new.
    async fn call_gateway(&self, order: &Order, effect: &Effect) -> Option<Input> {
        if self.unsent.may_have_been_sent(order, effect) {
            return Some(Input::Ask);
        }
        gateway::perform(&self.platform, order, effect).await
    }

    /// Performs effects at once, all together; what can't be performed now gives no input and stays
    /// owed. Stock answers come back as one input.
    pub(super) async fn perform(&self, order: &Order, effects: Vec<Effect>) -> Vec<Input> {
        let mut claims = Vec::new();
        let mut rest = Vec::new();
        for effect in effects {
            match claim_of(order, &effect) {
                Some((object, claim)) => {
                    let sku = object.sku.clone();
                    claims.push(async move { (sku, self.stock.claim(object, claim).await) })
                }
                None => rest.push(effect),
            }
        }
        let calls = rest.iter().map(|effect| self.call_gateway(order, effect));
        let (answers, told) = join(join_all(claims), join_all(calls)).await;
        let answers: Vec<_> =
            answers.into_iter().filter_map(|(sku, answer)| Some((sku, answer?))).collect();
        let mut inputs: Vec<Input> = told.into_iter().flatten().collect();
        if !answers.is_empty() {
            inputs.push(Input::Stock(answers));
        }
        inputs
    }
}

/// What an effect says to an object that has a SKU's units, if it speaks to one.
pub(super) fn claim_of(order: &Order, effect: &Effect) -> Option<(StockObject, OrderClaim)> {
    let (sku, command) = match effect.clone() {
        Effect::Reserve { sku, quantity, expires_at } => {
            (sku, ClaimCommand::Reserve { quantity, expires_at })
        }
        Effect::Commit { sku, quantity } => (sku, ClaimCommand::Commit { quantity }),
        Effect::Release { sku } => (sku, ClaimCommand::Release),
        Effect::Restock(Restock { sku, key, quantity, condition, location }) => {
            (sku, ClaimCommand::Restock { key, quantity, condition, location })
        }
        _ => return None,
    };
    let own = order.claims.iter().find(|claim| claim.sku == sku);
    let object = StockObject { slice: own.and_then(|claim| claim.slice), sku };
    Some((object, OrderClaim { order_id: order.id, command, terms: order.claim_terms.clone() }))
}

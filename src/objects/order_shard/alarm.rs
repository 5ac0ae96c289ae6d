//! The shard's one alarm: it settles what many orders owe in few calls, resumes what a crash left
//! behind, and hands the outbox to the queue. It catches everything and always arms itself again: an
//! alarm that keeps failing would be dropped by the platform.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use futures_util::future::{join, join_all};
use worker::Result;

use super::Shard;
use super::drive::{Stepped, claim_of};
use super::numbering::ToNumber;
use crate::domain::id::{OrderId, Sku};
use crate::domain::inventory::ClaimReply;
use crate::domain::inventory::spread::StockObject;
use crate::domain::order::Order;
use crate::domain::time::Timestamp;
use crate::flows::advance::Input;
use crate::flows::owed::Effect;
use crate::objects::commands::OrderClaim;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::task;

/// Orders that one round looks at.
const ORDERS_PER_ROUND: i64 = 100;

/// Rounds of one alarm; what is left then waits for the next.
const MAX_ROUNDS: usize = 20;

/// How often the shard looks for rows that are beyond their time.
const PURGE_EVERY_MILLISECONDS: i64 = 3_600_000;

/// How long to wait after a try that failed: 1 s doubling to about 4 minutes.
pub(super) fn back_off(now: Timestamp, tries: i64) -> Timestamp {
    let doublings = u32::try_from(tries.clamp(0, 8)).unwrap_or(8);
    now.plus_seconds(1_i64.saturating_mul(2_i64.saturating_pow(doublings)))
}

impl Shard {
    /// The alarm.
    pub(super) async fn ring(self: &Rc<Self>) {
        self.store.sqlite.disarm();
        for _ in 0..MAX_ROUNDS {
            match self.settle_round().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    trouble("alarm.round_failed", &error);
                    break;
                }
            }
        }
        if let Err(error) = self.flush_outbox().await {
            trouble("alarm.outbox_failed", &error);
        }
        if let Err(error) = self.purge_if_due() {
            trouble("alarm.purge_failed", &error);
        }
        if let Err(error) = self.rearm() {
            trouble("alarm.rearm_failed", &error);
        }
    }

    /// Looks at the orders whose timer is due. Whether there were as many as one round takes.
    async fn settle_round(self: &Rc<Self>) -> Result<bool> {
        let now = now();
        let due = self.store.due(now, ORDERS_PER_ROUND)?;
        let full = i64::try_from(due.len()).unwrap_or(0) >= ORDERS_PER_ROUND;
        let lease = now.plus_milliseconds(self.platform.settings().lease_milliseconds());
        let debtors = match self.apply(due.iter().map(|(id, _)| self.woken(*id)).collect()) {
            Ok(stepped) => stepped,
            // One order that can't be read must not keep the others waiting.
            Err(_) => self.wake_one_by_one(&due, now)?,
        };
        let tries: HashMap<OrderId, i64> = due.into_iter().collect();
        let with_tries =
            |stepped: Stepped| (tries.get(&stepped.order.id).copied().unwrap_or(0), stepped);
        self.settle(debtors.into_iter().map(with_tries).collect(), lease).await?;
        Ok(full)
    }

    /// What the alarm tells an order whose timer is due. What is under way in somebody's hands is not of
    /// unknown outcome; what nobody waits for is settled all the same.
    fn woken(&self, id: OrderId) -> (OrderId, Vec<Input>) {
        (id, if self.is_driven(id) { Vec::new() } else { vec![Input::Wake] })
    }

    fn wake_one_by_one(&self, due: &[(OrderId, i64)], now: Timestamp) -> Result<Vec<Stepped>> {
        let mut debtors = Vec::new();
        for (id, tries) in due {
            match self.apply(vec![self.woken(*id)]) {
                Ok(stepped) => debtors.extend(stepped),
                Err(error) => {
                    trouble("alarm.order_failed", &error);
                    let again = Some(back_off(now, *tries));
                    self.store.set_wake(*id, again, tries.saturating_add(1))?;
                }
            }
        }
        Ok(debtors)
    }

    async fn settle(self: &Rc<Self>, debtors: Vec<(i64, Stepped)>, lease: Timestamp) -> Result<()> {
        let mut at_hand = AtHand { shard: Rc::clone(self), orders: Vec::new() };
        let mut background = Vec::new();
        let mut tries_of = BTreeMap::new();
        for (tries, stepped) in debtors {
            let id = stepped.order.id;
            let (quiet, urgent): (Vec<Effect>, Vec<Effect>) =
                stepped.owes.into_iter().partition(Effect::is_background);
            if !urgent.is_empty() {
                // A gateway may take its time: the other orders don't wait for it.
                self.store.set_wake(id, Some(lease), tries)?;
                task::spawn(Rc::clone(self).resume(id));
            } else if quiet.is_empty() {
                let wake = crate::flows::schedule::wake_at(&stepped.order, now(), 0);
                self.store.set_wake(id, wake, 0)?;
            } else {
                tries_of.insert(id, tries);
                at_hand.keep(&stepped.order);
            }
            background.extend(quiet.into_iter().map(|effect| {
                let claim = claim_of(&stepped.order, &effect);
                Debt { id, effect, claim }
            }));
        }
        let inputs = self.perform_together(background).await;
        let stepped = self.apply(inputs.into_iter().collect())?;
        for order in &stepped {
            if !order.owes.iter().any(Effect::is_background) {
                tries_of.remove(&order.order.id);
            }
        }
        for (id, tries) in tries_of {
            let wake = back_off(now(), tries);
            self.store.set_wake(id, Some(wake), tries.saturating_add(1))?;
        }
        Ok(())
    }

    /// Goes on with an order's work that nobody is doing.
    pub(super) async fn resume(self: Rc<Self>, id: OrderId) {
        if self.is_driven(id) {
            return;
        }
        if let Err(error) = self.drive(id, Vec::new()).await {
            trouble("alarm.resume_failed", &error);
        }
    }

    /// Performs debts of many orders: one call per SKU and one per invoice series.
    async fn perform_together(&self, debts: Vec<Debt>) -> BTreeMap<OrderId, Vec<Input>> {
        let mut to_number = ToNumber::default();
        let mut claims = Vec::new();
        for Debt { id, effect, claim } in debts {
            if to_number.take(id, &effect) {
                continue;
            }
            if let Some((object, claim)) = claim {
                claims.push(async move {
                    let sku = object.sku.clone();
                    let reply = self.stock.claim(object, claim).await;
                    (id, reply.map(|reply| stock_input(&effect, sku, reply)))
                });
            }
        }
        let (answers, numbered) = join(join_all(claims), self.number(to_number)).await;
        let mut inputs: BTreeMap<OrderId, Vec<Input>> = BTreeMap::new();
        for (order_id, input) in answers {
            inputs.entry(order_id).or_default().extend(input);
        }
        for (order_id, input) in numbered {
            inputs.entry(order_id).or_default().push(input);
        }
        inputs
    }

    fn purge_if_due(&self) -> Result<()> {
        let now = now();
        if now.milliseconds_since(self.purged_at.get()) < PURGE_EVERY_MILLISECONDS {
            return Ok(());
        }
        self.purged_at.set(now);
        self.store.purge(now)
    }
}

/// Orders that are kept at hand while their debts are settled: each is drafted from and stepped again.
struct AtHand {
    shard: Rc<Shard>,
    orders: Vec<OrderId>,
}

impl AtHand {
    fn keep(&mut self, order: &Order) {
        self.shard.store.keep(order);
        self.orders.push(order.id);
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        let driven = self.shard.driven.borrow();
        for id in self.orders.iter().filter(|id| !driven.contains_key(*id)) {
            self.shard.store.drop_kept(*id);
        }
    }
}

/// What an order owes and nobody waits for, with what it says to a SKU if it speaks to one.
struct Debt {
    id: OrderId,
    effect: Effect,
    claim: Option<(StockObject, OrderClaim)>,
}

/// What a SKU's answer tells the order. Units that can't be put back, because the claim they belong to is
/// gone, are not owed any more either.
fn stock_input(effect: &Effect, sku: Sku, reply: ClaimReply) -> Input {
    match effect {
        Effect::Restock(restock) => Input::Restocked { key: restock.key.clone(), sku },
        _ => Input::Stock(vec![(sku, reply)]),
    }
}

pub(super) fn trouble(name: &str, error: &worker::Error) {
    log::event(Level::Error, name, serde_json::json!({ "cause": error.to_string() }));
}

//! A checkout at the shard: once per key, whoever asks and however often.

use std::rc::Rc;

use futures_channel::oneshot;
use worker::Result;

use super::Shard;
use super::commit::Step;
use super::store::KnownKey;
use crate::domain::id::{OrderId, ShardNumber};
use crate::domain::order::{ClaimState, CloseReason, Order, OrderStatus};
use crate::flows::advance::Input;
use crate::flows::place::{Draft, place};
use crate::objects::commands::{CheckoutOutcome, ShardAnswer, Shortage};
use crate::runtime::clock::{fresh_uuid, now};

impl Shard {
    /// Places the order, waits for the one that is being placed under the key, or tells the stored
    /// answer again.
    pub(super) async fn checkout(
        self: &Rc<Self>,
        key: &str,
        fingerprint: &str,
        draft: Draft,
    ) -> Result<ShardAnswer> {
        match self.known_key(key)? {
            Some(known) => self.retry(key, fingerprint, known).await,
            None => {
                let id = OrderId::new(ShardNumber(self.number), fresh_uuid());
                self.first(key, fingerprint, place(draft, id, now())).await
            }
        }
    }

    /// What is known of a key whose order is being placed, or was.
    pub(super) fn known_key(&self, key: &str) -> Result<Option<KnownKey>> {
        let placing = self.commits.placing.borrow().get(key).cloned();
        let placing = placing.map(|(order_id, fingerprint)| KnownKey {
            fingerprint,
            order_id,
            outcome: None,
        });
        placing.map_or_else(|| self.store.key(key), |known| Ok(Some(known)))
    }

    /// The stored answer, for an edge that would refuse the request by itself.
    pub(super) fn replay(&self, key: &str, fingerprint: &str) -> Result<ShardAnswer> {
        // What is being placed at this moment has no answer yet, and must not be told another one.
        if self.commits.placing.borrow().contains_key(key) {
            return Ok(ShardAnswer::TryAgain);
        }
        Ok(match self.store.key(key)? {
            None => ShardAnswer::Unplaced,
            Some(known) if known.fingerprint != fingerprint => ShardAnswer::KeyReused,
            Some(KnownKey { outcome: Some(outcome), .. }) => told_again(outcome),
            Some(_) => ShardAnswer::TryAgain,
        })
    }

    /// Stores a new order under its key and takes it as far as it can go now.
    pub(super) async fn first(
        self: &Rc<Self>,
        key: &str,
        fingerprint: &str,
        mut order: Order,
    ) -> Result<ShardAnswer> {
        self.stock.choose_objects(&mut order, now());
        let id = order.id;
        let _driving = self.begin(id);
        self.commits.placing.borrow_mut().insert(key.to_owned(), (id, fingerprint.to_owned()));
        let place = Step::Place {
            key: key.to_owned(),
            fingerprint: fingerprint.to_owned(),
            order: Box::new(order),
        };
        let placed = self.commit(place).await;
        self.commits.placing.borrow_mut().remove(key);
        placed?;
        let order = self.drive_on(id, Vec::new()).await?;
        self.conclude(key, order, false)
    }

    /// Tells the stored answer again, or takes up what nobody works on.
    pub(super) async fn retry(
        self: &Rc<Self>,
        key: &str,
        fingerprint: &str,
        known: KnownKey,
    ) -> Result<ShardAnswer> {
        if known.fingerprint != fingerprint {
            return Ok(ShardAnswer::KeyReused);
        }
        if let Some(outcome) = known.outcome {
            return Ok(told_again(outcome));
        }
        if let Some(end) = self.wait_for(known.order_id) {
            // An error means that the work ended without a word, which is an end as well.
            let _ = end.await;
            return match self.store.key(key)?.and_then(|known| known.outcome) {
                Some(outcome) => Ok(told_again(outcome)),
                None => Ok(ShardAnswer::TryAgain),
            };
        }
        // Whoever began this died. The order itself says what is still owed.
        let _driving = self.begin(known.order_id);
        let order = match self.store.order(known.order_id)? {
            Some(order) if order.status == OrderStatus::Placing => {
                self.drive_on(known.order_id, vec![Input::Wake]).await?
            }
            order => order,
        };
        self.conclude(key, order, true)
    }

    /// A sign of the end of the work on an order, if somebody is working on it.
    pub(super) fn wait_for(&self, id: OrderId) -> Option<oneshot::Receiver<()>> {
        if !self.is_driven(id) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        self.driven.borrow_mut().get_mut(&id)?.waiting.push(sender);
        Some(receiver)
    }

    /// Stores and tells what came of it; what did not come to an end is not stored.
    fn conclude(&self, key: &str, order: Option<Order>, replayed: bool) -> Result<ShardAnswer> {
        let Some(outcome) = order.and_then(outcome) else {
            return Ok(ShardAnswer::TryAgain);
        };
        self.store.conclude(key, &outcome)?;
        Ok(ShardAnswer::Checkout { outcome: Box::new(outcome), replayed })
    }
}

fn told_again(outcome: CheckoutOutcome) -> ShardAnswer {
    ShardAnswer::Checkout { outcome: Box::new(outcome), replayed: true }
}

/// Declined for good, and kept open for another attempt.
fn is_declined(order: &Order) -> bool {
    order.payment.as_ref().is_some_and(|payment| payment.is_dead() && !payment.is_secured())
}

fn outcome(order: Order) -> Option<CheckoutOutcome> {
    match (order.status, order.closing) {
        (OrderStatus::Placing, _) => None,
        (OrderStatus::Rejected, Some(CloseReason::InsufficientStock)) => {
            let shortages = order.claims.iter().filter_map(|claim| match claim.claim {
                ClaimState::Refused { available } => Some(Shortage {
                    sku: claim.sku.to_string(),
                    requested: claim.quantity,
                    available,
                }),
                _ => None,
            });
            Some(CheckoutOutcome::InsufficientStock { shortages: shortages.collect() })
        }
        (OrderStatus::Open, _) if is_declined(&order) => {
            Some(CheckoutOutcome::PaymentDeclined { order: Box::new(order) })
        }
        (OrderStatus::Rejected, _) => {
            Some(CheckoutOutcome::PaymentDeclined { order: Box::new(order) })
        }
        _ => Some(CheckoutOutcome::Placed { order: Box::new(order) }),
    }
}

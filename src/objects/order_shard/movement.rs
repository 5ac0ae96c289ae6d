//! Money that is asked to move: by the merchant, by a buyer who tries again, by a browser that comes
//! back, by a webhook that is not believed.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::{Either, select};
use worker::Result;

use super::{Shard, gateway};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::order::Order;
use crate::domain::payment::{Gateway, MovementRefusal};
use crate::flows::advance::{Input, advance};
use crate::flows::attempts::{NewAttempt, retry};
use crate::flows::movements::{Capabilities, MovementAsk, request};
use crate::flows::owed::owed;
use crate::objects::commands::ShardAnswer;
use crate::providers::payment::registry;
use crate::runtime::clock::{fresh_uuid, now};
use crate::runtime::pause::pause;

/// After a webhook that was not believed the gateway is asked at most this often.
const DOUBTED_EVERY_SECONDS: i64 = 60;

/// What is asked for.
pub(super) enum Asked {
    /// A capture, a void or a refund.
    Movement(MovementAsk),
    /// Another attempt to pay.
    Attempt(Box<NewAttempt>),
}

impl Asked {
    /// A key belongs to what was asked for as much as to the body: the same body asks for a capture at
    /// one address and for a refund at another.
    fn fingerprint(&self, body: &str) -> String {
        let what = match self {
            Self::Movement(MovementAsk::Capture { .. }) => "capture",
            Self::Movement(MovementAsk::Void { .. }) => "void",
            Self::Movement(MovementAsk::Refund { .. }) => "refund",
            Self::Attempt(_) => "attempt",
        };
        [what, ":", body].concat()
    }
}

/// What came of writing it down.
enum Written {
    NotFound,
    Refused(MovementRefusal, Box<Order>),
    Done(Vec<OperationId>),
}

impl Shard {
    /// Writes down what is asked for, once per key, then takes it as far as it goes now. A refusal is
    /// not stored: the same key may be used again once what stood in the way is gone.
    pub(super) async fn move_money(
        self: &Rc<Self>,
        key: &str,
        fingerprint: &str,
        id: OrderId,
        asked: Asked,
    ) -> Result<ShardAnswer> {
        let fingerprint = &asked.fingerprint(fingerprint);
        if let Some((known, order_id, operations)) = self.store.movement(key)? {
            if known != *fingerprint || order_id != id {
                return Ok(ShardAnswer::KeyReused);
            }
            return self.moved(id, serde_json::from_str(&operations)?, true);
        }
        let written = self.store.transaction(|| self.write_down(key, fingerprint, id, &asked))?;
        let operations = match written {
            Written::NotFound => return Ok(ShardAnswer::NotFound),
            Written::Refused(refusal, order) => {
                return Ok(ShardAnswer::MovementRefused { refusal, order });
            }
            Written::Done(operations) => operations,
        };
        self.see_to(id).await?;
        self.moved(id, operations, false)
    }

    /// Takes the order as far as it goes now. Whoever works on it may have looked for the last time
    /// before this was written down, so the end of that work is waited for, within reason, and then what
    /// is still owed is done here.
    async fn see_to(self: &Rc<Self>, id: OrderId) -> Result<()> {
        let lease = self.platform.settings().lease_milliseconds();
        let mut patience = pause(lease.unsigned_abs());
        while let Some(end) = self.wait_for(id) {
            match select(end, patience).await {
                Either::Left((_, left)) => patience = left,
                // It is written down: the alarm sees to it.
                Either::Right(_) => return Ok(()),
            }
        }
        let owes = match self.store.order(id)? {
            Some(order) => owed(&order, now()).iter().any(|effect| !effect.is_background()),
            None => false,
        };
        if owes {
            self.drive(id, Vec::new()).await?;
        }
        Ok(())
    }

    fn moved(
        &self,
        id: OrderId,
        operations: Vec<OperationId>,
        replayed: bool,
    ) -> Result<ShardAnswer> {
        Ok(match self.store.order(id)? {
            Some(order) => ShardAnswer::Moved { order: Box::new(order), operations, replayed },
            None => ShardAnswer::NotFound,
        })
    }

    /// Decides and stores in one transaction: two requests at once see each other.
    fn write_down(
        &self,
        key: &str,
        fingerprint: &str,
        id: OrderId,
        asked: &Asked,
    ) -> Result<Written> {
        let Some(before) = self.store.order(id)? else { return Ok(Written::NotFound) };
        let now = now();
        let mut order = before.clone();
        if !self.is_driven(id) {
            // What is under way may have been sent by who died: it is not sent as if it were new.
            advance(&mut order, Input::Wake, now, &mut fresh_uuid);
        }
        let outcome = match asked {
            Asked::Movement(ask) => {
                let can = self.can(&before);
                request(&mut order, ask, can, now, &mut fresh_uuid)
            }
            Asked::Attempt(attempt) => {
                retry(&mut order, (**attempt).clone(), now, &mut fresh_uuid).map(|()| Vec::new())
            }
        };
        let operations = match outcome {
            Ok(operations) => operations,
            Err(refusal) => return Ok(Written::Refused(refusal, Box::new(before))),
        };
        self.store_changed(&before, &mut order, now)?;
        self.store.note_movement(key, fingerprint, id, &operations, now)?;
        Ok(Written::Done(operations))
    }

    fn can(&self, order: &Order) -> Capabilities {
        let nothing =
            Capabilities { capture: false, capture_in_parts: false, void: false, refund: false };
        let payment = order.payment.as_ref();
        payment.map_or(nothing, |payment| gateway::capabilities(&self.platform, payment))
    }

    /// The browser came back: what it brings is judged by the gateway's rules, and the gateway is asked
    /// either way. Nothing is believed for having been brought by a browser.
    pub(super) async fn returned(
        self: &Rc<Self>,
        id: OrderId,
        parameters: &BTreeMap<String, String>,
    ) -> Result<ShardAnswer> {
        let Some(order) = self.store.order(id)? else { return Ok(ShardAnswer::NotFound) };
        if let Some(payment) = &order.payment
            && let Some(reference) = payment.reference()
            && let Some(provider) =
                registry::gateway(&self.platform.settings().payments, payment.gateway)
        {
            let known = gateway::known(&order, payment, reference);
            let parameter = |name: &str| parameters.get(name).cloned();
            if let Err(refusal) = provider.check_return(&known, &parameter) {
                return Ok(ShardAnswer::ReturnRefused { problem: refusal.to_string() });
            }
        }
        self.sync(id).await
    }

    /// A webhook that was not believed names this order. It proves nothing; the gateway is asked, as
    /// anybody may ask it, and not more often than now and then.
    pub(super) fn doubted(&self, gateway: Gateway, id: OrderId) -> Result<ShardAnswer> {
        let Some(order) = self.store.order(id)? else { return Ok(ShardAnswer::NotFound) };
        let asks = order.payments().any(|payment| {
            payment.gateway == gateway
                && payment.ask_again_at.is_none()
                && !payment.is_over()
                && payment.reference().is_some()
        });
        let lately = now().milliseconds_since(order.updated_at);
        if asks && lately >= DOUBTED_EVERY_SECONDS.saturating_mul(1_000) && !self.is_driven(id) {
            self.apply(vec![(id, vec![Input::Ask])])?;
        }
        Ok(ShardAnswer::Ok)
    }
}

//! Group commit: steps of many orders that come at the same time are stored in one turn.
//!
//! What a step costs is its synced commit, not its statements. While one commit is on its way to the
//! disk, answers for other orders arrive; each would be a commit of its own. So a step waits until
//! everything that has already arrived has been heard, and all of it is stored together. A request
//! that is alone in the shard doesn't wait.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures_channel::oneshot;
use worker::{Error, Result};

use super::Shard;
use super::drive::Stepped;
use crate::domain::id::OrderId;
use crate::domain::order::Order;
use crate::domain::payment::Gateway;
use crate::flows::advance::Input;
use crate::flows::schedule::wake_at;
use crate::objects::commands::WebhookNews;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::pause::pause;
use crate::runtime::task;

/// Something to be stored.
pub(super) enum Step {
    /// A new order under its key.
    Place { key: String, fingerprint: String, order: Box<Order> },
    /// Inputs for an order.
    Advance { id: OrderId, inputs: Vec<Input> },
    /// A webhook: into the inbox, and, if it was not there, into its order.
    Hear { gateway: Gateway, event_id: String, id: OrderId, news: Box<WebhookNews> },
}

/// What a step left: the order afterwards and what it owes. None if there is no such order.
type Outcome = Result<Option<Stepped>>;

/// Steps that wait for the next commit.
#[derive(Default)]
pub(super) struct CommitQueue {
    waiting: RefCell<Vec<(Step, oneshot::Sender<Outcome>)>>,
    scheduled: Cell<bool>,
    requests: Cell<usize>,
    /// Keys whose orders wait to be placed: a second request under one of them must find it.
    pub placing: RefCell<HashMap<String, (OrderId, String)>>,
}

/// A request that is being handled.
pub(super) struct Counted(Rc<CommitQueue>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.requests.set(self.0.requests.get().saturating_sub(1));
    }
}

impl CommitQueue {
    /// Counts a request for as long as the answer lives.
    pub(super) fn count_request(self: &Rc<Self>) -> Counted {
        self.requests.set(self.requests.get().saturating_add(1));
        Counted(Rc::clone(self))
    }
}

impl Shard {
    /// Stores a step, together with whatever else is to be stored now.
    pub(super) async fn commit(self: &Rc<Self>, step: Step) -> Outcome {
        if self.commits.requests.get() <= 1 && self.commits.waiting.borrow().is_empty() {
            return self.store.transaction(|| self.store_step(&step));
        }
        let (sender, receiver) = oneshot::channel();
        self.commits.waiting.borrow_mut().push((step, sender));
        if !self.commits.scheduled.replace(true) {
            task::spawn(Rc::clone(self).commit_waiting());
        }
        receiver.await.map_err(|_| Error::RustError("the commit was abandoned".to_owned()))?
    }

    async fn commit_waiting(self: Rc<Self>) {
        // Whatever has arrived is heard before the timer is.
        pause(0).await;
        self.commits.scheduled.set(false);
        let batch = self.commits.waiting.take();
        let (steps, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let together =
            self.store.transaction(|| steps.iter().map(|step| self.store_step(step)).collect());
        let outcomes: Vec<Outcome> = match together {
            Ok(stepped) => Vec::into_iter(stepped).map(Ok).collect(),
            // One step that can't be stored must not take the others with it.
            Err(_) => {
                steps.iter().map(|step| self.store.transaction(|| self.store_step(step))).collect()
            }
        };
        for (sender, outcome) in senders.into_iter().zip(outcomes) {
            // Whoever stopped waiting reads the state again later.
            let _ = sender.send(outcome);
        }
    }

    /// Stores one step inside the caller's transaction.
    fn store_step(&self, step: &Step) -> Outcome {
        match step {
            Step::Place { key, fingerprint, order } => {
                let lease = self.platform.settings().lease_milliseconds();
                let wake = wake_at(order, now(), lease);
                self.store.insert(key, fingerprint, order, wake)?;
                self.store.keep(order);
                self.arm_for(wake, false, now())?;
                Ok(None)
            }
            Step::Advance { id, inputs } => self.advance_within(*id, inputs.clone()),
            Step::Hear { gateway, event_id, id, news } => self.hear(*gateway, event_id, *id, news),
        }
    }

    fn hear(&self, gateway: Gateway, event_id: &str, id: OrderId, news: &WebhookNews) -> Outcome {
        let Some(order) = self.store.order(id)? else { return Ok(None) };
        if !order.payments().any(|payment| payment.gateway == gateway) {
            let fields = serde_json::json!({ "order_id": id, "gateway": gateway });
            log::event(Level::Warning, "webhook.other_gateway", fields);
            return Ok(Some(Stepped { order, owes: Vec::new() }));
        }
        if !self.store.receive(gateway, event_id, id, news, now())? {
            return Ok(Some(Stepped { order, owes: Vec::new() }));
        }
        let input = match news.clone() {
            WebhookNews::Payment { report } => Input::Heard(gateway, *report),
            WebhookNews::Movements { reference, movements } => {
                Input::Movements { gateway, reference, movements }
            }
            WebhookNews::AskAbout { reference } => Input::AskAbout { gateway, reference },
        };
        self.advance_from(order, vec![input]).map(Some)
    }
}

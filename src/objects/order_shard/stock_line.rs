//! Claims on their way to the objects that have SKUs' units. Those for one object that arrive while a call
//! to it is in flight travel together in the next one: a synced commit per call is the ceiling, so fewer
//! calls is the speed, and a hot SKU costs no more than a thousand cold ones.
//!
//! Nobody waits long for an object that can't keep up: it is given some seconds, a line that is too long
//! takes no one in, and one that the platform calls overloaded is left alone for a moment. Whoever gets no
//! answer is told to try again, and the order's alarm asks again by itself.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::domain::id::Sku;
use crate::domain::inventory::spread::{SpreadHint, StockObject};
use crate::domain::inventory::{ClaimAnswer, ClaimReply};
use crate::domain::order::Order;
use crate::domain::time::Timestamp;
use crate::objects::commands::{MAX_CLAIMS_PER_CALL, OrderClaim, SkuAnswer, SkuCommand};
use crate::runtime::clock::now;
use crate::runtime::deadline::within;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;
use crate::runtime::task;
use futures_channel::oneshot;

/// How long an object has to answer a call.
const ANSWER_WITHIN_MILLISECONDS: u32 = 8_000;

/// More than so many claims don't wait for one object.
const MAX_WAITING: usize = MAX_CLAIMS_PER_CALL * 20;

/// An object that the platform calls overloaded is not asked for so long.
const LEFT_ALONE_MILLISECONDS: i64 = 1_000;

/// So long new orders go by what was last heard of drop mode.
const HINT_SECONDS: i64 = 5;

/// One claim and whoever waits for its answer. A dropped sender tells that there was none.
type Waiting = (OrderClaim, oneshot::Sender<ClaimReply>);

/// The lines before the objects, one for each that is being called.
pub struct StockLine {
    platform: Platform,
    lines: RefCell<HashMap<StockObject, Vec<Waiting>>>,
    /// Objects that are left alone, and until when.
    overloaded: RefCell<HashMap<StockObject, Timestamp>>,
    /// SKUs whose units are spread, and until when that is believed.
    hints: RefCell<HashMap<Sku, (SpreadHint, Timestamp)>>,
}

impl StockLine {
    /// No one waits yet.
    pub fn new(platform: Platform) -> Self {
        Self {
            platform,
            lines: RefCell::default(),
            overloaded: RefCell::default(),
            hints: RefCell::default(),
        }
    }

    /// Chooses, for good, which object each claim of a new order asks. Orders that a channel has sold ask the
    /// SKU's own: what is set aside for channels is there.
    pub fn choose_objects(&self, order: &mut Order, now: Timestamp) {
        if order.claim_terms.channel.is_some() {
            return;
        }
        let mut hints = self.hints.borrow_mut();
        hints.retain(|_, (_, until)| *until > now);
        for claim in &mut order.claims {
            let hint = hints.get(&claim.sku).map(|(hint, _)| *hint);
            claim.slice = hint.and_then(|hint| hint.slice(&order.claim_terms, order.id));
        }
    }

    /// The object's answer, or none if it can't be had now.
    pub async fn claim(
        self: &Rc<Self>,
        object: StockObject,
        claim: OrderClaim,
    ) -> Option<ClaimReply> {
        if self.is_left_alone(&object) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut lines = self.lines.borrow_mut();
            let first = !lines.contains_key(&object);
            let line = lines.entry(object.clone()).or_default();
            if line.len() >= MAX_WAITING {
                return None;
            }
            line.push((claim, sender));
            first
        };
        if first {
            task::spawn(Rc::clone(self).serve(object));
        }
        receiver.await.ok()
    }

    /// Calls the object until nobody waits for it. The line's entry in the map is the sign that it is
    /// being served.
    async fn serve(self: Rc<Self>, object: StockObject) {
        loop {
            let batch = {
                let mut lines = self.lines.borrow_mut();
                let Some(line) = lines.get_mut(&object) else { return };
                if line.is_empty() {
                    lines.remove(&object);
                    return;
                }
                let count = line.len().min(MAX_CLAIMS_PER_CALL);
                line.drain(..count).collect::<Vec<_>>()
            };
            let (claims, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let command = SkuCommand::Claims { claims };
            let call = self.platform.stock_object(&object, &command);
            match within(ANSWER_WITHIN_MILLISECONDS, call).await {
                Some(Ok(SkuAnswer::Claims { answers, spread })) => {
                    self.hear_of_spread(&object.sku, spread);
                    for (sender, reply) in senders.into_iter().zip(answers) {
                        if reply.answer != ClaimAnswer::Unsettled {
                            // Whoever stopped waiting reads the state again later.
                            let _ = sender.send(reply);
                        }
                    }
                }
                Some(Ok(_)) => silent(&object, "the answer is of another kind"),
                Some(Err(unavailable)) => {
                    silent(&object, &unavailable.cause);
                    if unavailable.overloaded {
                        self.leave_alone(&object);
                    }
                }
                None => silent(&object, "no answer in time"),
            }
        }
    }

    fn hear_of_spread(&self, sku: &Sku, spread: Option<SpreadHint>) {
        let mut hints = self.hints.borrow_mut();
        match spread {
            Some(hint) => {
                hints.insert(sku.clone(), (hint, now().plus_seconds(HINT_SECONDS)));
            }
            None => {
                hints.remove(sku);
            }
        }
    }

    /// Sends away whoever waits for an object, and for a moment whoever comes.
    fn leave_alone(&self, object: &StockObject) {
        if let Some(line) = self.lines.borrow_mut().get_mut(object) {
            line.clear();
        }
        let until = now().plus_milliseconds(LEFT_ALONE_MILLISECONDS);
        self.overloaded.borrow_mut().insert(object.clone(), until);
    }

    fn is_left_alone(&self, object: &StockObject) -> bool {
        let mut overloaded = self.overloaded.borrow_mut();
        if overloaded.is_empty() {
            return false;
        }
        let now = now();
        overloaded.retain(|_, until| *until > now);
        overloaded.contains_key(object)
    }
}

fn silent(object: &StockObject, cause: &str) {
    let fields = serde_json::json!({ "object": object.to_string(), "cause": cause });
    log::event(Level::Warning, "stock.no_answer", fields);
}

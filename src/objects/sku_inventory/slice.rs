//! Drop mode at a slice: it serves orders from its own units, passes on what it can't serve, follows what
//! the SKU's own object says, and tells it how it stands.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::join_all;
use worker::{Error, Result};

use super::Inventory;
use super::store::Stored;
use super::tell::{trouble, unavailable};
use crate::domain::inventory::spread::{Instruction, Slice, SliceNews};
use crate::domain::inventory::{ClaimAnswer, ClaimReply};
use crate::domain::time::Timestamp;
use crate::objects::commands::{MAX_CLAIMS_PER_CALL, OrderClaim, SkuAnswer, SkuCommand};
use crate::runtime::task;

/// What a slice remembers. What is of record is in its storage.
#[derive(Default)]
pub(super) struct SliceMemory {
    slice: RefCell<Option<Slice>>,
    /// Claims that are to be passed on, and who waits. A dropped sender tells that there was no answer.
    line: RefCell<Vec<(OrderClaim, oneshot::Sender<ClaimReply>)>>,
    /// Whether the SKU's own object is being called.
    calling: Cell<bool>,
    /// Claims heard since it was last told of them.
    claims: Cell<u32>,
}

impl SliceMemory {
    pub fn forget(&self) {
        self.slice.take();
    }
}

impl Inventory {
    pub(super) fn of_slice<T>(&self, look: impl FnOnce(&Slice) -> T) -> Result<T> {
        let mut known = self.spread.slice.slice.borrow_mut();
        let slice = match known.take() {
            Some(slice) => slice,
            None => self.store.slice()?,
        };
        Ok(look(known.insert(slice)))
    }

    fn keep_slice(&self, slice: Slice) -> Result<()> {
        self.store.write_slice(&slice)?;
        self.spread.slice.slice.replace(Some(slice));
        Ok(())
    }

    /// The replies to claims, in their order: those that can be decided here at once, the others when the
    /// SKU's own object has answered.
    pub(super) async fn answer_in_slice(
        self: &Rc<Self>,
        claims: &[OrderClaim],
    ) -> Result<Vec<ClaimReply>> {
        let memory = &self.spread.slice;
        let count = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        memory.claims.set(memory.claims.get().saturating_add(count));
        let mut replies = vec![None; claims.len()];
        self.turn(|now| self.claim_all(self.known_up_to_date(now)?, claims, &mut replies, now))?;
        let passed_on = claims.iter().zip(replies).map(|(claim, reply)| async move {
            match reply {
                Some(reply) => reply,
                None => self.ask_home(claim.clone()).await,
            }
        });
        let replies = join_all(passed_on).await;
        for (claim, reply) in claims.iter().zip(&replies) {
            if claim.terms.customer.is_some() && got_nothing(reply.answer) {
                self.store.passed_on_in_vain(&claim.order_id.to_string())?;
            }
        }
        Ok(replies)
    }

    /// What the SKU's own object answers. Claims that wait while it is being called travel together.
    async fn ask_home(self: &Rc<Self>, claim: OrderClaim) -> ClaimReply {
        let (sender, receiver) = oneshot::channel();
        self.spread.slice.line.borrow_mut().push((claim, sender));
        self.begin_to_call();
        receiver.await.unwrap_or_else(|_| ClaimAnswer::Unsettled.into())
    }

    fn begin_to_call(self: &Rc<Self>) {
        if !self.spread.slice.calling.replace(true) {
            task::spawn(Rc::clone(self).call_home());
        }
    }

    async fn call_home(self: Rc<Self>) {
        loop {
            let batch = {
                let mut line = self.spread.slice.line.borrow_mut();
                let count = line.len().min(MAX_CLAIMS_PER_CALL);
                line.drain(..count).collect::<Vec<_>>()
            };
            let (claims, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            match self.tell_main(claims).await {
                Ok(answers) => {
                    for (sender, answer) in senders.into_iter().zip(answers) {
                        // Whoever stopped waiting reads the state again later.
                        let _ = sender.send(answer);
                    }
                }
                Err(error) => trouble("inventory.main_not_told", &error),
            }
            if self.spread.slice.line.borrow().is_empty() {
                self.spread.slice.calling.set(false);
                return;
            }
        }
    }

    /// Tells the SKU's own object how this slice stands, and what it passes on; follows what it says.
    async fn tell_main(&self, claims: Vec<OrderClaim>) -> Result<Vec<ClaimReply>> {
        let news = Box::new(self.news()?);
        let version = news.level.version;
        let command = SkuCommand::Forward { news, claims };
        let answer = self.platform.sku(&self.sku, &command).await.map_err(unavailable)?;
        let SkuAnswer::Instructed { instruction, answers } = answer else {
            return Err(Error::RustError("the answer is of another kind".to_owned()));
        };
        self.follow(&instruction)?;
        self.store.projected(version)?;
        Ok(answers)
    }

    fn news(&self) -> Result<SliceNews> {
        let claims = self.spread.slice.claims.take();
        let level = self.turn(|now| self.up_to_date(now))?.level;
        let number = self.slice.unwrap_or_default();
        self.of_slice(|slice| slice.news(number, &level, claims))
    }

    /// Follows what the SKU's own object says, and answers how the slice stands then.
    pub(super) fn follow(&self, instruction: &Instruction) -> Result<SkuAnswer> {
        let Some(number) = self.slice else {
            return Err(Error::RustError("a SKU's own object follows nobody".to_owned()));
        };
        let level = self.turn(|now| {
            let mut stored = self.up_to_date(now)?;
            let before = stored.level.clone();
            let known = self.of_slice(Slice::clone)?;
            let mut slice = known.clone();
            let movements = slice.hear(&mut stored.level, instruction);
            if slice == known && movements.is_empty() {
                return Ok(stored.level);
            }
            let cause = self.spread_cause(number);
            for movement in &movements {
                self.store.append(&mut stored, movement, &cause, now)?;
            }
            self.keep_slice(slice)?;
            self.settle(&before, &mut stored, now)?;
            Ok(stored.level)
        })?;
        let news = self.of_slice(|slice| slice.news(number, &level, 0))?;
        Ok(SkuAnswer::News { news: Box::new(news) })
    }

    /// Part of every turn that changed a slice's counters: what is not to stay goes home.
    pub(super) fn give_back(&self, stored: &mut Stored, now: Timestamp) -> Result<()> {
        let mut slice = self.of_slice(Slice::clone)?;
        let movements = slice.give_back(&mut stored.level);
        if movements.is_empty() {
            return Ok(());
        }
        let cause = self.spread_cause(self.slice.unwrap_or_default());
        for movement in &movements {
            self.store.append(stored, movement, &cause, now)?;
        }
        self.keep_slice(slice)
    }

    /// Begins to tell the SKU's own object of units that are on their way to it.
    pub(super) fn send_home(self: &Rc<Self>) -> Result<()> {
        if self.of_slice(|slice| slice.pending.is_some())? {
            self.begin_to_call();
        }
        Ok(())
    }

    /// The alarm's part at a slice.
    pub(super) async fn tell_home(&self) -> Result<()> {
        let stored = self.turn(|now| self.up_to_date(now))?;
        let is_pending = self.of_slice(|slice| slice.pending.is_some())?;
        if stored.projected_version < stored.level.version || is_pending {
            self.tell_main(Vec::new()).await?;
        }
        Ok(())
    }
}

/// Whether an order is known to have no units after this answer.
const fn got_nothing(answer: ClaimAnswer) -> bool {
    match answer {
        ClaimAnswer::Insufficient { .. }
        | ClaimAnswer::Short { .. }
        | ClaimAnswer::Limited { .. }
        | ClaimAnswer::Released
        | ClaimAnswer::Closed => true,
        ClaimAnswer::Held
        | ClaimAnswer::Committed
        | ClaimAnswer::Restocked
        | ClaimAnswer::Unsettled => false,
    }
}

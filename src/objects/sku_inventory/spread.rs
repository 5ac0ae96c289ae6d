//! Drop mode at the SKU's own object: it deals units to slices, recalls them when it has none, and decides
//! what they pass on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::join_all;
use worker::{Error, Result};

use super::Inventory;
use super::changes::Asked;
use super::slice::SliceMemory;
use super::store::Stored;
use super::tell::{TELL_AFTER_MILLISECONDS, trouble, unavailable};
use crate::domain::inventory::spread::{
    Busyness, SliceNews, Spread, SpreadHint, SpreadReport, SpreadSettings, StockObject, passes_on,
    postpones,
};
use crate::domain::inventory::{
    Cause, CauseKind, ClaimAnswer, ClaimCommand, ClaimDecision, ClaimReply, Reservation,
    StockChange, StockLevel, Usage,
};
use crate::domain::time::Timestamp;
use crate::objects::commands::{OrderClaim, SkuAnswer, SkuCommand};
use crate::runtime::clock::now;
use crate::runtime::deadline::within;
use crate::runtime::task;

/// How long a claim waits for a recall of the slices' units.
const GATHER_WITHIN_MILLISECONDS: u32 = 3_000;

/// A slice is asked so often in one recall: once more than units can be under way in both directions.
const GATHER_ROUNDS: usize = 4;

/// So many recalls a claim waits for; more would mean that units are dealt again and again meanwhile.
const MAX_GATHERINGS: usize = 2;

/// What an object remembers of drop mode. What is of record is in its storage.
pub(super) struct SpreadMemory {
    spread: RefCell<Option<Spread>>,
    /// As a slice.
    pub slice: SliceMemory,
    busyness: Cell<Busyness>,
    /// Whoever waits for the recall that is under way; none is if there is nobody.
    gathering: RefCell<Vec<oneshot::Sender<()>>>,
    /// Claims and changes that wait for units: nothing is dealt meanwhile.
    postponed: Rc<Cell<usize>>,
    telling: Cell<bool>,
}

impl SpreadMemory {
    pub fn new(now: Timestamp) -> Self {
        Self {
            spread: RefCell::default(),
            slice: SliceMemory::default(),
            busyness: Cell::new(Busyness::new(now)),
            gathering: RefCell::default(),
            postponed: Rc::default(),
            telling: Cell::new(false),
        }
    }

    /// What was read in a transaction that was rolled back may never have been so.
    pub fn forget(&self) {
        self.spread.take();
        self.slice.forget();
    }
}

/// Somebody waits for units.
struct Postponed(Rc<Cell<usize>>);

impl Postponed {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(Rc::clone(count))
    }
}

impl Drop for Postponed {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl Inventory {
    pub(super) fn of_spread<T>(&self, look: impl FnOnce(&Spread) -> T) -> Result<T> {
        let mut known = self.spread.spread.borrow_mut();
        let spread = match known.take() {
            Some(spread) => spread,
            None if self.slice.is_some() => Spread::default(),
            None => self.store.spread()?,
        };
        Ok(look(known.insert(spread)))
    }

    /// Writes what has changed, inside the caller's transaction.
    fn keep_spread(&self, after: Spread) -> Result<()> {
        self.of_spread(|before| self.store.write_spread(before, &after))??;
        self.spread.spread.replace(Some(after));
        Ok(())
    }

    fn name_of(&self, slice: u16) -> StockObject {
        StockObject { sku: self.sku.clone(), slice: Some(slice) }
    }

    pub(super) fn spread_cause(&self, slice: u16) -> Cause {
        let id = Some(self.name_of(slice).to_string());
        Cause { kind: CauseKind::Spread, id, actor: None, reason: None }
    }

    /// The counters as they are told to others: a SKU's own object speaks for the whole.
    pub(super) fn whole(&self, level: &StockLevel) -> Result<StockLevel> {
        self.of_spread(|spread| spread.whole(level))
    }

    /// Their version.
    pub(super) fn version(&self, level: &StockLevel) -> Result<i64> {
        self.of_spread(|spread| {
            let versions = spread.members.iter().map(|member| member.level.version);
            versions.fold(level.version, i64::saturating_add)
        })
    }

    /// What orders are told of drop mode.
    pub(super) fn hint(&self) -> Result<Option<SpreadHint>> {
        let hint = match self.slice {
            Some(_) => self.of_slice(|slice| slice.hint)?,
            None if self.of_spread(Spread::is_on)? => {
                let level = self.store.known_level()?.level;
                self.of_spread(|spread| spread.hint(&level))?
            }
            None => SpreadHint::default(),
        };
        Ok(Some(hint).filter(|hint| hint.slices > 0))
    }

    /// Changes as they are to be made here.
    pub(super) fn of_main(&self, changes: &[StockChange]) -> Result<Vec<StockChange>> {
        self.of_spread(|spread| changes.iter().cloned().map(|one| spread.of_main(one)).collect())
    }

    /// Whether a command is not to be decided here and now: a slice passes it on, main first finds out
    /// whether slices have units.
    pub(super) fn leaves_open(
        &self,
        claim: &OrderClaim,
        known: Option<&Reservation>,
        decision: &ClaimDecision,
        now: Timestamp,
    ) -> Result<bool> {
        if self.slice.is_none() {
            return Ok(self.of_spread(Spread::may_have_more)? && postpones(decision, known));
        }
        let is_open = self.of_slice(|slice| slice.is_open)?;
        let passes_on = passes_on(is_open, known, &claim.command, decision, now);
        if let ClaimCommand::Reserve { quantity, .. } | ClaimCommand::Commit { quantity } =
            &claim.command
            && passes_on
        {
            let customer = claim.terms.customer.as_deref();
            self.store.pass_on(&claim.order_id.to_string(), customer, *quantity)?;
        }
        Ok(passes_on)
    }

    /// What a customer and a holder have of the SKU by other orders, as far as this object knows: a slice
    /// counts what it passed on as well.
    pub(super) fn usage(
        &self,
        order_id: &str,
        customer: Option<&str>,
        holder: Option<&str>,
    ) -> Result<Usage> {
        let mut usage = self.store.usage(order_id, customer, holder)?;
        if let Some(customer) = customer.filter(|_| self.slice.is_some()) {
            let passed_on = self.store.passed_on_for(customer, order_id)?;
            usage.customer_units = usage.customer_units.saturating_add(passed_on);
        }
        Ok(usage)
    }

    pub(super) fn is_passed_on(&self, order_id: &str) -> Result<bool> {
        Ok(self.slice.is_some() && self.store.is_passed_on(order_id)?)
    }

    /// The replies to claims, in their order.
    pub(super) async fn answer_claims(
        self: &Rc<Self>,
        claims: &[OrderClaim],
    ) -> Result<Vec<ClaimReply>> {
        if self.slice.is_some() {
            return self.answer_in_slice(claims).await;
        }
        let mut replies = vec![None; claims.len()];
        let count = u32::try_from(claims.len()).unwrap_or(u32::MAX);
        self.turn(|now| {
            self.notice_demand(count, now)?;
            self.claim_all(self.known_up_to_date(now)?, claims, &mut replies, now)
        })?;
        for _ in 0..MAX_GATHERINGS {
            if replies.iter().all(Option::is_some) {
                break;
            }
            if !self.gather().await {
                break;
            }
            self.turn(|now| {
                self.claim_all(self.known_up_to_date(now)?, claims, &mut replies, now)
            })?;
        }
        let unsettled = || ClaimReply::from(ClaimAnswer::Unsettled);
        Ok(replies.into_iter().map(|reply| reply.unwrap_or_else(unsettled)).collect())
    }

    /// Takes in what a slice says, decides what it passes on, and tells it what it is to know.
    pub(super) async fn answer_slice(
        self: &Rc<Self>,
        news: &SliceNews,
        claims: &[OrderClaim],
    ) -> Result<SkuAnswer> {
        self.take_news(news)?;
        let answers = if claims.is_empty() { vec![] } else { self.answer_claims(claims).await? };
        let level = self.store.level()?.level;
        let instruction = self.of_spread(|spread| spread.instruction(news.slice, &level))?;
        Ok(SkuAnswer::Instructed { instruction: Box::new(instruction), answers })
    }

    fn take_news(&self, news: &SliceNews) -> Result<()> {
        self.turn(|now| {
            let mut stored = self.up_to_date(now)?;
            let before = stored.level.clone();
            let known = self.of_spread(Spread::clone)?;
            let mut spread = known.clone();
            let movements = spread.hear(&mut stored.level, news);
            if spread == known {
                return Ok(());
            }
            let cause = self.spread_cause(news.slice);
            for movement in &movements {
                self.store.append(&mut stored, movement, &cause, now)?;
            }
            self.keep_spread(spread)?;
            self.notice_demand(news.claims, now)?;
            self.settle(&before, &mut stored, now)
        })
    }

    /// Counts demand, and switches drop mode on when there is as much as its merchant said.
    fn notice_demand(&self, claims: u32, now: Timestamp) -> Result<()> {
        let settings = self.of_spread(|spread| spread.settings)?;
        let Some(threshold) = settings.automatic_above_per_second else {
            return Ok(());
        };
        let mut busyness = self.spread.busyness.get();
        let is_busy = busyness.count(claims, threshold, now);
        self.spread.busyness.set(busyness);
        if is_busy && !self.of_spread(Spread::is_on)? {
            let mut spread = self.of_spread(Spread::clone)?;
            spread.switch(settings.slices);
            self.keep_spread(spread)?;
        }
        Ok(())
    }

    /// Sets and shows drop mode.
    pub(super) fn set_spread(&self, settings: Option<SpreadSettings>) -> Result<SkuAnswer> {
        self.turn(|now| {
            let mut stored = self.up_to_date(now)?;
            let before = stored.level.clone();
            if let Some(settings) = settings {
                let mut spread = self.of_spread(Spread::clone)?;
                spread.set(settings);
                self.keep_spread(spread)?;
                self.settle(&before, &mut stored, now)?;
            }
            let report = self.of_spread(|spread| SpreadReport {
                settings: spread.settings,
                slices: spread.slices,
                whole: spread.whole(&stored.level),
                main: stored.level.clone(),
                members: spread.members.clone(),
            })?;
            Ok(SkuAnswer::Spread { report: Box::new(report), as_of: now })
        })
    }

    /// Part of every turn that changed counters: slices that have nothing get units.
    pub(super) fn deal(&self, stored: &mut Stored, now: Timestamp) -> Result<()> {
        let is_waited_for = self.spread.postponed.get() > 0;
        if is_waited_for || !self.of_spread(Spread::is_on)? {
            return Ok(());
        }
        let mut spread = self.of_spread(Spread::clone)?;
        let dealt = spread.deal(&mut stored.level);
        if dealt.is_empty() {
            return Ok(());
        }
        for (slice, movement) in &dealt {
            self.store.append(stored, movement, &self.spread_cause(*slice), now)?;
        }
        self.keep_spread(spread)
    }

    /// Recalls what slices have free before a change that may want it.
    pub(super) async fn gather_for(self: &Rc<Self>, asked: &Asked<'_>) -> Result<()> {
        let changes_terms = asked.terms.is_some();
        let wants_all = |spread: &Spread| spread.wants_all(asked.changes, changes_terms);
        if !self.of_spread(wants_all)? || self.store.change(asked.key)?.is_some() {
            return Ok(());
        }
        if self.gather().await {
            return Ok(());
        }
        Err(Error::RustError("not every object that has units of this SKU answered".to_owned()))
    }

    /// Recalls what slices have free; whoever wants it while that is under way waits for the same recall.
    /// Whether every slice is known to be dry.
    async fn gather(self: &Rc<Self>) -> bool {
        let _postponed = Postponed::new(&self.spread.postponed);
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut gathering = self.spread.gathering.borrow_mut();
            gathering.push(sender);
            gathering.len() == 1
        };
        if first {
            task::spawn(Rc::clone(self).gather_all());
        }
        let ended = within(GATHER_WITHIN_MILLISECONDS, receiver).await;
        ended.is_some() && !self.of_spread(Spread::may_have_more).unwrap_or(true)
    }

    async fn gather_all(self: Rc<Self>) {
        let deadline = GATHER_WITHIN_MILLISECONDS;
        if let Some(Err(error)) = within(deadline, self.ask_for_everything()).await {
            trouble("inventory.not_gathered", &error);
        }
        for waiting in self.spread.gathering.take() {
            // Whoever stopped waiting told so.
            let _ = waiting.send(());
        }
    }

    async fn ask_for_everything(self: &Rc<Self>) -> Result<()> {
        for _ in 0..GATHER_ROUNDS {
            let not_dry = self.turn(|now| {
                let mut spread = self.of_spread(Spread::clone)?;
                spread.recall();
                let not_dry = spread.not_dry();
                self.keep_spread(spread)?;
                // If this dies, the alarm goes on telling.
                self.arm(&self.store.level()?.level, now)?;
                Ok(not_dry)
            })?;
            if not_dry.is_empty() {
                break;
            }
            for told in join_all(not_dry.into_iter().map(|slice| self.instruct(slice))).await {
                told?;
            }
        }
        Ok(())
    }

    /// Tells a slice what it is to know, and takes in what it says.
    async fn instruct(&self, slice: u16) -> Result<()> {
        let level = self.store.level()?.level;
        let instruction = Box::new(self.of_spread(|spread| spread.instruction(slice, &level))?);
        let command = SkuCommand::Instruct { instruction };
        let answer = self.platform.stock_object(&self.name_of(slice), &command).await;
        match answer.map_err(unavailable)? {
            SkuAnswer::News { news } => self.take_news(&news),
            _ => Err(Error::RustError("a slice's answer is of another kind".to_owned())),
        }
    }

    /// Begins to tell whoever must be told something, unless that is under way. Nobody waits for it.
    pub(super) fn send_owed(self: &Rc<Self>) -> Result<()> {
        if self.slice.is_some() {
            return self.send_home();
        }
        if self.of_spread(|spread| spread.owed().is_empty())? || self.spread.telling.replace(true) {
            return Ok(());
        }
        let inventory = Rc::clone(self);
        task::spawn(async move {
            let told = inventory.tell_slices().await;
            inventory.spread.telling.set(false);
            if let Err(error) = told {
                trouble("inventory.slices_not_told", &error);
            }
        });
        Ok(())
    }

    async fn tell_slices(&self) -> Result<()> {
        for _ in 0..GATHER_ROUNDS {
            let owed = self.of_spread(Spread::owed)?;
            if owed.is_empty() {
                break;
            }
            for told in join_all(owed.into_iter().map(|slice| self.instruct(slice))).await {
                told?;
            }
        }
        Ok(())
    }

    /// The alarm's part in drop mode.
    pub(super) async fn ring_for_spread(self: &Rc<Self>) -> Result<()> {
        if self.slice.is_some() {
            return self.tell_home().await;
        }
        let is_quiet = self.of_spread(|spread| {
            let automatic = spread.settings.automatic_above_per_second.is_some();
            automatic && spread.is_on() && self.spread.busyness.get().quiet_at() <= now()
        })?;
        if is_quiet {
            self.turn(|_| {
                let mut spread = self.of_spread(Spread::clone)?;
                spread.switch(0);
                self.keep_spread(spread)
            })?;
        }
        self.tell_slices().await
    }

    /// When drop mode wants the alarm.
    pub(super) fn spread_wants(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        let soon = now.plus_milliseconds(TELL_AFTER_MILLISECONDS);
        if self.slice.is_some() {
            return self.of_slice(|slice| slice.pending.is_some().then_some(soon));
        }
        self.of_spread(|spread| {
            if !spread.owed().is_empty() {
                return Some(soon);
            }
            let automatic = spread.settings.automatic_above_per_second.is_some();
            (automatic && spread.is_on()).then(|| self.spread.busyness.get().quiet_at().max(soon))
        })
    }
}

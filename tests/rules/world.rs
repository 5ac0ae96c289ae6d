//! The world: SKUs, orders, people, a clock, and the post between them.

use std::collections::BTreeMap;
use std::fmt;

use cartwright::domain::id::{OrderId, Sku};
use cartwright::domain::inventory::{
    Cause, CauseKind, ChangeRefusal, ChannelId, ChannelTerms, ClaimAnswer, ClaimTerms, Condition,
    LocationId, ReservationState, StockChange, TermsChange,
};
use cartwright::domain::order::{ClaimState, CloseReason, Order, OrderStatus, StockClaim};
use cartwright::domain::payment::{CaptureMode, ReportedState};
use cartwright::domain::stock_document::{Debt, StockDocument};
use cartwright::domain::time::Timestamp;
use cartwright::flows::advance::Input;
use cartwright::flows::owed::{Effect, owed};
use cartwright::flows::returns::{ReturnAsk, ReturnLineAsk};
use cartwright::flows::schedule::wake_at;

use super::chance::Chance;
use super::exercised::Exercised;
use super::lists::Lists;
use super::model::{self, Goods};
use super::shop::{BUNDLE, Shopping, claim_of, draft};
use super::sku::SkuObject;

pub const SKUS: [&str; 3] = ["CUP", "MUG", "TRAY"];
const CHANNELS: [&str; 3] = ["marketplace", "social", "storefront"];
const PLACES: [&str; 3] = ["berlin", "main", "porto"];

/// Something that arrives late.
pub enum Letter {
    Request(Effect),
    Answer(Box<Input>),
}

pub struct World {
    pub chance: Chance,
    tell: bool,
    pub now: Timestamp,
    pub skus: BTreeMap<Sku, SkuObject>,
    pub goods: BTreeMap<Sku, Goods>,
    pub orders: Vec<Shopping>,
    /// What is under way: of which order, and what it is.
    pub post: Vec<(usize, Letter)>,
    pub documents: Vec<StockDocument>,
    /// What documents ever asked, for asking again.
    pub document_requests: Vec<(usize, Debt)>,
    /// Changes that were asked for, for asking again.
    asked: Vec<(Sku, String, StockChange, Option<TermsChange>)>,
    /// The lists of orders, which hear of each of them late, twice and in disorder.
    pub lists: Lists,
    pub exercised: Exercised,
}

impl World {
    pub fn new(seed: u64, tell: bool) -> Self {
        let skus: Vec<Sku> = SKUS.iter().map(|name| name.parse().unwrap()).collect();
        let mut world = Self {
            chance: Chance::new(seed),
            tell,
            now: Timestamp::from_milliseconds(1_000_000),
            skus: skus.iter().map(|sku| (sku.clone(), SkuObject::default())).collect(),
            goods: skus.iter().map(|sku| (sku.clone(), Goods::default())).collect(),
            orders: Vec::new(),
            post: Vec::new(),
            documents: Vec::new(),
            document_requests: Vec::new(),
            asked: Vec::new(),
            lists: Lists::default(),
            exercised: Exercised::default(),
        };
        for sku in skus {
            let quantity = world.chance.between(0, 6);
            let location = world.place();
            let received = StockChange::Received { location, quantity, damaged: 0, announced: 0 };
            world.ask_change(sku, received, None);
        }
        world
    }

    pub fn note(&mut self, what: &'static str) {
        self.exercised.note(what);
    }

    pub fn story(&self, what: impl fmt::Display) {
        if self.tell {
            println!("{:>9} {what}", self.now.milliseconds());
        }
    }

    /// None: the storefront.
    fn channel(&mut self) -> Option<ChannelId> {
        let channel: ChannelId = self.chance.of(&CHANNELS).parse().unwrap();
        (channel != ChannelId::storefront()).then_some(channel)
    }

    pub fn place(&mut self) -> LocationId {
        self.chance.of(&PLACES).parse().unwrap()
    }

    fn sku(&mut self) -> Sku {
        self.chance.of(&SKUS).parse().unwrap()
    }

    /// What a cart may name: a SKU, or a bundle.
    fn sellable(&mut self) -> Sku {
        if self.chance.one_in(4) { BUNDLE.0.parse().unwrap() } else { self.sku() }
    }

    /// One thing happens.
    pub fn step(&mut self) {
        match self.chance.below(64) {
            0..=3 => self.buy(),
            4..=19 => self.work(),
            20 | 21 => self.deliver_post(),
            22..=26 => self.buyer_acts(),
            27 => self.worker_dies(),
            28..=33 => self.someone_changes_stock(),
            34 | 35 => self.change_again(),
            36 | 37 => self.tell_filled(),
            38 => self.units_come_back(),
            40..=42 => self.draw_up(),
            43..=47 => self.handle_document(),
            48..=55 => self.work_on_document(),
            56..=59 => self.tell_lists(),
            60 => self.clock_jumps(),
            61..=63 => self.merchant_refunds(),
            _ => self.pass_time(),
        }
    }

    fn buy(&mut self) {
        if self.orders.len() >= 8 {
            return;
        }
        let lines: Vec<(Sku, u32)> = (0..=self.chance.below(3))
            .map(|_| (self.sellable(), self.chance.between(1, 4) as u32))
            .collect();
        let start = self.chance.below(4) as usize;
        let route: Vec<LocationId> = if start == 3 {
            Vec::new()
        } else {
            PLACES.iter().cycle().skip(start).take(3).map(|name| name.parse().unwrap()).collect()
        };
        let mode = if self.chance.one_in(2) { CaptureMode::Manual } else { CaptureMode::Automatic };
        let channel = (!self.chance.one_in(3)).then(|| self.channel()).flatten();
        let sold_by = channel.clone().filter(|_| self.chance.one_in(2));
        let terms = ClaimTerms { route, channel, ..ClaimTerms::default() };
        let number = self.orders.len() as u128 + 1;
        let shopping = Shopping::new(number, draft(&lines, mode, terms), sold_by, self.now);
        self.story(format_args!("order {number} wants {lines:?}"));
        self.lists.tell(&shopping.order);
        self.orders.push(shopping);
    }

    fn some_order(&mut self) -> Option<usize> {
        (!self.orders.is_empty()).then(|| self.chance.below(self.orders.len() as u64) as usize)
    }

    /// Somebody performs one thing that an order owes.
    fn work(&mut self) {
        let Some(at) = self.some_order() else { return };
        let debts = owed(&self.orders[at].order, self.now);
        if debts.is_empty() {
            return;
        }
        let effect = self.chance.of(&debts).clone();
        let fate = self.chance.below(12);
        if fate == 0 {
            self.exercised.note("request lost");
            self.story(format_args!("order {}: {effect:?} is lost", at + 1));
            if let Some(failure) = self.orders[at].lost(&effect) {
                self.feed(at, failure);
            }
            return;
        }
        if fate == 1 && claim_of(&effect).is_some() {
            self.exercised.note("request late");
            self.post.push((at, Letter::Request(effect)));
            return;
        }
        let Some(answer) = self.perform(at, &effect) else { return };
        match fate {
            2 => {
                self.exercised.note("answer lost");
                if let Some(failure) = self.orders[at].lost(&effect) {
                    self.feed(at, failure);
                }
            }
            3 if claim_of(&effect).is_some() => {
                self.exercised.note("answer late");
                self.post.push((at, Letter::Answer(Box::new(answer))));
            }
            4 if claim_of(&effect).is_some() => {
                self.exercised.note("asked twice");
                let again = self.perform(at, &effect);
                self.feed(at, answer);
                if let Some(again) = again {
                    self.feed(at, again);
                }
            }
            _ => self.feed(at, answer),
        }
    }

    pub fn perform(&mut self, at: usize, effect: &Effect) -> Option<Input> {
        let shopping = &mut self.orders[at];
        let Some((name, command)) = claim_of(effect) else {
            return shopping.perform(effect, self.now);
        };
        let (order, terms) = (shopping.order.id, shopping.order.claim_terms.clone());
        let sku = self.skus.get_mut(&name).unwrap();
        let state = |sku: &SkuObject| sku.claims.get(&order).map(|claim| claim.state);
        let was_released = state(sku) == Some(ReservationState::Released);
        let reply = sku.claim(order, &command, &terms, self.now);
        let is_released = state(sku) == Some(ReservationState::Released);
        assert!(!was_released || is_released, "{name}: a released claim came back to life");
        self.exercised.note(match reply.answer {
            ClaimAnswer::Held => "held",
            ClaimAnswer::Committed => "committed",
            ClaimAnswer::Released => "released",
            ClaimAnswer::Restocked => "restocked",
            ClaimAnswer::Insufficient { .. } => "insufficient",
            ClaimAnswer::Short { .. } => "short",
            ClaimAnswer::Limited { .. } => "limited",
            ClaimAnswer::Closed => "closed",
            ClaimAnswer::Unsettled => "unsettled",
        });
        if let Some(placement) = &reply.placement {
            if placement.allocations.len() > 1 {
                self.exercised.note("split over places");
            }
            if placement.of_allocation > 0 {
                self.exercised.note("drawn on an allocation");
            }
            if placement.back_ordered > 0 {
                self.exercised.note("back-ordered");
            }
        }
        self.story(format_args!("order {}: {name} {command:?} -> {reply:?}", at + 1));
        Some(match effect {
            Effect::Restock(restock) => Input::Restocked { key: restock.key.clone(), sku: name },
            _ => Input::Stock(vec![(name, reply)]),
        })
    }

    pub fn feed(&mut self, at: usize, input: Input) {
        let now = self.now;
        let short = |order: &Order| {
            let is_short = |claim: &&StockClaim| matches!(claim.claim, ClaimState::Short { .. });
            order.claims.iter().filter(is_short).count()
        };
        let before = short(&self.orders[at].order);
        self.orders[at].feed(input, now);
        let order = &self.orders[at].order;
        self.lists.tell(order);
        if short(order) < before && order.status == OrderStatus::Open {
            self.exercised.note("short order got its units");
        }
    }

    pub fn deliver_post(&mut self) {
        if !self.post.is_empty() {
            let which = self.chance.below(self.post.len() as u64) as usize;
            let (at, letter) = self.post.swap_remove(which);
            let input = match letter {
                Letter::Answer(input) => Some(*input),
                Letter::Request(effect) => self.perform(at, &effect),
            };
            self.story(format_args!("order {}: late {input:?}", at + 1));
            // Whoever asked is gone: the answer to a late request may find nobody.
            if let Some(input) = input.filter(|_| !self.chance.one_in(4)) {
                self.feed(at, input);
            }
        }
    }

    fn buyer_acts(&mut self) {
        let Some(at) = self.some_order() else { return };
        let now = self.now;
        match self.chance.below(10) {
            0..=3 => self.orders[at].pay(now),
            8 => {
                if let Some(report) = self.orders[at].wrong_report(now) {
                    self.note("wrong amount reported");
                    self.feed(at, Input::Report(report));
                }
            }
            9 => {
                if let Some(report) = self.orders[at].pay_late(now) {
                    self.note("money came late");
                    self.feed(at, Input::Report(report));
                }
            }
            4 => self.orders[at].become_state(ReportedState::Failed, now),
            5 => self.feed(at, Input::Close(CloseReason::Customer)),
            6 => {
                if let Some(report) = self.orders[at].gateway.clone() {
                    self.feed(at, Input::Report(report));
                }
            }
            _ => self.feed(at, Input::Ask),
        }
    }

    /// A buyer sends something back, whole or broken.
    fn units_come_back(&mut self) {
        let Some(at) = self.some_order() else { return };
        let line = ReturnLineAsk {
            sku: self.sellable(),
            quantity: self.chance.between(1, 2) as u32,
            condition: if self.chance.one_in(2) { Condition::Sellable } else { Condition::Damaged },
            location: self.chance.one_in(2).then(|| self.place()),
        };
        self.story(format_args!("order {}: {line:?} comes back", at + 1));
        let now = self.now;
        if self.orders[at].take_back(&ReturnAsk { lines: vec![line], reason: None }, now) {
            self.lists.tell(&self.orders[at].order);
            self.note("units came back");
        }
    }

    /// A merchant gives back a part of what was paid, or tries to.
    fn merchant_refunds(&mut self) {
        let has_money = |at: &usize| self.orders[*at].is_captured();
        let paid: Vec<usize> = (0..self.orders.len()).filter(has_money).collect();
        if paid.is_empty() {
            return;
        }
        let at = *self.chance.of(&paid);
        let amount_minor = 500 * self.chance.between(1, 8);
        if self.orders[at].ask_refund(amount_minor, self.now) {
            self.lists.tell(&self.orders[at].order);
            self.story(format_args!("order {}: {amount_minor} are to go back", at + 1));
            self.note("refund asked for");
        } else {
            self.note("refund refused");
        }
    }

    /// Whoever worked on an order is gone; its alarm finds it.
    fn worker_dies(&mut self) {
        let Some(at) = self.some_order() else { return };
        self.exercised.note("worker died");
        self.feed(at, Input::Wake);
    }

    fn pass_time(&mut self) {
        let seconds = *self.chance.of(&[1, 30, 30, 61, 61, 300, 901, 1_300]);
        self.exercised.note("time passed");
        self.now = self.now.plus_seconds(seconds);
        for at in 0..self.orders.len() {
            // An alarm rings at least once, and not always in time.
            let times = match self.chance.below(8) {
                0 => 0,
                1 => 2,
                _ => 1,
            };
            match times {
                0 => self.note("alarm was late"),
                2 => self.note("alarm rang twice"),
                _ => {}
            }
            for _ in 0..times {
                self.feed(at, Input::Wake);
            }
        }
    }

    /// A machine's clock is set: an hour back at most, or a day on, and nobody is woken by it.
    fn clock_jumps(&mut self) {
        if self.chance.one_in(6) {
            self.note("a day passed at once");
            self.now = self.now.plus_seconds(86_400);
        } else {
            self.note("clock went back");
            let seconds = *self.chance.of(&[1, 30, 301, 3_600]);
            self.now = Timestamp::from_milliseconds(self.now.milliseconds() - seconds * 1_000);
        }
    }

    /// The lists hear of an order.
    fn tell_lists(&mut self) {
        if let Some(heard) = self.lists.hear_one(&mut self.chance) {
            self.note("list told late");
            if heard.again {
                self.note("list told twice");
            }
            if heard.older {
                self.note("list passed over an older version");
            }
        }
    }

    fn someone_changes_stock(&mut self) {
        let (sku, location) = (self.sku(), self.place());
        let quantity = self.chance.between(0, 5);
        let quantity_delta = self.chance.between(-4, 4);
        let damaged = self.chance.between(0, 1);
        let change = match self.chance.below(7) {
            0..=2 => StockChange::Received { location, quantity, damaged, announced: 0 },
            3 => StockChange::Adjusted { location, quantity_delta },
            4 => StockChange::Counted { location, counted: quantity },
            5 => StockChange::Damaged { location, quantity_delta },
            _ => StockChange::WrittenOff { location, quantity: 1 },
        };
        if self.chance.one_in(3) {
            let channel = self.channel().unwrap_or_else(ChannelId::storefront);
            let terms = (!self.chance.one_in(4)).then(|| ChannelTerms {
                buffer: self.chance.between(0, 2),
                cap: self.chance.one_in(2).then(|| self.chance.between(0, 4)),
                allocation: self.chance.between(0, 4),
            });
            self.ask_change(sku, change, Some(TermsChange::Channel { channel, terms }));
            return;
        }
        let terms = self.chance.one_in(3).then(|| TermsChange::Patch {
            back_order_limit: Some(self.chance.between(0, 4)),
            low_stock_threshold: None,
            safety_stock: Some(self.chance.between(0, 2)),
            reorder_point: None,
            reorder_quantity: None,
        });
        self.ask_change(sku, change, terms);
    }

    /// Somebody asks for a change, and again when the answer is lost.
    fn ask_change(&mut self, sku: Sku, change: StockChange, terms: Option<TermsChange>) {
        let key = format!("change {}", self.asked.len());
        self.asked.push((sku.clone(), key.clone(), change.clone(), terms.clone()));
        let before = {
            let object = self.skus.get_mut(&sku).unwrap();
            object.bring_up_to_date(self.now);
            object.level.clone()
        };
        if self.send_change(&sku, &key, &change, terms.as_ref()) {
            self.goods.get_mut(&sku).unwrap().accept(&change, &before);
            self.exercised.note("change accepted");
            if self.skus[&sku].level.set_aside_units() > 0 {
                self.exercised.note("set aside for a channel");
            }
            if terms.is_some() {
                self.exercised.note("terms changed");
            }
        } else {
            // A refusal is not remembered: under the same key it may be accepted later.
            self.asked.pop();
            self.exercised.note("change refused");
        }
    }

    fn send_change(
        &mut self,
        sku: &Sku,
        key: &str,
        change: &StockChange,
        terms: Option<&TermsChange>,
    ) -> bool {
        let cause = Cause { kind: CauseKind::Person, id: None, actor: None, reason: None };
        let object = self.skus.get_mut(sku).unwrap();
        let changed = object.change(key, std::slice::from_ref(change), terms, &cause, self.now);
        self.story(format_args!("{sku}: {change:?} {terms:?} -> {:?}", changed.as_ref().err()));
        changed.is_ok()
    }

    /// What a document asks of a SKU.
    pub fn change_for_document(&mut self, debt: &Debt) -> Result<(), ChangeRefusal> {
        let object = self.skus.get_mut(&debt.sku).unwrap();
        object.bring_up_to_date(self.now);
        let (before, lines) = (object.level.clone(), object.ledger.len());
        let result = object.change(&debt.key, &debt.changes, None, &debt.cause, self.now);
        if object.ledger.len() > lines {
            let goods = self.goods.get_mut(&debt.sku).unwrap();
            for change in &debt.changes {
                goods.accept(change, &before);
            }
        }
        result.map(drop)
    }

    /// The answer to a change was lost: it is asked for again under its key.
    fn change_again(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let (sku, key, change, terms) = self.chance.of(&self.asked).clone();
        let before = self.skus[&sku].ledger.len();
        assert!(self.send_change(&sku, &key, &change, terms.as_ref()), "a key forgot its answer");
        assert_eq!(self.skus[&sku].ledger.len(), before, "a change was made twice");
        self.exercised.note("change repeated");
    }

    /// A SKU's alarm tells orders that their units came after all.
    pub fn tell_filled(&mut self) {
        let sku = self.sku();
        let orders: Vec<OrderId> = self.skus[&sku].filled.iter().copied().collect();
        for id in orders {
            let placement = self.skus[&sku].claims[&id].placement.clone();
            let version = self.skus[&sku].level.version;
            let at = self.orders.iter().position(|one| one.order.id == id).unwrap();
            self.feed(at, Input::Placed(sku.clone(), placement, version));
            self.exercised.note("back-order filled");
            self.skus.get_mut(&sku).unwrap().filled.remove(&id);
        }
    }

    /// What must be true after every step.
    pub fn check(&self) {
        for (sku, object) in &self.skus {
            model::check(sku.as_str(), object, &self.goods[sku]);
        }
        for one in &self.orders {
            let paid_here = one.order.payment.is_some();
            let sold = one.order.claims.iter().any(|claim| {
                let known = self.skus[&claim.sku].claims.get(&one.order.id);
                known.map(|known| known.state) == Some(ReservationState::Committed)
            });
            assert!(!sold || !paid_here || one.brought_money, "sold unpaid: {:#?}", one.order);
            let wake = wake_at(&one.order, self.now, 0);
            let is_due = wake.is_some_and(|at| at <= self.now);
            let owes = !owed(&one.order, self.now).is_empty();
            assert!(!owes || is_due, "nobody comes for what is owed: {:#?}", one.order);
            let is_open = one.order.status == OrderStatus::Open && one.order.closing.is_none();
            let ends_at = one.order.payment_window_ends_at.max(self.now);
            let in_time = wake.is_some_and(|at| at <= ends_at);
            let waits = is_open && paid_here && !one.brought_money;
            assert!(!waits || in_time, "nobody ends the buyer's time: {:#?}", one.order);
        }
    }
}

//! The world: SKUs, orders, people, a clock, and the post between them.

use std::collections::BTreeMap;
use std::fmt;

use cartwright::domain::id::{OrderId, Sku};
use cartwright::domain::inventory::{
    Cause, CauseKind, ChangeRefusal, ChannelId, ChannelTerms, ClaimAnswer, ClaimTerms, Condition,
    LocationId, ReservationState, StockChange, TermsChange,
};
use cartwright::domain::order::{ClaimState, CloseReason, Order, OrderStatus, StockClaim};
use cartwright::domain::payment::{CaptureMode, PaymentStatus, ReportedState};
use cartwright::domain::stock_document::{Debt, StockDocument};
use cartwright::domain::time::Timestamp;
use cartwright::flows::advance::Input;
use cartwright::flows::owed::{Effect, owed};
use cartwright::flows::returns::{ReturnAsk, ReturnLineAsk};
use cartwright::flows::schedule::wake_at;
use cartwright::flows::shortage::ask_again_at;

use super::chance::Chance;
use super::model::{self, Goods};
use super::shop::{BUNDLE, Shopping, claim_of, draft};
use super::sku::SkuObject;

pub const SKUS: [&str; 3] = ["CUP", "MUG", "TRAY"];
const CHANNELS: [&str; 3] = ["marketplace", "social", "storefront"];
const PLACES: [&str; 3] = ["berlin", "main", "porto"];

/// How often each thing happened. What never happens proves nothing.
#[derive(Default)]
pub struct Exercised(BTreeMap<&'static str, u64>);

impl Exercised {
    fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Everything that can happen did, many times.
    pub fn check(&self) {
        for what in EXPECTED {
            let times = self.0.get(what).copied().unwrap_or(0);
            assert!(times >= 20, "{what} happened {times} times: the simulation misses it");
        }
    }
}

impl fmt::Display for Exercised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, times)| writeln!(f, "{times:>9}  {what}"))
    }
}

const EXPECTED: &[&str] = &[
    "wrong amount reported",
    "request lost",
    "request late",
    "answer lost",
    "answer late",
    "asked twice",
    "worker died",
    "units came back",
    "restocked",
    "channel order sold",
    "channel order short",
    "short order got its units",
    "set aside for a channel",
    "drawn on an allocation",
    "purchase received",
    "purchase ordered",
    "purchase closed or cancelled",
    "transfer shipped",
    "transfer received",
    "transfer closed or cancelled",
    "count approved",
    "count recorded or rejected",
    "document request lost",
    "document answer lost",
    "document request repeated",
    "document line refused",
    "time passed",
    "held",
    "committed",
    "released",
    "insufficient",
    "closed",
    "split over places",
    "back-ordered",
    "back-order filled",
    "change accepted",
    "change refused",
    "change repeated",
    "terms changed",
    "order paid",
    "order expired",
    "order cancelled",
    "order rejected",
    "paid without stock",
    "channel order sold",
    "channel order short",
    "set aside for a channel",
    "drawn on an allocation",
];

/// Something that arrives late.
enum Letter {
    Request(Effect),
    Answer(Box<Input>),
}

pub struct World {
    pub chance: Chance,
    tell: bool,
    pub now: Timestamp,
    pub skus: BTreeMap<Sku, SkuObject>,
    goods: BTreeMap<Sku, Goods>,
    orders: Vec<Shopping>,
    /// What is under way: of which order, and what it is.
    post: Vec<(usize, Letter)>,
    pub documents: Vec<StockDocument>,
    /// What documents ever asked, for asking again.
    pub document_requests: Vec<(usize, Debt)>,
    /// Changes that were asked for, for asking again.
    asked: Vec<(Sku, String, StockChange, Option<TermsChange>)>,
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
        match self.chance.below(56) {
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

    fn perform(&mut self, at: usize, effect: &Effect) -> Option<Input> {
        let shopping = &mut self.orders[at];
        let Some((name, command)) = claim_of(effect) else {
            return shopping.perform(effect, self.now);
        };
        let (order, terms) = (shopping.order.id, shopping.order.claim_terms.clone());
        let sku = self.skus.get_mut(&name).unwrap();
        let reply = sku.claim(order, &command, &terms, self.now);
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

    fn feed(&mut self, at: usize, input: Input) {
        let now = self.now;
        let short = |order: &Order| {
            let is_short = |claim: &&StockClaim| matches!(claim.claim, ClaimState::Short { .. });
            order.claims.iter().filter(is_short).count()
        };
        let before = short(&self.orders[at].order);
        self.orders[at].feed(input, now);
        let order = &self.orders[at].order;
        if short(order) < before && order.status == OrderStatus::Open {
            self.exercised.note("short order got its units");
        }
    }

    fn deliver_post(&mut self) {
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
        match self.chance.below(9) {
            0..=3 => self.orders[at].pay(now),
            8 => {
                if let Some(report) = self.orders[at].wrong_report(now) {
                    self.note("wrong amount reported");
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
            self.note("units came back");
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
            self.feed(at, Input::Wake);
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
    fn tell_filled(&mut self) {
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

    /// From now on everything works: alarms ring, every answer is heard.
    pub fn come_to_rest(&mut self) {
        while !self.post.is_empty() {
            self.deliver_post();
        }
        for at in 0..self.orders.len() {
            self.bring_to_rest(at);
        }
        self.finish_documents();
        // What an order never heard that it holds goes back by itself: that is the expiry's purpose.
        self.now = self.now.plus_seconds(86_400);
        for sku in SKUS {
            let sku: Sku = sku.parse().unwrap();
            let now = self.now;
            self.skus.get_mut(&sku).unwrap().bring_up_to_date(now);
        }
        for _ in 0..200 {
            self.tell_filled();
        }
    }

    fn bring_to_rest(&mut self, at: usize) {
        let mut asked_in_vain = 0;
        for _ in 0..200 {
            for effect in owed(&self.orders[at].order, self.now) {
                if let Some(answer) = self.perform(at, &effect) {
                    self.feed(at, answer);
                }
            }
            let order = &self.orders[at].order;
            let Some(wake) = wake_at(order, self.now, 0) else { return };
            // Units that are gone are asked for for a month: nothing else will come of it here.
            let is_short = |claim| ask_again_at(order, claim) == Some(wake);
            asked_in_vain += u32::from(order.claims.iter().any(is_short));
            if asked_in_vain > 5 {
                return;
            }
            self.now = wake.max(self.now);
            self.feed(at, Input::Wake);
        }
        panic!("never at rest: {:#?}", self.orders[at].order);
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
        }
    }

    /// What must be true when nothing is under way any more.
    pub fn check_rest(&mut self) {
        self.check();
        self.check_documents();
        for (sku, object) in &self.skus {
            model::check_ledger(sku.as_str(), object);
            assert!(object.filled.is_empty(), "{sku}: an order was not told of its units");
        }
        for at in 0..self.orders.len() {
            let what = self.check_order_at_rest(at);
            self.exercised.note(what);
        }
    }

    fn check_order_at_rest(&mut self, at: usize) -> &'static str {
        let Shopping { order, gateway, .. } = &self.orders[at];
        for effect in owed(order, self.now) {
            assert!(is_asked_for_again(order, &effect), "{effect:?}: {order:#?}");
        }
        let paid = gateway.as_ref().map(|report| report.state) == Some(ReportedState::Captured);
        for claim in &order.claims {
            let known = self.skus[&claim.sku].claims.get(&order.id);
            let state = known.map(|known| known.state);
            assert_ne!(state, Some(ReservationState::Held), "leaked: {order:#?}");
            if claim.claim == ClaimState::Committed {
                assert_eq!(state, Some(ReservationState::Committed), "{order:#?}");
                // What came back is not the order's any more.
                let back: u32 = order.returns.iter().flat_map(|one| &one.lines).count() as u32;
                let placement = known.map(|known| &known.placement);
                assert!(back > 0 || claim.placement.as_ref() == placement, "{order:#?}");
            }
        }
        if order.status == OrderStatus::Open {
            let sold = order.claims.iter().all(|c| c.claim == ClaimState::Committed);
            // Money that is only held is not taken while its goods are missing: a person decides.
            let paid = order.payment_status() == PaymentStatus::Paid;
            // Who buys from a channel has its receipt from the channel.
            let mut back = order.returns.iter().flat_map(|one| &one.lines);
            assert!(!sold || back.all(|line| line.restocked), "{order:#?}");
            let invoiced = order.invoice_number.is_some() != order.is_sold_by_channel();
            assert!(!sold || (paid && invoiced), "{order:#?}");
            assert!(sold || !order.attention.is_empty(), "{order:#?}");
            return match (sold, order.is_sold_by_channel()) {
                (true, false) => "order paid",
                (true, true) => "channel order sold",
                (false, false) => "paid without stock",
                (false, true) => "channel order short",
            };
        }
        assert!(order.status.is_terminal());
        let kept = order
            .claims
            .iter()
            .any(|claim| !matches!(claim.claim, ClaimState::Released | ClaimState::Refused { .. }));
        assert!(!kept, "closed and its units not given back: {order:#?}");
        assert!(!paid || !order.attention.is_empty(), "money without an order: {order:#?}");
        match order.status {
            OrderStatus::Expired => "order expired",
            OrderStatus::Rejected => "order rejected",
            _ => "order cancelled",
        }
    }
}

/// Whether an effect asks once more for units that are gone.
fn is_asked_for_again(order: &Order, effect: &Effect) -> bool {
    let Effect::Commit { sku, .. } = effect else { return false };
    let claim = order.claims.iter().find(|claim| claim.sku == *sku);
    claim.is_some_and(|claim| ask_again_at(order, claim).is_some())
}

//! Drop mode, simulated: main and its slices as their objects run them, between them a network that a test
//! makes as bad as it likes.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

mod chaos;
mod scaling;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::inventory::{
    ClaimCommand, ClaimTerms, LocationId, Usage, decide, expire as expire_claim,
};

/// An order, by its number.
type Order = u64;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

/// Numbers that depend on a seed and on nothing else.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What every object has: counters and claims.
#[derive(Default)]
struct Books {
    level: StockLevel,
    claims: BTreeMap<Order, Reservation>,
    /// No held claim ends before.
    next_expiry: Timestamp,
}

impl Books {
    fn expire(&mut self, now: Timestamp) {
        if now < self.next_expiry {
            return;
        }
        let is_over = |claim: &&mut Reservation| {
            claim.state == ReservationState::Held && claim.expires_at <= now
        };
        for claim in self.claims.values_mut().filter(is_over) {
            let decision = expire_claim(self.level.clone(), claim.clone(), now);
            self.level = decision.level;
            if let Some(after) = decision.reservation {
                *claim = after;
            }
        }
        let held = self.claims.values().filter(|claim| claim.state == ReservationState::Held);
        self.next_expiry = held.map(|claim| claim.expires_at).min().unwrap_or(Timestamp::MAX);
    }

    fn decide(&self, order: Order, command: &ClaimCommand, now: Timestamp) -> ClaimDecision {
        let known = self.claims.get(&order).cloned();
        let terms = ClaimTerms::default();
        decide(self.level.clone(), known, command, &terms, Usage::default(), now)
    }

    fn keep(&mut self, order: Order, decision: ClaimDecision) -> ClaimAnswer {
        self.level = decision.level;
        if let Some(claim) = decision.reservation {
            self.next_expiry = self.next_expiry.min(claim.expires_at);
            self.claims.insert(order, claim);
        }
        decision.answer
    }
}

/// The SKU's own object.
#[derive(Default)]
struct MainObject {
    books: Books,
    spread: Spread,
    /// In memory: claims that wait for a recall, and who passed them on.
    waiting: Vec<(Order, ClaimCommand, Option<u16>)>,
}

impl MainObject {
    /// The answer, or none if it waits for a recall now.
    fn claim(
        &mut self,
        order: Order,
        command: &ClaimCommand,
        from: Option<u16>,
        now: Timestamp,
    ) -> Option<ClaimAnswer> {
        self.books.expire(now);
        let decision = self.books.decide(order, command, now);
        let known = self.books.claims.get(&order);
        if self.spread.may_have_more() && postpones(&decision, known) {
            self.waiting.push((order, command.clone(), from));
            return None;
        }
        let answer = self.books.keep(order, decision);
        self.settle();
        Some(answer)
    }

    fn settle(&mut self) {
        if self.waiting.is_empty() {
            self.spread.deal(&mut self.books.level);
        }
    }

    /// Takes in news; the claims that were waiting and can be decided now, with their answers.
    fn hear(&mut self, news: &SliceNews, now: Timestamp) -> Vec<(Order, Option<u16>, ClaimAnswer)> {
        self.books.expire(now);
        self.spread.hear(&mut self.books.level, news);
        self.settle();
        if self.spread.may_have_more() {
            return Vec::new();
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut answers = Vec::new();
        for (order, command, from) in waiting {
            let decision = self.books.decide(order, &command, now);
            answers.push((order, from, self.books.keep(order, decision)));
        }
        self.settle();
        answers
    }

    fn instruction(&self, slice: u16) -> Instruction {
        self.spread.instruction(slice, &self.books.level)
    }
}

/// A slice's object.
#[derive(Default)]
struct SliceObject {
    number: u16,
    books: Books,
    slice: Slice,
    passed_on: BTreeSet<Order>,
    /// The version that main was told of.
    told: i64,
}

impl SliceObject {
    /// The answer, or none if the order is main's.
    fn claim(
        &mut self,
        order: Order,
        command: &ClaimCommand,
        now: Timestamp,
    ) -> Option<ClaimAnswer> {
        self.books.expire(now);
        self.slice.give_back(&mut self.books.level);
        if self.passed_on.contains(&order) {
            return None;
        }
        let decision = self.books.decide(order, command, now);
        let known = self.books.claims.get(&order);
        if passes_on(self.slice.is_open, known, command, &decision, now) {
            self.passed_on.insert(order);
            return None;
        }
        let answer = self.books.keep(order, decision);
        self.slice.give_back(&mut self.books.level);
        Some(answer)
    }

    fn follow(&mut self, instruction: &Instruction, now: Timestamp) {
        self.books.expire(now);
        self.slice.hear(&mut self.books.level, instruction);
        self.slice.give_back(&mut self.books.level);
    }

    fn news(&mut self, now: Timestamp) -> SliceNews {
        self.books.expire(now);
        self.slice.give_back(&mut self.books.level);
        self.slice.news(self.number, &self.books.level, 0)
    }

    fn owes_news(&self) -> bool {
        self.slice.pending.is_some() || self.told < self.books.level.version
    }
}

/// Units of every object and on every way, and whether each object's counters are right.
fn account(main: &MainObject, slices: &[SliceObject]) -> Result<i64, String> {
    let units = |level: &StockLevel| level.on_hand() + level.sold;
    let mut sum = units(&main.books.level);
    main.books.level.check().map_err(|wrong| format!("main: {wrong}"))?;
    for slice in slices {
        let name = slice.number;
        let level = &slice.books.level;
        level.check().map_err(|wrong| format!("slice {name}: {wrong}"))?;
        sum += units(level);
        let member = main.spread.members.get(usize::from(name)).cloned().unwrap_or_default();
        if let Some(grant) = member.pending.filter(|grant| grant.number > slice.slice.taken) {
            sum += grant.parts.iter().map(|part| part.quantity).sum::<i64>();
        }
        let pending = slice.slice.pending.as_ref();
        if let Some(back) = pending.filter(|back| back.number > member.taken) {
            sum += back.parts.iter().map(|part| part.quantity).sum::<i64>();
        }
    }
    let whole = main.spread.whole(&main.books.level);
    whole.check().map_err(|wrong| format!("the whole: {wrong}"))?;
    Ok(sum)
}

/// What main knows to be dry is dry: closed, with nothing free but what goes home once main has acknowledged
/// what is on its way. Main refuses by that.
fn dry_is_dry(main: &MainObject, slices: &[SliceObject]) -> Result<(), String> {
    for (member, slice) in main.spread.members.iter().zip(slices) {
        let has_free = slice.books.level.free() > 0 && slice.slice.pending.is_none();
        let under_way = member.granted > slice.slice.taken;
        if member.is_dry() && (slice.slice.is_open || has_free || under_way) {
            return Err(format!("main takes slice {} for dry: {:?}", slice.number, slice.slice));
        }
    }
    Ok(())
}

/// Units that came from nowhere but a delivery, at two places.
fn receive(main: &mut MainObject, place: &str, quantity: i64) {
    use crate::domain::inventory::{StockChange, change};
    let location: LocationId = place.parse().unwrap();
    let received = StockChange::Received { location, quantity, damaged: 0, announced: 0 };
    main.books.level = change(&main.books.level, &[received], None).unwrap().0;
    main.settle();
}

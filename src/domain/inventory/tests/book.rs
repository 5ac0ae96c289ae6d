//! A SKU with its ledger, as its object keeps it: for tests of what the ledger tells.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const PLACES: [&str; 3] = ["berlin", "main", "porto"];

/// Counters, claims by order, and the lines.
#[derive(Clone)]
pub(super) struct Book {
    pub level: StockLevel,
    pub claims: BTreeMap<String, Reservation>,
    pub lines: Vec<LedgerLine>,
    pub sequence: i64,
    pub hash: String,
    pub now: i64,
    pub waiting: Vec<String>,
}

impl Book {
    pub fn new() -> Self {
        Self {
            level: StockLevel::default(),
            claims: BTreeMap::new(),
            lines: Vec::new(),
            sequence: 0,
            hash: GENESIS_HASH.to_owned(),
            now: 1,
            waiting: Vec::new(),
        }
    }

    pub fn write(&mut self, entry: &LedgerEntry) {
        let entry = serde_json::to_string(entry).unwrap();
        self.hash = chain(&self.hash, &entry);
        self.sequence += 1;
        let (sequence, hash) = (self.sequence, self.hash.clone());
        self.lines.push(LedgerLine { sequence, entry, hash });
    }

    fn append(&mut self, movement: &Movement, cause: &Cause) {
        let level = &self.level;
        let terms = (movement.kind == MovementKind::TermsChanged)
            .then(|| (level.back_order_limit, level.low_stock_threshold, level.terms.clone()));
        let (cause, movement, version) = (cause.clone(), movement.clone(), level.version);
        let entry =
            LedgerEntry { at: at(self.now), cause, movement, terms, version, opening: None };
        self.write(&entry);
    }

    fn keep(&mut self, order: &str, decision: ClaimDecision) {
        self.level = decision.level;
        for movement in &decision.movements {
            self.append(movement, &Cause::order(order.to_owned()));
        }
        if let Some(claim) = decision.reservation {
            if claim.placement.back_ordered == 0 {
                self.waiting.retain(|known| known != order);
            } else if !self.waiting.iter().any(|known| known == order) {
                self.waiting.push(order.to_owned());
            }
            self.claims.insert(order.to_owned(), claim);
        }
    }

    pub fn ask(&mut self, order: &str, command: &ClaimCommand, terms: &ClaimTerms) {
        for (order, claim) in self.claims.clone() {
            let decision = expire(self.level.clone(), claim, at(self.now));
            self.keep(&order, decision);
        }
        let claim = self.claims.get(order).cloned();
        let usage = Usage::default();
        let level = self.level.clone();
        self.keep(order, decide(level, claim, command, terms, usage, at(self.now)));
        self.fill();
    }

    fn fill(&mut self) {
        while let Some(order) = self.waiting.first().cloned() {
            let Some(decision) = fill(self.level.clone(), self.claims[&order].clone()) else {
                return;
            };
            self.keep(&order, decision);
        }
    }

    pub fn change(&mut self, one: &StockChange, terms: Option<&TermsChange>) {
        let changed = change(&self.level, std::slice::from_ref(one), terms);
        if let Ok((level, movements)) = changed {
            self.level = level;
            let kind = CauseKind::Person;
            let cause = Cause { kind, id: None, actor: Some("key".to_owned()), reason: None };
            for movement in &movements {
                self.append(movement, &cause);
            }
        }
        self.fill();
    }

    pub fn head(&self) -> StoredHead<'_> {
        StoredHead { level: &self.level, sequence: self.sequence, hash: &self.hash }
    }

    /// Sums of claims that hold or are owed units, as storage adds them up.
    pub fn live(&self) -> ClaimTotals {
        let mut totals = ClaimTotals::default();
        self.claims.values().for_each(|claim| totals.add_claim(claim));
        totals
    }

    /// Reads all lines that a proof has not read yet, and all claims if it is whole.
    pub fn prove(&self, mut proof: Proof) -> ProofReport {
        for line in &self.lines {
            if line.sequence >= proof.next_sequence() {
                proof.read(line);
            }
        }
        if proof.is_whole() {
            for (order, claim) in &self.claims {
                proof.read_claim(order, claim);
            }
        }
        proof.conclude(self.head(), self.live())
    }
}

/// A step: what, who, how many, where, and how much time passes before it.
pub(super) type Step = (u8, u8, u32, usize, i64);

pub(super) fn step() -> impl Strategy<Value = Step> {
    (0..12_u8, 0..6_u8, 1..6_u32, 0..3_usize, 0..40_i64)
}

pub(super) fn play(book: &mut Book, (what, order, quantity, where_, passes): Step) {
    book.now += passes;
    let location = place(PLACES[where_]);
    let units = i64::from(quantity);
    let order = format!("ord_{order}");
    let route = PLACES.iter().cycle().skip(where_).take(3).map(|name| place(name)).collect();
    let terms = ClaimTerms { route, ..ClaimTerms::default() };
    match what {
        0..=2 => book.ask(&order, &reserve(quantity, book.now + 50), &terms),
        3 | 4 => book.ask(&order, &ClaimCommand::Commit { quantity }, &terms),
        5 => book.ask(&order, &ClaimCommand::Release, &terms),
        6 => {
            let key = "ref_1".to_owned();
            let condition = if passes % 2 == 0 { Condition::Sellable } else { Condition::Damaged };
            let location = (passes % 3 == 0).then_some(location);
            let back = ClaimCommand::Restock { key, quantity, condition, location };
            book.ask(&order, &back, &terms);
        }
        7 | 8 => book.change(
            &StockChange::Received { location, quantity: units, damaged: passes % 2, announced: 1 },
            None,
        ),
        9 => book.change(&StockChange::Sent { location, quantity: units }, None),
        10 => book.change(&StockChange::Damaged { location, quantity_delta: units - 3 }, None),
        _ => {
            let patch = TermsChange::Patch {
                back_order_limit: Some(units),
                low_stock_threshold: None,
                safety_stock: Some(passes % 3),
                reorder_point: None,
                reorder_quantity: None,
            };
            book.change(&StockChange::Expected { location, quantity_delta: 1 }, Some(&patch));
        }
    }
}

/// The book after a history.
pub(super) fn written(steps: &[Step]) -> Book {
    let mut book = Book::new();
    steps.iter().for_each(|step| play(&mut book, *step));
    book
}

/// One with orders in every state.
pub(super) fn full() -> Book {
    let mut book = Book::new();
    let arrives = |location: &str, quantity| StockChange::Received {
        location: place(location),
        quantity,
        damaged: 1,
        announced: 0,
    };
    let patch = TermsChange::Patch {
        back_order_limit: Some(5),
        low_stock_threshold: Some(2),
        safety_stock: None,
        reorder_point: None,
        reorder_quantity: None,
    };
    book.change(&arrives("main", 3), Some(&patch));
    book.change(&arrives("berlin", 2), None);
    let terms = ClaimTerms::default();
    book.ask("ord_a", &reserve(2, 1_000), &terms);
    book.ask("ord_b", &reserve(1, 1_000), &terms);
    book.ask("ord_c", &ClaimCommand::Commit { quantity: 3 }, &terms);
    book.ask("ord_d", &reserve(2, 1_000), &terms);
    book.ask("ord_e", &ClaimCommand::Release, &terms);
    assert!(book.level.back_ordered_held > 0 && book.level.back_ordered_sold > 0);
    book
}

//! Random histories of orders, deliveries, corrections and terms at three places.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const PLACES: [&str; 3] = ["berlin", "main", "porto"];

/// A SKU as its object keeps it: counters, claims, who waits, and what the ledger adds up to.
#[derive(Default)]
struct Shelf {
    level: StockLevel,
    claims: BTreeMap<u8, Reservation>,
    waiting: Vec<u8>,
    ledger: StockLevel,
    now: i64,
}

impl Shelf {
    fn keep(&mut self, order: u8, decision: ClaimDecision) -> ClaimAnswer {
        for movement in &decision.movements {
            self.ledger.apply(movement);
        }
        self.level = decision.level;
        if let Some(claim) = decision.reservation {
            let waits = claim.placement.back_ordered > 0;
            if !waits {
                self.waiting.retain(|known| *known != order);
            } else if !self.waiting.contains(&order) {
                self.waiting.push(order);
            }
            self.claims.insert(order, claim);
        }
        decision.answer
    }

    fn expire_all(&mut self) {
        for (order, claim) in self.claims.clone() {
            let decision = expire(self.level.clone(), claim, at(self.now));
            self.keep(order, decision);
        }
    }

    fn fill_all(&mut self) {
        while let Some(order) = self.waiting.first().copied() {
            let Some(decision) = fill(self.level.clone(), self.claims[&order].clone()) else {
                return;
            };
            self.keep(order, decision);
        }
    }

    fn ask(&mut self, order: u8, command: &ClaimCommand, terms: &ClaimTerms) -> ClaimAnswer {
        self.expire_all();
        let claim = self.claims.get(&order).cloned();
        let level = self.level.clone();
        let decision = decide(level, claim, command, terms, Usage::default(), at(self.now));
        let answer = self.keep(order, decision);
        self.fill_all();
        answer
    }

    fn change(&mut self, one: &StockChange, terms: Option<&TermsChange>) {
        self.expire_all();
        if let Ok((level, movements)) = change(&self.level, std::slice::from_ref(one), terms) {
            for movement in &movements {
                self.ledger.apply(movement);
            }
            self.level = level;
        }
        self.fill_all();
    }

    /// Invariants 1 and 7, and that nobody waits while the shelf has units.
    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.level.check(), Ok(()));
        let counters = |l: &StockLevel| {
            let totals = (l.received, l.adjusted, l.transferred, l.sold, l.reserved);
            let nothing =
                |b: &&Balance| (b.on_hand, b.reserved, b.damaged, b.incoming) != (0, 0, 0, 0);
            let places: Vec<Balance> = l.balances.iter().filter(nothing).cloned().collect();
            (totals, (l.back_ordered_held, l.back_ordered_sold), places)
        };
        prop_assert_eq!(counters(&self.level), counters(&self.ledger));
        let of = |state| {
            let claims = self.claims.values().filter(move |c| c.state == state);
            claims
                .map(|c| (c.quantity, c.placement.quantity()))
                .fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        prop_assert_eq!(of(ReservationState::Held), (self.level.reserved, self.level.reserved));
        prop_assert_eq!(of(ReservationState::Committed), (self.level.sold, self.level.sold));
        prop_assert!(self.waiting.is_empty() || self.level.free() == 0, "{:?}", self.level);
        Ok(())
    }
}

/// A step: what, who, how many, where, and how much time passes before it.
type Step = (u8, u8, u32, usize, i64);

fn step() -> impl Strategy<Value = Step> {
    (0..14_u8, 0..6_u8, 1..6_u32, 0..3_usize, 0..40_i64)
}

fn play(shelf: &mut Shelf, (what, order, quantity, where_, passes): Step) {
    shelf.now += passes;
    let location = place(PLACES[where_]);
    let units = i64::from(quantity);
    let route = PLACES.iter().cycle().skip(where_).take(3).map(|name| place(name)).collect();
    let terms = ClaimTerms { route, ..ClaimTerms::default() };
    let until = shelf.now + 50;
    let location_of = |l: &LocationId| l.clone();
    match what {
        0..=2 => {
            shelf.ask(order, &reserve(quantity, until), &terms);
        }
        3 | 4 => {
            shelf.ask(order, &ClaimCommand::Commit { quantity }, &terms);
        }
        5 => {
            shelf.ask(order, &ClaimCommand::Release, &terms);
        }
        6 => {
            let key = "ref_1".to_owned();
            let condition = if passes % 2 == 0 { Condition::Sellable } else { Condition::Damaged };
            let location = (passes % 3 == 0).then(|| location_of(&location));
            let back = ClaimCommand::Restock { key, quantity, condition, location };
            shelf.ask(order, &back, &terms);
        }
        7 => shelf.change(
            &StockChange::Received { location, quantity: units, damaged: passes % 2, announced: 1 },
            None,
        ),
        8 => shelf.change(&StockChange::Adjusted { location, quantity_delta: units - 3 }, None),
        9 => shelf.change(&StockChange::Counted { location, counted: units }, None),
        10 => shelf.change(&StockChange::Sent { location, quantity: units }, None),
        11 => shelf.change(
            &StockChange::Arrived { location, quantity: units, damaged: 0, announced: 0 },
            None,
        ),
        12 => shelf.change(&StockChange::Damaged { location, quantity_delta: units - 3 }, None),
        _ => {
            let patch = TermsChange::Patch {
                back_order_limit: Some(units),
                low_stock_threshold: None,
                safety_stock: Some(passes % 3),
                reorder_point: None,
                reorder_quantity: None,
            };
            shelf.change(&StockChange::Expected { location, quantity_delta: 1 }, Some(&patch));
        }
    }
}

proptest! {
    /// Invariants 1 and 7 after every step of any history: nothing is oversold anywhere, and the
    /// counters are the sums of the ledger and of the claims.
    #[test]
    fn any_history_keeps_the_counters_true(steps in prop::collection::vec(step(), 1..80)) {
        let mut shelf = Shelf::default();
        for step in steps {
            play(&mut shelf, step);
            shelf.check()?;
        }
    }
}

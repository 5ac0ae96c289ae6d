//! Documents among SKUs that answer late, twice or not at all: whatever is lost, in the end everything of
//! a step moved or nothing did, and what moved is what the document says.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::tests::{
    asked, at, came, count, counted, place, purchase_order, receive, sku, transfer,
};
use super::*;
use crate::domain::inventory::{ChangeRefusal, StockChange, StockLevel, change};

/// SKUs as their objects keep them: a key is answered once, and the same for ever.
#[derive(Default)]
pub(super) struct Skus {
    pub levels: BTreeMap<Sku, StockLevel>,
    answers: BTreeMap<String, Result<(), ChangeRefusal>>,
}

impl Skus {
    pub fn stocked(location: &str, units: &[i64]) -> Self {
        let mut skus = Self::default();
        skus.put(location, units);
        skus
    }

    pub fn put(&mut self, location: &str, units: &[i64]) {
        for (number, quantity) in units.iter().enumerate() {
            let location = place(location);
            let change =
                StockChange::Received { location, quantity: *quantity, damaged: 0, announced: 0 };
            self.outside(number, change).unwrap();
        }
    }

    pub fn take(&mut self, location: &str, units: &[i64]) {
        for (number, quantity) in units.iter().enumerate() {
            let change =
                StockChange::Adjusted { location: place(location), quantity_delta: -quantity };
            self.outside(number, change).unwrap();
        }
    }

    /// Somebody else changes a SKU.
    fn outside(&mut self, number: usize, one: StockChange) -> Result<(), ChangeRefusal> {
        let level = self.levels.entry(sku(number)).or_default();
        *level = change(level, &[one], None)?.0;
        Ok(())
    }

    /// On hand, damaged, incoming.
    pub fn balance(&self, number: usize, location: &str) -> (i64, i64, i64) {
        let level = self.levels.get(&sku(number)).cloned().unwrap_or_default();
        let balance = level.balance(&place(location)).cloned().unwrap_or_default();
        (balance.on_hand, balance.damaged, balance.incoming)
    }

    fn perform(&mut self, debt: &Debt) -> Answered {
        let level = self.levels.entry(debt.sku.clone()).or_default();
        let result = self.answers.entry(debt.key.clone()).or_insert_with(|| {
            *level = change(level, &debt.changes, None)?.0;
            level.check().unwrap();
            Ok(())
        });
        Answered { key: debt.key.clone(), result: result.clone() }
    }

    /// Lets SKUs do what they owe until nothing is owed.
    pub fn settle(&mut self, mut document: StockDocument) -> StockDocument {
        loop {
            let debts = owed(&document);
            if debts.is_empty() {
                return document;
            }
            let answers: Vec<_> = debts.iter().map(|debt| self.perform(debt)).collect();
            document = answered(document, &answers, at(9)).unwrap();
        }
    }

    pub fn act(
        &mut self,
        document: StockDocument,
        action: Action,
    ) -> Result<StockDocument, Refusal> {
        document.act(asked(action, "key_a"), at(5)).map(|document| self.settle(document))
    }

    /// Lets SKUs do what they owe while the network and the document's own object fail: `chances` say
    /// which debt is asked, whether a late copy of an older question arrives, whether the answer is
    /// heard, and whether somebody takes or brings units meanwhile.
    fn settle_badly(
        &mut self,
        mut document: StockDocument,
        chances: &[(usize, u8)],
        sent: &mut Vec<Debt>,
        outside: &mut BTreeMap<usize, i64>,
    ) -> StockDocument {
        for (which, what) in chances {
            let debts = owed(&document);
            let Some(debt) = debts.get(which % debts.len().max(1)) else {
                return document;
            };
            sent.push(debt.clone());
            match what % 6 {
                // The answer is lost, or the question is still under way.
                0 => drop(self.perform(debt)),
                1 => {}
                // An old question arrives again, and its answer is heard.
                2 => {
                    let late = self.perform(&sent[which % sent.len()].clone());
                    if let Some(next) = answered(document.clone(), &[late], at(9)) {
                        assert_eq!(next.version, document.version + 1);
                        document = next;
                    }
                }
                3 => {
                    let (number, delta) = (which % 4, i64::from(*what) - 128);
                    let location = place("west");
                    let change = StockChange::Adjusted { location, quantity_delta: delta };
                    if self.outside(number, change).is_ok() {
                        *outside.entry(number).or_default() += delta;
                    }
                }
                _ => {
                    let answer = self.perform(debt);
                    document = answered(document, &[answer], at(9)).unwrap();
                }
            }
        }
        let document = self.settle(document);
        // Whatever is still under way arrives now, and changes nothing.
        let before = self.levels.clone();
        for debt in sent.iter() {
            let late = self.perform(debt);
            assert_eq!(answered(document.clone(), &[late], at(9)), None);
        }
        assert_eq!(self.levels, before);
        document
    }

    /// What the SKUs hold is what was there, what others did, and what the document says.
    fn agree(
        &self,
        document: &StockDocument,
        first: &[i64],
        outside: &BTreeMap<usize, i64>,
    ) -> Result<(), TestCaseError> {
        for (number, first) in first.iter().enumerate() {
            let level = self.levels.get(&sku(number)).cloned().unwrap_or_default();
            prop_assert_eq!(level.check(), Ok(()));
            let (others, mut adjusted) = (
                outside.get(&number).copied().unwrap_or(0),
                outside.get(&number).copied().unwrap_or(0),
            );
            let (mut west, mut east, mut transferred) = (first + others, (0, 0, 0), 0);
            match &document.body {
                Body::PurchaseOrder(body) => {
                    if let Some(line) = body.lines.get(number) {
                        east = (line.received, line.damaged, line.announced);
                        let mut came = (0, 0);
                        for booked in body.receipts.iter().flat_map(|receipt| &receipt.lines) {
                            if booked.line == number {
                                came = (came.0 + booked.quantity, came.1 + booked.damaged);
                            }
                        }
                        prop_assert_eq!(came, (line.received, line.damaged));
                        let is_open =
                            !document.open_lines().is_empty() && document.status() != "draft";
                        prop_assert_eq!(line.announced, if is_open { line.missing() } else { 0 });
                    }
                }
                Body::Transfer(body) => {
                    if let Some(line) = body.lines.get(number) {
                        west += line.returned - line.shipped;
                        east = (line.received, line.damaged, line.under_way());
                        transferred = -line.under_way();
                        adjusted -= line.lost + line.damaged;
                    }
                }
                Body::Count(body) => {
                    let booked = body.lines.get(number).filter(|line| line.is_booked);
                    let booked = booked.and_then(CountLine::variance).unwrap_or(0);
                    west += booked;
                    adjusted += booked;
                }
            }
            prop_assert_eq!(self.balance(number, "west"), (west, 0, 0), "{}", number);
            prop_assert_eq!(self.balance(number, "east"), east, "{}", number);
            prop_assert_eq!(level.transferred, transferred);
            prop_assert_eq!(level.adjusted, adjusted);
        }
        Ok(())
    }
}

fn chances() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((0..1_000_usize, 0..=255_u8), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// A transfer of many SKUs leaves with all of its lines or with none, whatever is lost on the way.
    #[test]
    fn shipping_is_for_all_lines_or_for_none(
        shelves in prop::collection::vec(0..9_i64, 120),
        wanted in prop::collection::vec(1..4_i64, 1..120),
        chances in chances(),
    ) {
        let mut skus = Skus::stocked("west", &shelves);
        let (mut sent, mut outside) = (Vec::new(), BTreeMap::new());
        let document = transfer(&wanted).act(asked(Action::Ship, "key_a"), at(2)).unwrap();
        let document = skus.settle_badly(document, &chances, &mut sent, &mut outside);
        let Body::Transfer(body) = &document.body else { panic!() };
        let shipped = body.lines.iter().filter(|line| line.shipped > 0).count();
        match document.status() {
            "draft" => {
                prop_assert_eq!(shipped, 0);
                prop_assert!(!document.failures.is_empty());
            }
            status => {
                prop_assert_eq!((status, shipped), ("in_transit", wanted.len()));
                prop_assert!(document.failures.is_empty());
            }
        }
        skus.agree(&document, &shelves, &outside)?;
    }

    /// A count is booked as a whole or not at all.
    #[test]
    fn approving_is_for_all_shelves_or_for_none(
        shelves in prop::collection::vec(3..9_i64, 4..110),
        found in prop::collection::vec(0..12_i64, 110),
        chances in chances(),
    ) {
        let mut skus = Skus::stocked("west", &shelves);
        let (mut sent, mut outside) = (Vec::new(), BTreeMap::new());
        let lines = shelves.iter().enumerate().map(|(n, known)| counted(n, found[n], *known));
        let record = Action::Record { lines: lines.collect() };
        let document = skus.act(count(shelves.len(), false), record).unwrap();
        // Somebody buys before the approval.
        for number in 0..3 {
            let sold = -(shelves[number] / 2);
            outside.insert(number, sold);
            let location = place("west");
            skus.outside(number, StockChange::Adjusted { location, quantity_delta: sold }).unwrap();
        }
        let document = document.act(asked(Action::Approve, "key_a"), at(6)).unwrap();
        let document = skus.settle_badly(document, &chances, &mut sent, &mut outside);
        let Body::Count(body) = &document.body else { panic!() };
        let booked = body.lines.iter().filter(|line| line.is_booked).count();
        let expected = if document.status() == "approved" { shelves.len() } else { 0 };
        prop_assert_eq!(booked, expected);
        skus.agree(&document, &shelves, &outside)?;
    }

    /// Any history of any document: what SKUs hold is what the document says, at every rest.
    #[test]
    fn what_moved_is_what_the_document_says(
        kind in 0..3_u8,
        shelves in prop::collection::vec(0..30_i64, 4),
        wanted in prop::collection::vec(1..12_i64, 1..5),
        steps in prop::collection::vec(
            (0..9_u8, prop::collection::vec((0..4_usize, 0..9_i64, 0..3_i64), 1..4), chances()),
            1..12,
        ),
    ) {
        let mut skus = Skus::stocked("west", &shelves);
        let (mut sent, mut outside) = (Vec::new(), BTreeMap::new());
        let mut document = match kind {
            0 => purchase_order(&wanted),
            1 => transfer(&wanted),
            _ => count(wanted.len(), false),
        };
        for (action, lines, chances) in steps {
            let action = match action {
                0 => Action::Order,
                1 | 2 => receive(lines.iter().map(|(n, q, d)| came(*n, *q, *d)).collect()),
                3 => Action::Close,
                4 => Action::Cancel,
                5 => Action::Ship,
                6 => Action::ReturnToSource,
                7 => {
                    let found = lines.iter().map(|(n, q, _)| counted(*n, *q, skus.balance(*n, "west").0));
                    Action::Record { lines: found.collect() }
                }
                _ => Action::Approve,
            };
            let before = document.clone();
            match document.act(asked(action, "key_a"), at(5)) {
                Ok(next) => document = skus.settle_badly(next, &chances, &mut sent, &mut outside),
                Err(_) => document = before,
            }
            if kind == 2 {
                // A shelf counted anew is booked anew: what was booked before is no more in the document.
                let Body::Count(body) = &document.body else { panic!() };
                prop_assert!(document.status() == "approved" || body.lines.iter().all(|l| !l.is_booked));
            }
            skus.agree(&document, &shelves, &outside)?;
        }
    }
}

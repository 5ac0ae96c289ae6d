//! Channels: what each is told and given, as tables, and as a property over random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const CHANNELS: [&str; 3] = ["market", "social", "storefront"];

fn channel(name: &str) -> ChannelId {
    name.parse().unwrap()
}

fn by(name: &str) -> ClaimTerms {
    let channel = (name != "storefront").then(|| channel(name));
    ClaimTerms { channel, ..ClaimTerms::default() }
}

fn terms(buffer: i64, cap: Option<i64>, allocation: i64) -> Option<ChannelTerms> {
    Some(ChannelTerms { buffer, cap, allocation })
}

fn with(
    level: &StockLevel,
    name: &str,
    terms: Option<ChannelTerms>,
) -> Result<StockLevel, ChangeRefusal> {
    let change_of = TermsChange::Channel { channel: channel(name), terms };
    change(level, &[], Some(&change_of)).map(|(level, _)| level)
}

fn told(level: &StockLevel) -> [i64; 3] {
    CHANNELS.map(|name| level.available_to(&channel(name), at(0)))
}

fn ask(
    level: &StockLevel,
    name: &str,
    claim: Option<Reservation>,
    command: &ClaimCommand,
) -> ClaimDecision {
    let decision = decide(level.clone(), claim, command, &by(name), Usage::default(), at(0));
    assert_eq!(decision.level.check(), Ok(()), "{command:?}");
    decision
}

#[test]
fn each_channel_is_told_what_it_may_have() {
    let level = StockLevel::stocked(10);
    assert_eq!(told(&level), [10, 10, 10]);
    for (market, social, expected) in [
        // (buffer, cap, allocation) of the market and of the social shop; what the three are told.
        ((3, None, 0), (0, None, 0), [7, 10, 10]),
        ((0, Some(4), 0), (0, None, 0), [4, 10, 10]),
        ((0, None, 6), (0, None, 0), [10, 4, 4]),
        ((3, None, 6), (0, None, 0), [7, 4, 4]),
        ((9, None, 6), (0, None, 0), [6, 4, 4]),
        ((0, Some(5), 6), (0, None, 0), [5, 4, 4]),
        ((0, None, 6), (0, None, 4), [6, 4, 0]),
        ((0, None, 6), (1, Some(2), 3), [7, 2, 1]),
        ((0, Some(0), 0), (20, None, 0), [0, 0, 10]),
    ] {
        let set = |level: &StockLevel, name, (buffer, cap, allocation)| {
            with(level, name, terms(buffer, cap, allocation)).unwrap()
        };
        let level = set(&set(&level, "market", market), "social", social);
        assert_eq!(told(&level), expected, "{market:?} {social:?}");
        assert_eq!(level.available(at(0)), expected[2], "ordinary checkouts are the storefront's");
    }
}

#[test]
fn the_storefront_can_have_an_allocation_and_a_cap_like_any_other() {
    let level = with(&StockLevel::stocked(10), "storefront", terms(0, Some(3), 8)).unwrap();
    assert_eq!(told(&level), [2, 2, 3]);
    let taken = ask(&level, "storefront", None, &reserve(3, 100));
    assert_eq!(taken.answer, ClaimAnswer::Held);
    assert_eq!(taken.level.set_aside_for(&channel("storefront")), 5);
    let refused = ask(&level, "storefront", None, &reserve(4, 100));
    assert_eq!(refused.answer, ClaimAnswer::Insufficient { available: 3 });
}

#[test]
fn nothing_beyond_the_shelf_is_promised_to_a_channel_from_which_units_are_kept() {
    let mut level = StockLevel::stocked(4);
    level.back_order_limit = 5;
    let level = with(&level, "market", terms(2, None, 0)).unwrap();
    assert_eq!(told(&level), [2, 9, 9]);
    let level = with(&level, "social", terms(0, Some(6), 0)).unwrap();
    assert_eq!(told(&level), [2, 6, 9]);
    let mixed = ask(&level, "social", None, &reserve(6, 100));
    assert_eq!(mixed.reservation.unwrap().placement.back_ordered, 2);
}

#[test]
fn an_allocation_is_drawn_first_and_gets_back_what_comes_back() {
    let level = with(&StockLevel::stocked(10), "market", terms(0, None, 6)).unwrap();
    let left = |level: &StockLevel| level.set_aside_for(&channel("market"));
    let held = ask(&level, "market", None, &reserve(4, 100));
    assert_eq!((left(&held.level), told(&held.level)), (2, [6, 4, 4]));
    let more = ask(&held.level, "market", held.reservation.clone(), &reserve(8, 100));
    assert_eq!((left(&more.level), told(&more.level)), (0, [2, 2, 2]));
    let fewer = ask(&more.level, "market", more.reservation, &reserve(1, 100));
    assert_eq!(left(&fewer.level), 5);
    let over = expire(held.level.clone(), held.reservation.clone().unwrap(), at(100));
    assert_eq!((left(&over.level), over.level.check()), (6, Ok(())));
    let sold = ask(&held.level, "market", held.reservation, &ClaimCommand::Commit { quantity: 4 });
    assert_eq!(left(&sold.level), 2);
    let key = || "ref_1".to_owned();
    let back =
        |condition| ClaimCommand::Restock { key: key(), quantity: 3, condition, location: None };
    let sellable = back(Condition::Sellable);
    let sellable = ask(&sold.level, "market", sold.reservation.clone(), &sellable);
    assert_eq!((left(&sellable.level), told(&sellable.level)), (5, [9, 4, 4]));
    let rest = ask(&sellable.level, "market", sellable.reservation, &ClaimCommand::Release);
    assert_eq!((left(&rest.level), rest.level.clone().set_aside_units()), (6, 6));
    let damaged = back(Condition::Damaged);
    let damaged = ask(&sold.level, "market", sold.reservation, &damaged);
    assert_eq!((left(&damaged.level), told(&damaged.level)), (2, [6, 4, 4]));
}

#[test]
fn an_allocation_beyond_what_is_free_is_refused_and_a_lower_one_gives_back_to_all() {
    let level = StockLevel::stocked(10);
    let refused = |free| Err(ChangeRefusal::UnitsClaimed { removable: free });
    assert_eq!(with(&level, "market", terms(0, None, 11)), refused(10));
    let level = with(&level, "market", terms(0, None, 6)).unwrap();
    assert_eq!(with(&level, "social", terms(0, None, 5)), refused(4));
    assert_eq!(with(&level, "market", terms(0, None, 11)), refused(4));
    let sold = ask(&level, "market", None, &ClaimCommand::Commit { quantity: 4 });
    let lower = with(&sold.level, "market", terms(0, None, 3)).unwrap();
    assert_eq!((lower.set_aside_units(), told(&lower)), (0, [6, 6, 6]));
    let returned = ask(&lower, "market", sold.reservation.clone(), &ClaimCommand::Release);
    assert_eq!(returned.level.set_aside_units(), 3, "no more than the allocation is now");
    let ended = with(&sold.level, "market", None).unwrap();
    assert_eq!((ended.has_channels(), told(&ended)), (false, [6, 6, 6]));
    let returned = ask(&ended, "market", sold.reservation, &ClaimCommand::Release);
    assert_eq!(told(&returned.level), [10, 10, 10]);
    let held = ask(&level, "market", None, &reserve(4, 100));
    let ended = with(&held.level, "market", None).unwrap();
    let sold = ask(&ended, "market", held.reservation, &ClaimCommand::Commit { quantity: 4 });
    assert_eq!((sold.answer, sold.level.set_aside_units()), (ClaimAnswer::Committed, 0));
    for bad in [terms(-1, None, 0), terms(0, Some(-1), 0), terms(0, None, MAX_UNITS + 1)] {
        assert_eq!(with(&level, "market", bad), Err(ChangeRefusal::OutOfRange));
    }
    let mut crowded = StockLevel::stocked(10);
    for number in 0..MAX_CHANNELS {
        crowded = with(&crowded, &format!("c{number}"), terms(0, None, 0)).unwrap();
    }
    assert_eq!(with(&crowded, "one-more", terms(0, None, 0)), Err(ChangeRefusal::OutOfRange));
}

#[test]
fn what_is_set_aside_cannot_be_counted_away() {
    let level = with(&StockLevel::stocked(10), "market", terms(0, None, 6)).unwrap();
    let gone = |quantity_delta| StockChange::Adjusted { location: place("main"), quantity_delta };
    let refused = change(&level, &[gone(-5)], None).map(|_| ());
    assert_eq!(refused, Err(ChangeRefusal::UnitsClaimed { removable: 4 }));
    assert!(change(&level, &[gone(-4)], None).is_ok());
}

#[test]
fn other_terms_are_replaced_without_those_of_channels() {
    let level = with(&StockLevel::stocked(10), "market", terms(1, None, 6)).unwrap();
    let replace = TermsChange::Replace {
        back_order_limit: 0,
        low_stock_threshold: 2,
        terms: Box::new(StockTerms { safety_stock: 7, ..StockTerms::default() }),
    };
    let (level, _) = change(&level, &[], Some(&replace)).unwrap();
    assert_eq!(level.terms.channels.len(), 1);
    // A safety stock that came later leaves three, all of them the market's.
    assert_eq!(told(&level), [3, 0, 0]);
    let all = ask(&level, "market", None, &reserve(3, 100));
    assert_eq!((all.level.set_aside_units(), told(&all.level)), (3, [0, 0, 0]));
}

#[test]
fn lines_of_before_there_were_channels_read_and_write_as_they_did() {
    let line = r#"{"kind":"reserved","location":"main","reserved":2}"#;
    let movement: Movement = serde_json::from_str(line).unwrap();
    assert_eq!(serde_json::to_string(&movement).unwrap(), line);
    let level = serde_json::to_value(StockLevel::stocked(1)).unwrap();
    assert!(level.get("set_aside").is_none() && level["terms"].get("channels").is_none());
    let level = with(&StockLevel::stocked(3), "market", terms(0, None, 2)).unwrap();
    let text = serde_json::to_string(&level).unwrap();
    assert_eq!(serde_json::from_str::<StockLevel>(&text).unwrap(), level);
}

#[test]
fn a_channel_is_told_of_each_change_once_and_of_its_end() {
    let level = with(&StockLevel::stocked(10), "market", terms(0, None, 6)).unwrap();
    let everywhere = [channel("social")];
    let first = news(&level, &[], &everywhere, at(5));
    let of = |news: &[ChannelAvailability]| -> Vec<(String, i64, i64)> {
        news.iter().map(|n| (n.channel.to_string(), n.available, n.version)).collect()
    };
    let version = level.version;
    let expected = [("market".to_owned(), 10, version), ("social".to_owned(), 4, version)];
    assert_eq!(of(&first), expected);
    assert_eq!(news(&level, &first, &everywhere, at(9)), []);
    let held = ask(&level, "market", None, &reserve(6, 100)).level;
    assert_eq!(of(&news(&held, &first, &everywhere, at(9))), [("market".into(), 4, version + 1)]);
    let ended = with(&level, "market", None).unwrap();
    let last = news(&ended, &first, &everywhere, at(5));
    assert_eq!(of(&last), [("market".into(), 0, version + 1), ("social".into(), 10, version + 1)]);
    assert!(last.iter().all(|n| n.as_of > at(5)), "later than what was told at the same moment");
    assert_eq!(news(&ended, &last, &everywhere, at(9)), [], "its end is told once");
}

/// A SKU as its object keeps it, the orders by the channel they came by.
#[derive(Default)]
struct Shop {
    level: StockLevel,
    ledger: StockLevel,
    claims: BTreeMap<u8, Reservation>,
    waiting: Vec<u8>,
    now: i64,
}

impl Shop {
    fn keep(&mut self, order: u8, decision: ClaimDecision) {
        for movement in &decision.movements {
            self.ledger.apply(movement);
        }
        self.level = decision.level;
        if let Some(claim) = decision.reservation {
            self.waiting.retain(|known| *known != order || claim.placement.back_ordered > 0);
            if claim.placement.back_ordered > 0 && !self.waiting.contains(&order) {
                self.waiting.push(order);
            }
            self.claims.insert(order, claim);
        }
    }

    fn settle(&mut self) {
        for order in self.waiting.clone() {
            while let Some(filled) = fill(self.level.clone(), self.claims[&order].clone()) {
                self.keep(order, filled);
            }
        }
    }

    /// An order's number says by which channel it came.
    fn ask(&mut self, order: u8, command: &ClaimCommand) -> Result<(), TestCaseError> {
        let name = CHANNELS[usize::from(order) % 3];
        for (order, claim) in self.claims.clone() {
            let decision = expire(self.level.clone(), claim, at(self.now));
            self.keep(order, decision);
        }
        self.settle();
        let before = self.level.clone();
        let told = before.available_to(&channel(name), at(self.now));
        let claim = self.claims.get(&order).cloned();
        let had = claim.as_ref().map_or(0, |claim| claim.placement.quantity());
        let usage = Usage::default();
        let decision = decide(self.level.clone(), claim, command, &by(name), usage, at(self.now));
        for other in CHANNELS.iter().filter(|other| **other != name) {
            let left = |level: &StockLevel| level.set_aside_for(&channel(other));
            prop_assert_eq!(left(&decision.level), left(&before), "{} drew on {}", name, other);
        }
        if let Some(claim) = &decision.reservation {
            let gained = claim.placement.quantity() - had;
            prop_assert!(gained <= told, "{} were told, {} got", told, gained);
        }
        self.keep(order, decision);
        self.settle();
        Ok(())
    }

    fn change(&mut self, changes: &[StockChange], terms: Option<&TermsChange>) {
        if let Ok((level, movements)) = change(&self.level, changes, terms) {
            for movement in &movements {
                self.ledger.apply(movement);
            }
            self.level = level;
        }
        self.settle();
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.level.check(), Ok(()));
        prop_assert_eq!(&self.level.set_aside, &self.ledger.set_aside);
        prop_assert_eq!(self.level.reserved, self.ledger.reserved);
        prop_assert_eq!(self.level.sold, self.ledger.sold);
        for name in CHANNELS {
            let left = self.level.set_aside_for(&channel(name));
            let terms = self.level.terms.channels.get(&channel(name)).cloned().unwrap_or_default();
            if terms.cap.is_none() && self.level.terms.safety_stock == 0 {
                let told = self.level.available_to(&channel(name), at(self.now));
                prop_assert!(told >= left, "{} is told {} of its {}", name, told, left);
            }
        }
        for order in &self.waiting {
            let filled = fill(self.level.clone(), self.claims[order].clone());
            prop_assert!(filled.is_none(), "{} waits while there are units for it", order);
        }
        for claim in self.claims.values() {
            let shelf = claim.placement.quantity() - claim.placement.back_ordered;
            prop_assert!((0..=shelf).contains(&claim.placement.of_allocation), "{:?}", claim);
        }
        Ok(())
    }
}

/// What, who, how many, another number, and how much time passes before it.
type Step = (u8, u8, u32, i64, i64);

fn step() -> impl Strategy<Value = Step> {
    (0..12_u8, 0..9_u8, 1..6_u32, 0..8_i64, 0..30_i64)
}

fn play(
    shop: &mut Shop,
    (what, order, quantity, number, passes): Step,
) -> Result<(), TestCaseError> {
    shop.now += passes;
    let location = place(if passes % 2 == 0 { "main" } else { "porto" });
    match what {
        0..=2 => shop.ask(order, &reserve(quantity, shop.now + 50))?,
        3 | 4 => shop.ask(order, &ClaimCommand::Commit { quantity })?,
        5 => shop.ask(order, &ClaimCommand::Release)?,
        6 => {
            let key = "ref_1".to_owned();
            let condition = if passes % 2 == 0 { Condition::Sellable } else { Condition::Damaged };
            let back = ClaimCommand::Restock { key, quantity, condition, location: None };
            shop.ask(order, &back)?;
        }
        7 => {
            let quantity = number * 2;
            let received = StockChange::Received { location, quantity, damaged: 0, announced: 0 };
            shop.change(&[received], None);
        }
        8 => shop.change(&[StockChange::Adjusted { location, quantity_delta: -number }], None),
        9 => {
            let patch = TermsChange::Patch {
                back_order_limit: Some(number),
                low_stock_threshold: None,
                safety_stock: Some(passes % 3),
                reorder_point: None,
                reorder_quantity: None,
            };
            shop.change(&[], Some(&patch));
        }
        _ => {
            let channel = channel(CHANNELS[usize::from(order) % 3]);
            let cap = (passes % 4 == 0).then_some(number);
            let terms = ChannelTerms { buffer: passes % 3, cap, allocation: number };
            let terms = (quantity != 5).then_some(terms);
            shop.change(&[], Some(&TermsChange::Channel { channel, terms }));
        }
    }
    Ok(())
}

proptest! {
    /// Over any history no channel draws on another's allocation or gets more than it was told, what is
    /// set aside is there, and the counters are the sums of the ledger.
    #[test]
    fn no_channel_takes_what_is_anothers(steps in prop::collection::vec(step(), 1..90)) {
        let mut shop = Shop::default();
        for step in steps {
            play(&mut shop, step)?;
            shop.check()?;
        }
    }
}

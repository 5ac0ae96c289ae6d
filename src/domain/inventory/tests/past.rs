//! The state at a time is the one that was there, and every explanation adds up.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::book::{Book, full, play, step};
use super::*;

/// When, after which line, the counters, and what orders had.
type State = (i64, i64, StockLevel, BTreeMap<String, Holding>);

fn holdings(book: &Book) -> BTreeMap<String, Holding> {
    let all = book.claims.iter().map(|(order, claim)| (order.clone(), Holding::of(claim)));
    all.filter(|(_, holding)| *holding != Holding::default()).collect()
}

fn rebuilt(book: &Book, checkpoint: Option<(i64, Checkpoint)>, when: Timestamp) -> Past {
    let mut past = checkpoint.map(|(at, kept)| Past::from(at, kept)).unwrap_or_default();
    for line in &book.lines {
        let entry: LedgerEntry = serde_json::from_str(&line.entry).unwrap();
        if line.sequence > past.sequence && !past.follow(line.sequence, &entry, when) {
            break;
        }
    }
    past
}

fn sum(reasons: &[Reason]) -> i64 {
    reasons.iter().map(|reason| reason.units).sum()
}

#[test]
fn orders_that_a_checkpoint_does_not_name_stay_in_the_sum_of_the_others() {
    let mut book = full();
    let kept = Checkpoint { level: book.level.clone(), holdings: BTreeMap::new() };
    let at_line = book.sequence;
    let terms = ClaimTerms::default();
    book.ask("ord_a", &ClaimCommand::Release, &terms);
    book.ask("ord_f", &reserve(1, 1_000), &terms);
    let past = rebuilt(&book, Some((at_line, kept)), at(book.now));
    assert_eq!(past.level, book.level);
    assert_eq!(past.holdings.keys().collect::<Vec<_>>(), ["ord_f"]);
    let named = past.holdings.values().map(|holding| holding.units()).sum::<i64>();
    let all = Holding::of_all(&book.level).units();
    assert_eq!(past.unnamed().units() + named, all);
}

#[test]
fn what_a_merchant_is_told() {
    let book = full();
    let why = explain(&book.level, 2, at(book.now));
    let told: Vec<(ReasonCode, Option<&str>, i64)> = why
        .reasons
        .iter()
        .map(|r| (r.code, r.location.as_ref().map(LocationId::as_str), r.units))
        .collect();
    use ReasonCode as R;
    let level = &book.level;
    let of = |name: &str| level.balance(&place(name)).unwrap().clone();
    let mut expected = Vec::new();
    for name in ["berlin", "main"] {
        let balance = of(name);
        expected.push((R::OnHand, Some(name), balance.on_hand));
        expected.push((R::Reserved, Some(name), -balance.reserved));
    }
    expected.push((R::BackOrderLimit, None, 5));
    expected.push((R::BackOrderedHeld, None, -level.back_ordered_held));
    expected.push((R::BackOrderedSold, None, -level.back_ordered_sold));
    expected.retain(|(_, _, units)| *units != 0);
    assert_eq!(told, expected);
    assert_eq!(why.available, sum(&why.reasons));
    let notes: Vec<R> = why.notes.iter().map(|note| note.code).collect();
    assert_eq!(notes, [R::Damaged, R::Damaged]);
    assert_eq!(why.notes[0].message, "1 unit is damaged at berlin and can't be sold.");
}

#[test]
fn buffers_releases_and_limits_each_have_a_reason() {
    use ReasonCode as R;
    let mut level = spread(&[("main", 10), ("porto", 2)]);
    level.terms.safety_stock = 3;
    let kept = LocationTerms { safety_stock: 5, back_order_limit: 4, low_stock_threshold: None };
    level.terms.locations.insert(place("porto"), kept);
    level.terms.release_at = Some(at(100));
    level.terms.customer_limit = Some(2);
    level.back_order_limit = 6;
    let units = |now: i64| -> BTreeMap<String, i64> {
        let why = explain(&level, 20, at(now));
        assert_eq!(why.available, sum(&why.reasons));
        assert_eq!(why.available, level.available(at(now)));
        why.reasons.iter().map(|r| (format!("{:?}", r.code), r.units)).collect()
    };
    let before = units(50);
    assert_eq!(before["LocationSafetyStock"], -2);
    assert_eq!(before["SafetyStock"], -3);
    assert_eq!(before["PreOrderLimit"], 6);
    assert_eq!(before["LocationBackOrderLimit"], 4);
    let after = units(100);
    assert_eq!(after["PreOrderEnded"], -10);
    assert_eq!(after["BackOrderLimit"], 6);
    let notes: Vec<R> = explain(&level, 20, at(50)).notes.iter().map(|n| n.code).collect();
    assert_eq!(notes, [R::CustomerLimit, R::ReleaseAt, R::LowStock]);
    let empty = explain(&StockLevel::default(), 0, at(1));
    assert_eq!((empty.available, empty.reasons.len()), (0, 0));
    assert_eq!(empty.notes[0].code, R::NothingAvailable);
}

#[test]
fn what_channels_have_is_explained_to_the_storefront() {
    use ReasonCode as R;
    let set = |level: &StockLevel, channel: &str, terms: ChannelTerms| {
        let channel = channel.parse().unwrap();
        let change_of = TermsChange::Channel { channel, terms: Some(terms) };
        change(level, &[], Some(&change_of)).unwrap().0
    };
    let allocation = |allocation| ChannelTerms { allocation, ..ChannelTerms::default() };
    let level = set(&spread(&[("main", 20)]), "market", allocation(6));
    let level = set(&level, "social", allocation(3));
    let level = set(&level, "storefront", ChannelTerms { buffer: 2, ..ChannelTerms::default() });
    let why = explain(&level, 0, at(1));
    let told: Vec<(R, i64)> = why.reasons.iter().map(|r| (r.code, r.units)).collect();
    let expected = [
        (R::OnHand, 20),
        (R::ChannelAllocation, -6),
        (R::ChannelAllocation, -3),
        (R::ChannelTerms, -2),
    ];
    assert_eq!(told, expected);
    assert_eq!((why.available, sum(&why.reasons)), (9, 9));
    assert_eq!(why.reasons[1].message, "6 units are set aside for the channel market.");
}

proptest! {
    /// At every time the state rebuilt from the first line, and from any checkpoint before, is the one
    /// that was there then; and what explains it adds up.
    #[test]
    fn the_past_is_as_it_was(
        steps in prop::collection::vec(step(), 1..60),
        kept_after in any::<prop::sample::Index>(),
    ) {
        let mut book = Book::new();
        let mut states: Vec<State> = Vec::new();
        for step in &steps {
            play(&mut book, *step);
            // Only the last state of a moment can be asked for.
            states.retain(|(when, ..)| *when != book.now);
            states.push((book.now, book.sequence, book.level.clone(), holdings(&book)));
            let why = explain(&book.level, 3, at(book.now));
            prop_assert_eq!(sum(&why.reasons), book.level.available(at(book.now)));
            // Without channels nothing is left to be put down to them.
            let is_told = |reason: &Reason| reason.code != ReasonCode::ChannelTerms;
            prop_assert!(why.reasons.iter().all(|reason| reason.units != 0 && is_told(reason)));
        }
        let (kept_at, kept_sequence, level, named) = states[kept_after.index(states.len())].clone();
        let checkpoint = Checkpoint { level, holdings: named };
        let text = serde_json::to_string(&checkpoint).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Checkpoint>(&text).unwrap(), &checkpoint);
        for (when, sequence, level, holdings) in states {
            let mut starts = vec![None];
            if when >= kept_at {
                starts.push(Some((kept_sequence, checkpoint.clone())));
            }
            for start in starts {
                let past = rebuilt(&book, start, at(when));
                prop_assert_eq!(past.sequence, sequence);
                prop_assert_eq!(&past.level, &level);
                prop_assert_eq!(&past.holdings, &holdings);
                prop_assert_eq!(past.unnamed(), Holding::default());
            }
        }
        prop_assert_eq!(rebuilt(&book, None, at(0)), Past::default());
    }
}

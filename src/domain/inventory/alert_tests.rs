//! Alerts, as tables and over random walks.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::inventory::{LocationTerms, StockTerms};

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn level(on_hand: i64, low_stock_threshold: i64) -> StockLevel {
    StockLevel { low_stock_threshold, ..StockLevel::stocked(on_hand) }
}

/// What is told when the counters go through these levels, one after the other.
fn story(levels: &[StockLevel], store_threshold: Option<i64>) -> Vec<Vec<String>> {
    let mut book = AlertBook::default();
    let mut all = Vec::new();
    for (moment, level) in (1..).zip(levels) {
        let (next, told) = watch(&book, level, store_threshold, at(moment));
        book = next;
        all.push(told.iter().map(said).collect());
        assert_eq!(watch(&book, level, store_threshold, at(moment)).1, [], "nothing is said twice");
    }
    all
}

fn said(alert: &Alert) -> String {
    let place = alert.location.as_ref().map_or(String::new(), |place| format!(" at {place}"));
    let news = alert.kind == AlertKind::BackInStock;
    let end = if alert.end.is_some() && !news { " ends" } else { "" };
    format!("{}{place}{end}", alert.kind.name())
}

fn units(counts: &[i64], threshold: i64) -> Vec<Vec<String>> {
    let levels: Vec<StockLevel> = counts.iter().map(|count| level(*count, threshold)).collect();
    story(&levels, Some(0))
}

#[test]
fn each_line_is_told_once_and_ends_above_its_margin() {
    let none: [&str; 0] = [];
    // Units on the shelf with a threshold of 5: the margin is one unit, so it is over at 7.
    for (counts, expected) in [
        (
            &[10, 6, 5, 4, 5, 6, 5, 6][..],
            &[&none[..], &[], &["low_stock"], &[], &[], &[], &[], &[]][..],
        ),
        (&[10, 5, 6, 7, 5], &[&[], &["low_stock"], &[], &["low_stock ends"], &["low_stock"]]),
        (&[3], &[&["low_stock"]]),
        (
            &[10, 0, 0, 1],
            &[&[], &["out_of_stock", "low_stock"], &[], &["out_of_stock ends", "back_in_stock"]],
        ),
        (
            &[1, 0, 20],
            &[
                &["low_stock"],
                &["out_of_stock"],
                &["low_stock ends", "out_of_stock ends", "back_in_stock"],
            ],
        ),
    ] {
        assert_eq!(units(counts, 5), expected, "{counts:?}");
    }
    // A tenth of 200 is 20: over at 221.
    assert_eq!(
        units(&[300, 200, 220, 200, 221, 200], 200),
        [&none[..], &["low_stock"], &[], &[], &["low_stock ends"], &["low_stock"]]
    );
}

#[test]
fn the_stores_threshold_stands_in_for_one_that_is_missing() {
    let levels = [level(10, 0), level(4, 0), level(4, 0), level(10, 0)];
    let none: [&str; 0] = [];
    assert_eq!(story(&levels, Some(5)), [&none[..], &["low_stock"], &[], &["low_stock ends"]]);
    assert_eq!(story(&levels, Some(0)), [none, none, none, none], "0 is no threshold");
    assert_eq!(story(&levels, None), [none, none, none, none]);
    // Not to know it is no reason to say that an alert is over.
    let (book, _) = watch(&AlertBook::default(), &level(4, 0), Some(5), at(1));
    assert_eq!(watch(&book, &level(50, 0), None, at(2)), (book.clone(), vec![]));
    assert_eq!(watch(&book, &level(50, 0), Some(5), at(2)).1.len(), 1);
    // The threshold itself moves: down, and the stock is low no longer; up, and it is.
    assert_eq!(watch(&book, &level(4, 0), Some(2), at(2)).1.len(), 1);
    assert_eq!(watch(&book, &level(4, 2), Some(5), at(2)).1.len(), 1);
}

#[test]
fn units_held_by_unpaid_orders_are_not_gone() {
    let mut held = level(10, 5);
    held.balances[0].reserved = 10;
    held.reserved = 10;
    assert_eq!(held.free(), 0);
    let none: [&str; 0] = [];
    assert_eq!(story(&[level(10, 5), held, level(10, 5)], Some(0)), [none, none, none]);
}

#[test]
fn what_is_kept_or_owed_is_not_to_be_sold() {
    let mut kept = level(10, 5);
    kept.terms.safety_stock = 3;
    let place = LocationTerms { safety_stock: 2, ..LocationTerms::default() };
    kept.terms.locations = BTreeMap::from([(LocationId::main(), place)]);
    assert_eq!((kept.unsold(), kept.unsold_at(&kept.balances[0])), (5, 8));
    assert_eq!(story(&[kept], Some(0)), [["low_stock"]]);
    let owed = StockLevel { back_ordered_sold: 4, back_order_limit: 9, sold: 4, ..level(0, 0) };
    assert_eq!(owed.unsold(), -4);
    // Three come while four are owed: still nothing to sell.
    let fed = StockLevel { back_ordered_sold: 1, sold: 4, received: 3, ..owed.clone() };
    let rich = StockLevel { back_ordered_sold: 0, sold: 4, ..level(6, 0) };
    let none: [&str; 0] = [];
    let first = level(2, 0);
    assert_eq!(
        story(&[first, owed, fed, rich], Some(0)),
        [&none[..], &["out_of_stock"], &[], &["out_of_stock ends", "back_in_stock"]]
    );
    // What one location keeps beyond its units does not take from another.
    let mut two = level(10, 0);
    let empty: LocationId = "b".parse().unwrap();
    two.balances.insert(0, Balance { location: empty.clone(), ..Balance::default() });
    let place = LocationTerms { safety_stock: 50, ..LocationTerms::default() };
    two.terms.locations = BTreeMap::from([(empty, place)]);
    assert_eq!(two.unsold(), 10);
}

#[test]
fn a_sku_that_never_had_stock_is_not_out_of_it() {
    let none: [&str; 0] = [];
    let empty = StockLevel { version: 1, ..StockLevel::default() };
    assert_eq!(story(&[empty.clone(), level(5, 0)], Some(0)), [none, none]);
    // Pre-ordered before anything came.
    let ordered = StockLevel { sold: 2, back_ordered_sold: 2, back_order_limit: 9, ..empty };
    assert_eq!(story(&[ordered, level(5, 0)], Some(0)), [none, none]);
    // Seen for the first time when everything is sold: that is news.
    let sold_out = StockLevel { received: 7, sold: 7, ..level(0, 0) };
    assert_eq!(story(&[sold_out], Some(0)), [["out_of_stock"]]);
}

#[test]
fn it_is_time_to_order_until_enough_is_announced() {
    let with = |on_hand, incoming| {
        let mut level = level(on_hand, 0);
        level.balances[0].incoming = incoming;
        level.terms.reorder_point = Some(10);
        level
    };
    let none: [&str; 0] = [];
    assert_eq!(
        story(&[with(12, 0), with(10, 0), with(8, 3), with(8, 4), with(8, 40)], Some(0)),
        [&none[..], &["reorder_needed"], &[], &["reorder_needed ends"], &[]]
    );
    // The goods arrive: announced units turn into units, and nothing is said.
    assert_eq!(story(&[with(2, 40), with(42, 0)], Some(0)), [none, none]);
}

#[test]
fn a_location_is_watched_if_it_has_a_threshold() {
    let north: LocationId = "north".parse().unwrap();
    let with = |on_hand: i64, threshold: Option<i64>| {
        let mut level = level(100, 0);
        level.balances.push(Balance { location: north.clone(), on_hand, ..Balance::default() });
        let terms = LocationTerms { low_stock_threshold: threshold, ..LocationTerms::default() };
        level.terms = StockTerms {
            locations: BTreeMap::from([(north.clone(), terms)]),
            ..StockTerms::default()
        };
        level
    };
    let none: [&str; 0] = [];
    assert_eq!(
        story(&[with(9, Some(5)), with(5, Some(5)), with(0, Some(5)), with(9, Some(5))], Some(0)),
        [
            &none[..],
            &["low_stock at north"],
            &["out_of_stock at north"],
            &["low_stock at north ends", "out_of_stock at north ends", "back_in_stock at north"],
        ]
    );
    assert_eq!(story(&[with(9, None), with(0, None)], Some(5)), [none, none]);
    assert_eq!(
        story(&[with(9, Some(0)), with(0, Some(0))], Some(5)),
        [&none[..], &["out_of_stock at north"]]
    );
    // The merchant watches it no longer: what was open ends, and nobody says that there is stock.
    assert_eq!(
        story(&[with(9, Some(5)), with(0, Some(5)), with(0, None)], Some(0))[2],
        ["out_of_stock at north ends", "low_stock at north ends"]
    );
    // Empty from the beginning, it did not run out.
    assert_eq!(
        story(&[with(0, Some(1)), with(9, Some(1))], Some(0)),
        [["low_stock at north"], ["low_stock at north ends"]]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// However units, holds, debts, announcements and thresholds move: between two alerts that are alike
    /// lies the end of the first, above its margin; crossings are numbered without a gap; and replaying
    /// what was told in any order, twice, comes to the same list.
    #[test]
    fn no_walk_makes_an_alert_flap(
        threshold in 0_i64..40,
        point in proptest::option::of(0_i64..40),
        steps in proptest::collection::vec((-9_i64..=9, 0_i64..20, 0_i64..6), 1..120),
    ) {
        let mut book = AlertBook::default();
        let mut shelf = 20_i64;
        let mut told: Vec<Alert> = Vec::new();
        let mut moment = 0;
        for (delta, incoming, held) in steps {
            moment += 1;
            shelf = (shelf + delta).max(-9);
            let mut now = level(shelf.max(0), threshold);
            now.received = 100;
            now.back_ordered_sold = (-shelf).max(0);
            now.balances[0].incoming = incoming;
            now.balances[0].reserved = held.min(shelf.max(0));
            now.terms.reorder_point = point;
            let (next, news) = watch(&book, &now, Some(0), at(moment));
            for kind in [AlertKind::LowStock, AlertKind::OutOfStock, AlertKind::ReorderNeeded] {
                let of_kind: Vec<&Alert> = news.iter().filter(|a| a.kind == kind).collect();
                prop_assert!(of_kind.len() <= 1, "one crossing at a time");
                let units = if kind == AlertKind::ReorderNeeded { shelf + incoming } else { shelf };
                let line = match kind {
                    AlertKind::LowStock => Some(threshold).filter(|t| *t > 0),
                    AlertKind::ReorderNeeded => point,
                    _ => Some(0),
                };
                let Some(line) = line else { prop_assert!(of_kind.is_empty()); continue };
                let room = if kind == AlertKind::OutOfStock { 0 } else { (line / 10).max(1) };
                let was_open = book.open.iter().any(|a| a.kind == kind);
                let is_open = next.open.iter().any(|a| a.kind == kind);
                prop_assert_eq!(is_open, if was_open { units <= line + room } else { units <= line });
                prop_assert_eq!(of_kind.len(), usize::from(was_open != is_open));
            }
            let numbers: Vec<i64> = news.iter().map(|a| a.last_sequence).collect();
            let expected: Vec<i64> = (book.last_sequence + 1..=next.last_sequence).collect();
            prop_assert_eq!(numbers, expected);
            told.extend(news);
            book = next;
        }
        let held = |list: &mut dyn Iterator<Item = &Alert>| {
            let mut rows: BTreeMap<i64, Alert> = BTreeMap::new();
            for alert in list {
                let row = rows.entry(alert.sequence).or_insert_with(|| alert.clone());
                if alert.last_sequence > row.last_sequence { *row = alert.clone(); }
            }
            rows
        };
        let once = held(&mut told.iter());
        prop_assert_eq!(&once, &held(&mut told.iter().rev().chain(&told)));
        let open: Vec<&Alert> = once.values().filter(|alert| alert.end.is_none()).collect();
        let mut known: Vec<&Alert> = book.open.iter().collect();
        known.sort_by_key(|alert| alert.sequence);
        prop_assert_eq!(open, known);
    }
}

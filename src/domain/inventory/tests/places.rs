//! Locations, routes, buffers, back-orders, and the changes that people make.

use super::*;

fn reserved_at(level: &StockLevel, terms: &ClaimTerms, quantity: u32) -> Vec<(String, i64)> {
    let usage = Usage::default();
    let decision = decide(level.clone(), None, &reserve(quantity, 9), terms, usage, at(1));
    assert_eq!(decision.level.check(), Ok(()));
    let placement = decision.reservation.unwrap().placement;
    let mut parts: Vec<(String, i64)> = placement
        .allocations
        .iter()
        .map(|part| (part.location.to_string(), part.quantity))
        .collect();
    if placement.back_ordered > 0 {
        parts.push(("later".to_owned(), placement.back_ordered));
    }
    parts
}

fn route(names: &[&str]) -> ClaimTerms {
    ClaimTerms { route: names.iter().map(|name| place(name)).collect(), ..ClaimTerms::default() }
}

#[test]
fn one_place_serves_a_line_if_it_can_and_else_as_few_as_possible() {
    let level = spread(&[("berlin", 3), ("main", 2), ("porto", 9)]);
    let one = |name: &str, quantity| vec![(name.to_owned(), quantity)];
    assert_eq!(reserved_at(&level, &route(&[]), 2), one("main", 2));
    assert_eq!(reserved_at(&level, &route(&[]), 3), one("berlin", 3));
    assert_eq!(reserved_at(&level, &route(&["porto", "main"]), 2), one("porto", 2));
    assert_eq!(reserved_at(&level, &route(&["main", "porto"]), 3), one("porto", 3));
    let split = vec![("porto".to_owned(), 9), ("berlin".to_owned(), 2)];
    assert_eq!(reserved_at(&level, &route(&["main", "berlin", "porto"]), 11), split);
    let refused = decide(
        level.clone(),
        None,
        &reserve(6, 9),
        &route(&["berlin", "main", "nowhere"]),
        Usage::default(),
        at(1),
    );
    assert_eq!(refused.answer, ClaimAnswer::Insufficient { available: 5 });
}

#[test]
fn safety_stock_stays_on_the_shelf_at_each_place_and_over_all() {
    let mut level = spread(&[("berlin", 5), ("main", 5)]);
    level.terms.safety_stock = 3;
    let kept = LocationTerms { safety_stock: 4, ..LocationTerms::default() };
    level.terms.locations.insert(place("berlin"), kept);
    assert_eq!(level.free(), 3);
    assert_eq!(reserved_at(&level, &route(&[]), 3), vec![("main".to_owned(), 3)]);
    level.back_order_limit = 2;
    let later = vec![("main".to_owned(), 3), ("later".to_owned(), 2)];
    assert_eq!(reserved_at(&level, &route(&[]), 5), later);
}

#[test]
fn who_waits_longest_is_served_first_and_a_promise_is_counted_once() {
    let mut level = StockLevel { back_order_limit: 4, ..StockLevel::stocked(1) };
    let first = decided(&level, None, &reserve(3, 90), 1);
    let paid = decided(&first.level, first.reservation, &ClaimCommand::Commit { quantity: 3 }, 2);
    let second = decided(&paid.level, None, &reserve(2, 90), 3);
    let third = decided(&second.level, None, &reserve(1, 90), 4);
    assert_eq!(third.answer, ClaimAnswer::Insufficient { available: 0 });
    level = second.level;
    assert_eq!((level.on_hand(), level.back_ordered()), (-2, 4));

    let delivery = |quantity| StockChange::Received {
        location: place("porto"),
        quantity,
        damaged: 1,
        announced: 0,
    };
    let (level, _) = change(&level, &[delivery(3)], None).unwrap();
    let first = fill(level, paid.reservation.unwrap()).unwrap();
    assert_eq!(first.level.check(), Ok(()));
    let placement = first.reservation.unwrap().placement;
    assert_eq!((placement.at(&place("porto")), placement.back_ordered), (2, 0));
    let second = fill(first.level, second.reservation.unwrap()).unwrap();
    assert_eq!(second.level.check(), Ok(()));
    assert_eq!(second.reservation.unwrap().placement.back_ordered, 1);
    assert_eq!((second.level.free(), second.level.back_ordered()), (0, 1));
    assert_eq!(second.level.balance(&place("porto")).map(|b| b.damaged), Some(1));
}

#[test]
fn what_comes_back_goes_to_the_shelf_or_aside_and_never_twice() {
    let held = decided(&StockLevel::stocked(5), None, &reserve(3, 9), 1);
    let sold = decided(&held.level, held.reservation, &ClaimCommand::Commit { quantity: 3 }, 1);
    let back = |quantity, condition| ClaimCommand::Restock {
        key: "ref_1".to_owned(),
        quantity,
        condition,
        location: None,
    };
    let one = decided(&sold.level, sold.reservation, &back(1, Condition::Damaged), 2);
    assert_eq!((one.level.free(), one.level.sold), (2, 2));
    assert_eq!(one.level.balance(&LocationId::main()).map(|b| b.damaged), Some(1));
    let two = decided(&one.level, one.reservation.clone(), &back(2, Condition::Sellable), 3);
    assert_eq!((two.level.free(), two.level.sold), (4, 0));
    let more = decided(&two.level, two.reservation, &back(1, Condition::Sellable), 4);
    assert_eq!(more.answer, ClaimAnswer::Closed);
    let called_off = decided(&one.level, one.reservation, &ClaimCommand::Release, 4);
    assert_eq!((called_off.level.free(), called_off.level.sold), (4, 0));
}

#[test]
fn changes_never_take_what_orders_have_and_are_all_or_nothing() {
    let held = decided(&spread(&[("main", 10), ("porto", 4)]), None, &reserve(3, 9), 1);
    let level = held.level;
    let main = LocationId::main;
    let adjusted = |quantity_delta| StockChange::Adjusted { location: main(), quantity_delta };
    let counted = |counted| StockChange::Counted { location: main(), counted };
    let sent = |quantity| StockChange::Sent { location: main(), quantity };
    let unfit = |quantity_delta| StockChange::Damaged { location: main(), quantity_delta };
    let off = |quantity| StockChange::WrittenOff { location: main(), quantity };
    let ask = |changes: &[StockChange]| change(&level, changes, None).map(|(level, _)| level);
    let claimed = |removable| Err(ChangeRefusal::UnitsClaimed { removable });
    assert_eq!(ask(&[adjusted(-7)]).map(|l| l.available(at(1))), Ok(4));
    assert_eq!(ask(&[adjusted(-8)]), claimed(7));
    assert_eq!(ask(&[counted(2)]), claimed(7));
    assert_eq!(ask(&[counted(3)]).map(|l| l.adjusted), Ok(-7));
    assert_eq!(ask(&[sent(8)]), claimed(7));
    assert_eq!(ask(&[sent(7)]).map(|l| (l.transferred, l.on_hand())), Ok((-7, 7)));
    assert_eq!(ask(&[unfit(8)]), claimed(7));
    assert_eq!(ask(&[unfit(2), unfit(-1), off(1)]).map(|l| l.adjusted), Ok(-1));
    assert_eq!(ask(&[off(1)]), Err(ChangeRefusal::NotDamaged { damaged: 0 }));
    assert_eq!(ask(&[unfit(1), unfit(-2)]), Err(ChangeRefusal::NotDamaged { damaged: 1 }));
    for absurd in [i64::MIN, i64::MAX, MAX_UNITS + 1] {
        assert!(ask(&[adjusted(absurd)]).is_err());
        assert!(ask(&[counted(absurd)]).is_err());
        assert!(ask(&[sent(absurd)]).is_err());
    }
    assert_eq!(ask(&[sent(-1)]), Err(ChangeRefusal::OutOfRange));
    assert_eq!(ask(&[adjusted(1), adjusted(-99)]), claimed(8), "the first is not kept either");
}

#[test]
fn announcements_are_used_up_and_never_negative() {
    let expected =
        |quantity_delta| StockChange::Expected { location: place("porto"), quantity_delta };
    let received = |quantity, announced| StockChange::Received {
        location: place("porto"),
        quantity,
        damaged: 0,
        announced,
    };
    let incoming = |changes: &[StockChange]| {
        let (level, _) = change(&StockLevel::default(), changes, None).unwrap();
        (level.balances[0].incoming, level.on_hand())
    };
    assert_eq!(incoming(&[expected(5)]), (5, 0));
    assert_eq!(incoming(&[expected(5), received(3, 3)]), (2, 3));
    assert_eq!(incoming(&[expected(5), received(8, 8)]), (0, 8));
    assert_eq!(incoming(&[expected(5), expected(-9)]), (0, 0));
}

#[test]
fn terms_are_replaced_or_patched_and_a_promise_is_kept() {
    let owing = StockLevel { back_order_limit: 2, ..StockLevel::stocked(10) };
    let owing = decided(&owing, None, &ClaimCommand::Commit { quantity: 11 }, 1).level;
    let limit = |limit| TermsChange::Patch {
        back_order_limit: Some(limit),
        low_stock_threshold: None,
        safety_stock: Some(4),
        reorder_point: None,
        reorder_quantity: None,
    };
    let (less, movements) = change(&owing, &[], Some(&limit(1))).unwrap();
    assert_eq!((less.back_order_limit, less.terms.safety_stock), (1, 4));
    assert_eq!(movements.len(), 1);
    assert!(change(&owing, &[], Some(&limit(0))).is_err(), "a promised back-order is kept");
    assert!(change(&owing, &[], Some(&limit(MAX_UNITS + 1))).is_err());
}

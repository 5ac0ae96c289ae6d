//! The rules of drop mode one by one; `simulation` plays them together.

use super::*;
use crate::domain::id::{OrderId, ShardNumber};
use crate::domain::inventory::{
    Allocation, Balance, ClaimCommand, ClaimTerms, Condition, MovementKind, Placement, StockChange,
    Usage, change, decide,
};

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn place(name: &str) -> LocationId {
    name.parse().unwrap()
}

fn manual(slices: u16) -> SpreadSettings {
    SpreadSettings { slices, automatic_above_per_second: None }
}

/// Main with so many units, spread over so many slices, which have taken what they were dealt.
fn spread_over(slices: u16, units: i64) -> (Spread, StockLevel, Vec<(Slice, StockLevel)>) {
    let mut level = StockLevel::stocked(units);
    let mut spread = Spread::default();
    spread.set(manual(slices));
    spread.deal(&mut level);
    let mut parts = Vec::new();
    for number in 0..slices {
        let (mut slice, mut own) = (Slice::default(), StockLevel::default());
        slice.hear(&mut own, &spread.instruction(number, &level));
        spread.hear(&mut level, &slice.news(number, &own, 0));
        parts.push((slice, own));
    }
    (spread, level, parts)
}

fn order(number: u128) -> OrderId {
    OrderId::new(ShardNumber(0), uuid::Uuid::from_u128(number))
}

#[test]
fn names_of_objects_can_be_read_back_and_no_sku_can_be_mistaken_for_a_slice() {
    for name in ["MUG", "MUG~0", "a.b_c-d~63"] {
        assert_eq!(name.parse::<StockObject>().unwrap().to_string(), name);
    }
    for bad in ["", "~1", "MUG~", "MUG~x", "MUG~-1", "MUG~1~2", "MUG~70000", "MUG~01", "MUG~+1"] {
        assert!(bad.parse::<StockObject>().is_err(), "{bad}");
    }
}

#[test]
fn who_is_limited_stays_together_and_all_others_are_spread() {
    let hint = SpreadHint { slices: 8, by_customer: true };
    let of = |customer: Option<&str>| ClaimTerms {
        customer: customer.map(str::to_owned),
        ..ClaimTerms::default()
    };
    let somebody = of(Some("somebody"));
    let slices = |hint: SpreadHint, terms: &ClaimTerms| {
        let slices = (0..400).filter_map(|n| hint.slice(terms, order(n)));
        slices.collect::<std::collections::BTreeSet<u16>>().len()
    };
    assert_eq!(slices(hint, &somebody), 1);
    assert_eq!(slices(hint, &of(None)), 8);
    assert_eq!(slices(SpreadHint { by_customer: false, ..hint }, &somebody), 8);
    let holder = ClaimTerms {
        holder: Some("an address".to_owned()),
        holder_limit: Some(3),
        ..ClaimTerms::default()
    };
    assert_eq!(slices(hint, &holder), 1);
    assert_eq!(slices(SpreadHint::default(), &somebody), 0);
    // Orders find their object by this for as long as they live.
    assert_eq!(hint.slice(&somebody, order(1)), Some(7));
}

#[test]
fn most_of_what_is_free_is_dealt_in_equal_shares_with_a_bit_of_every_location() {
    let mut level = StockLevel::default();
    for (location, quantity) in [("main", 60), ("store", 20)] {
        let location = place(location);
        let received = StockChange::Received { location, quantity, damaged: 0, announced: 0 };
        level = change(&level, &[received], None).unwrap().0;
    }
    let mut spread = Spread::default();
    spread.set(manual(5));
    let dealt = spread.deal(&mut level);
    assert!(dealt.iter().all(|(_, movement)| movement.kind == MovementKind::Transferred));
    for member in &spread.members {
        let parts = member.pending.clone().unwrap().parts;
        let part = |location: &str, quantity| Allocation { location: place(location), quantity };
        assert_eq!(parts, [part("main", 9), part("store", 3)]);
        assert!(member.is_open && !member.is_dry());
    }
    assert_eq!((level.free(), level.transferred), (20, -60));
    assert_eq!(level.check(), Ok(()));
    // Nobody is dealt more before it is heard to have taken that.
    assert_eq!(spread.deal(&mut level), []);
}

#[test]
fn few_units_and_units_that_somebody_waits_for_stay_with_main() {
    let mut spread = Spread::default();
    spread.set(manual(4));
    assert_eq!(spread.deal(&mut StockLevel::stocked(21)), []);
    assert_eq!(spread.deal(&mut StockLevel::stocked(22)).len(), 4);
    let mut owed = StockLevel::stocked(100);
    owed.back_ordered_held = 1;
    let mut spread = Spread::default();
    spread.set(manual(4));
    assert_eq!(spread.deal(&mut owed), []);
    let mut kept = StockLevel::stocked(100);
    kept.terms.safety_stock = 60;
    for (_, movement) in spread.deal(&mut kept) {
        assert_eq!(movement.on_hand, -7, "safety stock is not dealt");
    }
}

#[test]
fn what_channels_have_to_themselves_stays_with_main() {
    let dealt = |level: &StockLevel| {
        let mut level = level.clone();
        let mut spread = Spread::default();
        spread.set(manual(4));
        spread.deal(&mut level).iter().map(|(_, movement)| -movement.on_hand).sum::<i64>()
    };
    let mut level = StockLevel::stocked(100);
    assert_eq!(dealt(&level), 72);
    level.set_aside.insert("market".parse().unwrap(), 60);
    assert_eq!(dealt(&level), 28);
    let terms = crate::domain::inventory::ChannelTerms::default();
    level.terms.channels.insert(crate::domain::inventory::ChannelId::storefront(), terms);
    assert_eq!(dealt(&level), 0);
}

#[test]
fn what_is_said_twice_or_late_does_nothing() {
    let (mut spread, mut level, mut parts) = spread_over(2, 80);
    let (slice, own) = parts.first_mut().unwrap();
    let old = spread.instruction(0, &level);
    assert_eq!(own.free(), 30);
    spread.recall();
    let recall = spread.instruction(0, &level);
    for _ in 0..2 {
        slice.hear(own, &recall);
        slice.give_back(own);
        slice.hear(own, &old);
    }
    assert!(!slice.is_open);
    assert_eq!(own.free(), 0);
    let news = slice.news(0, own, 0);
    let before = level.free();
    spread.hear(&mut level, &news);
    spread.hear(&mut level, &news);
    assert_eq!(level.free(), before + 30);
    assert!(spread.members.first().unwrap().is_dry());
    // The acknowledgement is all that it takes for the slice to be at rest.
    slice.hear(own, &spread.instruction(0, &level));
    assert_eq!((&slice.pending, slice.given), (&None, 1));
}

#[test]
fn the_whole_is_the_same_whatever_is_on_its_way() {
    let (mut spread, mut level, mut parts) = spread_over(3, 120);
    let whole = |spread: &Spread, level: &StockLevel| {
        let whole = spread.whole(level);
        assert_eq!(whole.check(), Ok(()));
        (whole.received, whole.transferred, whole.on_hand(), whole.free(), whole.version)
    };
    let (.., version) = whole(&spread, &level);
    assert_eq!(whole(&spread, &level), (120, 0, 120, 120, version));
    spread.recall();
    for (number, (slice, own)) in (0_u16..).zip(&mut parts) {
        slice.hear(own, &spread.instruction(number, &level));
        slice.give_back(own);
        spread.hear(&mut level, &slice.news(number, own, 0));
        let (received, transferred, on_hand, free, newer) = whole(&spread, &level);
        assert_eq!((received, transferred, on_hand, free), (120, 0, 120, 120));
        assert!(newer > version);
    }
    assert!(!spread.may_have_more());
    spread.deal(&mut level);
    assert_eq!(spread.whole(&level).free(), 120, "dealt again, and nobody has heard of it");
}

#[test]
fn units_that_come_back_damaged_go_home_from_an_open_slice() {
    let (mut spread, mut level, mut parts) = spread_over(2, 80);
    let (slice, own) = parts.first_mut().unwrap();
    own.balances = vec![Balance { on_hand: 30, damaged: 2, ..Balance::default() }];
    slice.give_back(own);
    assert!(slice.is_open);
    spread.hear(&mut level, &slice.news(0, own, 0));
    let balance = level.balances.first().unwrap();
    assert_eq!((balance.damaged, own.free()), (2, 30));
    assert!(own.balances.first().is_some_and(|balance| balance.damaged == 0));
}

#[test]
fn a_slice_passes_on_what_it_cannot_serve_and_keeps_what_it_has() {
    let now = at(10);
    let reserve = ClaimCommand::Reserve { quantity: 2, expires_at: at(100) };
    let commit = ClaimCommand::Commit { quantity: 2 };
    let key = "ref_00000000000000000000000000000001".to_owned();
    let (condition, location) = (Condition::Sellable, None);
    let restock = ClaimCommand::Restock { key, quantity: 2, condition, location };
    let part = Allocation { location: LocationId::main(), quantity: 2 };
    let claim = |state, expires_at| {
        let allocations = match state {
            ReservationState::Held | ReservationState::Committed => vec![part.clone()],
            ReservationState::Released | ReservationState::Expired => vec![],
        };
        let placement = Placement { allocations, ..Placement::default() };
        Some(Reservation { state, quantity: 2, expires_at: at(expires_at), placement })
    };
    use ReservationState::{Committed, Expired, Held, Released};
    let table = [
        // Open, free units, the claim, the command, whether it is passed on.
        (true, 2, None, &reserve, false),
        (true, 1, None, &reserve, true),
        (false, 2, None, &reserve, true),
        (true, 1, None, &commit, true),
        (false, 0, claim(Held, 100), &reserve, false),
        (false, 0, claim(Held, 100), &commit, false),
        (true, 2, claim(Expired, 5), &commit, false),
        (true, 1, claim(Expired, 5), &commit, true),
        (false, 2, claim(Expired, 5), &reserve, true),
        (false, 0, claim(Committed, 100), &commit, false),
        (false, 0, claim(Committed, 100), &restock, false),
        (false, 0, claim(Released, 100), &reserve, false),
        (false, 0, None, &ClaimCommand::Release, false),
        (false, 0, None, &restock, false),
    ];
    for (is_open, free, known, command, expected) in table {
        let state = known.as_ref().map(|claim| claim.state);
        let held = if state == Some(Held) { 2 } else { 0 };
        let mut level = StockLevel::stocked(free + held);
        level.balances.first_mut().unwrap().reserved = held;
        level.reserved = held;
        let terms = ClaimTerms::default();
        let decision = decide(level, known.clone(), command, &terms, Usage::default(), now);
        let passed_on = passes_on(is_open, known.as_ref(), command, &decision, now);
        assert_eq!(passed_on, expected, "open {is_open}, {free} free: {known:?} {command:?}");
    }
}

#[test]
fn main_finds_out_what_slices_have_before_it_refuses_or_lets_anybody_wait() {
    let decided = |units, back_order_limit| {
        let level = StockLevel { back_order_limit, ..StockLevel::stocked(units) };
        let reserve = ClaimCommand::Reserve { quantity: 2, expires_at: at(100) };
        decide(level, None, &reserve, &ClaimTerms::default(), Usage::default(), at(10))
    };
    assert!(!postpones(&decided(2, 0), None));
    assert!(postpones(&decided(1, 0), None));
    assert!(postpones(&decided(1, 5), None));
    let waiting = decided(1, 5);
    assert!(!postpones(&waiting, waiting.reservation.as_ref()), "it waits already");
}

#[test]
fn a_change_that_takes_units_wants_all_of_them_and_a_count_is_of_the_whole_shelf() {
    let (mut spread, mut level, mut parts) = spread_over(2, 80);
    let location = LocationId::main();
    let takes = [
        StockChange::Adjusted { location: location.clone(), quantity_delta: -1 },
        StockChange::Damaged { location: location.clone(), quantity_delta: 1 },
        StockChange::Counted { location: location.clone(), counted: 80 },
        StockChange::Sent { location: location.clone(), quantity: 1 },
    ];
    for one in takes {
        assert!(spread.wants_all(std::slice::from_ref(&one), false), "{one:?}");
    }
    let gives = StockChange::Adjusted { location: location.clone(), quantity_delta: 1 };
    assert!(!spread.wants_all(std::slice::from_ref(&gives), false));
    assert!(spread.wants_all(&[], true));
    assert_eq!(spread.of_main(gives.clone()), gives);
    let counted = StockChange::Counted { location: location.clone(), counted: 79 };
    assert_eq!(
        spread.of_main(counted),
        StockChange::Counted { location, counted: 19 },
        "60 are with slices"
    );
    spread.set(manual(0));
    for (number, (slice, own)) in (0_u16..).zip(&mut parts) {
        slice.hear(own, &spread.instruction(number, &level));
        slice.give_back(own);
        spread.hear(&mut level, &slice.news(number, own, 0));
    }
    assert!(!spread.wants_all(&[], true));
    assert_eq!((level.free(), spread.owed().len()), (80, 0));
}

#[test]
fn the_limit_per_customer_goes_with_what_a_slice_is_told() {
    let (mut spread, mut level, mut parts) = spread_over(2, 80);
    let (slice, own) = parts.first_mut().unwrap();
    level.terms.customer_limit = Some(3);
    spread.recall();
    let movements = slice.hear(own, &spread.instruction(0, &level));
    assert_eq!(own.terms.customer_limit, Some(3));
    assert!(slice.hint.by_customer);
    assert!(movements.iter().any(|one| one.kind == MovementKind::TermsChanged));
    assert!(slice.hear(own, &spread.instruction(0, &level)).is_empty());
}

#[test]
fn settings_by_demand_leave_it_as_it_is_until_demand_is_looked_at() {
    let by_demand = SpreadSettings { slices: 4, automatic_above_per_second: Some(100) };
    let mut spread = Spread::default();
    spread.set(by_demand);
    assert!(!spread.is_on());
    spread.switch(by_demand.slices);
    spread.set(by_demand);
    assert_eq!((spread.slices, spread.members.len()), (4, 4));
    spread.set(manual(0));
    assert_eq!((spread.slices, spread.members.len()), (0, 4));
}

#[test]
fn demand_is_counted_by_the_second_and_is_over_after_a_quiet_minute() {
    let mut busyness = Busyness::new(at(5_000));
    assert!(!busyness.count(60, 100, at(5_000)));
    assert!(busyness.count(60, 100, at(5_900)));
    assert!(!busyness.count(60, 100, at(6_000)));
    assert_eq!(busyness.quiet_at(), at(66_000));
    assert!(!busyness.count(50, 100, at(9_000)), "half of it is no demand");
    assert_eq!(busyness.quiet_at(), at(66_000));
}

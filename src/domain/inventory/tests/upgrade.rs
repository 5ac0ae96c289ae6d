//! From stock without places to stock by location.

use proptest::prelude::*;

use super::*;

fn claim(order: &str, state: ReservationState, quantity: i64, turn: i64) -> FormerClaim {
    FormerClaim { order_id: order.to_owned(), state, quantity, turn }
}

#[test]
fn everything_is_at_the_main_location() {
    let former = FormerLevel { received: 10, adjusted: -1, sold: 4, reserved: 3, ..former() };
    let upgraded = upgrade(&former, &[]);
    assert_eq!(upgraded.level.check(), Ok(()));
    let main = upgraded.level.balance(&LocationId::main()).unwrap();
    assert_eq!((main.on_hand, main.reserved), (5, 3));
    assert_eq!(upgraded.waiting, []);
    assert_eq!(upgraded.level.version, 8);
    let movement = upgraded.movement();
    assert_eq!((movement.on_hand, movement.reserved, movement.sold), (5, 3, 4));
}

fn former() -> FormerLevel {
    FormerLevel { version: 7, ..FormerLevel::default() }
}

#[test]
fn the_newest_orders_wait_for_what_was_never_there() {
    use ReservationState::{Committed, Held};
    // 5 came, 7 are sold, 2 more are held: 2 are owed and 2 promised.
    let former = FormerLevel { received: 5, sold: 7, reserved: 2, back_order_limit: 4, ..former() };
    let newest = [
        claim("new", Committed, 1, -1),
        claim("old", Committed, 3, -4),
        claim("held", Held, 2, -2),
    ];
    let upgraded = upgrade(&former, &newest);
    assert_eq!(upgraded.level.check(), Ok(()));
    assert_eq!((upgraded.level.back_ordered_sold, upgraded.level.back_ordered_held), (2, 2));
    let waiting: Vec<(&str, i64, i64)> = upgraded
        .waiting
        .iter()
        .map(|(claim, placement)| {
            (claim.order_id.as_str(), placement.back_ordered, placement.at(&LocationId::main()))
        })
        .collect();
    assert_eq!(waiting, [("new", 1, 0), ("old", 1, 2), ("held", 2, 0)]);
    assert_eq!(upgraded.written_up, 0);
}

#[test]
fn a_count_below_zero_that_is_owed_to_nobody_is_written_up_and_told() {
    let former = FormerLevel { adjusted: -3, back_order_limit: 5, ..former() };
    let upgraded = upgrade(&former, &[]);
    assert_eq!(upgraded.written_up, 3);
    assert_eq!(upgraded.level.on_hand(), 0);
    assert_eq!(upgraded.level.check(), Ok(()));
}

proptest! {
    /// Any counters that the former rules allowed become counters that the new ones allow, with as much
    /// available.
    #[test]
    fn nothing_is_lost(
        received in 0..20_i64,
        committed in prop::collection::vec(1..5_i64, 0..6),
        held in prop::collection::vec(1..5_i64, 0..6),
        spare in 0..6_i64,
    ) {
        let sold: i64 = committed.iter().sum();
        let reserved: i64 = held.iter().sum();
        let back_order_limit = (sold + reserved - received).max(0) + spare;
        let former = FormerLevel { received, sold, reserved, back_order_limit, ..former() };
        let of = |state, units: &[i64]| -> Vec<FormerClaim> {
            let named = |(n, units): (usize, &i64)| claim(&format!("{state:?}{n}"), state, *units, -1);
            units.iter().enumerate().map(named).collect()
        };
        let newest = [
            of(ReservationState::Committed, &committed),
            of(ReservationState::Held, &held),
        ].concat();
        let upgraded = upgrade(&former, &newest);
        prop_assert_eq!(upgraded.level.check(), Ok(()));
        prop_assert_eq!(upgraded.written_up, 0);
        let available = received + back_order_limit - sold - reserved;
        prop_assert_eq!(upgraded.level.available(at(1)), available);
        let beyond = |state| -> i64 {
            let waiting = upgraded.waiting.iter().filter(|(claim, _)| claim.state == state);
            waiting.map(|(_, placement)| placement.back_ordered).sum()
        };
        prop_assert_eq!(beyond(ReservationState::Committed), upgraded.level.back_ordered_sold);
        prop_assert_eq!(beyond(ReservationState::Held), upgraded.level.back_ordered_held);
        for (claim, placement) in &upgraded.waiting {
            prop_assert_eq!(claim.quantity, placement.quantity());
        }
    }
}

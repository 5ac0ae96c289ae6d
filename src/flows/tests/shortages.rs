//! Paid orders whose units are gone: who has paid gets what comes in, and is not asked for when people have
//! decided otherwise.

use super::returns_world::{World, back, returned};
use crate::domain::order::{AttentionCode, ClaimState, OrderStatus, Resolution};
use crate::flows::advance::Input;
use crate::flows::owed::Effect;
use crate::flows::schedule::wake_at;
use crate::flows::shortage::asks_again;

/// An order of two mugs that is paid, and of whose mugs one is left when they are to be committed.
fn short() -> World {
    let mut world = World::new(&[("MUG", 2, &[]), ("TEA", 1, &[])]);
    until_commit(&mut world);
    world.lose("MUG", 1);
    world.run();
    assert_eq!(claims(&world), [ClaimState::Short { available: 1 }, ClaimState::Committed]);
    world
}

/// Goes on until the money is there, and no further.
fn until_commit(world: &mut World) {
    while !world.owes().iter().any(|effect| matches!(effect, Effect::Commit { .. })) {
        let effect = world.owes().first().cloned().unwrap();
        let answer = world.perform(&effect);
        world.feed(answer);
    }
}

fn claims(world: &World) -> Vec<ClaimState> {
    world.order.claims.iter().map(|claim| claim.claim).collect()
}

/// What a person was told, and whether it is resolved.
fn told(world: &World) -> (&str, Option<&Resolution>) {
    let told: Vec<_> =
        world.order.attention.iter().filter(|a| a.code == AttentionCode::StockGone).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    (told[0].detail.as_str(), told[0].resolved.as_ref())
}

/// After how many seconds the alarm looks at it.
fn wakes_after(world: &World) -> Option<i64> {
    let at = wake_at(&world.order, world.now, 1_000)?;
    Some(at.milliseconds_since(world.now) / 1_000)
}

#[test]
fn whoever_has_paid_gets_what_comes_in_and_nobody_is_asked_about_it_any_more() {
    let mut world = short();
    assert_eq!(told(&world), ("MUG: paid for 2, 1 left", None));
    for wait in [60, 300, 900, 3_600, 3_600] {
        assert_eq!((world.owes(), wakes_after(&world)), (vec![], Some(wait)));
        world.pass(wait);
        assert!(matches!(world.owes()[..], [Effect::Commit { quantity: 2, .. }]));
        world.run();
    }
    world.stock("MUG", 5);
    world.pass(3_600);
    world.run();
    assert_eq!(claims(&world), [ClaimState::Committed; 2]);
    assert_eq!((world.level("MUG").sold, world.level("MUG").on_hand()), (2, 4));
    let (detail, resolved) = told(&world);
    assert_eq!(detail, "MUG: paid for 2, 1 left", "it was told once");
    assert_eq!(resolved.unwrap().by, "cartwright");
    assert_eq!((wakes_after(&world), world.order.status), (None, OrderStatus::Open));
}

#[test]
fn it_is_not_asked_when_people_have_decided_otherwise() {
    let mut resolved = short();
    let resolution = Resolution {
        at: resolved.now,
        by: "key_a".to_owned(),
        note: "other goods sent".to_owned(),
    };
    resolved.feed(Input::Resolve { code: AttentionCode::StockGone, resolution });
    let mut refunded = short();
    refunded.refund(vec![back("TEA", 1, 0)]).unwrap();
    refunded.run();
    for mut world in [resolved, refunded] {
        assert!(!asks_again(&world.order));
        world.stock("MUG", 5);
        world.pass(86_400);
        world.run();
        assert!(matches!(claims(&world)[0], ClaimState::Short { .. }));
        assert_eq!((world.level("MUG").sold, wakes_after(&world)), (0, None));
    }
}

#[test]
fn what_came_back_before_it_was_taken_is_put_back_once_it_was() {
    let mut world = World::new(&[("MUG", 2, &[]), ("TEA", 1, &[])]);
    until_commit(&mut world);
    world.take_back(vec![returned("MUG", 1)]).unwrap();
    world.lose("MUG", 0);
    world.run();
    // Nothing was taken off the shelf, so nothing is put there; it is owed, and a person is told so.
    let wait = "MUG: paid for 2, 0 left; 1 noted as come back wait until the order has had them";
    assert_eq!(told(&world), (wait, None));
    assert!(!world.order.returns[0].lines[0].restocked);
    assert_eq!((world.level("MUG").sold, world.level("MUG").on_hand()), (0, 0));
    world.stock("MUG", 5);
    world.pass(60);
    world.run();
    assert_eq!(claims(&world), [ClaimState::Committed; 2]);
    assert!(world.order.returns[0].lines[0].restocked);
    assert_eq!((world.level("MUG").sold, world.level("MUG").on_hand()), (1, 4));
    assert!(told(&world).1.is_some());
}

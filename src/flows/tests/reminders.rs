//! A SKU's object that was put back to an earlier state is told again what orders have of it, and what can't be
//! had any more is for people to say.

use super::returns_world::{World, returned, sku};
use crate::domain::order::{AttentionCode, ClaimState};
use crate::flows::advance::Input;
use crate::flows::owed::Effect;
use crate::flows::reminders::reminders;

/// Says to the SKU again what the order has to say.
fn remind(world: &mut World, name: &str) {
    let sku = sku(name);
    for effect in reminders(&world.order, &sku, world.now) {
        match world.perform(&effect) {
            Input::Stock(mut answers) => {
                let (sku, reply) = answers.remove(0);
                world.feed(Input::Reminded(sku, reply));
            }
            other => assert!(matches!(other, Input::Restocked { .. }), "{other:?}"),
        }
    }
}

#[test]
fn what_was_sold_and_came_back_is_so_again_however_often_it_is_said() {
    let mut world = World::paid(&[("MUG", 3, &[])]);
    world.take_back(vec![returned("MUG", 1)]).unwrap();
    world.run();
    let (order, sold) = (world.order.clone(), world.level("MUG").sold);
    assert_eq!(sold, 2);
    world.forget("MUG", 10);
    for _ in 0..2 {
        remind(&mut world, "MUG");
        assert_eq!((world.level("MUG").sold, world.level("MUG").on_hand()), (2, 8));
        assert_eq!(world.order.claims[0].claim, ClaimState::Committed);
        assert!(!world.order.waits_for_person());
    }
    assert_eq!(world.order.returns, order.returns);
}

#[test]
fn what_is_gone_by_then_puts_the_order_that_paid_for_it_before_a_person() {
    let mut world = World::paid(&[("MUG", 3, &[])]);
    world.take_back(vec![returned("MUG", 1)]).unwrap();
    world.run();
    world.forget("MUG", 1);
    let commit = &reminders(&world.order, &sku("MUG"), world.now)[0];
    assert!(matches!(commit, Effect::Commit { quantity: 3, .. }));
    let Input::Stock(mut answers) = world.perform(&commit.clone()) else { panic!("no answer") };
    let (mug, reply) = answers.remove(0);
    world.feed(Input::Reminded(mug, reply));
    assert_eq!(world.order.claims[0].claim, ClaimState::Short { available: 1 });
    assert!(world.order.attention.iter().any(|told| told.code == AttentionCode::StockGone));
    assert_eq!(world.level("MUG").sold, 0);
    // As with any order that is short, the SKU is asked again, and who has paid gets what comes.
    world.stock("MUG", 5);
    world.pass(60);
    world.run();
    assert_eq!(world.order.claims[0].claim, ClaimState::Committed);
    assert!(!world.order.waits_for_person());
}

#[test]
fn an_order_that_is_over_has_nothing_to_ask_for() {
    let mut world = World::new(&[("MUG", 3, &[])]);
    let says = |world: &World| reminders(&world.order, &sku("MUG"), world.now);
    assert_eq!(says(&world), []);
    let reserve = world.owes().first().cloned().unwrap();
    let answer = world.perform(&reserve);
    world.feed(answer);
    assert_eq!(world.order.claims[0].claim, ClaimState::Held);
    assert_eq!(says(&world), [reserve]);
    world.now = world.order.claims_expire_at;
    assert_eq!(says(&world), []);
    world.order.claims[0].claim = ClaimState::Released;
    assert_eq!(says(&world), [Effect::Release { sku: sku("MUG") }]);
    assert_eq!(reminders(&world.order, &sku("TEA"), world.now), []);
}

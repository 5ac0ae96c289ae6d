//! Attempts that bring money beside each other: when an order of which all has gone back ends.

use super::money_world::MoneyWorld;
use crate::domain::order::{AttentionCode, ClaimState, OrderStatus};
use crate::domain::payment::{CaptureMode, Gateway, MovementState, ReportedState};

fn run(world: &mut MoneyWorld) {
    while let Some(effect) = world.owes().first().cloned() {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
}

fn hear(world: &mut MoneyWorld) {
    for webhook in world.webhooks() {
        world.feed(webhook);
    }
    run(world);
}

/// An order whose first attempt held money that has lapsed, and whose second was paid beside it: that is
/// being given back.
fn lapsed_beside_a_refund(pends: bool) -> MoneyWorld {
    let mut world = MoneyWorld::new(CaptureMode::OnRequest);
    (world.voids_unsupported, world.refunds_pend) = (true, pends);
    run(&mut world);
    world.retry(Gateway::Razorpay).unwrap();
    run(&mut world);
    world.buyer_pays(false);
    hear(&mut world);
    world.buyer_pays(true);
    hear(&mut world);
    assert!(world.order.is_secured());
    assert_eq!(world.newest().unwrap().movements.len(), 1, "what came beside it is given back");
    world.pass(86_400);
    let now = world.now;
    let held = world.oldest().unwrap();
    (held.state, held.at) = (ReportedState::Cancelled, now);
    hear(&mut world);
    assert!(!world.order.is_secured());
    world
}

fn flagged(world: &MoneyWorld, code: AttentionCode) -> bool {
    world.order.attention.iter().any(|one| one.code == code)
}

#[test]
fn an_order_ends_when_its_held_money_lapsed_and_what_came_beside_it_went_back() {
    for pends in [false, true] {
        let mut world = lapsed_beside_a_refund(pends);
        if pends {
            assert_eq!(world.order.status, OrderStatus::Open, "the refund may still fail");
            world.decide(MovementState::Succeeded);
            hear(&mut world);
        }
        world.come_to_rest();
        assert_eq!(world.order.status, OrderStatus::Cancelled, "{:#?}", world.order);
        assert!(world.order.claims.iter().all(|claim| claim.claim == ClaimState::Released));
        assert!(flagged(&world, AttentionCode::PaidTwice));
        assert!(!flagged(&world, AttentionCode::PaidAfterClose), "no money came after the end");
    }
}

#[test]
fn an_order_stays_open_while_money_that_came_beside_its_lapsed_hold_has_not_gone_back() {
    let mut world = lapsed_beside_a_refund(true);
    world.decide(MovementState::Failed);
    hear(&mut world);
    world.come_to_rest();
    assert_eq!(world.order.status, OrderStatus::Open);
    assert!(flagged(&world, AttentionCode::RefundFailed), "a person decides");
}

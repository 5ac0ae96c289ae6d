//! Orders that a channel has sold: never refused, short where units are gone, called off by the merchant
//! alone; and over any history of lost answers, crashes and time.

use proptest::prelude::*;
use uuid::Uuid;

use super::world::{WINDOW_SECONDS, World, draft};
use crate::domain::id::{OrderId, ShardNumber};
use crate::domain::inventory::{ChannelId, ChannelTerms, ClaimTerms, TermsChange, change};
use crate::domain::order::{
    AttentionCode, ChannelOrder, ClaimState, CloseReason, Order, OrderStatus,
};
use crate::domain::payment::{CaptureMode, PaymentStatus};
use crate::flows::advance::Input;
use crate::flows::announce::{OrderEvent, announce};
use crate::flows::owed::{Effect, owed};
use crate::flows::place::{Draft, place_sold};
use crate::flows::schedule::wake_at;

fn market() -> ChannelId {
    "market".parse().unwrap()
}

/// An order of two `MUG` and one `CUP` that the market has sold.
fn sold(mugs: i64, cups: i64) -> World {
    let mut world = World::new(CaptureMode::Automatic, mugs, cups);
    let sold = ChannelOrder {
        channel: market(),
        order_id: "112-4711".to_owned(),
        fingerprint: "body".to_owned(),
    };
    let claim_terms = ClaimTerms { channel: Some(market()), ..ClaimTerms::default() };
    let draft = Draft { claim_terms, ..draft(CaptureMode::Automatic) };
    let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
    world.order = place_sold(draft, sold, id, world.now);
    world
}

/// Performs everything that is owed, again and again, until nothing is owed now.
fn run(world: &mut World) {
    for _ in 0..50 {
        let debts = owed(&world.order, world.now);
        if debts.is_empty() {
            return;
        }
        for effect in debts {
            let answer = world.perform(&effect);
            world.feed(answer);
        }
    }
    panic!("an order that always owes something: {:#?}", world.order);
}

fn claim(order: &Order, sku: &str) -> ClaimState {
    order.claims.iter().find(|claim| claim.sku.as_str() == sku).unwrap().claim
}

fn units(world: &World) -> (i64, i64) {
    let levels = world.levels.values();
    levels.fold((0, 0), |sum, level| (sum.0 + level.reserved, sum.1 + level.sold))
}

#[test]
fn a_sold_order_is_paid_and_commits_its_units_and_asks_nobody_for_money() {
    let mut world = sold(5, 5);
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Open);
    assert_eq!((units(&world), world.payments_started, world.invoices), ((0, 3), 0, 0));
    assert_eq!(claim(&world.order, "MUG"), ClaimState::Committed);
    assert!(world.order.attention.is_empty());
    assert_eq!(wake_at(&world.order, world.now, 1_000), None, "nothing more is to be done");
    let events = announce(None, &world.order);
    assert_eq!(events, [OrderEvent::Placed, OrderEvent::Paid]);
}

#[test]
fn what_is_gone_puts_the_order_before_a_person_and_the_rest_is_kept() {
    for (mugs, cups, gone) in [(1, 5, &["MUG"][..]), (5, 0, &["CUP"]), (0, 0, &["CUP", "MUG"])] {
        let mut world = sold(mugs, cups);
        run(&mut world);
        assert_eq!(world.order.status, OrderStatus::Open, "{gone:?}");
        assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
        for (sku, available) in [("MUG", mugs), ("CUP", cups)] {
            let expected = if gone.contains(&sku) {
                ClaimState::Short { available }
            } else {
                ClaimState::Committed
            };
            assert_eq!(claim(&world.order, sku), expected, "{sku}");
        }
        let codes: Vec<_> = world.order.attention.iter().map(|a| a.code).collect();
        assert_eq!(codes, [AttentionCode::StockGone]);
        assert!(announce(None, &world.order).contains(&OrderEvent::NeedsAttention));
    }
}

#[test]
fn a_sold_order_draws_on_its_channels_allocation_and_gives_it_back() {
    let mut world = sold(5, 5);
    let mug = "MUG".parse().unwrap();
    let terms = Some(ChannelTerms { allocation: 4, ..ChannelTerms::default() });
    let terms = TermsChange::Channel { channel: market(), terms };
    let (level, _) = change(&world.levels[&mug], &[], Some(&terms)).unwrap();
    world.levels.insert(mug.clone(), level);
    run(&mut world);
    assert_eq!(world.levels[&mug].set_aside_for(&market()), 2);
    world.feed(Input::Close(CloseReason::Merchant));
    run(&mut world);
    assert_eq!(world.levels[&mug].set_aside_for(&market()), 4);
    assert_eq!(units(&world), (0, 0));
}

#[test]
fn the_merchant_alone_calls_a_sold_order_off_and_its_stock_goes_back() {
    for committed in [false, true] {
        let mut world = sold(5, 0);
        if committed {
            run(&mut world);
        } else {
            for effect in owed(&world.order, world.now) {
                let answer = world.perform(&effect);
                world.feed(answer);
            }
            assert_eq!(units(&world), (2, 0));
        }
        world.feed(Input::Close(CloseReason::Customer));
        assert_eq!((world.order.status, world.order.closing), (OrderStatus::Open, None));
        world.feed(Input::Close(CloseReason::Merchant));
        assert_eq!(world.order.status, OrderStatus::Cancelled);
        run(&mut world);
        assert_eq!(units(&world), (0, 0));
        assert_eq!(claim(&world.order, "MUG"), ClaimState::Released);
        assert_eq!(claim(&world.order, "CUP"), ClaimState::Released);
        assert_eq!(wake_at(&world.order, world.now, 1_000), None);
    }
}

#[test]
fn answers_that_come_after_it_was_called_off_are_given_back_and_disturb_nobody() {
    let mut world = sold(5, 0);
    let debts = owed(&world.order, world.now);
    let late: Vec<Input> = debts.iter().map(|effect| world.perform(effect)).collect();
    world.feed(Input::Close(CloseReason::Merchant));
    assert_eq!(world.order.status, OrderStatus::Cancelled);
    for answer in late {
        world.feed(answer);
    }
    run(&mut world);
    assert_eq!(units(&world), (0, 0));
    assert!(world.order.attention.is_empty(), "nothing is missing that nobody wants");
}

#[test]
fn time_never_ends_a_sold_order() {
    let mut world = sold(5, 5);
    world.pass(i64::from(WINDOW_SECONDS) * 100);
    world.feed(Input::Wake);
    assert_eq!((world.order.status, world.order.closing), (OrderStatus::Placing, None));
    let debts = owed(&world.order, world.now);
    assert!(debts.iter().all(|effect| matches!(effect, Effect::Reserve { .. })), "{debts:?}");
    assert!(wake_at(&world.order, world.now, 1_000).is_some(), "the alarm goes on asking");
    run(&mut world);
    assert_eq!((world.order.status, units(&world)), (OrderStatus::Open, (0, 3)));
}

#[test]
fn an_order_without_a_price_that_nobody_sold_elsewhere_is_as_it_was() {
    let mut world = sold(1, 5);
    world.order.channel = None;
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Rejected);
    assert_eq!(world.order.closing, Some(CloseReason::InsufficientStock));
}

/// What chance may do next.
#[derive(Debug, Clone)]
enum Chance {
    /// Perform the n-th debt and hear the answer.
    Perform(usize),
    /// Perform it, and the answer is lost.
    PerformAndLose(usize),
    /// Hear an answer that was given before once more.
    Again(usize),
    /// Someone wants it closed.
    Close(CloseReason),
    /// Seconds pass and the alarm looks.
    Pass(i64),
}

fn chance() -> impl Strategy<Value = Chance> {
    let reasons = prop_oneof![Just(CloseReason::Customer), Just(CloseReason::Merchant)];
    prop_oneof![
        5 => (0..4_usize).prop_map(Chance::Perform),
        2 => (0..4_usize).prop_map(Chance::PerformAndLose),
        2 => (0..6_usize).prop_map(Chance::Again),
        1 => reasons.prop_map(Chance::Close),
        2 => prop_oneof![Just(0_i64), Just(61), Just(1_300)].prop_map(Chance::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever is lost, repeated or late: the order is open with every unit its own or known to be
    /// missing, or the merchant called it off and has every unit back.
    #[test]
    fn any_history_of_a_sold_order_comes_to_a_true_rest(
        mugs in 0..4_i64,
        cups in 0..3_i64,
        chances in prop::collection::vec(chance(), 0..40),
    ) {
        let mut world = sold(mugs, cups);
        let mut heard: Vec<Input> = Vec::new();
        let mut by_merchant = false;
        for chance in chances {
            let debts = owed(&world.order, world.now);
            let pick = |n: usize| (!debts.is_empty()).then(|| debts[n % debts.len()].clone());
            match chance {
                Chance::Perform(n) => {
                    if let Some(effect) = pick(n) {
                        let answer = world.perform(&effect);
                        heard.push(answer.clone());
                        world.feed(answer);
                    }
                }
                Chance::PerformAndLose(n) => {
                    if let Some(effect) = pick(n) {
                        let _lost = world.perform(&effect);
                    }
                }
                Chance::Again(n) => {
                    if let Some(answer) = heard.iter().rev().nth(n).cloned() {
                        world.feed(answer);
                    }
                }
                Chance::Close(reason) => {
                    by_merchant |= reason == CloseReason::Merchant;
                    world.feed(Input::Close(reason));
                }
                Chance::Pass(seconds) => {
                    world.pass(seconds);
                    world.feed(Input::Wake);
                }
            }
        }
        run(&mut world);
        let order = &world.order;
        prop_assert_eq!(world.payments_started, 0);
        if by_merchant {
            prop_assert_eq!(order.status, OrderStatus::Cancelled);
            prop_assert_eq!(units(&world), (0, 0), "{:#?}", order);
        } else {
            prop_assert_eq!(order.status, OrderStatus::Open);
            prop_assert_eq!(order.payment_status(), PaymentStatus::Paid);
            let mut own = 0;
            for claim in &order.claims {
                match claim.claim {
                    ClaimState::Committed => own += i64::from(claim.quantity),
                    ClaimState::Short { .. } => prop_assert!(order.waits_for_person()),
                    _ => prop_assert!(false, "{:#?}", order),
                }
            }
            prop_assert_eq!(units(&world), (0, own));
        }
    }
}

//! Single steps and short roads, as tables.

use super::world::{WINDOW_SECONDS, World};
use crate::domain::inventory::StockLevel;
use crate::domain::order::{AttentionCode, ClaimState, CloseReason, OrderStatus};
use crate::domain::payment::{
    CallFailure, CaptureMode, OperationKind, OperationResult, PaymentStatus, ReportedState,
};
use crate::flows::advance::Input;
use crate::flows::owed::{Effect, owed};
use crate::flows::schedule::{ask_again_after_seconds, wake_at};

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

fn placed() -> World {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Open);
    world
}

fn hear(world: &mut World) {
    let report = world.told();
    world.feed(Input::Report(report));
}

fn all_claims(world: &World, state: ClaimState) -> bool {
    world.order.claims.iter().all(|claim| claim.claim == state)
}

#[test]
fn a_paid_order_commits_its_stock_and_gets_one_invoice() {
    let mut world = placed();
    world.pay();
    hear(&mut world);
    run(&mut world);
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
    assert!(all_claims(&world, ClaimState::Committed));
    assert_eq!(world.order.invoice_number.as_deref(), Some("INV-1"));
    assert_eq!(wake_at(&world.order, world.now, 1_000), None, "nothing more is to be done");
    let sold: Vec<i64> = world.levels.values().map(|level| level.sold).collect();
    assert_eq!(sold, [1, 2]);
}

#[test]
fn held_money_is_taken_only_after_the_stock_is_committed() {
    let mut world = World::new(CaptureMode::Manual, 5, 5);
    run(&mut world);
    world.pay();
    hear(&mut world);
    assert_eq!(world.order.payment_status(), PaymentStatus::Authorized);
    let asks_capture = |world: &World| {
        owed(&world.order, world.now).iter().any(|e| matches!(e, Effect::Capture { .. }))
    };
    assert!(!asks_capture(&world));
    run(&mut world);
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
    let captures: Vec<_> = world.order.payment.iter().flat_map(|p| &p.operations).collect();
    assert_eq!(captures.iter().filter(|o| o.kind == OperationKind::Capture).count(), 1);
}

#[test]
fn one_sku_short_rejects_the_order_and_gives_the_other_back() {
    let mut world = World::new(CaptureMode::Automatic, 1, 5);
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Rejected);
    assert_eq!(world.order.closing, Some(CloseReason::InsufficientStock));
    assert_eq!(world.payments_started, 0, "nobody is asked for money");
    assert!(world.levels.values().all(|level| level.reserved == 0));
    assert!(!world.order.is_projected());
}

#[test]
fn a_lost_answer_is_asked_about_on_the_schedule_and_never_charged_twice() {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    for effect in owed(&world.order, world.now) {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    let effect = owed(&world.order, world.now).pop().unwrap();
    assert!(matches!(effect, Effect::Authorize { .. }));
    let _lost = world.perform(&effect);
    let lost = world.lost(&effect).unwrap();
    world.feed(lost);
    assert_eq!(world.order.status, OrderStatus::Open);
    assert_eq!(world.order.payment_status(), PaymentStatus::Unknown);
    for attempt in 0..3 {
        let asks_at = wake_at(&world.order, world.now, 0).unwrap();
        let expected = ask_again_after_seconds(attempt).unwrap() * 1_000;
        let window = i64::from(WINDOW_SECONDS) * 1_000;
        assert!(asks_at.milliseconds_since(world.now) <= expected.min(window));
        world.now = asks_at;
        world.feed(Input::Wake);
        for effect in owed(&world.order, world.now) {
            let asks = matches!(effect, Effect::Recover { .. } | Effect::Find { .. });
            assert!(asks, "{effect:?}");
            let lost = world.lost(&effect).unwrap();
            world.feed(lost);
        }
    }
    world.pass(86_400);
    world.gateway_becomes(ReportedState::Captured);
    world.feed(Input::Wake);
    run(&mut world);
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
    assert_eq!(world.payments_started, 1);
}

#[test]
fn a_charge_that_never_happened_does_not_happen_while_the_order_is_called_off() {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    for effect in owed(&world.order, world.now) {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    let effect = owed(&world.order, world.now).pop().unwrap();
    let lost = world.lost(&effect).unwrap();
    world.feed(lost);
    world.feed(Input::Close(CloseReason::Customer));
    for _ in 0..4 {
        for effect in owed(&world.order, world.now) {
            let answer = world.perform(&effect);
            world.feed(answer);
        }
        let Some(at) = wake_at(&world.order, world.now, 0) else { break };
        world.now = at;
        world.feed(Input::Wake);
    }
    assert_eq!(world.payments_started, 0);
    assert_eq!(world.order.status, OrderStatus::Cancelled);
    assert!(world.levels.values().all(|level| level.reserved == 0));
}

#[test]
fn a_checkout_that_is_found_dead_after_its_window_asks_for_nothing() {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    world.pass(i64::from(WINDOW_SECONDS) + 3_600);
    world.feed(Input::Wake);
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Expired);
    assert_eq!(world.payments_started, 0);
    assert!(world.levels.values().all(|level| level.reserved == 0));
}

#[test]
fn the_schedule_ends_and_a_person_is_told() {
    let delays: Vec<_> = (0..10).map(ask_again_after_seconds).collect();
    let day = Some(86_400);
    let expected = [Some(60), Some(300), Some(3_600), day, day, day, day, day, None, None];
    assert_eq!(delays, expected);
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    for _ in 0..40 {
        for effect in owed(&world.order, world.now) {
            let answer = match world.lost(&effect) {
                Some(lost) => lost,
                None => world.perform(&effect),
            };
            world.feed(answer);
        }
        let Some(at) = wake_at(&world.order, world.now, 0) else { break };
        world.now = at.max(world.now.plus_seconds(1));
        world.feed(Input::Wake);
    }
    let codes: Vec<_> = world.order.attention.iter().map(|a| a.code).collect();
    assert_eq!(codes, [AttentionCode::PaymentUnknown]);
}

#[test]
fn the_window_ends_by_cancelling_at_the_gateway_before_any_stock_goes_back() {
    let mut world = placed();
    world.pass(i64::from(WINDOW_SECONDS));
    world.feed(Input::Wake);
    let debts = owed(&world.order, world.now);
    assert!(matches!(debts.as_slice(), [Effect::Void { .. }]), "{debts:?}");
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Expired);
    assert!(all_claims(&world, ClaimState::Released));
    assert!(world.levels.values().all(|level| level.reserved == 0));
}

#[test]
fn money_that_wins_the_race_against_the_window_pays_the_order() {
    let mut world = placed();
    world.pay();
    world.pass(i64::from(WINDOW_SECONDS));
    world.feed(Input::Wake);
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Open);
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
    assert!(all_claims(&world, ClaimState::Committed));
}

#[test]
fn money_after_the_end_is_put_before_a_person() {
    let mut world = placed();
    world.feed(Input::Close(CloseReason::Customer));
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Cancelled);
    let late = world.report(ReportedState::Captured);
    world.feed(Input::Report(late));
    assert_eq!(world.order.status, OrderStatus::Cancelled);
    let codes: Vec<_> = world.order.attention.iter().map(|a| a.code).collect();
    assert_eq!(codes, [AttentionCode::PaidAfterClose]);
}

#[test]
fn paid_while_the_stock_is_gone_needs_a_person() {
    let mut world = placed();
    world.pay();
    world.pass(86_400);
    for (sku, level) in &mut world.levels {
        // The claim has expired, and somebody else has bought everything.
        let claim = world.claims.get_mut(sku).unwrap();
        claim.state = crate::domain::inventory::ReservationState::Expired;
        *level = StockLevel::default();
    }
    hear(&mut world);
    run(&mut world);
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
    assert!(world.order.attention.iter().any(|a| a.code == AttentionCode::StockGone));
}

#[test]
fn a_report_that_cannot_be_true_pays_nothing() {
    let mut world = placed();
    let mut wrong = world.report(ReportedState::Captured);
    wrong.amount.amount = 1;
    wrong.captured_minor = 1;
    world.feed(Input::Report(wrong));
    assert_ne!(world.order.payment_status(), PaymentStatus::Paid);
    let mut other = world.report(ReportedState::Captured);
    other.reference = "pay_2".to_owned();
    world.feed(Input::Report(other));
    assert_ne!(world.order.payment_status(), PaymentStatus::Paid);
    assert!(world.order.attention.iter().any(|a| a.code == AttentionCode::PaymentMismatch));
    assert!(all_claims(&world, ClaimState::Held));
}

#[test]
fn a_report_that_is_refused_each_time_is_asked_for_to_the_end_of_the_schedule_and_no_longer() {
    let mut world = placed();
    world.pay();
    hear(&mut world);
    run(&mut world);
    let mut wrong = world.report(ReportedState::Captured);
    wrong.captured_minor *= 2;
    wrong.occurred_at = world.now.plus_seconds(1);
    world.feed(Input::Report(wrong.clone()));
    let mut asked = 0;
    while let Some(at) = world.order.payment.as_ref().and_then(|payment| payment.ask_again_at) {
        world.now = at;
        wrong.occurred_at = at;
        world.feed(Input::Report(wrong.clone()));
        asked += 1;
        assert!(asked < 20, "a person was told, and it is asked about for ever");
    }
    assert!(asked > 5);
    assert!(world.order.attention.iter().any(|a| a.code == AttentionCode::PaymentMismatch));
    assert_eq!(world.order.payment_status(), PaymentStatus::Paid);
}

#[test]
fn an_attempt_that_was_replaced_before_it_was_asked_for_keeps_no_order_open() {
    let mut world = placed();
    let tried = world.order.payment.clone().unwrap();
    let mut untried = tried.clone();
    untried.operations.clear();
    untried.report = None;
    world.gateway_becomes(ReportedState::Failed);
    world.order.keep_open = true;
    hear(&mut world);
    let dead = world.order.payment.replace(untried.clone()).unwrap();
    world.order.earlier_payments = vec![dead, untried];
    for claim in &mut world.order.claims {
        claim.claim = ClaimState::Requested;
    }
    world.feed(Input::Close(CloseReason::Customer));
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Cancelled);
    assert!(all_claims(&world, ClaimState::Released));
}

#[test]
fn an_order_that_was_listed_stays_listed_when_its_second_attempt_finds_no_stock() {
    let mut world = placed();
    assert!(world.order.is_projected());
    let attempted = world.order.payment.clone().unwrap();
    world.order.status = OrderStatus::Rejected;
    let mut second = attempted.clone();
    second.operations.clear();
    world.order.payment = Some(second);
    assert!(!world.order.is_projected());
    world.order.earlier_payments.push(attempted);
    assert!(world.order.is_projected());
}

#[test]
fn a_final_decline_rejects_and_releases() {
    for state in [ReportedState::Failed, ReportedState::Cancelled] {
        let mut world = placed();
        world.gateway_becomes(state);
        hear(&mut world);
        run(&mut world);
        let expected = match state {
            ReportedState::Failed => OrderStatus::Rejected,
            _ => OrderStatus::Cancelled,
        };
        assert_eq!(world.order.status, expected);
        assert!(all_claims(&world, ClaimState::Released));
    }
}

#[test]
fn a_refused_request_charged_nothing_and_rejects_the_order() {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    for effect in owed(&world.order, world.now) {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    let Some(Effect::Authorize { operation }) = owed(&world.order, world.now).pop() else {
        panic!("the money is asked for next");
    };
    let (code, message) = ("invalid_key".to_owned(), "no".to_owned());
    let refused = CallFailure::Refused { code, message };
    world.feed(Input::Gateway { operation, result: Err(refused) });
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Rejected);
    assert!(all_claims(&world, ClaimState::Released));
}

#[test]
fn every_order_of_the_same_news_ends_the_same() {
    use ReportedState::{ActionRequired, Captured, Declined, Processing};
    let states = [ActionRequired, Processing, Declined, Captured];
    let mut ends = Vec::new();
    for first in 0..4 {
        for second in 0..4 {
            for third in 0..4 {
                let fourth = 6_usize.wrapping_sub(first + second + third);
                let distinct = first != second && second != third && first != third;
                if !distinct || fourth > 3 {
                    continue;
                }
                let mut world = placed();
                let start = world.now;
                for index in [first, second, third, fourth, second, first] {
                    let mut news = world.report(states[index]);
                    news.occurred_at = start.plus_seconds(10 + i64::try_from(index).unwrap());
                    world.feed(Input::Report(news));
                }
                run(&mut world);
                ends.push((
                    world.order.status,
                    world.order.payment_status(),
                    world.order.payment.as_ref().map(|p| p.report.clone()),
                    world.order.payment.as_ref().map(|p| p.operations.len()),
                ));
            }
        }
    }
    assert_eq!(ends.len(), 24);
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:#?}");
    assert_eq!(ends[0].1, PaymentStatus::Paid);
}

#[test]
fn a_crash_turns_what_was_under_way_into_a_question() {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    for effect in owed(&world.order, world.now) {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    world.feed(Input::Wake);
    let results: Vec<_> =
        world.order.payment.iter().flat_map(|p| &p.operations).map(|o| o.result).collect();
    assert_eq!(results, [OperationResult::Unknown]);
    let debts = owed(&world.order, world.now);
    assert!(matches!(debts.as_slice(), [Effect::Recover { .. }]), "{debts:?}");
}

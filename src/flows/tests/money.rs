//! Money that moves in every way: single roads as tables, then random histories against the gateways'
//! own books.

use proptest::prelude::*;

use super::money_world::{MoneyWorld, TOTAL};
use super::returns_world::back;
use crate::domain::order::{AttentionCode, OrderStatus};
use crate::domain::payment::follow::Obstacle;
use crate::domain::payment::{
    CaptureMode, Gateway, MovementRefusal, MovementState, OperationKind, OperationResult, Origin,
    PaymentStatus, ReportedState,
};
use crate::flows::advance::Input;
use crate::flows::movements::{MovementAsk, RefundOf};
use crate::flows::schedule::wake_at;

fn run(world: &mut MoneyWorld) {
    for _ in 0..50 {
        let debts = world.owes();
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

fn hear(world: &mut MoneyWorld) {
    for webhook in world.webhooks() {
        world.feed(webhook);
    }
    run(world);
}

pub(super) fn paid(mode: CaptureMode) -> MoneyWorld {
    let mut world = MoneyWorld::new(mode);
    run(&mut world);
    world.buyer_pays(true);
    hear(&mut world);
    world
}

const fn capture(amount_minor: Option<i64>, keeps_rest: bool) -> MovementAsk {
    MovementAsk::Capture { amount_minor, keeps_rest, reason: None }
}

const fn refund(amount_minor: i64) -> MovementAsk {
    MovementAsk::Refund { of: RefundOf::Amount { amount_minor }, reason: None }
}

fn status(world: &MoneyWorld) -> PaymentStatus {
    world.order.payment_status()
}

#[test]
fn held_money_is_taken_in_parts_on_request_and_the_rest_let_go() {
    let mut world = paid(CaptureMode::OnRequest);
    assert_eq!(status(&world), PaymentStatus::Authorized);
    world.ask(&capture(Some(1_000), true)).unwrap();
    run(&mut world);
    assert_eq!(status(&world), PaymentStatus::PartiallyPaid);
    world.ask(&capture(Some(400), true)).unwrap();
    run(&mut world);
    let too_much = Err(MovementRefusal::TooMuch { available_minor: 2_000 });
    assert_eq!(world.ask(&capture(Some(2_001), true)), too_much);
    world.ask(&MovementAsk::Void { reason: None }).unwrap();
    run(&mut world);
    let payment = world.order.payment.as_ref().unwrap();
    assert_eq!(payment.succeeded_minor(OperationKind::Capture), 1_400);
    assert_eq!(payment.succeeded_minor(OperationKind::Void), 2_000);
    assert_eq!(world.order.status, OrderStatus::Open);
    let again = world.ask(&capture(None, false));
    let called_off = Obstacle::CalledOff;
    assert_eq!(again, Err(MovementRefusal::InTheWay { obstacle: called_off }));
}

#[test]
fn a_void_of_held_money_closes_the_order() {
    let mut world = paid(CaptureMode::OnRequest);
    world.ask(&MovementAsk::Void { reason: None }).unwrap();
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Cancelled);
    assert_eq!(world.books.values().next().unwrap().state, ReportedState::Cancelled);
}

#[test]
fn refunds_beside_each_other_never_come_to_more_than_was_taken() {
    let mut world = paid(CaptureMode::Automatic);
    assert_eq!(status(&world), PaymentStatus::Paid);
    let mut accepted = 0;
    for _ in 0..100 {
        accepted += usize::from(world.ask(&refund(100)).is_ok());
    }
    assert_eq!(accepted, 34);
    run(&mut world);
    assert_eq!(status(&world), PaymentStatus::Refunded);
    assert_eq!(world.books.values().next().unwrap().kept(), 0);
    assert_eq!(world.order.refunds.len(), 34);
}

#[test]
fn lines_are_given_back_to_the_cent_and_put_on_the_shelf() {
    let mut world = paid(CaptureMode::Automatic);
    let lines = |quantity, restock| MovementAsk::Refund {
        of: RefundOf::Lines { lines: vec![back("MUG", quantity, restock)], shipping_minor: 0 },
        reason: Some("broken".to_owned()),
    };
    let too_many =
        |available| Err(MovementRefusal::TooManyUnits { sku: "MUG".to_owned(), available });
    assert_eq!(world.ask(&lines(3, 0)), too_many(2));
    world.ask(&lines(1, 1)).unwrap();
    run(&mut world);
    assert_eq!(world.restocked, 1);
    assert_eq!(world.order.refunds[0].amount_minor, 1_000);
    assert_eq!(world.ask(&lines(2, 0)), too_many(1));
    world.ask(&lines(1, 0)).unwrap();
    let shipping = MovementAsk::Refund {
        of: RefundOf::Lines { lines: Vec::new(), shipping_minor: 400 },
        reason: None,
    };
    world.ask(&shipping).unwrap();
    let none = Err(MovementRefusal::TooMuch { available_minor: 0 });
    assert_eq!(world.ask(&shipping), none);
    run(&mut world);
    assert_eq!(status(&world), PaymentStatus::PartiallyRefunded);
    assert_eq!(world.books.values().next().unwrap().kept(), 1_000);
}

#[test]
fn a_refund_whose_answer_is_lost_is_asked_about_and_paid_out_once() {
    let mut world = paid(CaptureMode::Automatic);
    let ids = world.ask(&refund(500)).unwrap();
    let debts = world.owes();
    let _lost = world.perform(&debts[0]);
    let lost = world.lost(&debts[0]).unwrap();
    world.feed(lost);
    let unknown = MovementRefusal::InTheWay { obstacle: Obstacle::OutcomeUnknown };
    assert_eq!(world.ask(&refund(100)), Err(unknown));
    world.come_to_rest();
    let payment = world.order.payment.as_ref().unwrap();
    assert_eq!(payment.operation(ids[0]).unwrap().result, OperationResult::Succeeded);
    assert_eq!(world.books.values().next().unwrap().kept(), TOTAL - 500);
}

#[test]
fn many_refunds_whose_answers_are_lost_together_are_all_found() {
    let mut world = paid(CaptureMode::Automatic);
    let ids: Vec<_> = (0..20).flat_map(|_| world.ask(&refund(100)).unwrap()).collect();
    // The worker dies before any of them is sent, or after: nobody knows.
    world.feed(Input::Wake);
    let payment = world.order.payment.as_ref().unwrap();
    assert!(
        ids.iter().all(|id| payment.operation(*id).unwrap().result == OperationResult::Unknown)
    );
    world.come_to_rest();
    let payment = world.order.payment.as_ref().unwrap();
    let done = |id| payment.operation(id).unwrap().result == OperationResult::Succeeded;
    assert!(ids.iter().all(|id| done(*id)), "{payment:#?}");
    assert_eq!(world.books.values().next().unwrap().kept(), TOTAL - 2_000);
    assert!(world.order.attention.is_empty(), "{:?}", world.order.attention);
}

/// Performs what is owed whenever the alarm should ring, for as long as it should; no webhook comes.
fn alarms_alone(world: &mut MoneyWorld) {
    for _ in 0..60 {
        run(world);
        let Some(at) = wake_at(&world.order, world.now, 0) else { return };
        world.now = at.max(world.now.plus_seconds(1));
        world.feed(Input::Wake);
    }
    panic!("it never comes to rest: {:#?}", world.order);
}

#[test]
fn refunds_under_way_beside_each_other_are_all_found_without_a_webhook() {
    let mut world = paid(CaptureMode::Automatic);
    world.refunds_pend = true;
    for _ in 0..3 {
        world.ask(&refund(100)).unwrap();
        run(&mut world);
    }
    assert!(world.order.payment.as_ref().unwrap().awaits_refund());
    world.decide(MovementState::Succeeded);
    alarms_alone(&mut world);
    let payment = world.order.payment.as_ref().unwrap();
    assert_eq!(payment.succeeded_minor(OperationKind::Refund), 300);
    assert!(world.order.attention.is_empty(), "{:?}", world.order.attention);
}

#[test]
fn a_refund_that_nobody_decides_is_put_before_a_person_when_the_schedule_ends() {
    let mut world = paid(CaptureMode::Automatic);
    world.refunds_pend = true;
    for _ in 0..2 {
        world.ask(&refund(100)).unwrap();
        run(&mut world);
    }
    assert!(world.order.attention.is_empty());
    let begun = world.now;
    alarms_alone(&mut world);
    let codes: Vec<_> = world.order.attention.iter().map(|a| a.code).collect();
    assert_eq!(codes, [AttentionCode::PaymentUnknown]);
    assert!(world.now.milliseconds_since(begun) > 4 * 86_400_000);
}

#[test]
fn a_refund_from_the_dashboard_is_recorded_and_not_fought() {
    let mut world = paid(CaptureMode::Automatic);
    world.at_gateway(OperationKind::Refund, 700);
    hear(&mut world);
    hear(&mut world);
    assert_eq!(status(&world), PaymentStatus::PartiallyRefunded);
    let payment = world.order.payment.as_ref().unwrap();
    let refunds: Vec<_> =
        payment.operations.iter().filter(|o| o.kind == OperationKind::Refund).collect();
    assert_eq!(refunds.len(), 1);
    assert_eq!(refunds[0].origin, Origin::Gateway);
    assert_eq!(world.order.refunds.len(), 1, "it gets a credit note like any other");
    let left = TOTAL - 700;
    assert_eq!(
        world.ask(&refund(left + 1)),
        Err(MovementRefusal::TooMuch { available_minor: left })
    );
}

#[test]
fn disputes_are_opened_won_and_lost() {
    for (state, end) in [
        (MovementState::Succeeded, PaymentStatus::ChargedBack),
        (MovementState::Failed, PaymentStatus::Paid),
    ] {
        let mut world = paid(CaptureMode::Automatic);
        world.at_gateway(OperationKind::Chargeback, TOTAL);
        hear(&mut world);
        assert_eq!(status(&world), PaymentStatus::Disputed);
        assert!(world.order.attention.iter().any(|a| a.code == AttentionCode::Disputed));
        let disputed = MovementRefusal::InTheWay { obstacle: Obstacle::Disputed };
        assert_eq!(world.ask(&refund(1)), Err(disputed));
        world.pass(60);
        world.decide(state);
        hear(&mut world);
        assert_eq!(status(&world), end);
    }
}

#[test]
fn a_declined_order_is_paid_by_another_gateway_with_its_stock_held_longer() {
    let mut world = MoneyWorld::new(CaptureMode::Automatic);
    run(&mut world);
    world.newest().unwrap().state = ReportedState::Declined;
    let expired_at = world.order.claims_expire_at;
    world.pass(600);
    hear(&mut world);
    world.retry(Gateway::Stripe).unwrap();
    run(&mut world);
    assert_eq!(world.books.len(), 2);
    assert!(world.order.claims_expire_at > expired_at);
    assert_eq!(world.oldest().unwrap().state, ReportedState::Cancelled, "the first is called off");
    world.buyer_pays(true);
    hear(&mut world);
    assert_eq!(status(&world), PaymentStatus::Paid);
    assert_eq!(world.order.payment.as_ref().unwrap().gateway, Gateway::Stripe);
    let secured = MovementRefusal::InTheWay { obstacle: Obstacle::AlreadySecured };
    assert_eq!(world.retry(Gateway::Sandbox), Err(secured));
}

#[test]
fn an_attempt_that_pays_late_wins_or_is_given_back_once() {
    for second_pays_first in [true, false] {
        let mut world = MoneyWorld::new(CaptureMode::Automatic);
        world.voids_unsupported = true;
        run(&mut world);
        world.retry(Gateway::Razorpay).unwrap();
        run(&mut world);
        if second_pays_first {
            world.buyer_pays(true);
            hear(&mut world);
            world.buyer_pays(false);
        } else {
            world.buyer_pays(false);
            hear(&mut world);
            world.buyer_pays(true);
        }
        hear(&mut world);
        hear(&mut world);
        world.come_to_rest();
        assert_eq!(status(&world), PaymentStatus::Paid);
        let kept: i64 = world.books.values().map(super::money_world::Booked::kept).sum();
        assert_eq!(kept, TOTAL, "{:#?}", world.books);
        let expected = if second_pays_first { Gateway::Razorpay } else { Gateway::Sandbox };
        assert_eq!(world.order.payment.as_ref().unwrap().gateway, expected);
        assert!(world.order.attention.iter().any(|a| a.code == AttentionCode::PaidTwice));
    }
}

#[test]
fn nothing_is_tried_again_while_an_outcome_is_unknown() {
    let mut world = MoneyWorld::new(CaptureMode::Automatic);
    for _ in 0..2 {
        for effect in world.owes() {
            let answer = world.lost(&effect);
            let answer = answer.unwrap_or_else(|| world.perform(&effect));
            world.feed(answer);
        }
    }
    let unknown = MovementRefusal::InTheWay { obstacle: Obstacle::OutcomeUnknown };
    assert_eq!(world.retry(Gateway::Stripe), Err(unknown));
}

#[test]
fn the_merchant_is_warned_before_held_money_lapses_and_the_gateway_asked_after() {
    let mut world = paid(CaptureMode::OnRequest);
    let until = world.now.plus_seconds(7 * 86_400);
    let booked = world.newest().unwrap().clone();
    let mut report = world.honest_report(&booked);
    report.authorized_until = Some(until);
    world.feed(Input::Report(report));
    let wake = crate::flows::schedule::wake_at(&world.order, world.now, 0);
    assert_eq!(wake, Some(until.plus_seconds(-86_400)));
    world.now = wake.unwrap();
    world.feed(Input::Wake);
    assert!(world.order.attention.iter().any(|a| a.code == AttentionCode::AuthorizationExpiring));
    assert!(world.owes().is_empty());
    world.now = until;
    world.feed(Input::Wake);
    world.newest().unwrap().state = ReportedState::Cancelled;
    run(&mut world);
    assert_eq!(world.order.status, OrderStatus::Cancelled);
}

#[derive(Debug, Clone)]
enum Chance {
    Perform(usize),
    PerformAndLose(usize),
    Lose(usize),
    Crash,
    Pay(bool),
    Decline,
    Capture(i64, bool),
    Void,
    Refund(i64),
    Retry,
    Dashboard(i64),
    Dispute(i64),
    Decide(MovementState),
    Webhook(usize),
    AskAbout(bool),
    Pass(i64),
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        8 => (0..4_usize).prop_map(Chance::Perform),
        2 => (0..4_usize).prop_map(Chance::PerformAndLose),
        1 => (0..4_usize).prop_map(Chance::Lose),
        1 => Just(Chance::Crash),
        3 => any::<bool>().prop_map(Chance::Pay),
        1 => Just(Chance::Decline),
        2 => (1..4_000_i64, any::<bool>()).prop_map(|(a, k)| Chance::Capture(a, k)),
        1 => Just(Chance::Void),
        3 => (1..4_000_i64).prop_map(Chance::Refund),
        2 => Just(Chance::Retry),
        1 => (1..4_000_i64).prop_map(Chance::Dashboard),
        1 => (1..4_000_i64).prop_map(Chance::Dispute),
        1 => prop_oneof![Just(MovementState::Succeeded), Just(MovementState::Failed)]
            .prop_map(Chance::Decide),
        4 => (0..12_usize).prop_map(Chance::Webhook),
        1 => any::<bool>().prop_map(Chance::AskAbout),
        2 => prop_oneof![Just(1_i64), Just(61), Just(301), Just(901), Just(3_700)]
            .prop_map(Chance::Pass),
    ]
}

struct Run {
    world: MoneyWorld,
    told: Vec<Input>,
}

impl Run {
    fn step(&mut self, chance: Chance) {
        let world = &mut self.world;
        let debts = world.owes();
        let pick = |n: usize| (!debts.is_empty()).then(|| debts[n % debts.len()].clone());
        match chance {
            Chance::Perform(n) => {
                if let Some(effect) = pick(n) {
                    let answer = world.perform(&effect);
                    world.feed(answer);
                }
            }
            Chance::PerformAndLose(n) => {
                if let Some(effect) = pick(n) {
                    let _lost = world.perform(&effect);
                    if let Some(lost) = world.lost(&effect) {
                        world.feed(lost);
                    }
                }
            }
            Chance::Lose(n) => {
                if let Some(lost) = pick(n).and_then(|effect| world.lost(&effect)) {
                    world.feed(lost);
                }
            }
            Chance::Crash => world.feed(Input::Wake),
            Chance::Pay(newest) => world.buyer_pays(newest),
            Chance::Decline => {
                let now = world.now;
                if let Some(booked) = world.newest()
                    && booked.state == ReportedState::ActionRequired
                {
                    booked.state = ReportedState::Declined;
                    booked.at = now;
                }
            }
            Chance::Capture(amount, keeps) => {
                let _refused = world.ask(&capture(Some(amount), keeps));
            }
            Chance::Void => {
                let _refused = world.ask(&MovementAsk::Void { reason: None });
            }
            Chance::Refund(amount) => {
                let _refused = world.ask(&refund(amount));
            }
            Chance::Retry => {
                let _refused = world.retry(Gateway::Stripe);
            }
            Chance::Dashboard(amount) => world.at_gateway(OperationKind::Refund, amount),
            Chance::Dispute(amount) => world.at_gateway(OperationKind::Chargeback, amount),
            Chance::Decide(state) => world.decide(state),
            Chance::Webhook(n) => {
                if let Some(webhook) = self.told.iter().rev().nth(n).cloned() {
                    world.feed(webhook);
                }
            }
            Chance::AskAbout(newest) => world.ask_about(newest),
            Chance::Pass(seconds) => {
                world.pass(seconds);
                world.feed(Input::Wake);
            }
        }
        for webhook in self.world.webhooks() {
            if !self.told.contains(&webhook) {
                self.told.push(webhook);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// At rest the ledger says of every payment what its gateway's books say, to the cent, and the buyer
    /// has paid once, or somebody was told.
    #[test]
    fn any_history_of_money_ends_in_the_gateways_books(
        on_request in any::<bool>(),
        voids_unsupported in any::<bool>(),
        refunds_pend in any::<bool>(),
        chances in prop::collection::vec(chance(), 0..80),
    ) {
        let mode = if on_request { CaptureMode::OnRequest } else { CaptureMode::Automatic };
        let mut world = MoneyWorld::new(mode);
        world.voids_unsupported = voids_unsupported;
        world.refunds_pend = refunds_pend;
        let mut run = Run { world, told: Vec::new() };
        for chance in chances {
            run.step(chance);
        }
        run.world.pass(1);
        run.world.decide(MovementState::Succeeded);
        run.world.come_to_rest();
        let MoneyWorld { order, books, .. } = &run.world;
        for booked in books.values() {
            let payment = order.payment_at(&booked.reference);
            prop_assert!(payment.is_some(), "a payment that no order knows: {booked:#?} {order:#?}");
            let payment = payment.unwrap();
            let kept = payment.succeeded_minor(OperationKind::Capture)
                - payment.succeeded_minor(OperationKind::Refund)
                - payment.succeeded_minor(OperationKind::Chargeback);
            prop_assert_eq!(kept, booked.kept(), "{:#?} {:#?}", booked, order);
        }
        let with_money = books.values().filter(|booked| booked.kept() > 0).count();
        let told = !order.attention.is_empty();
        prop_assert!(with_money <= 1 || told, "paid twice and nobody told: {order:#?}");
        if order.status.is_terminal() {
            prop_assert!(with_money == 0 || told, "money without an order: {order:#?}");
        }
        let unknown = order.payments().any(crate::domain::payment::Payment::has_unknown);
        prop_assert!(!unknown, "{order:#?}");
    }
}

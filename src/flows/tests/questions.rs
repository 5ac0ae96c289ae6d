//! Several questions to a gateway about one payment: none takes the turn of another.

use super::money::paid;
use super::money_world::{MoneyWorld, TOTAL};
use crate::domain::money::Money;
use crate::domain::order::AttentionCode;
use crate::domain::payment::{
    CaptureMode, Gateway, MovementReport, MovementState, OperationKind, OperationResult,
};
use crate::domain::reconciliation::void_reference;
use crate::flows::advance::Input;
use crate::flows::movements::{MovementAsk, RefundOf};
use crate::flows::owed::Effect;
use crate::flows::schedule::ask_again_after_seconds;

/// A paid order of which the answer to a refund was lost, and the gateway's name for its payment.
fn with_a_lost_refund() -> (MoneyWorld, Gateway, String) {
    let mut world = paid(CaptureMode::Automatic);
    let of = RefundOf::Amount { amount_minor: 300 };
    world.ask(&MovementAsk::Refund { of, reason: None }).unwrap();
    for effect in world.owes() {
        let answer = world.lost(&effect).unwrap();
        world.feed(answer);
    }
    let payment = world.order.payment.as_ref().unwrap();
    assert!(payment.has_unknown());
    let (gateway, reference) = (payment.gateway, payment.reference().unwrap().to_owned());
    (world, gateway, reference)
}

fn asks_for(effects: &[Effect]) -> (usize, usize) {
    let of = |is: fn(&&Effect) -> bool| effects.iter().filter(is).count();
    let refunds = of(|effect| matches!(effect, Effect::RecoverRefund { .. }));
    (refunds, of(|effect| matches!(effect, Effect::RetrieveBeside { .. })))
}

#[test]
fn where_a_payment_stands_is_asked_beside_what_became_of_its_refund() {
    let (mut world, gateway, reference) = with_a_lost_refund();
    world.feed(Input::AskAbout { gateway, reference });
    let debts = world.owes();
    assert_eq!(asks_for(&debts), (1, 1), "{debts:?}");
    // The refund is answered first: the question is not.
    let (refund, beside): (Vec<_>, Vec<_>) =
        debts.into_iter().partition(|effect| matches!(effect, Effect::RecoverRefund { .. }));
    let answer = world.perform(&refund[0]);
    world.feed(answer);
    assert_eq!(asks_for(&world.owes()), (0, 1));
    let lost = world.lost(&beside[0]).unwrap();
    world.feed(lost);
    assert_eq!(asks_for(&world.owes()), (0, 0));
    world.pass(ask_again_after_seconds(0).unwrap());
    assert_eq!(asks_for(&world.owes()), (0, 1));
    let answer = world.perform(&beside[0]);
    world.feed(answer);
    world.come_to_rest();
    let payment = world.order.payment.as_ref().unwrap();
    assert!(payment.question.is_none() && payment.ask_again_at.is_none());
    assert_eq!(payment.succeeded_minor(OperationKind::Refund), 300);
}

#[test]
fn the_answer_to_it_takes_no_turn_of_the_refund() {
    let (mut world, gateway, reference) = with_a_lost_refund();
    world.feed(Input::AskAbout { gateway, reference });
    let before = world.order.payment.clone().unwrap();
    let debts = world.owes();
    for result in ["lost", "true"] {
        let mut world = world.clone();
        let beside = debts.iter().find(|e| matches!(e, Effect::RetrieveBeside { .. })).unwrap();
        let answer = match result {
            "lost" => world.lost(beside).unwrap(),
            _ => world.perform(beside),
        };
        world.feed(answer);
        let after = world.order.payment.as_ref().unwrap();
        assert_eq!(after.ask_again_at, before.ask_again_at);
        assert_eq!(after.resume_schedule_at, before.resume_schedule_at);
        assert_eq!(after.operations, before.operations);
        assert_eq!(asks_for(&world.owes()), (1, 0), "{result}");
    }
}

#[test]
fn a_second_payment_that_is_heard_of_while_a_refund_is_unknown_is_put_before_a_person() {
    let (mut world, gateway, reference) = with_a_lost_refund();
    world.oldest().unwrap().captured = TOTAL * 2;
    world.feed(Input::AskAbout { gateway, reference });
    for effect in world.owes() {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    let told = |code| world.order.attention.iter().any(|attention| attention.code == code);
    assert!(told(AttentionCode::PaymentMismatch), "{:#?}", world.order);
    let refund = world.order.payment.as_ref().unwrap().operations.last().unwrap();
    assert_eq!(refund.result, OperationResult::Succeeded);
}

#[test]
fn a_gateway_that_never_answers_it_is_put_before_a_person_in_the_end() {
    let (mut world, gateway, reference) = with_a_lost_refund();
    world.feed(Input::AskAbout { gateway, reference });
    let (mut asked, mut told) = (0, false);
    while world.order.payment.as_ref().unwrap().question.is_some() {
        assert!(asked < 20 && !told, "{:#?}", world.order);
        let debts = world.owes();
        for effect in debts.iter().filter(|e| matches!(e, Effect::RetrieveBeside { .. })) {
            asked += 1;
            let lost = world.lost(effect).unwrap();
            world.feed(lost);
        }
        world.pass(86_400);
        let attention = &world.order.attention;
        told = attention.iter().any(|one| one.code == AttentionCode::PaymentUnknown);
    }
    assert_eq!((asked, told), (9, true));
}

#[test]
fn neither_another_webhook_nor_an_older_answer_ends_a_question() {
    let mut world = paid(CaptureMode::Automatic);
    world.ask_about(false);
    let asked = world.owes().remove(0);
    for webhook in world.webhooks() {
        world.feed(webhook);
    }
    assert_eq!(asks_for(&world.owes()), (0, 1));
    // The gateway answers, the buyer pays again and the gateway says so before its answer arrives.
    let answer = world.perform(&asked);
    world.pass(1);
    world.oldest().unwrap().captured = TOTAL * 2;
    world.ask_about(false);
    world.feed(answer);
    assert!(world.order.attention.is_empty());
    assert_eq!(asks_for(&world.owes()), (0, 1));
    for effect in world.owes() {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    assert_eq!(world.order.attention[0].code, AttentionCode::PaymentMismatch);
}

#[test]
fn a_void_that_is_heard_of_before_its_answer_is_the_refund_that_asked_for_it() {
    let mut world = paid(CaptureMode::Automatic);
    world
        .ask(&MovementAsk::Refund { of: RefundOf::Amount { amount_minor: TOTAL }, reason: None })
        .unwrap();
    let ours = world.owes().remove(0);
    let lost = world.lost(&ours).unwrap();
    world.feed(lost);
    let gateway = world.order.payment.as_ref().unwrap().gateway;
    let booked = world.oldest().unwrap().clone();
    let void = MovementReport {
        kind: OperationKind::Refund,
        reference: void_reference(&booked.reference),
        operation_id: None,
        amount: Money::new(TOTAL, "USD".parse().unwrap()),
        state: MovementState::Succeeded,
        occurred_at: world.now,
        reason: None,
        respond_by: None,
    };
    let movements = vec![void];
    world.feed(Input::Movements { gateway, reference: booked.reference, movements });
    let payment = world.order.payment.as_ref().unwrap();
    let refunds: Vec<_> = payment
        .operations
        .iter()
        .filter(|operation| operation.kind == OperationKind::Refund)
        .map(|operation| (operation.result, operation.amount_minor))
        .collect();
    assert_eq!(refunds, [(OperationResult::Succeeded, TOTAL)]);
    assert_eq!(payment.ask_again_at, None);
}

#[test]
fn a_refund_that_fell_through_has_failed_however_far_ahead_our_clock_was_when_it_was_made() {
    let mut world = paid(CaptureMode::Automatic);
    world
        .ask(&MovementAsk::Refund { of: RefundOf::Amount { amount_minor: 300 }, reason: None })
        .unwrap();
    let gateways_time = world.now;
    world.pass(86_400);
    for effect in world.owes() {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
    world.oldest().unwrap().movements.iter_mut().for_each(|movement| {
        movement.state = MovementState::Failed;
        movement.at = gateways_time;
    });
    // The old news of its success comes again afterwards, by the same clock.
    for state in [MovementState::Failed, MovementState::Succeeded] {
        for mut webhook in world.webhooks() {
            if let Input::Movements { movements, .. } = &mut webhook {
                movements.iter_mut().for_each(|movement| movement.state = state);
            }
            world.feed(webhook);
        }
        let payment = world.order.payment.as_ref().unwrap();
        assert_eq!(payment.succeeded_minor(OperationKind::Refund), 0, "{state:?}");
    }
}

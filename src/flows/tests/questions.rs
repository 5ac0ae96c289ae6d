//! Several questions to a gateway about one payment: none takes the place of another.

use super::money::paid;
use crate::domain::payment::CaptureMode;
use crate::flows::advance::Input;
use crate::flows::movements::{MovementAsk, RefundOf};
use crate::flows::owed::Effect;

#[test]
fn a_payment_that_a_webhook_puts_in_question_is_asked_about_whatever_a_refund_awaits() {
    let mut world = paid(CaptureMode::Automatic);
    let of = RefundOf::Amount { amount_minor: 300 };
    world.ask(&MovementAsk::Refund { of, reason: None }).unwrap();
    for effect in world.owes() {
        let answer = world.lost(&effect).unwrap();
        world.feed(answer);
    }
    let (gateway, reference) = {
        let payment = world.order.payment.as_ref().unwrap();
        assert!(payment.has_unknown());
        (payment.gateway, payment.reference().unwrap().to_owned())
    };
    world.feed(Input::AskAbout { gateway, reference: reference.clone() });
    // News of another thing, and an answer that is lost, leave the question open.
    for webhook in world.webhooks() {
        world.feed(webhook);
    }
    let retrieve = Effect::Retrieve { reference };
    world.pass(3_600);
    assert_eq!(world.owes(), std::slice::from_ref(&retrieve));
    world.feed(world.lost(&retrieve).unwrap());
    world.pass(3_600);
    assert_eq!(world.owes(), std::slice::from_ref(&retrieve));
    let answer = world.perform(&retrieve);
    world.feed(answer);
    world.come_to_rest();
    let payment = world.order.payment.as_ref().unwrap();
    assert!(!payment.is_in_question && !payment.has_unknown());
    assert_eq!(payment.ask_again_at, None);
}

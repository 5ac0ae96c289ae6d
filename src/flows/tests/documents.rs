//! Invoices and credit notes: when they are owed, and that each number is taken once.

use uuid::Uuid;

use super::world::World;
use crate::domain::id::RefundId;
use crate::domain::order::{Order, Refund};
use crate::domain::payment::{CaptureMode, Operation, OperationKind, OperationResult};
use crate::flows::advance::{Input, advance};
use crate::flows::owed::{Effect, owed};

/// Performs everything that is owed, again and again, until nothing is owed now.
fn run(world: &mut World) {
    while let Some(effect) = owed(&world.order, world.now).first().cloned() {
        let answer = world.perform(&effect);
        world.feed(answer);
    }
}

/// An order that is paid and has its invoice.
fn invoiced() -> World {
    let mut world = World::new(CaptureMode::Automatic, 5, 5);
    run(&mut world);
    world.pay();
    let report = world.told();
    world.feed(Input::Report(report));
    run(&mut world);
    assert_eq!(world.order.invoice_number.as_deref(), Some("INV-1"), "{:#?}", world.order);
    world
}

/// The order afterwards, and whether it changed.
fn step(world: &World, order: &Order, input: Input) -> (Order, bool) {
    let mut order = order.clone();
    let changed = advance(&mut order, input, world.now, &mut || Uuid::from_u128(9_000));
    (order, changed)
}

/// A refund of 400 for shipping.
const fn of_shipping(id: RefundId, world: &World) -> Refund {
    Refund {
        id,
        amount_minor: 400,
        shipping_minor: 400,
        lines: Vec::new(),
        reason: None,
        requested_at: world.now,
        credit_note_number: None,
        credit_note_cancellations: Vec::new(),
    }
}

#[test]
fn a_refund_whose_money_has_moved_is_owed_one_credit_note() {
    let world = invoiced();
    let mut order = world.order.clone();
    let refund = RefundId::new(Uuid::from_u128(1));
    order.refunds.push(of_shipping(refund, &world));
    assert_eq!(owed(&order, world.now), []);
    order.payment.as_mut().unwrap().operations.push(Operation {
        result: OperationResult::Succeeded,
        refund_id: Some(refund),
        ..Operation::new(OperationKind::Refund, 400, Uuid::from_u128(2), world.now)
    });
    let owes = owed(&order, world.now);
    assert_eq!(owes, [Effect::NumberCreditNote { series: "INV-CN".to_owned(), refund }]);
    assert!(owes.iter().all(Effect::is_background));
    let given = |number: &str| Input::CreditNote { refund, number: number.to_owned() };
    let (numbered, changed) = step(&world, &order, given("INV-CN-000001"));
    assert!(changed);
    assert_eq!(owed(&numbered, world.now), []);
    let (again, changed) = step(&world, &numbered, given("INV-CN-000002"));
    assert!(!changed && again == numbered, "a number is never replaced");
    let nobody = Input::CreditNote { refund: RefundId::new(Uuid::nil()), number: String::new() };
    assert!(!step(&world, &numbered, nobody).1);
}

/// An order with a refund of two parts whose money has moved and which has its credit note.
fn refunded_in_parts(world: &World) -> (Order, RefundId) {
    let mut order = world.order.clone();
    let refund = RefundId::new(Uuid::from_u128(1));
    let credit_note_number = Some("INV-CN-000001".to_owned());
    order.refunds.push(Refund { credit_note_number, ..of_shipping(refund, world) });
    let part = |n: u128, amount_minor: i64| Operation {
        result: OperationResult::Succeeded,
        refund_id: Some(refund),
        ..Operation::new(OperationKind::Refund, amount_minor, Uuid::from_u128(n), world.now)
    };
    let operations = &mut order.payment.as_mut().unwrap().operations;
    operations.extend([part(2, 300), part(3, 100)]);
    (order, refund)
}

fn put(order: &mut Order, from_the_end: usize, result: OperationResult) {
    let operations = &mut order.payment.as_mut().unwrap().operations;
    operations.iter_mut().nth_back(from_the_end).unwrap().result = result;
}

#[test]
fn a_refund_that_fails_after_its_credit_note_is_owed_one_that_cancels_it() {
    let world = invoiced();
    let (mut order, refund) = refunded_in_parts(&world);
    assert_eq!(owed(&order, world.now), []);
    let cancel = |moved_minor: i64| {
        let series = "INV-CN".to_owned();
        [Effect::CancelCreditNote { series, refund, moved_minor }]
    };
    put(&mut order, 0, OperationResult::Failed);
    put(&mut order, 1, OperationResult::ActionRequired);
    let waits = owed(&order, world.now);
    assert!(!waits.iter().any(|effect| cancel(300).contains(effect)), "{waits:?}");
    put(&mut order, 1, OperationResult::Succeeded);
    assert_eq!(owed(&order, world.now), cancel(300));
    assert!(cancel(300).iter().all(Effect::is_background));
    let given = |number: &str, moved_minor: i64| Input::CreditNoteCancelled {
        refund,
        number: number.to_owned(),
        moved_minor,
    };
    let (mut order, changed) = step(&world, &order, given("INV-CN-000002", 300));
    assert!(changed);
    assert_eq!((owed(&order, world.now), order.refunds[0].credited_minor()), (vec![], 300));
    assert!(!step(&world, &order, given("INV-CN-000003", 300)).1, "told twice");
    put(&mut order, 1, OperationResult::Failed);
    assert_eq!(owed(&order, world.now), cancel(0));
    let (order, _) = step(&world, &order, given("INV-CN-000003", 0));
    assert_eq!((owed(&order, world.now), order.refunds[0].credited_minor()), (vec![], 0));
    assert_eq!(order.refunds[0].credit_note_number.as_deref(), Some("INV-CN-000001"));
}

//! I3 and I5 against the gateways' own books: what really happened to money, and what orders know of it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::rows::{Order, Rows, list, number, sum, word};
use crate::gateways::books::{BookedPayment, DisputeState, Origin, RefundState, Standing};
use crate::world::World;

/// What says that a person was told that an order and a gateway's books may differ.
const DIFFERS: [&str; 2] = ["payment_mismatch", "payment_unknown"];
/// What says that a person was told of money that an order has no right to.
const TOO_MUCH: [&str; 3] = ["paid_after_close", "paid_twice", "payment_mismatch"];

fn each(world: &World, mut judge: impl FnMut(&BookedPayment)) {
    for which in 0..world.gateways() {
        world.gateway(which, |gateway| gateway.books().payments.values().for_each(&mut judge));
    }
}

/// The order and the payment of it that a booked payment is.
fn of<'a>(rows: &'a Rows, booked: &BookedPayment) -> Option<(&'a Order, &'a Value)> {
    let order = rows.orders.get(booked.order_id.as_deref()?)?;
    let operation = booked.operation_id.as_deref()?;
    let has = |payment: &&Value| {
        list(payment, "operations").iter().any(|one| word(one, "id") == operation)
    };
    Some((order, order.payments().into_iter().find(has)?))
}

/// What must be true of money at any moment.
pub fn never_too_much(world: &World, rows: &Rows) {
    let mut starts: BTreeMap<String, String> = BTreeMap::new();
    let mut refunds: BTreeMap<String, String> = BTreeMap::new();
    each(world, |booked| {
        let reference = &booked.reference;
        let operation = booked.operation_id.clone().unwrap_or_default();
        let id = booked.order_id.as_deref().unwrap_or("nobody");
        let found = of(rows, booked);
        let Some((order, _)) = found else {
            panic!(
                "I3: {reference} is for {operation} of {id}, and no order wrote that down before"
            );
        };
        let twice = starts.insert(operation.clone(), reference.clone());
        assert!(
            twice.is_none(),
            "I3: {operation} of {id} started two payments: {twice:?}, {reference}"
        );
        let is_wrong = booked.terms.method.as_deref() == Some("wrong_amount");
        let (asked, total) = (booked.asked_minor, order.total_minor());
        assert!(is_wrong || asked == total, "I3: {reference} asks {asked} for {id} over {total}");
        let currency = word(&order.document["cart"], "currency");
        assert_eq!(booked.currency, currency, "I3: {reference} of {id} is in another currency");
        captures_were_asked_for(order, booked);
        for refund in &booked.refunds {
            let Some(operation) = refund.operation_id() else { continue };
            let (amount, name) = (refund.amount_minor, &refund.id);
            let known = order.operation(operation);
            let known = known.unwrap_or_else(|| {
                panic!("I3: refund {name} of {id} is for {operation}, which no order wrote down")
            });
            let own = number(known, "amount_minor");
            assert!(amount <= own, "I3: {operation} of {id} gives {own} back, {name} is {amount}");
            if refund.state != RefundState::Failed {
                let twice = refunds.insert(operation.to_owned(), name.clone());
                assert!(
                    twice.is_none(),
                    "I3: {operation} of {id} gave back twice: {twice:?}, {name}"
                );
            }
        }
        let (captured, back) = (booked.captured_minor(), booked.refunding_minor());
        assert!(back <= captured, "I3: {back} of {reference} go back, {captured} were taken");
    });
}

/// No more was taken at our request than the order asks, by operations that were written down before.
fn captures_were_asked_for(order: &Order, booked: &BookedPayment) {
    let (id, reference) = (&order.id, &booked.reference);
    let mut ours = 0;
    for capture in &booked.captures {
        let (amount, name) = (capture.amount_minor, &capture.id);
        match &capture.origin {
            Origin::Request(operation) => {
                ours += amount;
                let Some(operation) = operation else { continue };
                let known = order.operation(operation);
                let known = known.unwrap_or_else(|| {
                    panic!("I3: {name} of {id} is for {operation}, which no order wrote down")
                });
                let own = number(known, "amount_minor");
                let twice = booked.captures.iter().filter(|one| one.origin == capture.origin);
                assert_eq!(twice.count(), 1, "I3: {operation} of {id} took money twice");
                assert!(amount <= own, "I3: {operation} of {id} takes {own}, {name} is {amount}");
            }
            Origin::Terms | Origin::Dashboard => {}
        }
    }
    let asked = booked.asked_minor;
    assert!(ours <= asked, "I3: {ours} of {reference} were taken for {id}, which asks {asked}");
}

fn disputed(booked: &BookedPayment, state: DisputeState) -> i64 {
    booked.disputes.iter().filter(|one| one.state == state).map(|one| one.amount_minor).sum()
}

/// At rest every order knows exactly what the gateway did, or a person was told.
pub fn books_agree(world: &World, rows: &Rows) {
    let mut kept: BTreeMap<&str, Vec<(String, i64)>> = BTreeMap::new();
    each(world, |booked| {
        let Some((order, payment)) = of(rows, booked) else { return };
        let (id, reference) = (order.id.as_str(), &booked.reference);
        let pending = booked.refunding_minor() - booked.refunded_minor();
        let facts = [
            ("captured", booked.captured_minor(), sum(payment, "capture", "succeeded")),
            ("refunded", booked.refunded_minor(), sum(payment, "refund", "succeeded")),
            ("on its way back", pending, sum(payment, "refund", "action_required")),
            (
                "contested",
                disputed(booked, DisputeState::Open),
                sum(payment, "chargeback", "action_required"),
            ),
            (
                "charged back",
                disputed(booked, DisputeState::Lost),
                sum(payment, "chargeback", "succeeded"),
            ),
        ];
        let is_flagged = order.is_flagged(&DIFFERS);
        for (what, theirs, ours) in facts {
            assert!(
                theirs == ours || is_flagged,
                "I3: {reference} of {id} has {theirs} {what} in the gateway's books, the order has \
                 {ours}, and nobody is told"
            );
            if theirs != ours {
                world.note(format!("rest: a person was told that money differs ({what})"));
            }
        }
        standing_agrees(world, order, payment, booked);
        let left = booked.captured_minor() - booked.refunding_minor();
        if left > disputed(booked, DisputeState::Lost) {
            kept.entry(id).or_default().push((reference.clone(), left));
        }
    });
    for (id, payments) in kept {
        let order = &rows.orders[id];
        let is_flagged = order.is_flagged(&TOO_MUCH)
            || order.is_flagged(&["payment_unknown", "refund_failed", "payment_refused"]);
        let count = payments.len();
        assert!(
            count == 1 || is_flagged,
            "I3: {id} keeps the money of {count} payments, and nobody is told: {payments:?}"
        );
        assert!(
            !order.is_called_off() || is_flagged,
            "I3: {id} is {}, keeps {payments:?}, and nobody is told",
            order.status()
        );
        if count > 1 || order.is_called_off() {
            world.note("rest: a person was told of money that an order has no right to");
        }
    }
    for (id, order) in &rows.orders {
        known_at_the_gateway(world, id, order);
    }
}

/// Held money is known to be held, and what is over for the order is over for the gateway.
fn standing_agrees(world: &World, order: &Order, payment: &Value, booked: &BookedPayment) {
    let (id, reference) = (&order.id, &booked.reference);
    let state = word(&payment["report"], "state");
    let is_flagged =
        order.is_flagged(&DIFFERS) || order.is_flagged(&["payment_refused", "paid_after_close"]);
    let is_held = booked.standing == Standing::Held;
    assert!(
        !is_held || state == "authorized" || is_flagged,
        "I3: {reference} holds {} for {id}, which knows it as {state:?}",
        booked.held_minor
    );
    assert!(
        is_held || state != "authorized" || is_flagged,
        "I3: {id} knows {reference} as held, at the gateway it is {:?}",
        booked.standing
    );
    let is_open = booked.awaits_buyer() || booked.standing == Standing::Processing || is_held;
    let is_over = order.is_called_off() || !std::ptr::eq(payment, &order.document["payment"]);
    if is_open && is_over {
        // Where a payment can't be called off, what it brings after all is dealt with then.
        let is_let_go = payment["let_go"] == true && !is_held;
        assert!(
            is_let_go || is_flagged,
            "I3: {id} is {}, and {reference} can still be paid ({:?})",
            order.status(),
            booked.standing
        );
        world.note("rest: a payment that can't be called off is let go");
    }
}

/// What an order has of money is in some gateway's books.
fn known_at_the_gateway(world: &World, id: &str, order: &Order) {
    for payment in order.payments() {
        let captured = sum(payment, "capture", "succeeded");
        let operations: Vec<&str> =
            list(payment, "operations").iter().map(|one| word(one, "id")).collect();
        let mut is_there = false;
        each(world, |booked| {
            is_there |= booked.operation_id.as_deref().is_some_and(|own| operations.contains(&own));
        });
        assert!(
            is_there || captured == 0,
            "I3: {id} has {captured} captured at {}, whose books have no such payment",
            word(payment, "gateway")
        );
    }
}

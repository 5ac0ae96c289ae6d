//! What happens at the gateways without the shop: buyers pay there, banks answer late, and people work at
//! the dashboard.

use serde_json::{Map, Value};

use crate::chance::Chance;
use crate::gateways::SimulatedGateway;
use crate::gateways::books::{BookedPayment, DisputeState, RefundState, Standing};
use crate::world::World;

pub const SECOND: i64 = 1_000;
const DAY: i64 = 24 * 3_600 * SECOND;

/// Payments that these are, with the gateway where they are.
fn payments(world: &World, that: impl Fn(&BookedPayment) -> bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for which in 0..world.gateways() {
        let of = |gateway: &mut SimulatedGateway| -> Vec<String> {
            let payments = gateway.books().payments.values();
            payments.filter(|one| that(one)).map(|one| one.reference.clone()).collect()
        };
        let references = world.gateway(which, of);
        found.extend(references.into_iter().map(|reference| (which, reference)));
    }
    found
}

fn is_of(payment: &BookedPayment, order: &str) -> bool {
    payment.order_id.as_deref() == Some(order)
}

/// The buyer of an order pays what waits for that, or refuses. Says whether anything waited.
pub fn buyer_answers(world: &World, chance: &mut Chance, order: &str, pays: bool) -> bool {
    let waits = |one: &BookedPayment| {
        is_of(one, order) && (one.awaits_buyer() || one.standing == Standing::Processing)
    };
    let waiting = payments(world, waits);
    if waiting.is_empty() {
        return false;
    }
    let (which, reference) = chance.of(&waiting).clone();
    let now = world.now();
    world.gateway(which, |gateway| match pays {
        true => gateway.buyer_approves(&reference, now),
        false => gateway.buyer_declines(&reference, now),
    })
}

/// Orders with a payment that is as told.
pub fn orders_with(world: &World, that: impl Fn(&BookedPayment) -> bool) -> Vec<String> {
    let mut orders = Vec::new();
    for which in 0..world.gateways() {
        world.gateway(which, |gateway| {
            let payments = gateway.books().payments.values().filter(|one| that(one));
            orders.extend(payments.filter_map(|one| one.order_id.clone()));
        });
    }
    orders
}

/// What the browser of this order's buyer comes back with.
pub fn return_parameters(world: &World, order: &str) -> Value {
    let all = payments(world, |one| is_of(one, order));
    let Some((which, reference)) = all.last() else { return Value::Object(Map::new()) };
    let parameters = world.gateway(*which, |gateway| gateway.return_parameters(reference));
    let pairs = parameters.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    Value::Object(pairs.collect())
}

/// What a gateway does by itself happens when it is due.
pub async fn clockwork(world: World) {
    for which in 0..world.gateways() {
        let due = world.gateway(which, |gateway| gateway.wakes_at());
        if let Some(due) = due {
            let other = world.clone();
            world.begin(async move {
                let wait = due.milliseconds_since(other.now()).clamp(0, 8 * DAY);
                other.sleep(wait + 1).await;
                let now = other.now();
                other.gateway(which, |gateway| gateway.advance(now));
            });
        }
    }
}

/// A bank says yes, or no, to what waits for it, however late.
pub async fn a_bank_answers(world: World, mut chance: Chance) {
    let waiting = payments(&world, |one| {
        one.awaits_buyer() || one.standing == Standing::Processing && one.terms.due_at.is_none()
    });
    if waiting.is_empty() {
        return;
    }
    let (which, reference) = chance.of(&waiting).clone();
    if chance.one_in(3) {
        world.sleep(chance.between(0, DAY)).await;
    }
    let (says_yes, now) = (!chance.one_in(3), world.now());
    world.note(if says_yes { "banker: approves" } else { "banker: declines" });
    world.gateway(which, |gateway| match says_yes {
        true => gateway.buyer_approves(&reference, now),
        false => gateway.buyer_declines(&reference, now),
    });
}

/// Somebody works at a gateway's dashboard.
pub async fn at_the_dashboard(world: World, mut chance: Chance) {
    let mut all = payments(&world, |one| one.held_minor > 0 || one.captured_minor() > 0);
    if all.is_empty() || chance.one_in(5) {
        all = payments(&world, |one| !one.is_over());
    }
    if all.is_empty() {
        return;
    }
    let (which, reference) = chance.of(&all).clone();
    let booked = world.gateway(which, |g| g.books().payments[&reference].clone());
    let now = world.now();
    let what = chance.below(9);
    let amount = |chance: &mut Chance, most: i64| match chance.one_in(2) {
        true => most,
        false => chance.between(1, most.max(1)),
    };
    let done = match what {
        0..=1 => {
            let left = booked.captured_minor() - booked.refunding_minor();
            let minor = amount(&mut chance, left);
            (
                "banker: dashboard refund",
                world.gateway(which, |g| g.dashboard_refund(&reference, minor, now)),
            )
        }
        2 => {
            let minor = amount(&mut chance, booked.held_minor);
            (
                "banker: dashboard capture",
                world.gateway(which, |g| g.dashboard_capture(&reference, minor, now)),
            )
        }
        3 => {
            ("banker: dashboard void", world.gateway(which, |g| g.dashboard_void(&reference, now)))
        }
        4..=5 => ("banker: dispute", world.gateway(which, |g| g.dispute(&reference, now))),
        6 => ("banker: payment expires", world.gateway(which, |g| g.expire(&reference, now))),
        _ => (
            "banker: buyer pays again",
            world.gateway(which, |g| g.buyer_pays_again(&reference, now)),
        ),
    };
    if done.1 {
        world.note(done.0);
    }
}

/// Disputes are decided.
pub async fn a_dispute_ends(world: World, mut chance: Chance) {
    let open = |one: &BookedPayment| {
        one.disputes.iter().any(|dispute| dispute.state == DisputeState::Open)
    };
    let disputed = payments(&world, open);
    if disputed.is_empty() {
        return;
    }
    let (which, reference) = chance.of(&disputed).clone();
    let (won, now) = (chance.one_in(2), world.now());
    let done = world.gateway(which, |gateway| match won {
        true => gateway.dispute_won(&reference, now),
        false => gateway.dispute_lost(&reference, now),
    });
    if done {
        world.note(if won { "banker: dispute won" } else { "banker: dispute lost" });
    }
}

/// Refunds wait for the bank from now on, or do not; one that waits is settled, one that was may fail.
pub async fn refunds_settle(world: World, mut chance: Chance) {
    if world.gateways() == 0 {
        return;
    }
    let which = chance.below(world.gateways() as u64) as usize;
    if chance.one_in(3) {
        world.note("banker: refunds wait");
        world.gateway(which, |gateway| gateway.refunds_wait(true));
        world.sleep(chance.between(60 * SECOND, DAY)).await;
        world.gateway(which, |gateway| gateway.refunds_wait(false));
    }
    let mut open = Vec::new();
    for which in 0..world.gateways() {
        let can_fail = world.gateway(which, |gateway| -> Vec<String> {
            let refunds = gateway.books().payments.values().flat_map(|one| &one.refunds);
            let refunds = refunds.filter(|one| one.state != RefundState::Failed);
            refunds.map(|one| one.id.clone()).collect()
        });
        open.extend(can_fail.into_iter().map(|refund| (which, refund)));
    }
    if open.is_empty() {
        return;
    }
    let (which, refund) = chance.of(&open).clone();
    let (fails, now) = (chance.one_in(2), world.now());
    if world.gateway(which, |gateway| gateway.settle_refund(&refund, !fails, now)) {
        world.note(if fails { "banker: refund fails late" } else { "banker: refund settles late" });
    }
}

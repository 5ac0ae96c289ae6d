//! One claim: every command against every state, limits, expiry, tombstones, and what is shown.

use super::*;

/// A level in which one order has such a claim and `free` units are left, by the commands that make it.
fn world(
    state: Option<ReservationState>,
    quantity: u32,
    free: i64,
) -> (StockLevel, Option<Reservation>) {
    use ReservationState as S;
    let level = StockLevel::stocked(free + i64::from(quantity));
    let Some(state) = state else { return (StockLevel::stocked(free), None) };
    let until = if state == S::Expired { 5 } else { 100 };
    let held = decided(&level, None, &reserve(quantity, until), 1);
    let claim = held.reservation.unwrap();
    let next = match state {
        S::Held => return (held.level, Some(claim)),
        S::Expired => expire(held.level, claim, at(6)),
        S::Committed => decided(&held.level, Some(claim), &ClaimCommand::Commit { quantity }, 1),
        S::Released => decided(&held.level, Some(claim), &ClaimCommand::Release, 1),
    };
    // What the claim gave back is somebody else's by now, so that `free` is what is free.
    let back = next.level.free() - free;
    let taken = StockChange::Adjusted { location: LocationId::main(), quantity_delta: -back };
    (change(&next.level, &[taken], None).unwrap().0, next.reservation)
}

#[test]
fn every_command_against_every_claim() {
    use ClaimAnswer::{Closed, Committed, Held, Insufficient, Released, Short};
    use ReservationState as S;
    let commit = ClaimCommand::Commit { quantity: 2 };
    let table = [
        // The claim before and its units, the command, the units free of this claim, the answer.
        (None, 0, reserve(2, 100), 2, Held),
        (None, 0, reserve(2, 100), 1, Insufficient { available: 1 }),
        (Some(S::Held), 2, reserve(2, 100), 0, Held),
        (Some(S::Held), 1, reserve(2, 100), 1, Held),
        (Some(S::Held), 3, reserve(2, 100), 0, Held),
        (Some(S::Held), 1, reserve(2, 100), 0, Insufficient { available: 1 }),
        (Some(S::Expired), 2, reserve(2, 100), 2, Held),
        (Some(S::Released), 2, reserve(2, 100), 9, Closed),
        (Some(S::Committed), 2, reserve(2, 100), 9, Committed),
        (None, 0, commit.clone(), 2, Committed),
        (None, 0, commit.clone(), 1, Short { available: 1 }),
        (Some(S::Held), 2, commit.clone(), 0, Committed),
        (Some(S::Held), 1, commit.clone(), 1, Committed),
        (Some(S::Expired), 2, commit.clone(), 2, Committed),
        (Some(S::Expired), 2, commit.clone(), 0, Short { available: 0 }),
        (Some(S::Released), 2, commit.clone(), 9, Closed),
        (Some(S::Committed), 2, commit, 0, Committed),
        (None, 0, ClaimCommand::Release, 0, Released),
        (Some(S::Held), 2, ClaimCommand::Release, 0, Released),
        (Some(S::Expired), 2, ClaimCommand::Release, 0, Released),
        (Some(S::Released), 2, ClaimCommand::Release, 0, Released),
        (Some(S::Committed), 2, ClaimCommand::Release, 0, Released),
    ];
    for (state, quantity, command, free, expected) in table {
        let (level, claim) = world(state, quantity, free);
        let decision = decided(&level, claim.clone(), &command, 10);
        assert_eq!(decision.answer, expected, "{claim:?} {command:?} with {free} free");
        if matches!(expected, Insufficient { .. } | Short { .. } | Closed) {
            assert_eq!(decision.level, level, "a refusal changes nothing");
            assert_eq!(decision.reservation, None);
        }
        let again = decided(&decision.level, decision.reservation.clone().or(claim), &command, 10);
        assert_eq!(again.level, decision.level, "asking again adds nothing: {command:?}");
    }
}

#[test]
fn a_release_before_its_reserve_refuses_the_reserve() {
    let released = decided(&StockLevel::stocked(5), None, &ClaimCommand::Release, 1);
    let late = decided(&released.level, released.reservation, &reserve(1, 100), 2);
    assert_eq!(late.answer, ClaimAnswer::Closed);
    assert_eq!(late.level.reserved, 0);
}

#[test]
fn a_held_claim_is_void_at_its_moment_without_anybody_noticing() {
    let held = decided(&StockLevel::stocked(1), None, &reserve(1, 50), 1);
    let claim = held.reservation.unwrap();
    assert_eq!(expire(held.level.clone(), claim.clone(), at(49)).level, held.level);
    let freed = expire(held.level, claim, at(50));
    assert_eq!(freed.level.available(at(50)), 1);
    assert_eq!(freed.reservation.map(|r| r.state), Some(ReservationState::Expired));
}

/// Whoever asks by a clock that is behind asks for what is over, and asks again in the same turn.
#[test]
fn a_claim_that_is_over_as_it_is_made_gives_back_all_that_it_took() {
    let commands = [
        ClaimCommand::Release,
        reserve(2, 100),
        reserve(1, 5),
        reserve(3, 5),
        ClaimCommand::Commit { quantity: 2 },
        ClaimCommand::Commit { quantity: 1 },
    ];
    for command in commands {
        let made = decided(&StockLevel::stocked(5), None, &reserve(2, 5), 10);
        assert_eq!((made.answer, made.level.reserved), (ClaimAnswer::Held, 2));
        let next = decided(&made.level, made.reservation, &command, 10);
        let claim = next.reservation.unwrap();
        let units = i64::from(claim.state != ReservationState::Released) * claim.quantity;
        assert_eq!(next.level.reserved + next.level.sold, units, "{command:?}");
        let over = expire(next.level, claim.clone(), at(10));
        let claim = over.reservation.unwrap_or(claim);
        let back = decided(&over.level, Some(claim), &ClaimCommand::Release, 10);
        assert_eq!((back.level.reserved, back.level.free()), (0, 5), "{command:?}");
    }
}

#[test]
fn limits_of_a_customer_and_of_what_is_held_unpaid() {
    let mut level = StockLevel::stocked(10);
    level.terms.customer_limit = Some(3);
    let terms = ClaimTerms {
        customer: Some("c".to_owned()),
        holder: Some("h".to_owned()),
        holder_limit: Some(5),
        ..ClaimTerms::default()
    };
    let ask = |quantity, customer_units, holder_units, terms: &ClaimTerms| {
        let usage = Usage { customer_units, holder_units };
        decide(level.clone(), None, &reserve(quantity, 9), terms, usage, at(1)).answer
    };
    let limited = |available, limit| ClaimAnswer::Limited { available, limit };
    assert_eq!(ask(3, 0, 0, &terms), ClaimAnswer::Held);
    assert_eq!(ask(4, 0, 0, &terms), limited(3, LimitKind::Customer));
    assert_eq!(ask(2, 2, 0, &terms), limited(1, LimitKind::Customer));
    assert_eq!(ask(1, 9, 0, &terms), limited(0, LimitKind::Customer));
    assert_eq!(ask(2, 0, 4, &terms), limited(1, LimitKind::UnpaidHold));
    assert_eq!(ask(9, 9, 9, &ClaimTerms::default()), ClaimAnswer::Held, "nobody in particular");
}

#[test]
fn display_status() {
    let level = |received, reserved, back_order_limit, low_stock_threshold| {
        let stocked =
            StockLevel { back_order_limit, low_stock_threshold, ..StockLevel::stocked(received) };
        if reserved == 0 {
            stocked
        } else {
            decided(&stocked, None, &reserve(reserved, 9), 1).level
        }
    };
    let status = |level: StockLevel| level.status(2, at(1));
    assert_eq!(status(level(10, 0, 0, 3)), StockStatus::InStock);
    assert_eq!(status(level(10, 7, 0, 3)), StockStatus::LowStock);
    assert_eq!(status(level(10, 7, 0, 0)), StockStatus::InStock, "above the store's threshold");
    assert_eq!(status(level(10, 8, 0, 0)), StockStatus::LowStock, "at the store's threshold");
    assert_eq!(status(level(10, 10, 0, 3)), StockStatus::OutOfStock);
    assert_eq!(status(level(10, 10, 5, 3)), StockStatus::BackOrder);
    assert_eq!(status(level(0, 0, 0, 0)), StockStatus::OutOfStock);
    let mut coming = level(0, 0, 5, 0);
    coming.terms.release_at = Some(at(10));
    assert_eq!(coming.status(0, at(9)), StockStatus::PreOrder);
    assert_eq!(coming.available(at(9)), 5);
    assert_eq!(coming.status(0, at(10)), StockStatus::OutOfStock, "released: the shelf decides");
    assert_eq!(coming.available(at(10)), 0);
}

//! The rules of stock, as tables and as a property over random histories.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn stocked(received: i64) -> StockLevel {
    StockLevel { received, ..StockLevel::default() }
}

fn reserve(quantity: u32, expires_at: i64) -> ClaimCommand {
    ClaimCommand::Reserve { quantity, expires_at: at(expires_at) }
}

fn claim(state: ReservationState, quantity: i64, expires_at: i64) -> Option<Reservation> {
    Some(Reservation { state, quantity, expires_at: at(expires_at) })
}

#[test]
fn every_command_against_every_claim() {
    use ClaimAnswer::{Closed, Committed, Held, Insufficient, Released};
    use ReservationState as S;
    let commit = ClaimCommand::Commit { quantity: 2 };
    let table = [
        // The claim before, the command, the units free of this claim, the answer.
        (None, reserve(2, 100), 2, Held),
        (None, reserve(2, 100), 1, Insufficient { available: 1 }),
        (claim(S::Held, 2, 100), reserve(2, 100), 0, Held),
        (claim(S::Held, 1, 100), reserve(2, 100), 1, Held),
        (claim(S::Held, 1, 100), reserve(2, 100), 0, Insufficient { available: 1 }),
        (claim(S::Expired, 2, 5), reserve(2, 100), 2, Held),
        (claim(S::Released, 2, 100), reserve(2, 100), 9, Closed),
        (claim(S::Committed, 2, 100), reserve(2, 100), 9, Committed),
        (None, commit.clone(), 2, Committed),
        (None, commit.clone(), 1, Insufficient { available: 1 }),
        (claim(S::Held, 2, 100), commit.clone(), 0, Committed),
        (claim(S::Expired, 2, 5), commit.clone(), 2, Committed),
        (claim(S::Expired, 2, 5), commit.clone(), 0, Insufficient { available: 0 }),
        (claim(S::Released, 2, 100), commit.clone(), 9, Closed),
        (claim(S::Committed, 2, 100), commit, 0, Committed),
        (None, ClaimCommand::Release, 0, Released),
        (claim(S::Held, 2, 100), ClaimCommand::Release, 0, Released),
        (claim(S::Expired, 2, 5), ClaimCommand::Release, 0, Released),
        (claim(S::Released, 2, 100), ClaimCommand::Release, 0, Released),
        (claim(S::Committed, 2, 100), ClaimCommand::Release, 0, Released),
    ];
    for (before, command, free, expected) in table {
        let reserved = before.filter(|c| c.state == S::Held).map_or(0, |c| c.quantity);
        let sold = before.filter(|c| c.state == S::Committed).map_or(0, |c| c.quantity);
        let level = StockLevel { received: free + reserved + sold, reserved, sold, ..stocked(0) };
        let decision = decide(level, before, &command, at(10));
        assert_eq!(decision.answer, expected, "{before:?} {command:?} with {free} free");
        assert_eq!(decision.level.check(), Ok(()), "{before:?} {command:?}");
        if matches!(expected, Insufficient { .. } | Closed) {
            assert_eq!(decision.level, level, "a refusal changes nothing");
            assert_eq!(decision.reservation, None);
        }
    }
}

#[test]
fn a_release_before_its_reserve_refuses_the_reserve() {
    let released = decide(stocked(5), None, &ClaimCommand::Release, at(1));
    let late = decide(released.level, released.reservation, &reserve(1, 100), at(2));
    assert_eq!(late.answer, ClaimAnswer::Closed);
    assert_eq!(late.level.reserved, 0);
}

#[test]
fn a_held_claim_is_void_at_its_moment_without_anybody_noticing() {
    let level = StockLevel { reserved: 1, ..stocked(1) };
    let held = Reservation { state: ReservationState::Held, quantity: 1, expires_at: at(50) };
    assert_eq!(expire(level, held, at(49)).level, level);
    let freed = expire(level, held, at(50));
    assert_eq!(freed.level.available(), 1);
    assert_eq!(freed.reservation.map(|r| r.state), Some(ReservationState::Expired));
}

#[test]
fn display_status() {
    let level = |received, reserved, back_order_limit, low_stock_threshold| StockLevel {
        received,
        reserved,
        back_order_limit,
        low_stock_threshold,
        ..StockLevel::default()
    };
    assert_eq!(level(10, 0, 0, 3).status(), StockStatus::InStock);
    assert_eq!(level(10, 7, 0, 3).status(), StockStatus::LowStock);
    assert_eq!(level(10, 10, 0, 3).status(), StockStatus::OutOfStock);
    assert_eq!(level(10, 10, 5, 3).status(), StockStatus::BackOrder);
    assert_eq!(level(0, 0, 0, 0).status(), StockStatus::OutOfStock);
}

#[test]
fn adjustments_never_take_claimed_units() {
    let level = StockLevel { reserved: 3, sold: 4, ..stocked(10) };
    let change = |quantity_delta, back_order_limit| Adjustment {
        kind: MovementKind::Adjusted,
        quantity_delta,
        back_order_limit,
        low_stock_threshold: None,
    };
    assert_eq!(adjust(level, &change(-3, None)).map(|(l, _)| l.available()), Ok(0));
    let refused = Err(AdjustmentRefusal::UnitsClaimed { removable: 3 });
    assert_eq!(adjust(level, &change(-4, None)).map(|(l, _)| l), refused);
    let owing = StockLevel { back_order_limit: 2, sold: 11, reserved: 0, ..stocked(10) };
    assert!(adjust(owing, &change(0, Some(0))).is_err(), "a promised back-order is kept");
    assert_eq!(
        adjust(level, &change(MAX_UNITS + 1, None)).map(|(l, _)| l),
        Err(AdjustmentRefusal::OutOfRange)
    );
    assert!(adjust(level, &change(i64::MAX, None)).is_err());
    assert!(adjust(level, &change(i64::MIN, None)).is_err());
}

/// A command of a random history: which order, what, and how much time passes before it.
fn step() -> impl Strategy<Value = (u8, u8, u32, i64)> {
    (0..6_u8, 0..4_u8, 1..5_u32, 0..40_i64)
}

proptest! {
    /// Invariants 1 and 7 after every command of any history: nothing is oversold, and the counters
    /// are the sums of the ledger and of the claims.
    #[test]
    fn any_history_keeps_the_counters_true(
        received in 0..12_i64,
        back_order_limit in 0..3_i64,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut level = StockLevel { back_order_limit, ..stocked(received) };
        let mut claims: BTreeMap<u8, Reservation> = BTreeMap::new();
        let (mut on_hand, mut reserved, mut now) = (received, 0, 0);
        for (order, kind, quantity, passes) in steps {
            now += passes;
            let mut decisions: Vec<(u8, ClaimDecision)> = Vec::new();
            for (id, claim) in &claims {
                let decision = expire(level, *claim, at(now));
                level = decision.level;
                decisions.push((*id, decision));
            }
            for (id, decision) in &decisions {
                if let Some(claim) = decision.reservation {
                    claims.insert(*id, claim);
                }
            }
            let command = match kind {
                0 => reserve(quantity, now + 50),
                1 => ClaimCommand::Commit { quantity },
                2 => ClaimCommand::Release,
                _ => reserve(quantity, now),
            };
            let before = claims.get(&order).copied();
            let decision = decide(level, before, &command, at(now));
            level = decision.level;
            if let Some(claim) = decision.reservation {
                claims.insert(order, claim);
            }
            decisions.push((order, decision));
            for (_, decision) in &decisions {
                if let Some(movement) = &decision.movement {
                    on_hand += movement.on_hand_delta;
                    reserved += movement.reserved_delta;
                }
            }
            prop_assert_eq!(level.check(), Ok(()));
            prop_assert_eq!(level.on_hand(), on_hand);
            prop_assert_eq!(level.reserved, reserved);
            let held: i64 = claims
                .values()
                .filter(|c| c.state == ReservationState::Held)
                .map(|c| c.quantity)
                .sum();
            let sold: i64 = claims
                .values()
                .filter(|c| c.state == ReservationState::Committed)
                .map(|c| c.quantity)
                .sum();
            prop_assert_eq!(level.reserved, held);
            prop_assert_eq!(level.sold, sold);
        }
    }
}

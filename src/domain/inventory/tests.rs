//! The rules of stock, as tables and as properties over random histories.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

mod book;
mod channels;
mod claims;
mod histories;
mod past;
mod places;
mod proof;
mod upgrade;

use super::*;
use crate::domain::time::Timestamp;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds)
}

fn place(name: &str) -> LocationId {
    name.parse().unwrap()
}

/// Units at several places.
fn spread(units: &[(&str, i64)]) -> StockLevel {
    let received = |(name, quantity): &(&str, i64)| StockChange::Received {
        location: place(name),
        quantity: *quantity,
        damaged: 0,
        announced: 0,
    };
    let changes: Vec<StockChange> = units.iter().map(received).collect();
    change(&StockLevel::default(), &changes, None).unwrap().0
}

fn reserve(quantity: u32, expires_at: i64) -> ClaimCommand {
    ClaimCommand::Reserve { quantity, expires_at: at(expires_at) }
}

/// Decides for an order without terms, and holds the counters to their promises.
fn decided(
    level: &StockLevel,
    claim: Option<Reservation>,
    command: &ClaimCommand,
    now: i64,
) -> ClaimDecision {
    let terms = ClaimTerms::default();
    let decision = decide(level.clone(), claim, command, &terms, Usage::default(), at(now));
    assert_eq!(decision.level.check(), Ok(()), "{command:?}");
    decision
}

//! Sold units that come back, to be sold again or put aside.

use serde::{Deserialize, Serialize};

use super::MAX_LOCATIONS;
use super::channel;
use super::claim::{ClaimAnswer, ClaimDecision, Reservation, ReservationState};
use super::level::StockLevel;
use super::location::LocationId;
use super::movement::{Movement, MovementKind};
use super::shift::owed_no_more;

/// Whether what comes back can be sold again.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It goes on the shelf.
    #[default]
    Sellable,
    /// It is put aside.
    Damaged,
}

impl Condition {
    /// Whether it goes on the shelf.
    #[must_use]
    pub const fn is_sellable(&self) -> bool {
        matches!(self, Self::Sellable)
    }
}

/// Units that come back.
pub(super) struct Back<'a> {
    pub quantity: i64,
    pub condition: Condition,
    pub location: &'a Option<LocationId>,
}

/// Puts sold units back. The claim stands for what is left, so that units never come back twice. What
/// the order still waits for is called off first: it can't come back.
pub(super) fn restock(
    level: StockLevel,
    claim: Option<Reservation>,
    back: &Back<'_>,
) -> ClaimDecision {
    let sold = claim.filter(|claim| claim.state == ReservationState::Committed);
    let Some(mut left) = sold.filter(|claim| (1..=claim.quantity).contains(&back.quantity)) else {
        return ClaimDecision::unchanged(level, ClaimAnswer::Closed);
    };
    let mut movements = Vec::new();
    let called_off = left.placement.back_ordered.min(back.quantity);
    if called_off > 0 {
        movements.push(owed_no_more(called_off));
    }
    let mut wanted = back.quantity.saturating_sub(called_off);
    let drawn = left.placement.of_allocation.min(wanted).max(0);
    let parts = left.placement.allocations.clone();
    for part in parts {
        let quantity = part.quantity.min(wanted);
        if quantity <= 0 {
            continue;
        }
        wanted = wanted.saturating_sub(quantity);
        left.placement.add(&part.location, quantity.saturating_neg());
        let takes = |place: &&LocationId| {
            level.balance(place).is_some() || level.balances.len() < MAX_LOCATIONS
        };
        let to = back.location.as_ref().filter(takes).unwrap_or(&part.location).clone();
        let mut movement = Movement::new(MovementKind::Restocked, Some(to));
        movement.sold = quantity.saturating_neg();
        match back.condition {
            Condition::Sellable => movement.on_hand = quantity,
            Condition::Damaged => movement.damaged = quantity,
        }
        movements.push(movement);
    }
    // What is damaged is not on the shelf, so it can't be set aside there again.
    if back.condition == Condition::Sellable {
        let channel = left.placement.channel.as_ref();
        movements.extend(channel::draws(MovementKind::Restocked, &level, channel, drawn, 0));
    }
    left.placement.of_allocation = left.placement.of_allocation.saturating_sub(drawn);
    left.placement.back_ordered = left.placement.back_ordered.saturating_sub(called_off);
    left.quantity = left.quantity.saturating_sub(back.quantity);
    ClaimDecision::changed(level, ClaimAnswer::Restocked, left, movements)
}

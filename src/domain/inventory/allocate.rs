//! Which location's units an order gets: one location if one can serve the line, else as few as possible.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::channel::{self, ChannelId};
use super::claim::ClaimTerms;
use super::level::{Balance, StockLevel};
use super::location::LocationId;
use crate::domain::time::Timestamp;

/// Units of one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Where.
    pub location: LocationId,
    /// How many.
    pub quantity: i64,
}

/// Where an order's units come from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placement {
    /// Units of the shelf, by location.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<Allocation>,
    /// Units beyond the shelf, which the order waits for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub back_ordered: i64,
    /// When those are expected, as it was said when they were promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// The channel that the order came by; none: the storefront.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// Units of the shelf that came out of what was set aside for that channel.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub of_allocation: i64,
}

impl Placement {
    /// Units of one location.
    #[must_use]
    pub fn at(&self, location: &LocationId) -> i64 {
        let here = self.allocations.iter().filter(|part| part.location == *location);
        here.map(|part| part.quantity).fold(0, i64::saturating_add)
    }

    /// Units in all.
    #[must_use]
    pub fn quantity(&self) -> i64 {
        let parts = self.allocations.iter().map(|part| part.quantity);
        parts.fold(self.back_ordered, i64::saturating_add)
    }

    /// Takes units from a location that were waited for.
    pub(super) fn fill(&mut self, location: &LocationId, quantity: i64) {
        self.add(location, quantity);
        self.back_ordered = self.back_ordered.saturating_sub(quantity);
        self.expected_at = self.expected_at.filter(|_| self.back_ordered > 0);
    }

    /// Adds units of a location.
    pub(super) fn add(&mut self, location: &LocationId, quantity: i64) {
        if let Some(part) = self.allocations.iter_mut().find(|part| part.location == *location) {
            part.quantity = part.quantity.saturating_add(quantity);
        } else {
            self.allocations.push(Allocation { location: location.clone(), quantity });
        }
        self.allocations.retain(|part| part.quantity != 0);
    }
}

/// What an order could be given: of the shelf, and beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub shelf: i64,
    pub beyond: i64,
}

impl Offer {
    pub const fn available(self) -> i64 {
        self.shelf.saturating_add(self.beyond)
    }
}

/// What an order of these terms could be given.
pub(super) fn offer(level: &StockLevel, terms: &ClaimTerms, now: Timestamp) -> Offer {
    let free = candidates(level, terms).map(|(_, free)| free).fold(0, i64::saturating_add);
    let shelf = free.saturating_sub(level.terms.safety_stock).max(0);
    let whole = Offer { shelf, beyond: level.beyond_shelf(now) };
    channel::narrow(level, terms.channel.as_ref(), whole)
}

/// The locations that may serve an order, in the order in which they should, with what each could give.
/// A route names them all; without one they are asked by name, the main one first.
fn candidates<'a>(
    level: &'a StockLevel,
    terms: &'a ClaimTerms,
) -> impl Iterator<Item = (&'a LocationId, i64)> {
    let main_first = |balance: &&Balance| balance.location != LocationId::main();
    let mut known: Vec<&Balance> = level.balances.iter().collect();
    if terms.route.is_empty() {
        known.sort_by_key(main_first);
    } else {
        let rank = |balance: &Balance| terms.route.iter().position(|l| *l == balance.location);
        known.retain(|balance| rank(balance).is_some());
        known.sort_by_key(|balance| rank(balance));
    }
    known.into_iter().map(|balance| (&balance.location, level.free_at(balance)))
}

/// Finds units for an order that has none of this SKU.
///
/// # Errors
/// How many units it could have, when those are not enough.
pub(super) fn allocate(
    level: &StockLevel,
    terms: &ClaimTerms,
    quantity: i64,
    now: Timestamp,
) -> Result<Placement, i64> {
    let offer = offer(level, terms, now);
    if quantity > offer.available() {
        return Err(offer.available());
    }
    let of_shelf = quantity.min(offer.shelf);
    let back_ordered = quantity.saturating_sub(of_shelf);
    let expected_at = level.terms.release_at.or(level.terms.expected_at);
    let mut placement = Placement {
        back_ordered,
        expected_at: expected_at.filter(|_| back_ordered > 0),
        channel: terms.channel.clone(),
        of_allocation: channel::drawn(level, terms.channel.as_ref(), of_shelf),
        ..Placement::default()
    };
    let mut candidates: Vec<(&LocationId, i64)> = candidates(level, terms).collect();
    if let Some((location, _)) = candidates.iter().find(|(_, free)| *free >= of_shelf) {
        placement.add(location, of_shelf);
        return Ok(placement);
    }
    // The fullest first: that is the fewest parcels. The sort keeps the route's order among equals.
    candidates.sort_by_key(|(_, free)| Reverse(*free));
    let mut wanted = of_shelf;
    for (location, free) in candidates {
        let taken = free.min(wanted);
        placement.add(location, taken);
        wanted = wanted.saturating_sub(taken);
    }
    Ok(placement)
}

/// Serde asks for a reference.
const fn is_zero(value: &i64) -> bool {
    *value == 0
}

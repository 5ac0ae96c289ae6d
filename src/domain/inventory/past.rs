//! The state of a SKU at a past time: from the nearest checkpoint, line by line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::claim::{Reservation, ReservationState};
use super::ledger::LedgerEntry;
use super::level::StockLevel;
use super::movement::Movement;
use crate::domain::time::Timestamp;

/// The most orders that a checkpoint names one by one.
pub const MAX_HOLDINGS: usize = 500;

/// What orders have of a SKU without having received it: set aside, promised, owed. In units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Holding {
    /// Held, of the shelf.
    pub held: i64,
    /// Held beyond the shelf.
    pub held_beyond: i64,
    /// Sold beyond the shelf and still owed.
    pub owed: i64,
}

impl Holding {
    /// What a claim has.
    #[must_use]
    pub fn of(claim: &Reservation) -> Self {
        let beyond = claim.placement.back_ordered;
        match claim.state {
            ReservationState::Held => {
                let held = claim.quantity.saturating_sub(beyond);
                Self { held, held_beyond: beyond, owed: 0 }
            }
            ReservationState::Committed => Self { held: 0, held_beyond: 0, owed: beyond },
            ReservationState::Released | ReservationState::Expired => Self::default(),
        }
    }

    /// Units in all.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.held.saturating_add(self.held_beyond).saturating_add(self.owed)
    }

    /// What a level says that all orders have.
    #[must_use]
    pub const fn of_all(level: &StockLevel) -> Self {
        Self {
            held: level.reserved.saturating_sub(level.back_ordered_held),
            held_beyond: level.back_ordered_held,
            owed: level.back_ordered_sold,
        }
    }

    fn add(&mut self, movement: &Movement) {
        self.held = self.held.saturating_add(movement.reserved);
        self.held_beyond = self.held_beyond.saturating_add(movement.back_ordered_held);
        self.owed = self.owed.saturating_add(movement.back_ordered_sold);
    }

    /// What is left of this without another.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self {
            held: self.held.saturating_sub(other.held),
            held_beyond: self.held_beyond.saturating_sub(other.held_beyond),
            owed: self.owed.saturating_sub(other.owed),
        }
    }
}

/// The state after a line, kept so that nobody has to read the ledger from its first line on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The counters.
    pub level: StockLevel,
    /// What orders had then, by order; at most [`MAX_HOLDINGS`] of them.
    #[serde(default)]
    pub holdings: BTreeMap<String, Holding>,
}

/// A SKU as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Past {
    /// The counters and terms.
    pub level: StockLevel,
    /// The last line that had been written; 0: none.
    pub sequence: i64,
    /// What orders had, by order, as far as the checkpoint and the lines after it tell.
    pub holdings: BTreeMap<String, Holding>,
}

impl Past {
    /// The state after a checkpoint's line.
    #[must_use]
    pub fn from(sequence: i64, checkpoint: Checkpoint) -> Self {
        Self { level: checkpoint.level, sequence, holdings: checkpoint.holdings }
    }

    /// Follows the next line if it was written by then. `false`: it was not, the state is complete.
    pub fn follow(&mut self, sequence: i64, entry: &LedgerEntry, at: Timestamp) -> bool {
        if entry.at > at {
            return false;
        }
        entry.apply_to(&mut self.level);
        self.sequence = sequence;
        if let Some(order) = entry.order() {
            let holding = self.holdings.entry(order.to_owned()).or_default();
            holding.add(&entry.movement);
            let Holding { held, held_beyond, owed } = *holding;
            // Below zero: the checkpoint did not name this order, so it stays among the unnamed.
            if *holding == Holding::default() || held.min(held_beyond).min(owed) < 0 {
                self.holdings.remove(order);
            }
        }
        true
    }

    /// What orders have that are not among those named.
    #[must_use]
    pub fn unnamed(&self) -> Holding {
        let all = Holding::of_all(&self.level);
        self.holdings.values().fold(all, |rest, holding| rest.without(*holding))
    }
}

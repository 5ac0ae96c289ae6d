//! A slice: what it knows of main, and what it does when it hears from it.

use serde::{Deserialize, Serialize};

use super::super::claim::{ClaimAnswer, ClaimCommand, ClaimDecision, Reservation};
use super::super::level::StockLevel;
use super::super::movement::{Movement, MovementKind};
use super::{GiveBack, Instruction, ReturnedPart, SliceNews, SpreadHint, has_units};
use crate::domain::time::Timestamp;

/// What a slice keeps besides its counters. One that never heard from main is closed and has nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Slice {
    /// The newest instruction's stamp.
    pub stamp: i64,
    /// Whether new orders are served from its own units.
    pub is_open: bool,
    /// What orders are told of drop mode.
    #[serde(default)]
    pub hint: SpreadHint,
    /// The last grant that was taken.
    pub taken: i64,
    /// The last give-back that was made.
    pub given: i64,
    /// The one that main has not been heard to have taken.
    #[serde(default)]
    pub pending: Option<GiveBack>,
}

impl Slice {
    /// Takes in what main says. Gives the movements that it did to the counters.
    pub fn hear(&mut self, level: &mut StockLevel, heard: &Instruction) -> Vec<Movement> {
        let mut movements = Vec::new();
        self.pending.take_if(|pending| pending.number <= heard.taken);
        if heard.stamp >= self.stamp {
            self.stamp = heard.stamp;
            self.is_open = heard.is_open;
            self.hint = heard.hint;
            if level.terms.customer_limit != heard.customer_limit {
                level.terms.customer_limit = heard.customer_limit;
                movements.push(Movement::new(MovementKind::TermsChanged, None));
            }
        }
        if let Some(grant) = &heard.grant
            && grant.number == self.taken.saturating_add(1)
        {
            self.taken = grant.number;
            for part in &grant.parts {
                let place = Some(part.location.clone());
                let on_hand = part.quantity;
                movements
                    .push(Movement { on_hand, ..Movement::new(MovementKind::Transferred, place) });
            }
        }
        perform(level, &movements);
        movements
    }

    /// Sends home what is not to stay: damaged units always, free ones if the slice is closed. One
    /// give-back is under way at a time. Gives the movements that it did to the counters.
    pub fn give_back(&mut self, level: &mut StockLevel) -> Vec<Movement> {
        if self.pending.is_some() {
            return Vec::new();
        }
        let parts: Vec<ReturnedPart> = level
            .balances
            .iter()
            .map(|balance| ReturnedPart {
                location: balance.location.clone(),
                quantity: if self.is_open { 0 } else { level.free_at(balance) },
                damaged: balance.damaged,
            })
            .filter(|part| part.quantity > 0 || part.damaged > 0)
            .collect();
        if parts.is_empty() {
            return Vec::new();
        }
        let movements: Vec<Movement> = parts
            .iter()
            .map(|part| Movement {
                on_hand: part.quantity.saturating_neg(),
                damaged: part.damaged.saturating_neg(),
                ..Movement::new(MovementKind::Transferred, Some(part.location.clone()))
            })
            .collect();
        perform(level, &movements);
        self.given = self.given.saturating_add(1);
        self.pending = Some(GiveBack { number: self.given, parts });
        movements
    }

    /// What main is to be told.
    #[must_use]
    pub fn news(&self, slice: u16, level: &StockLevel, claims: u32) -> SliceNews {
        SliceNews {
            slice,
            stamp: self.stamp,
            taken: self.taken,
            give_back: self.pending.clone(),
            level: level.clone(),
            claims,
        }
    }
}

/// Applies movements as one change.
pub(super) fn perform(level: &mut StockLevel, movements: &[Movement]) {
    if !movements.is_empty() {
        level.version = level.version.saturating_add(1);
    }
    for movement in movements {
        level.apply(movement);
    }
}

/// Whether a slice passes an order's command on to main, for good, instead of doing what it decided: it
/// wants units, it has none of this slice, and the slice has none for it or serves no new orders.
#[must_use]
pub fn passes_on(
    is_open: bool,
    known: Option<&Reservation>,
    command: &ClaimCommand,
    decision: &ClaimDecision,
    now: Timestamp,
) -> bool {
    let wants = matches!(command, ClaimCommand::Reserve { .. } | ClaimCommand::Commit { .. });
    if !wants || has_units(known, now) {
        return false;
    }
    match decision.answer {
        ClaimAnswer::Insufficient { .. } | ClaimAnswer::Short { .. } => true,
        ClaimAnswer::Held | ClaimAnswer::Committed => !is_open,
        ClaimAnswer::Released
        | ClaimAnswer::Restocked
        | ClaimAnswer::Limited { .. }
        | ClaimAnswer::Closed
        | ClaimAnswer::Unsettled => false,
    }
}

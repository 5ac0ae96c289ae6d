//! Drop mode: one SKU's units spread over several objects, for what a single one can't carry.
//!
//! The SKU's own object (main) keeps the ledger of the whole. Beside it stand slices: objects of the same
//! class under `{sku}~{number}`, each with a ledger of its own, to which units come and from which they go
//! as transferred movements. An order asks the object that was written into its claim when it was placed,
//! and never another, so a retry can't hold twice.
//!
//! * Units move from main to a slice by numbered grants, and back by numbered give-backs. The sender takes
//!   them out of its counters and keeps them as pending in one transaction; the receiver takes each number
//!   once; the sender repeats it until it hears that the number was taken. So units are never in two places
//!   and never lost, whatever is repeated, lost, or comes in disorder.
//! * A slice that can't serve an order passes it on to main and remembers that, for good: what main answers
//!   stands, and the order's later commands go to main as well.
//! * Main that can't serve an order recalls what the slices have free. A slice that was recalled is closed:
//!   it passes every new order on, and what becomes free in it afterwards goes home by itself. So once every
//!   slice is known to be dry, main alone decides, to the last unit. When main has enough again, it deals
//!   again.
//!
//! Limits per customer: all orders of one customer ask the same slice, and it counts those that it passed on
//! as well, so the limit is exact among orders that were spread over the same number of slices. What main has
//! of that customer from before, or from shards that had not heard of drop mode yet, is counted at main: such
//! a customer can have the limit once there and once in the slice. A limit of unpaid holds per address is
//! counted in the same way where the SKU has no limit per customer; where it has, it is counted per slice.
//!
//! Everything here is a function of its arguments: the objects store what comes out and send what is owed.

mod main;
mod name;
mod settings;
mod slice;

use serde::{Deserialize, Serialize};

pub use main::{Member, Spread};
pub use name::StockObject;
pub use settings::{Busyness, MAX_SLICES, SpreadHint, SpreadSettings};
pub use slice::{Slice, passes_on};

use super::allocate::Allocation;
use super::claim::{ClaimAnswer, ClaimDecision, Reservation, ReservationState};
use super::level::StockLevel;
use super::location::LocationId;
use crate::domain::time::Timestamp;

/// Units on their way from main to a slice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Counts the grants to this slice from 1.
    pub number: i64,
    /// What it gets, by location.
    pub parts: Vec<Allocation>,
}

/// Units of one location on their way home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedPart {
    /// Where they are.
    pub location: LocationId,
    /// Units that can be sold.
    #[serde(default)]
    pub quantity: i64,
    /// Units that came back damaged.
    #[serde(default)]
    pub damaged: i64,
}

/// Units on their way from a slice to main.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveBack {
    /// Counts the slice's give-backs from 1.
    pub number: i64,
    /// What goes home, by location.
    pub parts: Vec<ReturnedPart>,
}

/// What main tells a slice: everything between the two, as main knows it. Hearing it twice, or late, is
/// harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Grows whenever main changes its mind about `is_open`: an older one changes nothing.
    pub stamp: i64,
    /// Whether the slice serves new orders from its own units.
    pub is_open: bool,
    /// How new orders find their object.
    #[serde(default)]
    pub hint: SpreadHint,
    /// The most units that one customer may have.
    #[serde(default)]
    pub customer_limit: Option<i64>,
    /// Units that the slice has not been heard to have taken.
    #[serde(default)]
    pub grant: Option<Grant>,
    /// The last give-back that main has taken.
    pub taken: i64,
}

/// What a slice tells main: everything between the two, as the slice knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceNews {
    /// Which slice.
    pub slice: u16,
    /// The stamp of the last instruction that it follows.
    pub stamp: i64,
    /// The last grant that it has taken.
    pub taken: i64,
    /// Units that main has not been heard to have taken.
    #[serde(default)]
    pub give_back: Option<GiveBack>,
    /// Its counters.
    pub level: StockLevel,
    /// Claims that it heard since it last told of them: what main learns the demand from.
    #[serde(default)]
    pub claims: u32,
}

/// Drop mode of a SKU as its merchant sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpreadReport {
    /// What the merchant wants.
    pub settings: SpreadSettings,
    /// How many slices new orders are spread over now.
    pub slices: u16,
    /// The counters of the whole.
    pub whole: StockLevel,
    /// Main's own.
    pub main: StockLevel,
    /// Every slice that ever was, by its number.
    pub members: Vec<Member>,
}

/// Whether a decision of main must wait until it is known that no slice has units for it.
#[must_use]
pub fn postpones(decision: &ClaimDecision, known: Option<&Reservation>) -> bool {
    let waits = |claim: &Reservation| match claim.state {
        ReservationState::Held | ReservationState::Committed => claim.placement.back_ordered,
        ReservationState::Released | ReservationState::Expired => 0,
    };
    match decision.answer {
        ClaimAnswer::Insufficient { .. } | ClaimAnswer::Short { .. } => true,
        ClaimAnswer::Held | ClaimAnswer::Committed => {
            let after = decision.reservation.as_ref().map_or(0, waits);
            after > known.map_or(0, waits)
        }
        ClaimAnswer::Released
        | ClaimAnswer::Restocked
        | ClaimAnswer::Limited { .. }
        | ClaimAnswer::Closed
        | ClaimAnswer::Unsettled => false,
    }
}

/// Whether an order has units of this object now, or had and sold them.
fn has_units(known: Option<&Reservation>, now: Timestamp) -> bool {
    known.is_some_and(|claim| match claim.state {
        ReservationState::Held => claim.expires_at > now,
        ReservationState::Committed => true,
        ReservationState::Released | ReservationState::Expired => false,
    })
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

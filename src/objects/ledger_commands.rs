//! What the Worker asks a SKU's object about its ledger, and what it is answered.

use serde::{Deserialize, Serialize};

use crate::domain::id::OrderId;
use crate::domain::inventory::{
    Allocation, Holding, LedgerLine, LocationId, MovementKind, Proof, ProofReport,
    ReservationState, StockLevel,
};
use crate::domain::time::Timestamp;

/// What can be asked about a SKU's ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum LedgerCommand {
    /// Read lines.
    Movements(MovementsAsked),
    /// The counters as they were.
    At {
        /// When.
        at: Timestamp,
    },
    /// The counters, and who has what of them.
    Explain {
        /// When; none: now.
        at: Option<Timestamp>,
    },
    /// Where these orders' claims stand.
    Claims {
        /// Whose.
        orders: Vec<OrderId>,
    },
    /// Go on beyond a version that others were told: the object was put back to an earlier state, and what
    /// it tells from now on is to count as newer than what it told then.
    Surpass {
        /// What others were told.
        version: i64,
    },
    /// Go on with a proof for one turn.
    Prove {
        /// How far it is.
        proof: Box<Proof>,
    },
}

/// Which lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MovementsAsked {
    /// Only those beyond this one, in the order that is asked for.
    pub after: Option<i64>,
    /// The oldest first.
    pub is_oldest_first: bool,
    /// At most so many.
    pub limit: u32,
    /// Only those of this kind.
    pub kind: Option<MovementKind>,
    /// Only those at this place.
    pub location: Option<LocationId>,
    /// Only those at or after this moment.
    pub from: Option<Timestamp>,
    /// Only those before this moment.
    pub to: Option<Timestamp>,
}

/// A line with the hash that it was written after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainedLine {
    /// The line.
    #[serde(flatten)]
    pub line: LedgerLine,
    /// The hash of the line before it.
    pub hash_before: String,
}

/// What an order has of a SKU without having received it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenClaim {
    /// Whose.
    pub order_id: String,
    /// What.
    pub holding: Holding,
    /// Of which shelves its units are; empty where the ledger does not tell.
    pub allocations: Vec<Allocation>,
    /// When it is given back by itself; none: never, or not known.
    pub until: Option<Timestamp>,
    /// Its turn among those who wait for units, from 1 on.
    pub turn: Option<i64>,
}

/// The most claims of each kind that are named one by one.
pub const MAX_OPEN_CLAIMS: usize = 200;

/// The counters, and who has what of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The counters.
    pub level: StockLevel,
    /// When they were so.
    pub as_of: Timestamp,
    /// Claims that hold units, those that end first first; at most [`MAX_OPEN_CLAIMS`].
    pub held: Vec<OpenClaim>,
    /// Paid claims that wait for units, in their turn; at most [`MAX_OPEN_CLAIMS`].
    pub owed: Vec<OpenClaim>,
}

/// What is answered about a SKU's ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "told", rename_all = "snake_case")]
pub enum LedgerAnswer {
    /// Lines.
    Movements {
        /// The lines.
        lines: Vec<ChainedLine>,
        /// What to go on after; none: there are no more.
        next_after: Option<i64>,
    },
    /// The counters as they were.
    Level {
        /// The counters.
        level: Box<StockLevel>,
    },
    /// Where claims stand, in the order in which they were asked about; null: not known.
    Claims {
        /// That.
        states: Vec<Option<ReservationState>>,
    },
    /// The counters, and who has what of them.
    Explained(Box<Explained>),
    /// How far a proof is.
    Proving {
        /// What to go on with.
        proof: Box<Proof>,
    },
    /// A proof has ended.
    Proven {
        /// What it found.
        report: Box<ProofReport>,
    },
}

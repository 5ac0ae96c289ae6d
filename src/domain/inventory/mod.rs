//! The stock of one SKU: what each location has, what orders claim of it, and what every command does.
//!
//! Everything is decided here from `(level, this order's claim, command, now)`; the object that owns the
//! SKU only loads, calls [`decide`] or [`change`], and stores. A decision is a list of [`Movement`]s, and
//! [`StockLevel::apply`] is the only thing that writes a counter: the ledger can always tell how each came
//! to be. A reservation is keyed by its order: asking again replaces, never adds; a release leaves a
//! tombstone that refuses a late reserve.

mod alert;
mod allocate;
mod at_location;
mod bundle;
mod change;
mod channel;
mod claim;
mod claim_sum;
mod explain;
mod ledger;
mod level;
mod location;
mod movement;
mod past;
mod proof;
mod recall;
mod restock;
mod shift;
pub mod spread;
mod terms;
mod upgrade;

pub use alert::{Alert, AlertBook, AlertEnd, AlertKind, watch};
pub use allocate::{Allocation, Placement};
pub use bundle::{BundleAvailability, bundle_availability};
pub use change::{ChangeRefusal, StockChange, change};
pub use channel::{ChannelAvailability, ChannelEvent, ChannelId, ChannelTerms, MAX_CHANNELS, news};
pub use claim::{
    ClaimAnswer, ClaimCommand, ClaimDecision, ClaimReply, ClaimTerms, LimitKind, Reservation,
    ReservationState, Usage, decide, expire, fill,
};
pub use claim_sum::{ClaimSum, ClaimTotals};
pub use explain::{Explanation, Reason, ReasonCode, explain};
pub use ledger::{GENESIS_HASH, LedgerEntry, LedgerLine, Opening, chain};
pub use level::{Balance, StockLevel, StockStatus, scarcity};
pub use location::LocationId;
pub use movement::{Cause, CauseKind, Movement, MovementKind};
pub use past::{Checkpoint, Holding, MAX_HOLDINGS, Past};
pub use proof::{
    Anchor, Difference, DifferenceCode, MAX_DIFFERENCES, Proof, ProofReport, StoredHead, Verdict,
};
pub use recall::older_than_told;
pub use restock::Condition;
pub use terms::{LocationTerms, StockTerms, TermsChange};
pub use upgrade::{FormerClaim, FormerLevel, Upgraded, upgrade};

/// The largest count of units that a level or a command may carry.
pub const MAX_UNITS: i64 = 1_000_000_000;

/// The most locations that one SKU can be at.
pub const MAX_LOCATIONS: usize = 100;

#[cfg(test)]
mod tests;

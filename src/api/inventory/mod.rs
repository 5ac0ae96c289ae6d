//! A SKU's counters as merchants see and change them.

pub mod adjust;
pub mod bundle;
pub mod explain;
pub mod list_proofs;
pub mod moment;
pub mod movements;
pub mod proof_view;
pub mod prove;
pub mod show;
pub mod view;

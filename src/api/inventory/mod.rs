//! A SKU's counters and terms as merchants see and change them.

pub mod adjust;
pub mod bundle;
pub mod change;
pub mod explain;
pub mod list;
pub mod list_proofs;
pub mod moment;
pub mod movements;
pub mod proof_view;
pub mod prove;
pub mod show;
pub mod terms;
pub mod terms_request;
pub mod terms_view;
pub mod view;

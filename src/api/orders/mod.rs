//! Orders: followed by buyers, looked through by merchants.

pub mod cancel;
pub mod claim_view;
pub mod confirm;
pub mod given_back;
pub mod list;
pub mod retry;
pub mod show;
pub mod sync;
pub mod view;

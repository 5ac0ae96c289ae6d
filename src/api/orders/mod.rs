//! Orders: followed by buyers, looked through by merchants.

pub mod cancel;
pub mod list;
pub mod show;
pub mod sync;
pub mod view;

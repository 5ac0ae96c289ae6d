//! Queue consumers and cron.

pub mod channels;
pub mod projection;
pub mod reconcile;
pub mod reorder;
pub mod sweep;

//! Queue consumers and cron.

pub mod channels;
pub mod projection;
pub mod prove_stock;
pub mod reconcile;
pub mod reorder;
pub mod sweep;

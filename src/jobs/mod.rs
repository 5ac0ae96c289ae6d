//! Queue consumers and cron.

pub mod projection;
pub mod sweep;

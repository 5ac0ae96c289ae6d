//! Sales channels as merchants set them up, and the feed that their connectors follow.

pub mod availability;
pub mod list;
pub mod put;
pub mod show;

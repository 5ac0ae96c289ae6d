//! The places that have stock.

pub mod known;
pub mod list;
pub mod put;
pub mod show;

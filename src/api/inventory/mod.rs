//! A SKU's counters as merchants see and change them.

pub mod adjust;
pub mod bundle;
pub mod show;
pub mod view;

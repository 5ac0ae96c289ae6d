//! Drop mode: one SKU's units spread over several objects, for what a single one can't carry.

pub mod put;
pub mod show;
pub mod view;

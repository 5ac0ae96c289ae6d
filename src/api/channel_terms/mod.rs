//! What each channel may have of a SKU.

pub mod list;
pub mod put;
pub mod view;

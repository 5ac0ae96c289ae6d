//! What waits for a person, and what a person can do about it.

pub mod actions;
pub mod list;
pub mod resolve;
pub mod view;

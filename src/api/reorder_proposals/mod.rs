//! What is to be reordered, why, and the purchase orders that are made of it.

pub mod list;
pub mod order;
pub mod outlook;

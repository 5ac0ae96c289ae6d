//! The store's terms: currencies, tax, shipping, and the times a checkout is given.

pub mod put;
pub mod show;

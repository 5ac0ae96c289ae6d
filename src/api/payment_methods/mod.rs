//! Payment methods: on which terms a merchant offers each gateway, and what a storefront may offer.

pub mod list;
pub mod offer;
pub mod put;
pub mod terms;
pub mod view;

//! Razorpay's requests to the byte, and its states, errors, currencies and events in our words.

mod books;
mod configuration;
pub mod fixtures;
mod mangled;
mod refunds;
mod replies;
mod requests;
mod returns;
mod states;
pub mod webhooks;

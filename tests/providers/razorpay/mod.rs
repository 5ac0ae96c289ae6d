//! Razorpay's requests to the byte, and its states, errors, currencies and events in our words.

mod books;
pub mod fixtures;
mod refunds;
mod replies;
mod requests;
mod returns;
mod states;
pub mod webhooks;

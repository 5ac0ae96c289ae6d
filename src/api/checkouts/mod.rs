//! Checkouts: a cart becomes an order, once per `Idempotency-Key`.

pub mod answer;
pub mod buyer;
pub mod create;
pub mod request;
pub mod route;
mod sold_out;

//! Checkouts: a cart becomes an order, once per `Idempotency-Key`.

pub mod answer;
pub mod create;
pub mod request;
mod sold_out;

//! Checkouts: a cart becomes an order, once per `Idempotency-Key`.

pub mod answer;
pub mod buyer;
pub mod create;
mod crowd;
pub mod request;
pub mod route;
mod sold_out;

//! What gateways tell us by themselves.

pub mod receive;

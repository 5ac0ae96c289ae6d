//! What payment gateways tell.

pub mod doubted;
mod evidence;
pub mod receive;

//! What payment gateways tell.

mod doubted;
mod evidence;
pub mod receive;

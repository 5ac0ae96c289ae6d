//! The simulation's gateways against the real providers: what a provider reads is what the gateway's
//! books say.
#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

mod contracts;
#[path = "../simulation/gateways/mod.rs"]
mod gateways;
mod lab;
mod lists;
mod money;
mod starts;
mod webhooks;

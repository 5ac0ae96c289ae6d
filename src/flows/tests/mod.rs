//! Whole histories of an order, with the world around it played by a few lines of model: stock by
//! the real inventory rules, a gateway that loses, repeats and delays its answers, and crashes that
//! drop whatever was under way.
#![expect(clippy::arithmetic_side_effects, reason = "tests may overflow: that is how they fail")]

mod attempts;
mod channel_orders;
mod documents;
mod histories;
mod money;
mod money_world;
mod questions;
mod reminders;
mod returns;
mod returns_world;
mod shortages;
mod steps;
pub(crate) mod world;

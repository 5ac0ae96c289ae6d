//! The only module that touches JavaScript: environment, clock, identities, storage, sending, log.

mod body;
pub mod cache;
pub mod clock;
mod constant_text;
pub mod deadline;
pub mod log;
pub mod object_call;
pub mod platform;
pub mod send;
pub mod serve;
pub mod settings;
pub mod sqlite;
pub mod stock_board;
pub mod wakes;

//! The only module that touches JavaScript: environment, clock, identities, storage, sending, log.

#[cfg(target_arch = "wasm32")]
mod body;
pub mod cache;
pub mod clock;
#[cfg(target_arch = "wasm32")]
mod constant_text;
pub mod database;
pub mod deadline;
pub mod log;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod object_call;
pub mod pause;
pub mod place;
pub mod platform;
pub mod queue;
pub mod send;
pub mod serve;
pub mod settings;
pub mod sqlite;
pub mod stock_board;
pub mod task;
#[cfg(target_arch = "wasm32")]
pub mod wakes;

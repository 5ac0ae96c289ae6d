//! The only module that touches JavaScript: environment, clock, identities, storage, sending, log.

pub mod cache;
pub mod clock;
pub mod log;
pub mod object_call;
pub mod platform;
pub mod send;
pub mod settings;
pub mod sqlite;

//! API keys: made, listed, revoked.

pub mod create;
pub mod list;
pub mod revoke;
pub mod view;

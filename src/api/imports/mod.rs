//! Bulk imports: a file is sent in parts, started, and followed.

pub mod cancel;
pub mod create;
pub mod errors;
pub mod found;
pub mod put_part;
pub mod show;
pub mod start;
pub mod view;

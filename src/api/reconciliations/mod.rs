//! Comparing the gateways' books with ours: asked for, listed, looked at, exported.

pub mod create;
pub mod csv;
pub mod items;
pub mod list;
pub mod show;
pub mod view;

//! The catalogue as storefronts see it, and how merchants write it.

pub mod assembly;
pub mod list;
pub mod put;
pub mod show;
pub mod view;

//! Who delivers goods, and what can be had from them.

pub mod delete_item;
pub mod items;
pub mod list;
pub mod put;
pub mod put_item;
pub mod show;
pub mod show_item;
pub mod view;

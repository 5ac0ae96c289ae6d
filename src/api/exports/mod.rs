//! Bulk exports: files that can be changed and imported again.

pub mod download;
pub mod pages;
pub mod rows;

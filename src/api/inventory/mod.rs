//! A SKU's counters and terms as merchants see and change them.

pub mod adjust;
pub mod change;
pub mod list;
pub mod show;
pub mod terms;
pub mod terms_request;
pub mod terms_view;
pub mod view;

//! Orders that sales channels have sold and been paid for.

pub mod create;
pub mod request;
pub mod view;

//! Goods that come back without a refund.

pub mod create;

//! What merchants are told of their stock.

pub mod list;

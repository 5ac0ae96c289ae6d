//! Durable Object shells. Each loads, asks the pure code, stores, and performs what is owed.

pub mod commands;
pub mod gateway_call;
pub mod invoice_series;
pub mod order_shard;
pub mod reconciler;
pub mod shortage;
pub mod sku_inventory;

//! Durable Object shells. Each loads, asks the pure code, stores, and performs what is owed.

pub mod commands;
pub mod gateway_call;
pub mod hosting;
pub mod import_job;
pub mod invoice_series;
pub mod ledger_commands;
pub mod order_shard;
pub mod reconciler;
pub mod reordering;
pub mod shortage;
pub mod sku_inventory;
pub mod stock_document;
pub mod stock_proof;
pub mod stock_recall;

//! D1: the catalogue, the store's terms and those of its payment gateways, API keys, and the copies of
//! orders and stock that lists and searches read. One file per aggregate; every statement is a constant and takes parameters.
//!
//! D1 is never on the path of a checkout or a webhook but for catalogue reads, which the edge keeps.

pub mod api_keys;
pub mod attention;
pub mod bundles;
pub mod catalogue;
pub mod channels;
pub mod invoices;
pub mod ledger;
pub mod locations;
pub mod orders;
pub mod payment_settings;
pub mod reconciliations;
pub mod reorder;
pub mod reorder_plans;
pub mod stock_alerts;
pub mod stock_documents;
pub mod stock_levels;
pub mod stock_proofs;
pub mod stock_snapshots;
pub mod store;
pub mod suppliers;

mod statement;

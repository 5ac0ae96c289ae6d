//! What is true: amounts, identities, states, and the rules that refuse.
//!
//! Nothing here knows about HTTP, storage, clocks or a vendor. Every function is a function of its
//! arguments, so every rule has a table or a property test beside it.

pub mod address;
pub mod catalogue;
pub mod channel;
pub mod country;
pub mod currency;
pub mod field_error;
pub mod id;
pub mod import;
pub mod inventory;
pub mod invoice;
pub mod location_registry;
pub mod money;
pub mod order;
pub mod payment;
pub mod payment_settings;
pub mod pricing;
pub mod reconciliation;
pub mod reorder;
pub mod routing;
pub mod seller;
mod slug;
pub mod stock_document;
pub mod supplier;
pub mod tax;
pub mod time;
pub mod web_address;

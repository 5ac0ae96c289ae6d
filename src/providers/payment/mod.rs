//! Payment gateways.
//!
//! [`contract`] is what every gateway must be able to do, [`registry`] the one place that knows which
//! vendors exist, [`settings`] what an operator configures. To add a vendor: a folder here, a variant
//! of [`crate::domain::payment::Gateway`], a match arm in the registry, its block in the settings, and
//! its replies in `tests/providers`; the conformance suite finds it through the registry.

mod authorize_net;
pub mod body_signature;
pub mod contract;
mod paypal;
mod razorpay;
mod reading;
pub mod registry;
mod sandbox;
pub mod settings;
pub mod signature;
mod stripe;
pub mod taking;

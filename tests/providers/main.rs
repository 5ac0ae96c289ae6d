//! The providers as their users see them: through the registry and the contract.
//!
//! `conformance` runs every scenario over every gateway; the other files pin what is particular to one.

#[cfg(test)]
mod authorize_net;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod paypal;
#[cfg(test)]
mod razorpay;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod stripe;
#[cfg(test)]
mod stripe_money;
#[cfg(test)]
mod support;

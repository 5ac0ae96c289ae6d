//! The providers as their users see them: through the registry and the contract.
//!
//! `conformance` runs every scenario over every gateway; the other files pin what is particular to one.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod paypal;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod signatures;
#[cfg(test)]
mod stripe;
#[cfg(test)]
mod support;

//! Which gateways exist: the only place that names every vendor.

use super::contract::PaymentGateway;
use super::paypal::Paypal;
use super::sandbox::Sandbox;
use super::settings::PaymentSettings;
use super::stripe::Stripe;
use crate::domain::payment::Gateway;

/// The gateway, if it is set up.
#[must_use]
pub fn gateway(settings: &PaymentSettings, which: Gateway) -> Option<Box<dyn PaymentGateway + '_>> {
    match which {
        Gateway::Sandbox => Some(Box::new(Sandbox::new(settings.sandbox.as_ref()?))),
        Gateway::Stripe => Some(Box::new(Stripe::new(settings.stripe.as_ref()?))),
        Gateway::Paypal => Some(Box::new(Paypal::new(settings.paypal.as_ref()?))),
        Gateway::Razorpay | Gateway::AuthorizeNet => None,
    }
}

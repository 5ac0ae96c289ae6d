//! Which gateways exist: the only place that names every vendor.

use super::authorize_net::AuthorizeNet;
use super::contract::PaymentGateway;
use super::paypal::Paypal;
use super::razorpay::Razorpay;
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
        Gateway::Razorpay => Some(Box::new(Razorpay::new(settings.razorpay.as_ref()?))),
        Gateway::Paypal => Some(Box::new(Paypal::new(settings.paypal.as_ref()?))),
        Gateway::AuthorizeNet => {
            Some(Box::new(AuthorizeNet::new(settings.authorize_net.as_ref()?)))
        }
    }
}

//! Payment methods as storefronts and merchants see them. No secret has a place here.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::payment::{CaptureMode, Gateway};
use crate::domain::payment_settings::PaymentMethodSettings;
use crate::providers::payment::contract::{Capturing, PaymentGateway};
use crate::providers::payment::settings::PaymentSettings;

/// A payment method that a storefront may offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedMethod {
    /// What a checkout names.
    gateway: Gateway,
    /// What buyers choose it by.
    #[schema(example = "Card")]
    title: String,
    /// When the money is taken.
    capture: CaptureTime,
    /// How the browser pays.
    client: Client,
}

/// When a buyer's money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureTime {
    /// As soon as the buyer agrees.
    AtOnce,
    /// It is held first.
    Held,
}

/// How the browser pays.
#[derive(Debug, Serialize, ToSchema)]
pub struct Client {
    /// What the browser needs the gateway's own code for.
    kind: ClientKind,
    /// What that code is given; public, and empty if nothing is configured.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"publishable_key": "pk_live_…"}))]
    keys: BTreeMap<&'static str, String>,
}

/// The ways in which browsers pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// The checkout answers a client secret; the gateway's fields confirm the payment with it.
    ClientSecret,
    /// The checkout answers an address, where the buyer agrees and comes back from.
    Redirect,
    /// The checkout answers what the gateway's own window is opened with.
    HostedCheckout,
    /// The gateway's fields make a nonce first, which the checkout is sent as `payment.method`.
    Nonce,
    /// The development gateway: `payment.method` says what happens.
    Sandbox,
}

impl ClientKind {
    /// How browsers pay at a gateway.
    #[must_use]
    pub const fn of(gateway: Gateway) -> Self {
        match gateway {
            Gateway::Sandbox => Self::Sandbox,
            Gateway::Stripe => Self::ClientSecret,
            Gateway::Razorpay => Self::HostedCheckout,
            Gateway::Paypal => Self::Redirect,
            Gateway::AuthorizeNet => Self::Nonce,
        }
    }
}

/// What a gateway can do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Capabilities {
    /// It holds money and takes it later.
    capture: bool,
    /// It takes held money in several parts.
    capture_in_parts: bool,
    /// It lets held money go.
    void: bool,
    /// It gives money back.
    refund: bool,
    /// It shows its books, for reconciliation.
    listing: bool,
    /// It waits until we complete what the buyer approved.
    completing: bool,
}

/// A gateway and the terms on which it is offered.
#[derive(Debug, Serialize, ToSchema)]
pub struct MethodView {
    /// Which.
    gateway: Gateway,
    /// Whether the deployment has its secrets. Without, it is offered to nobody.
    set_up: bool,
    /// Whether the merchant ever set its terms; else they are the deployment's.
    customized: bool,
    /// The terms that hold.
    settings: PaymentMethodSettings,
    /// How browsers pay.
    client: ClientKind,
    /// What it can do; null as long as it is not set up.
    capabilities: Option<Capabilities>,
}

impl OfferedMethod {
    /// A gateway as a storefront offers it.
    #[must_use]
    pub fn of(
        gateway: Gateway,
        terms: PaymentMethodSettings,
        configured: &PaymentSettings,
    ) -> Self {
        let keys = configured.browser_keys(gateway);
        Self {
            gateway,
            title: terms.title,
            capture: CaptureTime::of(terms.capture_mode),
            client: Client {
                kind: ClientKind::of(gateway),
                keys: keys.into_iter().map(|(name, key)| (name, key.to_owned())).collect(),
            },
        }
    }
}

impl CaptureTime {
    const fn of(mode: CaptureMode) -> Self {
        if mode.holds() { Self::Held } else { Self::AtOnce }
    }
}

impl Capabilities {
    /// What this gateway can do.
    #[must_use]
    pub fn of(provider: &dyn PaymentGateway) -> Self {
        let capturing = provider.capturing();
        Self {
            capture: capturing.is_some(),
            capture_in_parts: capturing.is_some_and(Capturing::in_parts),
            void: provider.voiding().is_some(),
            refund: provider.refunding().is_some(),
            listing: provider.listing().is_some(),
            completing: provider.completing().is_some(),
        }
    }
}

impl MethodView {
    /// A gateway as its merchant sees it.
    #[must_use]
    pub fn of(
        gateway: Gateway,
        provider: Option<&dyn PaymentGateway>,
        settings: PaymentMethodSettings,
        customized: bool,
    ) -> Self {
        Self {
            gateway,
            set_up: provider.is_some(),
            customized,
            settings,
            client: ClientKind::of(gateway),
            capabilities: provider.map(Capabilities::of),
        }
    }
}

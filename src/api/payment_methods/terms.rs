//! The terms of a gateway as they hold: the merchant's, or those of a gateway for which nothing was set.

use crate::api::error::{ApiError, ErrorCode};
use crate::api::remembered::PaymentSettingsByGateway;
use crate::domain::country::CountryCode;
use crate::domain::money::Money;
use crate::domain::payment::{CaptureMode, Gateway};
use crate::domain::payment_settings::{NotOffered, PaymentMethodSettings};
use crate::providers::payment::contract::PaymentGateway;
use crate::providers::payment::{registry, taking};
use crate::runtime::settings::Settings;

/// The terms of a gateway; `otherwise` is when the deployment takes money.
#[must_use]
pub fn of(
    known: &PaymentSettingsByGateway,
    gateway: Gateway,
    otherwise: CaptureMode,
) -> PaymentMethodSettings {
    let known = known.get(&gateway).cloned();
    known.unwrap_or_else(|| PaymentMethodSettings::unset(gateway, otherwise))
}

/// Whether a gateway that is set up may be offered, by the merchant's terms and by the gateway's own.
/// Without an amount, or with nothing to pay, about the currency.
///
/// # Errors
/// The first reason why not.
pub fn offered(
    provider: &dyn PaymentGateway,
    terms: &PaymentMethodSettings,
    amount: Money,
    country: Option<CountryCode>,
) -> Result<(), NotOffered> {
    terms.offers(amount.currency, country, Some(amount.amount))?;
    taking::check(provider, amount, terms.capture_mode)
}

/// Whether a checkout may be paid this way.
///
/// # Errors
/// 422 with the reason.
pub fn check(
    settings: &Settings,
    gateway: Gateway,
    terms: &PaymentMethodSettings,
    total: Money,
    country: Option<CountryCode>,
) -> Result<(), ApiError> {
    let provider = registry::gateway(&settings.payments, gateway)
        .ok_or_else(|| ApiError::new(ErrorCode::GatewayUnavailable))?;
    offered(provider.as_ref(), terms, total, country).map_err(|reason| {
        ApiError::because(ErrorCode::PaymentMethodUnavailable, reason.to_string())
            .with("reason", reason.name())
    })
}

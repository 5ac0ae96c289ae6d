//! `GET /v1/payment-methods`: what a storefront may offer a buyer to pay with.

use futures_util::join;
use serde::Serialize;
use utoipa::ToSchema;

use super::terms;
use super::view::OfferedMethod;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::query::refused;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::money::{MAX_AMOUNT_MINOR, Money};
use crate::domain::payment::Gateway;
use crate::providers::payment::registry;

/// What a storefront may offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedMethods {
    /// In an order that does not change.
    items: Vec<OfferedMethod>,
}

/// Lists what a buyer may pay with.
///
/// Without `country` or `amount`, what depends on them is listed as well; a checkout decides by the billing
/// address (or the shipping address where there is no other) and by the total.
#[utoipa::path(
    get, path = "/v1/payment-methods", operation_id = "list_payment_methods", tag = "checkout",
    params(
        ("currency" = String, Query, description = "The currency to pay in", example = "USD"),
        ("country" = Option<String>, Query, description = "The buyer's country, ISO 3166-1 alpha-2", example = "US"),
        ("amount" = Option<i64>, Query, description = "The total, minor units", minimum = 0, maximum = 1_000_000_000_000_000_i64, example = 1999),
    ),
    responses(
        (status = 200, description = "What a storefront may offer; empty if nothing", body = OfferedMethods),
        (status = 422, description = "`invalid_request`, `currency_not_offered`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["currency", "country", "amount"])?;
    let currency = query
        .read("currency", "must be an ISO 4217 code, such as USD", |text| text.parse().ok())?
        .ok_or_else(|| refused("currency", "is required"))?;
    let country = query
        .read("country", "must be an ISO 3166-1 code, such as DE", |text| text.parse().ok())?;
    let amount = query.read("amount", "must be 0 to 1000000000000000 minor units", |text| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|amount| digits && (0..=MAX_AMOUNT_MINOR).contains(amount))
    })?;
    let platform = &ask.platform;
    let (store, methods) =
        join!(remembered::terms(platform), remembered::payment_settings(platform));
    if !store?.currencies.contains(&currency) {
        return Err(ApiError::new(ErrorCode::CurrencyNotOffered));
    }
    let methods = methods?;
    let settings = platform.settings();
    let asked = Money::new(amount.unwrap_or(0), currency);
    let items = Gateway::ALL.into_iter().filter_map(|gateway| {
        let provider = registry::gateway(&settings.payments, gateway)?;
        let terms = terms::of(&methods, gateway, settings.capture_mode);
        terms::offered(provider.as_ref(), &terms, asked, country).ok()?;
        Some(OfferedMethod::of(gateway, terms, &settings.payments))
    });
    Reply::json(200, &OfferedMethods { items: items.collect() })
}

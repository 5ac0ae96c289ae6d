//! `PUT /v1/admin/payment-methods/{gateway}`: sets the terms on which a gateway is offered.

use super::view::MethodView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::payment::Gateway;
use crate::domain::payment_settings::PaymentMethodSettings;
use crate::providers::payment::contract::PaymentGateway;
use crate::providers::payment::registry;
use crate::storage;

/// Sets the terms on which a payment gateway is offered, in place of what was there.
///
/// Checkouts follow them within seconds; orders that were placed keep the terms they were placed on. Keys
/// and secrets are set with the deployment, never here.
#[utoipa::path(
    put, path = "/v1/admin/payment-methods/{gateway}", operation_id = "put_payment_settings", tag = "admin",
    params(("gateway" = Gateway, Path, description = "Which", example = "sandbox")),
    request_body(content = PaymentMethodSettings),
    responses(
        (status = 200, description = "The gateway as it is now", body = MethodView),
        (status = 404, description = "`gateway_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`gateway_not_set_up`: it can't be enabled before the deployment has its secrets", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let gateway = Gateway::from_name(ask.parameter("gateway"))
        .ok_or_else(|| ApiError::new(ErrorCode::GatewayNotFound))?;
    let terms: PaymentMethodSettings = ask.json().await?;
    let platform = &ask.platform;
    let provider = registry::gateway(&platform.settings().payments, gateway);
    check(&terms, provider.as_deref())?;
    let now = platform.now();
    storage::payment_settings::write(&platform.database()?, gateway, &terms, now).await?;
    remembered::forget_payment_settings();
    Reply::json(200, &MethodView::of(gateway, provider.as_deref(), terms, true))
}

fn check(
    terms: &PaymentMethodSettings,
    provider: Option<&dyn PaymentGateway>,
) -> Result<(), ApiError> {
    let errors = terms.validate();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    match provider {
        None if terms.enabled => Err(ApiError::new(ErrorCode::GatewayNotSetUp)),
        Some(provider) if terms.capture_mode.holds() && provider.capturing().is_none() => {
            let message = "must be automatic: this gateway does not hold money";
            Err(ApiError::field("/capture_mode", message))
        }
        _ => Ok(()),
    }
}

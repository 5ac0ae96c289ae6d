//! `POST /v1/orders/{id}/payments`: another attempt to pay an order whose payment failed.

use super::show::found;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::checkouts::answer::{CheckoutAnswer, retried};
use crate::api::checkouts::request::PaymentRequest;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::movements::answer::refused;
use crate::api::openapi::Problem;
use crate::api::payment_methods::terms;
use crate::api::remembered;
use crate::api::reply::Outcome;
use crate::domain::id::OrderId;
use crate::domain::money::Money;
use crate::domain::payment::Gateway;
use crate::domain::payment_settings::PaymentMethodSettings;
use crate::flows::attempts::NewAttempt;
use crate::objects::commands::{ShardAnswer, ShardCommand};
use crate::providers::payment::registry;

/// Tries to pay an order again, by the same gateway or another one, once per `Idempotency-Key`.
///
/// For an order that is open and whose payment was declined, failed or was left unfinished. The stock
/// stays reserved until the new window's end; the payment before is called off, and if it brings money
/// after all, that is given back. Refused while the outcome of an attempt is unknown: it may have been
/// paid.
#[utoipa::path(
    post, path = "/v1/orders/{id}/payments", operation_id = "retry_payment", tag = "orders",
    params(
        ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every attempt", example = "attempt-2"),
    ),
    request_body = PaymentRequest,
    responses(
        (status = 201, description = "The attempt was started; `payment.action` says what the browser must do", body = CheckoutAnswer),
        (status = 402, description = "`payment_declined`: this attempt was declined too", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`order_not_open`, `payment_secured`, `outcome_unknown`, `movement_in_progress`, `insufficient_stock`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `gateway_unavailable`, `payment_method_unavailable`, `card_data_refused`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: PaymentRequest = body::parse(&body)?;
    request.check(ask.platform.settings().development)?;
    let settings = ask.platform.settings();
    if registry::gateway(&settings.payments, request.gateway).is_none() {
        return Err(ApiError::new(ErrorCode::GatewayUnavailable));
    }
    let store = remembered::terms(&ask.platform).await?;
    let method = method(&ask, id, request.gateway).await?;
    let attempt = NewAttempt {
        gateway: request.gateway,
        method: request.method,
        return_url: request.return_url,
        capture_mode: method.capture_mode,
        statement_descriptor: method.statement_descriptor,
        payment_window_seconds: store.payment_window_seconds,
        reservation_grace_seconds: store.reservation_grace_seconds,
    };
    let command = ShardCommand::Retry {
        key: submission.key,
        fingerprint: submission.fingerprint,
        id,
        attempt: Box::new(attempt),
    };
    let answer = ask.platform.shard(id.shard(), &command).await;
    match answer.map_err(|unavailable| ApiError::from(unavailable).about(id))? {
        ShardAnswer::Moved { order, replayed, .. } => {
            retried(&order, replayed, settings.order_token_secret.as_str())
        }
        ShardAnswer::MovementRefused { refusal, order } => Err(refused(&refusal, &order)),
        ShardAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused).about(id)),
        ShardAnswer::NotFound => Err(ApiError::new(ErrorCode::OrderNotFound).about(id)),
        _ => Err(ApiError::internal("the shard's answer does not fit an attempt").about(id)),
    }
}

/// The terms on which the gateway is offered for this order.
///
/// # Errors
/// 422 if it is not, 404 without such an order.
async fn method(
    ask: &Ask,
    id: OrderId,
    gateway: Gateway,
) -> Result<PaymentMethodSettings, ApiError> {
    let platform = &ask.platform;
    let settings = platform.settings();
    let known = remembered::payment_settings(platform).await?;
    let method = terms::of(&known, gateway, settings.capture_mode);
    let answer = platform.shard(id.shard(), &ShardCommand::Read { id }).await;
    let order = found(id, answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?)?;
    let total = Money::new(order.cart.totals.total_minor, order.cart.currency);
    let billing = order.billing_address.as_ref().unwrap_or(&order.shipping_address);
    terms::check(settings, gateway, &method, total, billing.country_code())?;
    Ok(method)
}

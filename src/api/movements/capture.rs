//! `POST /v1/admin/orders/{id}/captures`: held money is taken.

use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{self, MAX_REASON_CHARACTERS, MovementAnswer};
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::field_error::{Checks, FieldError};
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::flows::movements::MovementAsk;

/// Which held money to take.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount_minor": 1500, "reason": "the first parcel has left"}))]
pub struct CaptureRequest {
    /// Minor units of the order's currency; all that is held if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000i64)]
    amount_minor: Option<i64>,
    /// Keep what is left for further captures; else it is let go. Only for gateways that take money in
    /// parts (`GET /v1/admin/payment-methods` says which).
    #[serde(default)]
    keep_rest: bool,
    /// Why, for the merchant's own books.
    #[serde(default)]
    #[schema(max_length = 250)]
    reason: Option<String>,
}

/// Takes money that is held, all or in part, once per `Idempotency-Key`.
///
/// The operation is written down before the gateway is asked. If the gateway's answer is lost, the
/// operation stays `unknown` and the gateway is asked again on a schedule; meanwhile further captures
/// are refused.
#[utoipa::path(
    post, path = "/v1/admin/orders/{id}/captures", operation_id = "capture_payment", tag = "payments",
    params(
        ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every capture", example = "capture-1"),
    ),
    request_body = CaptureRequest,
    responses(
        (status = 201, description = "Written down and asked of the gateway", body = MovementAnswer),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`nothing_to_move`, `movement_in_progress`, `outcome_unknown`, `payment_called_off`, `not_offered_by_gateway`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `amount_too_large`, `idempotency_key_reused`, `card_data_refused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: CaptureRequest = body::parse(&body)?;
    check(request.amount_minor, request.reason.as_deref())?;
    let movement = MovementAsk::Capture {
        amount_minor: request.amount_minor,
        keeps_rest: request.keep_rest,
        reason: request.reason,
    };
    answer::ask(&ask, id, submission, movement).await
}

/// Refuses what is wrong whatever the order says.
///
/// # Errors
/// 422 with every field that is wrong.
pub(super) fn check(amount_minor: Option<i64>, reason: Option<&str>) -> Result<(), ApiError> {
    let errors = wrong(amount_minor, reason);
    if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
}

pub(super) fn wrong(amount_minor: Option<i64>, reason: Option<&str>) -> Vec<FieldError> {
    let mut checks = Checks::default();
    checks.require(
        amount_minor.is_none_or(|amount| (1..=MAX_AMOUNT_MINOR).contains(&amount)),
        "/amount_minor",
        "must be 1 to 1000000000000000",
    );
    if let Some(reason) = reason {
        checks.line("/reason", reason, 1, MAX_REASON_CHARACTERS);
    }
    checks.finish()
}

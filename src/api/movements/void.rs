//! `POST /v1/admin/orders/{id}/voids`: held money is let go.

use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{self, MovementAnswer};
use super::capture::check;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::flows::movements::MovementAsk;

/// Why held money is let go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "the buyer changed their mind"}))]
pub struct VoidRequest {
    /// Why, for the merchant's own books.
    #[serde(default)]
    #[schema(max_length = 250)]
    reason: Option<String>,
}

/// Lets money go that is held, or what is left of it after captures, once per `Idempotency-Key`.
///
/// An order whose payment is called off before anything was taken closes, and its stock goes back. Where
/// the gateway has no way to void (`not_offered_by_gateway`), `authorized_until` says when the
/// authorisation lapses by itself.
#[utoipa::path(
    post, path = "/v1/admin/orders/{id}/voids", operation_id = "void_payment", tag = "payments",
    params(
        ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every void", example = "void-1"),
    ),
    request_body = VoidRequest,
    responses(
        (status = 201, description = "Written down and asked of the gateway", body = MovementAnswer),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`nothing_to_move`, `movement_in_progress`, `outcome_unknown`, `payment_called_off`, `not_offered_by_gateway`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`, `card_data_refused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: VoidRequest = body::parse(&body)?;
    check(None, request.reason.as_deref())?;
    answer::ask(&ask, id, submission, MovementAsk::Void { reason: request.reason }).await
}

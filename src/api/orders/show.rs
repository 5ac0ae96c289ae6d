//! `GET /v1/orders/{id}`: an order, from the shard that owns it.

use super::view::{Audience, OrderView};
use crate::api::access::Caller;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::OrderId;
use crate::domain::order::Order;
use crate::objects::commands::{ShardAnswer, ShardCommand};

/// Shows an order as it is now: never an old copy.
///
/// With the order's token, or with a secret key, which also sees operations, claims and what needs
/// attention.
#[utoipa::path(
    get, path = "/v1/orders/{id}", operation_id = "show_order", tag = "orders",
    params(("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 404, description = "`order_not_found`: there is none, or the token is another order's", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let answer = ask.platform.shard(id.shard(), &ShardCommand::Read { id }).await;
    let answer = answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?;
    shown(&ask, id, &found(id, answer)?)
}

/// The order that a shard answered with.
///
/// # Errors
/// 404 if it has none, 503 if it could not tell.
pub fn found(id: OrderId, answer: ShardAnswer) -> Result<Order, ApiError> {
    let refusal = match answer {
        ShardAnswer::Order { order } => return Ok(*order),
        ShardAnswer::NotFound => ApiError::new(ErrorCode::OrderNotFound),
        ShardAnswer::CannotCancel { order } => {
            let order = serde_json::to_value(OrderView::of(&order, Audience::Buyer));
            ApiError::new(ErrorCode::CannotCancel).with("order", order.unwrap_or_default())
        }
        ShardAnswer::TryAgain => ApiError::try_again(1),
        ShardAnswer::Checkout { .. }
        | ShardAnswer::KeyReused
        | ShardAnswer::Unplaced
        | ShardAnswer::Moved { .. }
        | ShardAnswer::MovementRefused { .. }
        | ShardAnswer::ReturnRefused { .. }
        | ShardAnswer::TakenBack { .. }
        | ShardAnswer::TakeBackRefused { .. }
        | ShardAnswer::Ok => ApiError::internal("the shard's answer does not fit an order"),
    };
    Err(refusal.about(id))
}

/// The answer that shows an order to whoever is calling.
///
/// # Errors
/// Never for an order of ours.
pub fn shown(ask: &Ask, id: OrderId, order: &Order) -> Outcome {
    let audience = match ask.caller {
        Caller::Buyer(_) => Audience::Buyer,
        Caller::Key(_) | Caller::Anyone => Audience::Merchant,
    };
    Ok(Reply::json(200, &OrderView::of(order, audience))?.about(id))
}

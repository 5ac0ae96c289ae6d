//! `POST /v1/orders/{id}/cancel`: the buyer or the merchant calls an order off.

use super::show::{found, shown};
use super::view::OrderView;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::order::CloseReason;
use crate::objects::commands::ShardCommand;

/// Calls an order off: the payment at the gateway first, then the stock is given back.
///
/// Not once money is held or taken: that is a refund. Calling a cancelled order off again shows it.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", operation_id = "cancel_order", tag = "orders",
    params(("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The order as it is now", body = OrderView),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`cannot_cancel`: `order` has it as it is", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let merchant = ask.caller.is_merchant();
    let reason = if merchant { CloseReason::Merchant } else { CloseReason::Customer };
    let answer = ask.platform.shard(id.shard(), &ShardCommand::Cancel { id, reason }).await;
    let answer = answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?;
    shown(&ask, id, &found(id, answer)?)
}

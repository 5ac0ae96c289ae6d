//! `POST /v1/orders/{id}/payment/sync`: the browser came back from the gateway.

use super::show::{found, shown};
use super::view::OrderView;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::objects::commands::ShardCommand;

/// Asks the gateway now where the order's payment stands, and shows the order.
///
/// For the page that a buyer comes back to: a webhook may still be on its way. It changes nothing that
/// the webhook would not change.
#[utoipa::path(
    post, path = "/v1/orders/{id}/payment/sync", operation_id = "sync_payment", tag = "orders",
    params(("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80")),
    responses(
        (status = 200, description = "The order as it is now", body = OrderView),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let answer = ask.platform.shard(id.shard(), &ShardCommand::Sync { id }).await;
    let answer = answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?;
    shown(&ask, id, &found(id, answer)?)
}

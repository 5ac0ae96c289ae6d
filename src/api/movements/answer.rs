//! What a request to move money is answered with, and why it is refused.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::idempotency::Submission;
use crate::api::orders::view::{Audience, OrderView};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::{OperationId, OrderId};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::payment::MovementRefusal;
use crate::domain::payment::follow::Obstacle;
use crate::flows::movements::MovementAsk;
use crate::objects::commands::{ShardAnswer, ShardCommand};
use crate::runtime::platform::Unavailable;

/// The longest reason that is kept.
pub(super) const MAX_REASON_CHARACTERS: usize = 250;

/// Money that was asked to move.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovementAnswer<'a> {
    /// The operations that were written down for it, one or more; `order.operations` says what became of
    /// them so far.
    #[schema(value_type = Vec<String>, example = json!(["op_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"]))]
    operations: &'a [OperationId],
    /// The order as it is now.
    order: OrderView<'a>,
}

/// Asks the order's shard to move money, once per key, and answers.
///
/// # Errors
/// As [`refusal`], 404, 422 for a key that was used with another body, 503.
pub(super) async fn ask(
    ask: &Ask,
    id: OrderId,
    submission: Submission,
    movement: MovementAsk,
) -> Outcome {
    let Submission { key, fingerprint, .. } = submission;
    let command = ShardCommand::Move { key, fingerprint, id, ask: movement };
    answered(id, ask.platform.shard(id.shard(), &command).await)
}

/// The shard's answer as the caller's.
///
/// # Errors
/// As [`ask`].
pub fn answered(id: OrderId, answer: Result<ShardAnswer, Unavailable>) -> Outcome {
    match answer.map_err(|unavailable| ApiError::from(unavailable).about(id))? {
        ShardAnswer::Moved { order, operations, replayed } => {
            let order = OrderView::of(&order, Audience::Merchant);
            let answer = MovementAnswer { operations: &operations, order };
            Ok(Reply::json(201, &answer)?.replayed(replayed).about(id))
        }
        ShardAnswer::MovementRefused { refusal, order } => Err(refused(&refusal, &order)),
        ShardAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused).about(id)),
        ShardAnswer::NotFound => Err(ApiError::new(ErrorCode::OrderNotFound).about(id)),
        ShardAnswer::TryAgain => Err(ApiError::try_again(1).about(id)),
        _ => Err(ApiError::internal("the shard's answer does not fit a movement").about(id)),
    }
}

/// Why money does not move, with what could be done instead.
#[must_use]
pub fn refused(refusal: &MovementRefusal, order: &Order) -> ApiError {
    let currency = order.cart.currency;
    let error = match refusal {
        MovementRefusal::InTheWay { obstacle } => ApiError::new(match obstacle {
            Obstacle::InProgress => ErrorCode::MovementInProgress,
            Obstacle::OutcomeUnknown => ErrorCode::OutcomeUnknown,
            Obstacle::AlreadySecured => ErrorCode::PaymentSecured,
            Obstacle::CalledOff => ErrorCode::PaymentCalledOff,
            Obstacle::Disputed => ErrorCode::PaymentDisputed,
        }),
        MovementRefusal::NothingTo { kind } => {
            let detail = format!("There is nothing that could be followed by a {}.", kind.name());
            ApiError::because(ErrorCode::NothingToMove, detail)
        }
        MovementRefusal::TooMuch { available_minor } => {
            let available = serde_json::to_value(Money::new(*available_minor, currency));
            ApiError::new(ErrorCode::AmountTooLarge)
                .with("available", available.unwrap_or_default())
        }
        MovementRefusal::TooManyUnits { sku, available } => {
            let shortage = serde_json::json!({ "sku": sku, "available": available });
            ApiError::new(ErrorCode::UnitsTooMany).with("line", shortage)
        }
        MovementRefusal::NotSupported { capability } => {
            let error = ApiError::new(ErrorCode::NotOfferedByGateway)
                .with("capability", capability.clone());
            let held_until = order.payment.as_ref().and_then(|payment| payment.held_until());
            match held_until {
                Some(until) => error.with("authorized_until", until.rfc3339()),
                None => error,
            }
        }
        MovementRefusal::OrderClosed => ApiError::new(ErrorCode::OrderNotOpen),
    };
    error.about(order.id)
}

//! What a checkout is answered with.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{ApiError, ErrorCode};
use crate::api::order_token;
use crate::api::orders::view::{self, Audience, OrderView};
use crate::api::reply::{Outcome, Reply};
use crate::domain::order::{CloseReason, Order, OrderStatus};
use crate::domain::payment::{BuyerAction, Payment, PaymentStatus};
use crate::objects::commands::{CheckoutOutcome, ShortageReason};

/// Says whether an answer is kept under its `Idempotency-Key`.
const STORED: &str = "idempotency-stored";

/// An order that was placed, and how to go on.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckoutAnswer<'a> {
    /// The order.
    order: OrderView<'a>,
    /// What the buyer follows the order with: `Authorization: Bearer ot_…`.
    #[schema(example = "ot_9f2c…")]
    order_token: String,
    /// What happens next.
    payment: NextStep<'a>,
}

/// Where the payment stands and what the browser must do.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextStep<'a> {
    /// Where the money is.
    status: PaymentStatus,
    /// What the browser must do.
    action: &'a BuyerAction,
}

/// Answers with what came of a checkout, now or before.
///
/// Whatever it is, it is stored: its `Idempotency-Key` is answered with it from now on.
///
/// # Errors
/// 409 without stock or beyond a limit, 402 when the payment was declined.
pub fn of_outcome(outcome: &CheckoutOutcome, replayed: bool, token_secret: &str) -> Outcome {
    let refusal = match outcome {
        CheckoutOutcome::Placed { order } => {
            let placed = placed(order, token_secret)?.with_header(STORED, "true");
            return Ok(placed.replayed(replayed));
        }
        CheckoutOutcome::InsufficientStock { shortages } => {
            let limited = !shortages.is_empty()
                && shortages.iter().all(|shortage| shortage.reason != ShortageReason::Stock);
            let code =
                if limited { ErrorCode::QuantityLimited } else { ErrorCode::InsufficientStock };
            let shortages = serde_json::to_value(shortages).unwrap_or_default();
            ApiError::new(code).with("shortages", shortages)
        }
        CheckoutOutcome::PaymentDeclined { order } => declined(order, token_secret),
    };
    Err(mark(refusal.with_header(STORED, "true"), replayed))
}

/// A refusal by the edge, of a request under whose `Idempotency-Key` nothing was ever begun. Nothing is
/// written down for it, so the key stays free.
#[must_use]
pub fn unstored(refusal: ApiError) -> ApiError {
    refusal.with_header(STORED, "false")
}

fn placed(order: &Order, token_secret: &str) -> Outcome {
    let answer = CheckoutAnswer {
        order: OrderView::of(order, Audience::Buyer),
        order_token: order_token::issue(token_secret, order.id),
        payment: NextStep {
            status: order.payment_status(),
            action: view::action(order).unwrap_or(&BuyerAction::None),
        },
    };
    let location = ["/v1/orders/", &order.id.to_string()].concat();
    Ok(Reply::json(201, &answer)?.with_header("location", location).about(order.id))
}

/// Answers with what came of a further attempt to pay.
///
/// # Errors
/// 402 when it was declined too, 409 without stock.
pub fn retried(order: &Order, replayed: bool, token_secret: &str) -> Outcome {
    if order.closing == Some(CloseReason::InsufficientStock) {
        return Err(mark(ApiError::new(ErrorCode::InsufficientStock).about(order.id), replayed));
    }
    let dead = order.payment.as_ref().is_some_and(Payment::is_dead);
    if dead && !order.is_secured() {
        return Err(mark(declined(order, token_secret), replayed));
    }
    Ok(placed(order, token_secret)?.replayed(replayed))
}

fn declined(order: &Order, token_secret: &str) -> ApiError {
    let refusal = match order.decline() {
        Some(decline) => {
            let told = serde_json::to_value(decline).unwrap_or_default();
            ApiError::because(ErrorCode::PaymentDeclined, decline.message.as_str())
                .with("decline", told)
        }
        None => ApiError::new(ErrorCode::PaymentDeclined),
    };
    let refusal = refusal.with("order_id", order.id.to_string()).about(order.id);
    if order.status != OrderStatus::Open {
        return refusal;
    }
    refusal
        .with("order_token", order_token::issue(token_secret, order.id))
        .with("retry_until", order.payment_window_ends_at.rfc3339())
}

fn mark(refusal: ApiError, replayed: bool) -> ApiError {
    if replayed { refusal.with_header("idempotent-replayed", "true") } else { refusal }
}

//! `POST /v1/admin/channel-orders`: an order that a channel has sold and been paid for.
//!
//! It is idempotent by the channel's own id of the order: that names the shard and the order, so that a
//! connector may send it again at any time and under any key. The sale has happened, so nothing that is
//! missing on the shelf refuses it: the answer says what is gone, and the order needs a person.

use super::request::ChannelOrderRequest;
use super::view::ChannelOrderAnswer;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::channels::show::known;
use crate::api::checkouts::route;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::idempotency::Submission;
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::address::Email;
use crate::domain::channel::ChannelStatus;
use crate::domain::inventory::ClaimTerms;
use crate::domain::money::Money;
use crate::domain::order::{ChannelOrder, Order, OrderStatus};
use crate::domain::payment::{CaptureMode, Gateway};
use crate::domain::pricing::{MAX_CART_LINES, PricingRefusal, price_cart};
use crate::flows::place::Draft;
use crate::objects::commands::{CheckoutOutcome, ShardAnswer, ShardCommand};
use crate::runtime::platform::Platform;

/// Brings in an order that a channel has sold and been paid for.
///
/// Its units are reserved and committed through the same door as every order's. If some are gone,
/// `shortages` says so at once and the order needs attention (`stock_gone`); it is never refused for
/// that, and what could be had is kept for it. Sent again under the channel's order id the answer is
/// the same one with `Idempotent-Replayed: true`.
#[utoipa::path(
    post, path = "/v1/admin/channel-orders", operation_id = "create_channel_order", tag = "admin",
    request_body = ChannelOrderRequest,
    responses(
        (status = 201, description = "The order is brought in; `Location` leads to it", body = ChannelOrderAnswer),
        (status = 404, description = "`channel_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`channel_archived`; `total_changed`: `total` has what it comes to here", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `channel_order_id_reused`, or why the cart can't be priced: `unknown_sku`, `price_missing`, …", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`try_again`: send the same request after `Retry-After`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let body = ask.json_bytes().await?;
    let request: ChannelOrderRequest = body::parse(&body)?;
    request.check()?;
    let sender = ["channel:", request.channel.as_str()].concat();
    let submission = Submission::new(&sender, &request.order_id, &body);
    let sold = ChannelOrder {
        channel: request.channel.clone(),
        order_id: request.order_id.clone(),
        fingerprint: submission.fingerprint.clone(),
    };
    let shard = submission.shard(ask.platform.settings().order_shards);
    let id = sold.id_in(shard);
    match draft(&ask.platform, request, &submission).await {
        Ok(draft) => {
            let draft = Box::new(draft);
            let command = ShardCommand::ChannelOrder { key: submission.key, sold, draft };
            let answer = ask.platform.shard(shard, &command).await;
            answered(answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?)
        }
        // What would be refused now may be a repeat of what was taken before.
        Err(refusal) => match ask.platform.shard(shard, &ShardCommand::Read { id }).await? {
            ShardAnswer::Order { order } => told_again(&order, &sold),
            _ => Err(refusal),
        },
    }
}

fn answered(answer: ShardAnswer) -> Outcome {
    match answer {
        ShardAnswer::Checkout { outcome, replayed } => match *outcome {
            CheckoutOutcome::Placed { order } => shown(&order, replayed),
            _ => Err(ApiError::internal("an order that a channel sold was refused")),
        },
        ShardAnswer::KeyReused => Err(ApiError::new(ErrorCode::ChannelOrderIdReused)),
        ShardAnswer::TryAgain => Err(ApiError::try_again(1)),
        _ => Err(ApiError::internal("the shard's answer does not fit a channel's order")),
    }
}

fn told_again(order: &Order, sold: &ChannelOrder) -> Outcome {
    if order.channel.as_ref().is_none_or(|known| known.fingerprint != sold.fingerprint) {
        return Err(ApiError::new(ErrorCode::ChannelOrderIdReused).about(order.id));
    }
    if order.status == OrderStatus::Placing {
        return Err(ApiError::try_again(1).about(order.id));
    }
    shown(order, true)
}

fn shown(order: &Order, replayed: bool) -> Outcome {
    let location = ["/v1/orders/", &order.id.to_string()].concat();
    let reply = Reply::json(201, &ChannelOrderAnswer::of(order))?;
    Ok(reply.with_header("location", location).about(order.id).replayed(replayed))
}

/// Prices the order as the channel sold it, and puts together what the shard needs.
async fn draft(
    platform: &Platform,
    request: ChannelOrderRequest,
    submission: &Submission,
) -> Result<Draft, ApiError> {
    if !(1..=MAX_CART_LINES).contains(&request.lines.len()) {
        return Err(PricingRefusal::LineCountOutOfRange.into());
    }
    let channel = known(platform, &request.channel).await?;
    if channel.status == ChannelStatus::Archived {
        return Err(ApiError::new(ErrorCode::ChannelArchived));
    }
    let terms = remembered::terms(platform).await?;
    let skus = request.lines.iter().map(|line| &line.sku);
    let mut sellables = remembered::with_components(platform, skus).await?;
    request.reprice(&mut sellables);
    let cart = price_cart(
        request.currency,
        &request.cart_lines(),
        &request.shipping_address,
        &request.shipping_method,
        &sellables,
        &request.with_shipping_price(&terms),
    )?;
    let total = Money::new(cart.totals.total_minor, cart.currency);
    if request.expected_total.is_some_and(|expected| expected != total) {
        let total = serde_json::to_value(total).unwrap_or_default();
        return Err(ApiError::new(ErrorCode::TotalChanged).with("total", total));
    }
    let (locations, lines) = (route::locations(platform).await, request.cart_lines());
    let address = &request.shipping_address;
    let route = route::of(platform, &terms, &locations, address, &lines).await;
    let email = match request.email {
        Some(email) => email,
        None => nowhere(submission)?,
    };
    Ok(Draft {
        email,
        shipping_address: request.shipping_address,
        billing_address: request.billing_address,
        cart,
        claim_terms: ClaimTerms { route, channel: Some(request.channel), ..ClaimTerms::default() },
        // No money moves here, so nobody is asked to move any.
        gateway: Gateway::Sandbox,
        method: None,
        return_url: None,
        capture_mode: CaptureMode::Automatic,
        statement_descriptor: None,
        payment_window_seconds: terms.payment_window_seconds,
        reservation_grace_seconds: terms.reservation_grace_seconds,
        invoice_series: terms.invoice_series.clone(),
        keep_open: false,
        refund_late_money: false,
        credit_note_series: terms.credit_note_series.clone(),
        seller: terms.seller.clone(),
        buyer_tax_id: request.tax_id,
    })
}

/// An address of the order's own, in a domain that never exists (RFC 2606): no two hidden buyers are
/// taken for one.
fn nowhere(submission: &Submission) -> Result<Email, ApiError> {
    let name = submission.key.get(..16).unwrap_or_default();
    let email = ["order-", name, "@channel.invalid"].concat().parse();
    email.map_err(|_| ApiError::internal("the address of an order without one can't be made"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_buyer_has_an_address_of_the_orders_own() {
        let of = |id: &str| nowhere(&Submission::new("channel:market", id, b"")).unwrap();
        assert_eq!(of("1"), of("1"));
        assert_ne!(of("1"), of("2"));
        assert!(of("1").as_str().ends_with("@channel.invalid"));
    }
}

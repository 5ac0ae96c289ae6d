//! `POST /webhooks/{gateway}`: verified over its raw body, durable before it is acknowledged.

use serde_json::json;

use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::limits;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::OrderId;
use crate::domain::payment::Gateway;
use crate::objects::commands::{ShardAnswer, ShardCommand};
use crate::providers::payment::contract::{
    EventNews, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use crate::providers::payment::registry;

/// Takes a gateway's event.
///
/// 200 for what is handled, known before, or of no interest; 5xx only when it should be sent again.
#[utoipa::path(
    post, path = "/webhooks/{gateway}", operation_id = "receive_webhook", tag = "webhooks",
    params(("gateway" = Gateway, Path, description = "Whose event", example = "stripe")),
    request_body(content = serde_json::Value, content_type = "application/json", description = "The gateway's event, up to 256 KiB, signed in the gateway's own way", example = json!({"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {}}})),
    responses(
        (status = 200, description = "Taken", body = serde_json::Value, example = json!({"received": true})),
        (status = 400, description = "`malformed_event`: rightly signed and not readable", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "`signature_invalid`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`gateway_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let gateway = Gateway::from_name(ask.parameter("gateway"))
        .ok_or_else(|| ApiError::new(ErrorCode::GatewayNotFound))?;
    let event = verify(&mut ask, gateway).await?;
    let (Some(id), EventNews::Payment(report)) = (event.order_id, event.news) else {
        return received();
    };
    let command = ShardCommand::Webhook { gateway, event_id: event.event_id, id, report };
    deliver(&ask, id, &command).await
}

async fn verify(ask: &mut Ask, gateway: Gateway) -> Result<VerifiedEvent, ApiError> {
    let platform = ask.platform.clone();
    let provider = registry::gateway(&platform.settings().payments, gateway)
        .ok_or_else(|| ApiError::new(ErrorCode::GatewayNotFound))?;
    let raw = body::read(ask.incoming.as_mut(), MAX_WEBHOOK_BYTES).await?;
    let header = |name: &str| ask.incoming.header(name);
    match provider.verify(&header, &raw, None, platform.now()) {
        Ok(event) => Ok(event),
        Err(WebhookRefusal::Malformed { reason }) => {
            Err(ApiError::new(ErrorCode::MalformedEvent).caused_by(reason))
        }
        Err(WebhookRefusal::Unverifiable) => Err(ApiError::try_again(1)),
        Err(refusal @ (WebhookRefusal::BadSignature | WebhookRefusal::Stale)) => {
            // Only who can't sign is counted: a gateway's burst is not.
            limits::by_address(&platform, ask.incoming.as_ref()).await?;
            Err(ApiError::new(ErrorCode::SignatureInvalid).caused_by(refusal.to_string()))
        }
    }
}

async fn deliver(ask: &Ask, id: OrderId, command: &ShardCommand) -> Outcome {
    let answer = ask.platform.shard(id.shard(), command).await;
    let answer = answer.map_err(|unavailable| ApiError::from(unavailable).about(id))?;
    match answer {
        // An order of another environment with the same gateway account is of no interest.
        ShardAnswer::Ok | ShardAnswer::Order { .. } | ShardAnswer::NotFound => {
            Ok(received()?.about(id))
        }
        ShardAnswer::TryAgain => Err(ApiError::try_again(1).about(id)),
        ShardAnswer::Checkout { .. }
        | ShardAnswer::KeyReused
        | ShardAnswer::Unplaced
        | ShardAnswer::CannotCancel { .. } => Err(ApiError::internal(UNFITTING).about(id)),
    }
}

/// For the log: an object answered another question than it was asked.
const UNFITTING: &str = "the shard's answer does not fit a webhook";

fn received() -> Outcome {
    Reply::json(200, &json!({ "received": true }))
}

//! `POST /webhooks/{gateway}`: verified over its raw body, durable before it is acknowledged.

use serde_json::json;

use super::{doubted, evidence};
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::limits;
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::OrderId;
use crate::domain::payment::Gateway;
use crate::objects::commands::{ShardAnswer, ShardCommand, WebhookNews};
use crate::objects::gateway_call;
use crate::providers::payment::contract::{
    EventNews, MAX_WEBHOOK_BYTES, PaymentGateway, VerifiedEvent, WebhookRefusal,
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
    let platform = ask.platform.clone();
    let provider = registry::gateway(&platform.settings().payments, gateway)
        .ok_or_else(|| ApiError::new(ErrorCode::GatewayNotFound))?;
    let raw = body::read(ask.incoming.as_mut(), MAX_WEBHOOK_BYTES).await?;
    let event = match verify(&ask, provider.as_ref(), &raw).await {
        Ok(event) => event,
        Err(refusal) => return Err(refused(&ask, provider.as_ref(), &raw, refusal).await),
    };
    let Some((reference, news)) = told(event.news) else { return received() };
    let id = match event.order_id {
        Some(id) => Some(id),
        None => whose(&ask, provider.as_ref(), &reference).await?,
    };
    // A payment of another shop on the same account is none of our business.
    let Some(id) = id else { return received() };
    let event_id = event.event_id;
    let command = ShardCommand::Webhook { gateway, event_id, id, news: Box::new(news) };
    deliver(&ask, id, &command).await
}

/// What an event tells a shard, and of which payment; none if it is of no interest.
fn told(news: EventNews) -> Option<(String, WebhookNews)> {
    match news {
        EventNews::Nothing => None,
        EventNews::Payment(report) => {
            Some((report.reference.clone(), WebhookNews::Payment { report }))
        }
        EventNews::Movements { reference, movements } => {
            Some((reference.clone(), WebhookNews::Movements { reference, movements }))
        }
        EventNews::AskAbout { reference } => {
            Some((reference.clone(), WebhookNews::AskAbout { reference }))
        }
    }
}

/// Which order a payment is for, where the event does not say: its gateway is asked. If it does not
/// answer, the event is to be sent again.
async fn whose(
    ask: &Ask,
    provider: &dyn PaymentGateway,
    reference: &str,
) -> Result<Option<OrderId>, ApiError> {
    gateway_call::perform(&ask.platform, provider, provider.whose(reference))
        .await
        .map_err(|failure| ApiError::try_again(30).caused_by(failure.to_string()))
}

async fn verify(
    ask: &Ask,
    provider: &dyn PaymentGateway,
    raw: &[u8],
) -> Result<VerifiedEvent, WebhookRefusal> {
    let platform = &ask.platform;
    let header = |name: &str| ask.incoming.header(name);
    let evidence = match provider.evidence(&header, raw, platform.now())? {
        Some(evidence) => Some(evidence::fetch(platform, provider, evidence).await?),
        None => None,
    };
    let reply = evidence.as_ref().map(|fetched| &fetched.reply);
    let event = provider.verify(&header, raw, reply, platform.now())?;
    if let Some(fetched) = evidence {
        fetched.keep(platform);
    }
    Ok(event)
}

/// An event that is not believed changes nothing. If it names one of our payments, the gateway is asked
/// where that stands; only who can't sign is counted, a gateway's burst is not.
async fn refused(
    ask: &Ask,
    provider: &dyn PaymentGateway,
    raw: &[u8],
    refusal: WebhookRefusal,
) -> ApiError {
    match refusal {
        WebhookRefusal::Malformed { reason } => {
            return ApiError::new(ErrorCode::MalformedEvent).caused_by(reason);
        }
        WebhookRefusal::Unverifiable => return ApiError::try_again(30),
        WebhookRefusal::BadSignature | WebhookRefusal::Stale => {}
    }
    if let Err(limited) = limits::by_address(&ask.platform, ask.incoming.as_ref()).await {
        return limited;
    }
    let named = match doubted::order_in(raw) {
        Some(id) => Some(id),
        None => match provider.doubted_reference(raw) {
            Some(reference) => whose(ask, provider, &reference).await.ok().flatten(),
            None => None,
        },
    };
    if let Some(id) = named {
        let command = ShardCommand::Doubted { gateway: provider.gateway(), id };
        // Whether the question could be put makes no difference to the answer.
        let _ = ask.platform.shard(id.shard(), &command).await;
    }
    ApiError::new(ErrorCode::SignatureInvalid).caused_by(refusal.to_string())
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
        | ShardAnswer::Moved { .. }
        | ShardAnswer::MovementRefused { .. }
        | ShardAnswer::ReturnRefused { .. }
        | ShardAnswer::TakenBack { .. }
        | ShardAnswer::TakeBackRefused { .. }
        | ShardAnswer::CannotCancel { .. } => Err(ApiError::internal(UNFITTING).about(id)),
    }
}

/// For the log: an object answered another question than it was asked.
const UNFITTING: &str = "the shard's answer does not fit a webhook";

fn received() -> Outcome {
    Reply::json(200, &json!({ "received": true }))
}

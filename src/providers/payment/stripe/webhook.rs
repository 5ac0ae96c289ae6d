//! Stripe's webhooks: the signature first, then only events about a payment.

use super::mapping;
use super::wire::{EventBody, EventHead, Labelled, PaymentIntent};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    EventNews, HeaderLookup, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use crate::providers::payment::settings::Secret;
use crate::providers::payment::{reading, signature};

/// The events that say where a payment stands. Everything else is acknowledged and ignored.
const OF_INTEREST: [&str; 6] = [
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
];

/// Believes an event, or not.
pub(super) fn verify(
    secrets: &[Secret],
    header: HeaderLookup<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<VerifiedEvent, WebhookRefusal> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return Err(WebhookRefusal::BadSignature);
    }
    let signature = header("stripe-signature").ok_or(WebhookRefusal::BadSignature)?;
    signature::check(&signature, body, secrets, now)?;
    read(body).map_err(|reason| WebhookRefusal::Malformed { reason })
}

fn read(body: &[u8]) -> Result<VerifiedEvent, &'static str> {
    let head: EventHead = serde_json::from_slice(body).map_err(|_| "it is not an event")?;
    if !reading::is_reference(&head.id) {
        return Err("the event's id is malformed");
    }
    let occurred_at = head
        .created
        .checked_mul(1_000)
        .filter(|milliseconds| (0..=Timestamp::MAX.milliseconds()).contains(milliseconds))
        .map(Timestamp::from_milliseconds)
        .ok_or("the event's time is out of range")?;
    let mut event = VerifiedEvent {
        event_id: head.id,
        kind: reading::code(&head.kind),
        occurred_at,
        order_id: None,
        operation_id: None,
        news: EventNews::Nothing,
    };
    if !OF_INTEREST.contains(&head.kind.as_str()) {
        return Ok(event);
    }
    let label: EventBody<Labelled> =
        serde_json::from_slice(body).map_err(|_| "the event has no object")?;
    let metadata = label.data.object.metadata;
    event.order_id = metadata.order_id.and_then(|id| id.parse().ok());
    event.operation_id = metadata.operation_id.and_then(|id| id.parse().ok());
    let report = serde_json::from_slice::<EventBody<PaymentIntent>>(body)
        .map_err(|_| "the payment in the event can't be read")
        .and_then(|body| mapping::report(body.data.object, occurred_at));
    event.news = match report {
        Ok(report) => EventNews::Payment(Box::new(report)),
        // A payment that is not of this shop (another product on the same account, in a currency we
        // do not know, say) is none of our business, readable or not.
        Err(_) if event.order_id.is_none() => EventNews::Nothing,
        Err(reason) => return Err(reason),
    };
    Ok(event)
}

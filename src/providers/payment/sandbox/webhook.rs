//! The sandbox's webhooks: Stripe's scheme of signing under another header.

use super::mapping;
use super::wire::Event;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    EventNews, HeaderLookup, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use crate::providers::payment::settings::Secret;
use crate::providers::payment::{reading, signature};

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
    let signature = header("sandbox-signature").ok_or(WebhookRefusal::BadSignature)?;
    signature::check(&signature, body, secrets, now)?;
    read(body).map_err(|reason| WebhookRefusal::Malformed { reason })
}

fn read(body: &[u8]) -> Result<VerifiedEvent, &'static str> {
    let event: Event = serde_json::from_slice(body).map_err(|_| "it is not an event")?;
    if !reading::is_reference(&event.id) {
        return Err("the event's id is malformed");
    }
    Ok(VerifiedEvent {
        event_id: event.id,
        kind: reading::code(&event.kind),
        occurred_at: mapping::moment(event.created_at).ok_or("the event's time is out of range")?,
        order_id: event.payment.order_id.parse().ok(),
        operation_id: event.payment.operation_id.parse().ok(),
        news: EventNews::Payment(Box::new(mapping::report(event.payment)?)),
    })
}

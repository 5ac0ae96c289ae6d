//! The sandbox's webhooks: Stripe's scheme of signing under another header.

use super::mapping;
use super::wire::{Event, EventSubject};
use crate::domain::payment::MovementReport;
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
    let parsed = |id: Option<String>| id.and_then(|id| id.parse().ok());
    let (order_id, operation_id, news) = match event.subject {
        EventSubject::Payment(payment) => {
            let order_id = payment.order_id.parse().ok();
            let operation_id = payment.operation_id.parse().ok();
            let report = mapping::report(*payment)?;
            (order_id, operation_id, EventNews::Payment(Box::new(report)))
        }
        EventSubject::Refund(refund) => {
            let news = movement(refund.payment_id.clone(), mapping::refund(&refund)?)?;
            (parsed(refund.order_id), None, news)
        }
        // It does not say which order: that is asked, as it must be with other gateways.
        EventSubject::Dispute(dispute) => {
            (None, None, movement(dispute.payment_id.clone(), mapping::dispute(&dispute)?)?)
        }
    };
    Ok(VerifiedEvent {
        event_id: event.id,
        kind: reading::code(&event.kind),
        occurred_at: mapping::moment(event.created_at).ok_or("the event's time is out of range")?,
        order_id,
        operation_id,
        news,
    })
}

fn movement(reference: String, movement: MovementReport) -> Result<EventNews, &'static str> {
    if !reading::is_reference(&reference) {
        return Err("the payment's id is malformed");
    }
    Ok(EventNews::Movements { reference, movements: vec![movement] })
}

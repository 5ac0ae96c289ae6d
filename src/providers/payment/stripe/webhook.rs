//! Stripe's webhooks: the signature first, then only events about a payment, a refund or a dispute.

use super::mapping;
use super::wire::{Dispute, EventBody, EventHead, Labelled, PaymentIntent, Refund};
use crate::domain::payment::MovementReport;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    EventNews, HeaderLookup, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use crate::providers::payment::settings::Secret;
use crate::providers::payment::{reading, signature};

/// What an event is about. `charge.refunded` is not among them: it has the charge's total only, and
/// comes with one of the refund's own.
enum Topic {
    Payment,
    Refund,
    Dispute,
    Other,
}

fn topic(kind: &str) -> Topic {
    match kind {
        "payment_intent.amount_capturable_updated"
        | "payment_intent.canceled"
        | "payment_intent.payment_failed"
        | "payment_intent.processing"
        | "payment_intent.requires_action"
        | "payment_intent.succeeded" => Topic::Payment,
        // The last is what accounts of an older version get.
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            Topic::Refund
        }
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated"
        | "charge.dispute.closed" => Topic::Dispute,
        _ => Topic::Other,
    }
}

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
    let occurred_at = mapping::moment(head.created).ok_or("the event's time is out of range")?;
    let mut event = VerifiedEvent {
        event_id: head.id,
        kind: reading::code(&head.kind),
        occurred_at,
        order_id: None,
        operation_id: None,
        news: EventNews::Nothing,
    };
    match topic(&head.kind) {
        Topic::Payment => payment(body, &mut event)?,
        Topic::Refund => refund(body, &mut event)?,
        Topic::Dispute => dispute(body, &mut event)?,
        Topic::Other => {}
    }
    Ok(event)
}

fn payment(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    let label: EventBody<Labelled> =
        serde_json::from_slice(body).map_err(|_| "the event has no object")?;
    let metadata = label.data.object.metadata;
    event.order_id = metadata.order_id.and_then(|id| id.parse().ok());
    event.operation_id = metadata.operation_id.and_then(|id| id.parse().ok());
    let report = serde_json::from_slice::<EventBody<PaymentIntent>>(body)
        .map_err(|_| "the payment in the event can't be read")
        .and_then(|body| mapping::report(body.data.object, event.occurred_at));
    event.news = match report {
        Ok(report) => EventNews::Payment(Box::new(report)),
        // A payment that is not of this shop (another product on the same account, in a currency we
        // do not know, say) is none of our business, readable or not.
        Err(_) if event.order_id.is_none() => EventNews::Nothing,
        Err(reason) => return Err(reason),
    };
    Ok(())
}

/// A refund that was made in the dashboard has no order of ours in it: it is asked whose it is.
fn refund(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    let body: EventBody<Refund> =
        serde_json::from_slice(body).map_err(|_| "the refund in the event can't be read")?;
    let refund = body.data.object;
    let order = refund.metadata.as_ref().and_then(|metadata| metadata.order_id.as_deref());
    event.order_id = order.and_then(|id| id.parse().ok());
    let report = mapping::refund(&refund, event.occurred_at);
    event.news = movement(refund.payment_intent, &refund.currency, report)?;
    Ok(())
}

fn dispute(body: &[u8], event: &mut VerifiedEvent) -> Result<(), &'static str> {
    let body: EventBody<Dispute> =
        serde_json::from_slice(body).map_err(|_| "the dispute in the event can't be read")?;
    let dispute = body.data.object;
    let report = mapping::dispute(&dispute, event.occurred_at);
    event.news = movement(dispute.payment_intent, &dispute.currency, report)?;
    Ok(())
}

/// The news of one movement. Without a PaymentIntent, or in a currency in which we ask for nothing, it
/// is another product's on the same account.
fn movement(
    reference: Option<String>,
    currency: &str,
    report: Result<MovementReport, &'static str>,
) -> Result<EventNews, &'static str> {
    let Some(reference) = reference else { return Ok(EventNews::Nothing) };
    if mapping::currency(currency).is_err() {
        return Ok(EventNews::Nothing);
    }
    if !reading::is_reference(&reference) {
        return Err("the payment's id is malformed");
    }
    Ok(EventNews::Movements { reference, movements: vec![report?] })
}

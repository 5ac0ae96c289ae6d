//! Razorpay's webhooks: the signature first, then only events about a payment of an order.
//!
//! `X-Razorpay-Signature` is the lower-case hexadecimal HMAC-SHA256 of the raw body, by the secret of
//! the webhook. There is no time in it, so a recording played again is rightly signed for ever. It is
//! harmless: the inbox keeps an event once by its id, and what is played under another id (the id
//! stands in a header that is not signed) says only what the ledger knows already or has left behind.
//!
//! Most events carry a payment, which is one attempt to pay an order and says nothing of the others.
//! An attempt that failed, or whose money is held, is told as it is, since neither outranks money that
//! was taken. That money was taken is told by `order.paid`, which counts all of it; for
//! `payment.captured` the gateway is asked, or a second capture would look like the first.

use hmac::Hmac;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::mapping;
use super::wire::{
    DisputePayload, EventBody, EventHead, Held, Label, Labels, Notes, OrderPayload, PaymentPayload,
    PaymentStatus, RefundPayload,
};
use crate::domain::payment::MovementReport;
use crate::domain::time::Timestamp;
use crate::providers::payment::body_signature::{self, HexCase};
use crate::providers::payment::contract::{
    EventNews, HeaderLookup, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use crate::providers::payment::reading;
use crate::providers::payment::settings::RazorpaySettings;

/// Believes an event, or not.
pub(super) fn verify(
    settings: &RazorpaySettings,
    header: HeaderLookup<'_>,
    body: &[u8],
) -> Result<VerifiedEvent, WebhookRefusal> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return Err(WebhookRefusal::BadSignature);
    }
    let given = header("x-razorpay-signature").ok_or(WebhookRefusal::BadSignature)?;
    let secrets = &settings.webhook_secrets;
    if !body_signature::is_right::<Hmac<Sha256>>(&given, HexCase::Lower, &[body], secrets) {
        return Err(WebhookRefusal::BadSignature);
    }
    // An event without an id is known by its bytes: sent again, they are the same.
    let event_id = header("x-razorpay-event-id")
        .filter(|id| reading::is_reference(id))
        .unwrap_or_else(|| format!("body_{}", hex::encode(Sha256::digest(body))));
    read(event_id, body, &settings.key_id).map_err(|reason| WebhookRefusal::Malformed { reason })
}

/// The order that a body speaks of, believed or not, if it can be one of Razorpay's.
pub(super) fn doubted_reference(body: &[u8]) -> Option<String> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return None;
    }
    let labels: EventBody<Labels> = serde_json::from_slice(body).ok()?;
    reference(&labels.payload).ok().flatten()
}

/// The kinds of news that are followed. Everything else is acknowledged and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    OrderPaid,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentFailed,
    Refund,
    Dispute,
}

impl Kind {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "order.paid" => Self::OrderPaid,
            "payment.authorized" => Self::PaymentAuthorized,
            "payment.captured" => Self::PaymentCaptured,
            "payment.failed" => Self::PaymentFailed,
            "refund.created" | "refund.processed" | "refund.failed" | "refund.speed_changed" => {
                Self::Refund
            }
            "payment.dispute.created"
            | "payment.dispute.under_review"
            | "payment.dispute.action_required"
            | "payment.dispute.won"
            | "payment.dispute.lost"
            | "payment.dispute.closed" => Self::Dispute,
            _ => return None,
        })
    }
}

fn read(event_id: String, body: &[u8], key_id: &str) -> Result<VerifiedEvent, &'static str> {
    let head: EventHead = serde_json::from_slice(body).map_err(|_| "it is not an event")?;
    let mut event = VerifiedEvent {
        event_id,
        kind: reading::code(&head.event),
        occurred_at: head.created_at.0,
        order_id: None,
        operation_id: None,
        news: EventNews::Nothing,
    };
    let Some(kind) = Kind::from_name(&head.event) else { return Ok(event) };
    let labels: EventBody<Labels> =
        serde_json::from_slice(body).map_err(|_| "the event has no payload")?;
    // A payment without an order (of a payment link, say) was not started by us.
    let Some(reference) = reference(&labels.payload)? else { return Ok(event) };
    label(&mut event, kind, &labels.payload);
    event.news = match news(kind, body, key_id, &reference, event.occurred_at) {
        Ok(news) => news,
        // Payments do not always carry their order's notes, so one without them may be ours. Asking
        // finds out.
        Err(_) if event.order_id.is_none() => EventNews::AskAbout { reference },
        Err(reason) => return Err(reason),
    };
    Ok(event)
}

/// The order at Razorpay that a payload is about.
fn reference(labels: &Labels) -> Result<Option<String>, &'static str> {
    let order = labels.order.as_ref().and_then(|held| held.entity.id.as_deref());
    let payment = labels.payment.as_ref().and_then(|held| held.entity.order_id.as_deref());
    match order.or(payment) {
        Some(id) if mapping::is_order(id) => Ok(Some(id.to_owned())),
        Some(_) => Err("the order's id is malformed"),
        None if labels.payment.is_none() => Err("the event does not say of which payment it is"),
        None => Ok(None),
    }
}

/// Whose the event is, by the notes: those that only we write, or else a payment's, into which the
/// buyer's browser can write too. A wrong name there leads to an order that knows another payment and
/// refuses the report. It is not followed with refunds and disputes, and proves no operation.
fn label(event: &mut VerifiedEvent, kind: Kind, labels: &Labels) {
    let (order, refund, payment) = (
        notes(labels.order.as_ref()),
        notes(labels.refund.as_ref()),
        notes(labels.payment.as_ref()),
    );
    let payment = payment.filter(|_| !matches!(kind, Kind::Refund | Kind::Dispute));
    event.order_id = [order, refund, payment].into_iter().flatten().find_map(Notes::order_id);
    // A refund's notes name the operation that asked for the refund.
    event.operation_id = order.and_then(Notes::operation_id);
}

fn notes(held: Option<&Held<Label>>) -> Option<&Notes> {
    held.map(|held| &held.entity.notes)
}

fn news(
    kind: Kind,
    body: &[u8],
    key_id: &str,
    reference: &str,
    at: Timestamp,
) -> Result<EventNews, &'static str> {
    let ask = || EventNews::AskAbout { reference: reference.to_owned() };
    let told = |report| EventNews::Payment(Box::new(report));
    Ok(match kind {
        Kind::OrderPaid => {
            let OrderPayload { order, payment } = payload(body)?;
            mapping::paid_report(&order.entity, &payment.entity, key_id, at).map(told)?
        }
        Kind::PaymentAuthorized | Kind::PaymentFailed => {
            let PaymentPayload { payment: Held { entity: payment } } = payload(body)?;
            // Razorpay may write the payment as it is when it sends, not as it was.
            let expected = match kind {
                Kind::PaymentFailed => PaymentStatus::Failed,
                _ => PaymentStatus::Authorized,
            };
            if payment.status == expected {
                mapping::payment_report(&payment, key_id, at).map(told)?
            } else {
                ask()
            }
        }
        Kind::PaymentCaptured => ask(),
        Kind::Refund => {
            let RefundPayload { refund, payment: Held { entity: payment } } = payload(body)?;
            if refund.entity.payment_id != payment.id {
                return Err("the refund is another payment's");
            }
            // Held money that was let go is "refunded" as well, and was never taken.
            if payment.captured == Some(false) {
                ask()
            } else {
                moved(reference, mapping::refund(&refund.entity, at)?)
            }
        }
        Kind::Dispute => {
            let DisputePayload { dispute, payment } = payload(body)?;
            if dispute.entity.payment_id != payment.entity.id {
                return Err("the dispute is another payment's");
            }
            moved(reference, mapping::chargeback(&dispute.entity, at)?)
        }
    })
}

fn moved(reference: &str, movement: MovementReport) -> EventNews {
    EventNews::Movements { reference: reference.to_owned(), movements: vec![movement] }
}

fn payload<T: DeserializeOwned>(body: &[u8]) -> Result<T, &'static str> {
    serde_json::from_slice::<EventBody<T>>(body)
        .map(|event| event.payload)
        .map_err(|_| "what the event is about can't be read")
}

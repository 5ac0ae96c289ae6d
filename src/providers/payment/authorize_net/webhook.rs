//! Authorize.net's webhooks: `X-ANET-Signature: sha512=<HEX>`, the upper-case hexadecimal HMAC-SHA512 of
//! the raw body under the text of the signature key. No time is signed, so a recording can be played
//! again: the inbox knows it by its notification's id, and all that follows from one is a question.
//!
//! A notification names a transaction and neither the order nor, for a refund, the payment. So every
//! one of a transaction only tells that something happened to it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use subtle::{Choice, ConstantTimeEq};

use super::mapping;
use super::wire::{EventBody, EventHead};
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{
    EventNews, HeaderLookup, MAX_WEBHOOK_BYTES, VerifiedEvent, WebhookRefusal,
};
use crate::providers::payment::reading;
use crate::providers::payment::settings::Secret;

const MAC_BYTES: usize = 64;

/// What the events that are about payments begin with.
const OF_INTEREST: &str = "net.authorize.payment.";

/// Believes a notification, or not.
pub(super) fn verify(
    keys: &[Secret],
    header: HeaderLookup<'_>,
    body: &[u8],
) -> Result<VerifiedEvent, WebhookRefusal> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return Err(WebhookRefusal::BadSignature);
    }
    let given = header("x-anet-signature").as_deref().and_then(signature);
    let given = given.ok_or(WebhookRefusal::BadSignature)?;
    let mut right = Choice::from(0);
    for key in keys {
        let expected = mac(key, body).ok_or(WebhookRefusal::BadSignature)?;
        right |= expected.ct_eq(&given);
    }
    if !bool::from(right) {
        return Err(WebhookRefusal::BadSignature);
    }
    read(body).map_err(|reason| WebhookRefusal::Malformed { reason })
}

/// There is one way to write a signature, and Authorize.net's is upper case: lower case is not it.
fn signature(header: &str) -> Option<[u8; MAC_BYTES]> {
    let text = header.strip_prefix("sha512=")?;
    let mut bytes = [0; MAC_BYTES];
    let upper = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'));
    (upper && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

fn mac(key: &Secret, body: &[u8]) -> Option<[u8; MAC_BYTES]> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.expose().as_bytes()).ok()?;
    mac.update(body);
    Some(mac.finalize().into_bytes().into())
}

fn read(body: &[u8]) -> Result<VerifiedEvent, &'static str> {
    let head: EventHead = serde_json::from_slice(body).map_err(|_| "it is not a notification")?;
    if !reading::is_reference(&head.notification_id) {
        return Err("the notification's id is malformed");
    }
    let occurred_at =
        Timestamp::parse_rfc3339(&head.event_date).ok_or("the notification's time is malformed")?;
    let news = if head.event_type.starts_with(OF_INTEREST) {
        match transaction(body).ok_or("the notification names no transaction")? {
            About::Transaction(reference) => EventNews::AskAbout { reference },
            About::SomethingElse => EventNews::Nothing,
        }
    } else {
        EventNews::Nothing
    };
    Ok(VerifiedEvent {
        event_id: head.notification_id,
        kind: reading::code(&head.event_type),
        occurred_at,
        order_id: None,
        operation_id: None,
        news,
    })
}

enum About {
    Transaction(String),
    SomethingElse,
}

fn transaction(body: &[u8]) -> Option<About> {
    let payload = serde_json::from_slice::<EventBody>(body).ok()?.payload;
    match payload.entity_name.as_deref() {
        None | Some("transaction") => {
            mapping::is_transaction(&payload.id).then_some(About::Transaction(payload.id))
        }
        Some(_) => Some(About::SomethingElse),
    }
}

/// The transaction that a notification speaks of which is not believed.
pub(super) fn doubted_reference(body: &[u8]) -> Option<String> {
    if body.len() > MAX_WEBHOOK_BYTES {
        return None;
    }
    match transaction(body)? {
        About::Transaction(reference) => Some(reference),
        About::SomethingElse => None,
    }
}

//! Webhooks as they are sent: signed by each gateway's scheme, or forged.

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Event, razorpay, sandbox, stripe};

/// A webhook on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it goes at the shop.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

const fn secret(which: Gateway) -> &'static str {
    match which {
        Gateway::Stripe => stripe::WEBHOOK_SECRET,
        Gateway::Razorpay => razorpay::WEBHOOK_SECRET,
        _ => sandbox::WEBHOOK_SECRET,
    }
}

const fn header_name(which: Gateway) -> &'static str {
    match which {
        Gateway::Stripe => "stripe-signature",
        Gateway::Razorpay => "x-razorpay-signature",
        _ => "sandbox-signature",
    }
}

/// HMAC-SHA256 in lower-case hexadecimal.
pub fn mac(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    parts.iter().for_each(|part| mac.update(part));
    hex::encode(mac.finalize().into_bytes())
}

fn signature(which: Gateway, secret: &str, body: &[u8], at: Timestamp) -> String {
    if which == Gateway::Razorpay {
        return mac(secret, &[body]);
    }
    let seconds = at.seconds().to_string();
    format!("t={seconds},v1={}", mac(secret, &[seconds.as_bytes(), b".", body]))
}

fn signed_with(event: &Event, signature: Option<String>) -> Delivery {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if event.gateway == Gateway::Razorpay {
        headers.push(("x-razorpay-event-id".to_owned(), event.id.clone()));
    }
    let name = header_name(event.gateway).to_owned();
    headers.extend(signature.map(|signature| (name, signature)));
    let path = format!("/webhooks/{}", event.gateway.name());
    Delivery { path, headers, body: event.body.clone() }
}

/// An event as the gateway sends it at this moment of its own clock.
pub fn delivery(event: &Event, at: Timestamp) -> Delivery {
    let right = signature(event.gateway, secret(event.gateway), &event.body, at);
    signed_with(event, Some(right))
}

/// Ways to forge.
const WAYS: u64 = 7;

/// An event that must not be believed.
pub fn forged(event: &Event, at: Timestamp, how: u64) -> Delivery {
    let which = event.gateway;
    let right = |at| signature(which, secret(which), &event.body, at);
    let other = |secret| signature(which, secret, &event.body, at);
    // Razorpay signs no time, so that a recording is rightly signed for ever: there it is cut short.
    let timed = |at| if which == Gateway::Razorpay { right(at).split_off(2) } else { right(at) };
    let mut sent = match how % WAYS {
        0 => signed_with(event, Some(other("whsec_somebody_else"))),
        1 => signed_with(event, None),
        2 => signed_with(event, Some(timed(at.plus_seconds(-3_600)))),
        3 => signed_with(event, Some(timed(at.plus_seconds(3_600)))),
        4 => signed_with(event, Some(right(at).replace("v1=", "v0=").to_uppercase())),
        5 => signed_with(event, Some(String::new())),
        _ => delivery(event, at),
    };
    if how % WAYS == WAYS - 1 {
        alter(&mut sent.body, how / WAYS);
    }
    sent
}

/// Changes one digit or letter of a body, which one depends on `how`.
fn alter(body: &mut [u8], how: u64) {
    let places: Vec<usize> = (0..body.len()).filter(|at| body[*at].is_ascii_digit()).collect();
    let chosen = usize::try_from(how).unwrap_or(0).checked_rem(places.len()).unwrap_or(0);
    let place = places.get(chosen).copied().unwrap_or(0);
    body[place] = if body[place] == b'9' { b'0' } else { body[place] + 1 };
}

//! What reads bytes from outside, and what must hold of every answer, whatever the bytes. That nothing panics is
//! seen by whoever plays them: `tests/fuzz.rs` with changes at random, `fuzz/guided.rs` guided by coverage.

mod documents;
mod files;
mod gateways;
mod http;
mod inside;
mod json;
mod webhooks;

/// A reader, and the folder of `fuzz/corpus` with what it is begun from.
pub struct Target {
    pub name: &'static str,
    pub play: fn(&[u8]),
}

const fn target(name: &'static str, play: fn(&[u8])) -> Target {
    Target { name, play }
}

pub const TARGETS: [Target; 26] = [
    target("addresses", http::addresses),
    target("card_data", http::cards),
    target("catalogue", documents::catalogue),
    target("certificates", webhooks::certificates),
    target("headers", http::headers),
    target("identifiers", inside::identifiers),
    target("imports", files::imports),
    target("merchants_requests", documents::merchants_requests),
    target("order_tokens", http::order_tokens),
    target("paths", http::paths),
    target("positions", documents::positions),
    target("queries", http::queries),
    target("replies_authorize_net", gateways::authorize_net),
    target("replies_paypal", gateways::paypal),
    target("replies_razorpay", gateways::razorpay),
    target("replies_sandbox", gateways::sandbox),
    target("replies_stripe", gateways::stripe),
    target("requests", documents::requests),
    target("returns", webhooks::returns),
    target("settings", inside::settings),
    target("spoken", inside::spoken),
    target("webhooks_authorize_net", webhooks::authorize_net),
    target("webhooks_paypal", webhooks::paypal),
    target("webhooks_razorpay", webhooks::razorpay),
    target("webhooks_sandbox", webhooks::sandbox),
    target("webhooks_stripe", webhooks::stripe),
];

/// The first line, and what follows it.
fn first_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(line).ok()?, &rest[1..]))
}

/// Lines of `name: value` up to an empty one, and what follows it. What is no such line is passed over.
fn head_and_body(bytes: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let (mut headers, mut rest) = (Vec::new(), bytes);
    while let Some((line, after)) = first_line(rest) {
        rest = after;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name.to_owned(), value.to_owned()));
        }
    }
    (headers, rest)
}

fn found(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

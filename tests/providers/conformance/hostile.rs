//! What the suite plays by itself: replies that are none to every call that a vendor's good scenarios
//! make, and webhooks that are forged or come twice.

use cartwright::domain::payment::CallFailure;
use cartwright::providers::payment::contract::{HttpReply, MAX_REPLY_BYTES, WebhookRefusal};

use super::expect::is_unknown;
use super::run::verify;
use super::{Given, Incoming, Op, Outcome, Run, Scenario, Step, Vendor};
use crate::support::{reply, with_gateway};

const HTML: &str = "<!doctype html><title>502 Bad Gateway</title><center>nginx</center>";

/// The scenarios whose last call is spoilt: together they make every call.
const GOOD: &[Scenario] = &[
    Scenario::Success,
    Scenario::AuthorizeOnly,
    Scenario::PendingThenSuccess,
    Scenario::TimeoutAfterSuccess,
    Scenario::TimeoutAfterSuccessLate,
    Scenario::StartNeverArrived,
    Scenario::CaptureFull,
    Scenario::CapturePart,
    Scenario::CaptureAgain,
    Scenario::Void,
    Scenario::RefundFull,
    Scenario::RefundAgain,
    Scenario::RefundReplyLost,
    Scenario::RefundReplyLostLate,
    Scenario::RefundNeverArrived,
    Scenario::Whose,
    Scenario::BooksFirstPage,
    Scenario::BooksNextPage,
];

/// Every good scenario that ends in a call: what comes before, the call, its good reply.
pub fn good_calls(vendor: &Vendor) -> Vec<(Scenario, Vec<Step>, Op, HttpReply)> {
    let mut calls = Vec::new();
    for &scenario in GOOD {
        let Given::Steps(mut steps) = (vendor.given)(scenario) else { continue };
        if let Some(Step::Call(op, good)) = steps.pop() {
            calls.push((scenario, steps, op, good));
        }
    }
    calls
}

/// The replies that say nothing certain, made from a good one.
fn spoilt(scenario: Scenario, good: &HttpReply) -> Vec<(String, HttpReply)> {
    let body = good.body.as_slice();
    let page = |status: u16| (format!("HTML with {status}"), reply(status, HTML));
    let bare = |status: u16| (format!("a bare {status}"), reply(status, ""));
    let full = |status: u16| (format!("a good body with {status}"), reply(status, body));
    match scenario {
        Scenario::TruncatedReply => {
            let text = body.trim_ascii_end();
            // At most a few hundred lengths, the last bytes among them.
            let step = (text.len() / 97).max(1);
            let lengths = (1..text.len()).step_by(step).chain([text.len().saturating_sub(1)]);
            let cut =
                lengths.map(|length| (format!("cut at {length}"), reply(200, &text[..length])));
            cut.collect()
        }
        Scenario::HtmlWith200 => [200, 201, 400, 403, 404, 422].map(page).into(),
        Scenario::HtmlWith500 => [500, 502, 503, 504, 520].map(page).into(),
        Scenario::TooManyRequests => {
            let text = br#"{"error":{"type":"invalid_request_error","code":"rate_limit","message":"slow down"}}"#;
            [&text[..], body, b""]
                .into_iter()
                .map(|body| {
                    let mut limited = reply(429, body);
                    limited.headers.push(("Retry-After".to_owned(), "30".to_owned()));
                    ("429".to_owned(), limited)
                })
                .collect()
        }
        Scenario::ServerError => [500, 502, 503, 504]
            .into_iter()
            .flat_map(|status| [bare(status), full(status)])
            .collect(),
        _ => {
            let text = String::from_utf8_lossy(body).into_owned();
            let padded = format!("{text}{}", " ".repeat(MAX_REPLY_BYTES + 1 - text.len()));
            let bodies: [(&str, Vec<u8>); 9] = [
                ("null", b"null".to_vec()),
                ("a number", b"7".to_vec()),
                ("trailing text", format!("{text} {{}}").into_bytes()),
                ("invalid UTF-8", b"{\"id\":\"\xff\"}".to_vec()),
                ("deeply nested lists", "[".repeat(50_000).into_bytes()),
                ("deeply nested objects", "{\"a\":".repeat(50_000).into_bytes()),
                ("a byte over the limit", padded.into_bytes()),
                ("10 MB", vec![b'x'; 10 * 1024 * 1024]),
                ("nothing", Vec::new()),
            ];
            let statuses = [0, 100, 302, 307, 408, 409, 425, 999].map(full);
            let named = bodies.map(|(name, body)| (name.to_owned(), reply(200, body)));
            statuses.into_iter().chain(named).collect()
        }
    }
}

/// Nothing certain follows from any of them, whatever was asked.
pub fn replies(vendor: &Vendor, scenario: Scenario) -> Result<(), String> {
    let calls = good_calls(vendor);
    assert!(calls.len() >= 4, "{}: hardly a good call", vendor.gateway.name());
    for (base, before, op, good) in calls {
        for (name, bad) in spoilt(scenario, &good) {
            let mut steps = before.clone();
            steps.push(Step::Call(op, bad));
            let run = Run::of(vendor, base, &steps);
            if !is_unknown(run.last()) {
                return Err(format!("{base:?} {op:?}, {name}: {:?}", run.last()));
            }
        }
    }
    Ok(())
}

/// A revoked key: the reply that refuses a first start proves nothing about an earlier one.
pub fn key_revoked(vendor: &Vendor, reply: &HttpReply) -> Result<(), String> {
    let completes = with_gateway(vendor.gateway, |gateway| gateway.completing().is_some());
    let asked = [Op::Recover, Op::RecoverLate, Op::Retrieve, Op::Find, Op::Whose];
    for op in asked.into_iter().chain(completes.then_some(Op::Complete)) {
        let run = Run::of(vendor, Scenario::Success, &[Step::Call(op, reply.clone())]);
        if !is_unknown(run.last()) {
            return Err(format!("{op:?}: {:?}", run.last()));
        }
    }
    for (base, before, op, _) in good_calls(vendor) {
        let mut steps = before;
        steps.push(Step::Call(op, reply.clone()));
        let run = Run::of(vendor, base, &steps);
        let first = matches!(op, Op::Start | Op::Refund | Op::RefundPart | Op::RefundRest);
        let refused = matches!(run.last().failure(), Some(CallFailure::Refused { .. }));
        if !(is_unknown(run.last()) || (first && refused)) {
            return Err(format!("{base:?} {op:?}: {:?}", run.last()));
        }
    }
    Ok(())
}

/// The first webhook of the good one.
pub fn good_event(vendor: &Vendor) -> Result<Incoming, &'static str> {
    match (vendor.given)(Scenario::WebhookGood) {
        Given::Declared(reason) => Err(reason),
        Given::Steps(steps) => match steps.into_iter().next() {
            Some(Step::Event(incoming)) => Ok(incoming),
            _ => panic!("WebhookGood begins with an event"),
        },
    }
}

/// The same webhook twice is the same event, and changes nothing the second time.
pub fn twice(vendor: &Vendor) -> Result<(), String> {
    let Given::Steps(mut steps) = (vendor.given)(Scenario::WebhookGood) else { return Ok(()) };
    let once = Run::of(vendor, Scenario::WebhookGood, &steps);
    steps.extend(steps.clone());
    let run = Run::of(vendor, Scenario::WebhookGood, &steps);
    let ids: Vec<_> = run
        .outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Event(Ok(event)) => Some(event.event_id.clone()),
            _ => None,
        })
        .collect();
    let same = ids.len() == 2 && ids[0] == ids[1];
    if same && run.state() == once.state() { Ok(()) } else { Err(format!("{:?}", run.outcomes)) }
}

/// One change to the signature or the body, and it is not believed.
pub fn forged(vendor: &Vendor) -> Result<(), String> {
    let Ok(good) = good_event(vendor) else { return Ok(()) };
    verify(vendor, &good).map_err(|refusal| format!("the good one: {refusal}"))?;
    let mut forgeries = Vec::new();
    for at in (0..good.body.len()).step_by(good.body.len() / 64 + 1) {
        let mut forgery = good.clone();
        forgery.body[at] ^= 1;
        forgeries.push(forgery);
    }
    let mut longer = good.clone();
    longer.body.push(b' ');
    let mut shorter = good.clone();
    shorter.body.pop();
    let mut unsigned = good.clone();
    unsigned.headers.retain(|(name, _)| name != vendor.signature_header);
    let mut empty = good.clone();
    empty.headers.iter_mut().for_each(|(_, value)| value.clear());
    forgeries.extend([longer, shorter, unsigned, empty]);
    let signature = |incoming: &Incoming| {
        incoming.headers.iter().position(|(name, _)| name == vendor.signature_header).unwrap()
    };
    let at = signature(&good);
    let value = good.headers[at].1.clone();
    for place in value.len() / 2..value.len().saturating_sub(4) {
        let mut forgery = good.clone();
        let other = if value.as_bytes()[place] == b'0' { "1" } else { "0" };
        forgery.headers[at].1.replace_range(place..=place, other);
        forgeries.push(forgery);
    }
    for forgery in forgeries {
        match verify(vendor, &forgery) {
            Err(WebhookRefusal::BadSignature | WebhookRefusal::Unverifiable) => {}
            other => return Err(format!("{other:?} for {:?}", forgery.headers)),
        }
    }
    Ok(())
}

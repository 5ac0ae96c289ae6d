//! What every gateway's requests and answers share: the request taken apart, idempotency keys, and
//! answers that lie.

use cartwright::domain::time::Timestamp;
use cartwright::providers::payment::contract::{HttpReply, HttpRequest, Method};
use serde_json::Value;
use url::Url;

use super::Lie;
use super::books::KeptAnswer;
use super::desk::Desk;

/// A request taken apart.
pub struct Asked {
    pub is_post: bool,
    /// The segments of the path.
    pub path: Vec<String>,
    pub body: Vec<u8>,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Asked {
    pub fn of(request: &HttpRequest) -> Self {
        let url = Url::parse(&request.url).expect("a request with an absolute URL");
        Self {
            is_post: request.method == Method::Post,
            path: url.path().split('/').skip(1).map(str::to_owned).collect(),
            query: url.query_pairs().into_owned().collect(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn query(&self, name: &str) -> Option<String> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    /// What a key is held to: the route and the body, byte for byte.
    pub fn fingerprint(&self) -> String {
        format!("{}\n{}", self.path.join("/"), String::from_utf8_lossy(&self.body))
    }
}

pub fn json_reply(status: u16, body: &Value) -> HttpReply {
    HttpReply {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string().into_bytes(),
    }
}

/// For how long a gateway keeps what it answered under a key, and whether refusals are kept too.
#[derive(Clone, Copy)]
pub struct Keep {
    /// `None`: for ever.
    pub lifetime_milliseconds: Option<i64>,
    pub errors: bool,
}

/// Carries a request out once under its key, and answers it the same way every time.
pub fn once(
    desk: &mut Desk,
    key: &str,
    fingerprint: &str,
    keep: Keep,
    at: Timestamp,
    conflict: impl FnOnce() -> HttpReply,
    work: impl FnOnce(&mut Desk) -> HttpReply,
) -> HttpReply {
    let known = desk.books.keys.get(key).filter(|known| {
        let age = at.milliseconds_since(known.at);
        keep.lifetime_milliseconds.is_none_or(|lifetime| age < lifetime)
    });
    if let Some(known) = known {
        if known.fingerprint != fingerprint {
            desk.books.key_conflicts += 1;
            return conflict();
        }
        let (status, body) = (known.status, known.body.clone());
        desk.books.replays += 1;
        let json = ("content-type".to_owned(), "application/json".to_owned());
        let replayed = ("idempotent-replayed".to_owned(), "true".to_owned());
        return HttpReply { status, headers: vec![json, replayed], body };
    }
    let reply = work(desk);
    if reply.status < 300 || keep.errors {
        let fingerprint = fingerprint.to_owned();
        let kept = KeptAnswer { fingerprint, status: reply.status, body: reply.body.clone(), at };
        desk.books.keys.insert(key.to_owned(), kept);
    }
    reply
}

/// Counts a request to start a payment.
pub fn count_start(desk: &mut Desk, operation: Option<&str>) {
    let operation = operation.unwrap_or_default().to_owned();
    *desk.books.authorize_requests.entry(operation).or_default() += 1;
}

/// The answer with a lie in it. What was done, and what is kept, stay true.
pub fn spoiled(reply: HttpReply, lie: Lie, trouble: HttpReply) -> HttpReply {
    match lie {
        Lie::ServerErrorAfterEffect | Lie::ServerErrorBeforeEffect | Lie::ServerErrorKept => {
            trouble
        }
        Lie::RateLimited => HttpReply { status: 429, ..trouble },
        Lie::Malformed => {
            let mut body = reply.body;
            body.truncate(body.len() * 2 / 3);
            HttpReply { body, ..reply }
        }
        Lie::Amount | Lie::Currency => {
            let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
            bend(&mut value, lie);
            HttpReply { body: value.to_string().into_bytes(), ..reply }
        }
    }
}

/// Changes every amount, or every currency, wherever it stands.
fn bend(value: &mut Value, lie: Lie) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| bend(item, lie)),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                match (name.as_str(), lie) {
                    ("amount", Lie::Amount) if field.is_i64() => {
                        *field = Value::from(field.as_i64().unwrap() + 1);
                    }
                    ("currency", Lie::Currency) => *field = Value::from(another(field)),
                    _ => bend(field, lie),
                }
            }
        }
        _ => {}
    }
}

fn another(currency: &Value) -> &'static str {
    match currency.as_str() {
        Some("CHF") => "SEK",
        Some("chf") => "sek",
        Some(text) if text.starts_with(|c: char| c.is_ascii_lowercase()) => "chf",
        _ => "CHF",
    }
}

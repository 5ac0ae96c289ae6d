//! What stands around a body: the path, the query, the headers, and the addresses and card numbers that may be
//! anywhere.

use std::future::{Future, ready};
use std::pin::Pin;
use std::str;
use std::sync::OnceLock;

use cartwright::api::body::{self, MAX_BODY_BYTES};
use cartwright::api::error::{ApiError, ErrorCode};
use cartwright::api::idempotency::Submission;
use cartwright::api::query::{Query, cursor_after};
use cartwright::api::reply::Reply;
use cartwright::api::routing::{self, Match};
use cartwright::api::webhooks::doubted;
use cartwright::api::{
    alerts, attention, auth, browser, card_data, imports, inventory, invoices, limits, order_token,
    orders, reconciliations, routes, stock_documents,
};
use cartwright::domain::id::{OrderId, ShardNumber};
use cartwright::domain::time::Timestamp;
use cartwright::domain::web_address::check_public;
use cartwright::providers::payment::settings::{BaseUrl, Environment};
use cartwright::runtime::serve::{BodyFailure, BodyResult, Incoming};
use cartwright::runtime::settings::Settings;
use futures_util::FutureExt;
use url::{Host, Url};
use uuid::Uuid;

use super::json::Json;
use super::{first_line, found, head_and_body};

/// A request that never saw a network.
struct Sent<'a> {
    head: Vec<(String, String)>,
    body: &'a [u8],
}

impl Incoming for Sent<'_> {
    fn method(&self) -> &str {
        "POST"
    }

    fn path(&self) -> &str {
        "/"
    }

    fn query(&self) -> &str {
        ""
    }

    fn header(&self, name: &str) -> Option<String> {
        found(&self.head, name)
    }

    fn body(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = BodyResult> + '_>> {
        let fits = self.body.len() <= limit;
        Box::pin(ready(if fits { Ok(self.body.to_vec()) } else { Err(BodyFailure::TooLarge) }))
    }
}

const ORIGIN: &str = "https://shop.example";

fn production() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    let variable = |name: &str| match name {
        "ORDER_TOKEN_SECRET" => Some("s".repeat(32)),
        "ALLOWED_ORIGINS" => Some(ORIGIN.to_owned()),
        _ => None,
    };
    SETTINGS.get_or_init(|| Settings::from_variables(variable).unwrap())
}

/// Headers and a body: the credential, the idempotency key, and what kind of body it is.
pub fn headers(bytes: &[u8]) {
    const SMALL: usize = 200;
    let (head, body) = head_and_body(bytes);
    let mut sent = Sent { head, body };
    match auth::bearer(&sent) {
        Ok(Some(credential)) => {
            assert!((1..=256).contains(&credential.len()), "{credential}");
            assert!(credential.bytes().all(|byte| byte.is_ascii_graphic()), "{credential}");
            assert!(
                sent.header("authorization").unwrap().ends_with(credential.as_str()) || {
                    // White space behind it is no part of it.
                    sent.header("authorization").unwrap().trim_end().ends_with(credential.as_str())
                }
            );
        }
        Ok(None) => assert!(sent.header("authorization").is_none()),
        Err(error) => assert_eq!(error.code, ErrorCode::CredentialsInvalid),
    }
    let submission = Submission::read(&sent, "key_1", body);
    if let Ok(submission) = &submission {
        let key = sent.header("idempotency-key").unwrap();
        assert_eq!(*submission, Submission::new("key_1", &key, body));
        assert_ne!(submission.key, Submission::new("key_2", &key, body).key);
        assert!(submission.key.len() == 64 && submission.fingerprint.len() == 64);
        assert!(u16::from(submission.shard(16).0) < 16);
    }
    let declared = sent.header("content-type").unwrap_or_default();
    for limit in [SMALL, MAX_BODY_BYTES] {
        let read = body::read_json(&mut sent, limit).now_or_never().unwrap();
        match read {
            Ok(read) => {
                assert!(read == body && body.len() <= limit);
                assert!(declared.trim().to_ascii_lowercase().starts_with("application/json"));
                let text = str::from_utf8(body);
                assert!(
                    text.is_ok_and(|text| card_data::in_document(text).is_none()) || text.is_err()
                );
            }
            Err(error) => assert!((400..500).contains(&error.code.status()), "{error:?}"),
        }
    }
    // An origin is let in by its name and no other, and whoever asks is counted under a short name.
    let mut reply = Reply::empty(204);
    browser::share(&mut reply, production(), sent.header("origin").as_deref());
    let allowed = reply.headers.iter().find(|(name, _)| *name == "access-control-allow-origin");
    assert!(allowed.is_none_or(|(_, origin)| origin == ORIGIN), "{allowed:?}");
    let bucket = limits::bucket(&sent.header("cf-connecting-ip").unwrap_or_default());
    let legal = |sign: char| sign.is_ascii_hexdigit() || ":./".contains(sign);
    assert!(bucket == "unreadable" || bucket.len() <= 43 && bucket.chars().all(legal), "{bucket}");
    let named = doubted::order_in(body).map(|id| id.to_string());
    assert!(named.is_none_or(|id| body.windows(id.len()).any(|part| part == id.as_bytes())));
}

/// A method and a path: parameters hold no way out of their place, and written again lead to the same route.
pub fn paths(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (method, path) = text.split_once(' ').unwrap_or(("GET", text));
    let table = routes::table();
    let Match::Route(route, parameters) = routing::find(&table, method, path) else { return };
    assert!(route.method == method || (method == "HEAD" && route.method == "GET"));
    let mut again = route.template.clone();
    for (name, value) in &parameters {
        assert!(!value.is_empty() && value.len() <= 128, "{value:?}");
        assert!(!value.contains(['/', '\\']) && !value.contains(char::is_control), "{value:?}");
        let written: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        again = again.replacen(&["{", name, "}"].concat(), &written, 1);
    }
    // Written with every byte as an escape, it may be longer than a parameter can be.
    if parameters.iter().all(|(_, value)| value.len() * 3 <= 128)
        && let Match::Route(same, values) = routing::find(&table, method, &again)
    {
        assert!(same.template != route.template || values == parameters, "{again}");
    }
}

/// No text opens an order but its own token.
pub fn order_tokens(bytes: &[u8]) {
    const SECRET: &str = "a secret of thirty-two characters";
    let Ok(text) = str::from_utf8(bytes) else { return };
    let id = OrderId::new(ShardNumber(1), Uuid::from_u128(1));
    let own = order_token::issue(SECRET, id);
    assert_eq!(
        order_token::is_of(text, SECRET, id),
        text.eq_ignore_ascii_case(&own) && text.starts_with("ot_")
    );
}

/// Every parameter of every list.
const PARAMETERS: [&str; 24] = [
    "cursor",
    "limit",
    "status",
    "search",
    "sku",
    "from",
    "to",
    "fresh",
    "kind",
    "code",
    "open",
    "since",
    "location",
    "slice",
    "order",
    "payment_status",
    "email",
    "needs_attention",
    "channel",
    "created_from",
    "gateway",
    "supplier",
    "q",
    "at",
];

fn is_clear<T>(answer: &Result<T, ApiError>) {
    if let Err(error) = answer {
        assert_eq!(error.code, ErrorCode::InvalidRequest, "{error:?}");
        assert!(error.errors.iter().all(|field| field.pointer.starts_with('?')), "{error:?}");
        assert!(format!("{error:?}").len() <= 16 * 1024);
    }
}

/// A query string, to the lists that read one: pages are bounded, and a cursor leads to one place.
pub fn queries(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let query = Query::parse(text, &PARAMETERS);
    is_clear(&query);
    let Ok(query) = query else { return };
    if let Ok(limit) = query.limit() {
        assert!((1..=100).contains(&limit), "a page of {limit}");
    }
    let cursor = query.cursor().ok().flatten();
    if let Some(cursor) = &cursor {
        assert_eq!(
            query.one("cursor").ok().flatten().map(str::to_lowercase),
            Some(cursor_after(cursor))
        );
        if let Some((at, id)) = stock_documents::list::position(cursor) {
            assert!(cursor.ends_with(&id) && at.rfc3339().len() <= 24);
        }
        if let Some((at, id)) = reconciliations::list::position(cursor) {
            assert!(cursor.ends_with(&id) && at.rfc3339().len() <= 24);
        }
        if let Some((line, number)) = imports::errors::position(cursor) {
            assert_eq!(
                imports::errors::position(&format!("{line}.{number}")),
                Some((line, number))
            );
        }
    }
    is_clear(&query.flag("fresh"));
    is_clear(&query.read("from", "a moment", Timestamp::parse_rfc3339));
    is_clear(&attention::list::read_filter(&query));
    let alerts = alerts::list::read_filter(&query);
    is_clear(&alerts);
    let orders = orders::list::read_filter(&query);
    is_clear(&orders);
    assert!(orders.is_err() || query.one("email").is_ok());
    let invoices = invoices::list::read_filter(&query);
    is_clear(&invoices);
    if let Ok(after) = invoices.map(|filter| filter.after)
        && let (Some(after), Some(cursor)) = (after, &cursor)
    {
        assert!(cursor.ends_with(&after.number), "{cursor}");
    }
    is_clear(&inventory::movements::read(&query));
}

const INWARD: [&str; 6] = ["localhost", "local", "internal", "localdomain", "lan", "intranet"];

/// An address that is public leads to no address of a network, and not past its host; the root of an API that is
/// accepted is public too, and what is joined to it stays below it.
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let url = Url::parse(text);
    let public = url.as_ref().is_ok_and(|url| check_public(url).is_ok());
    let root = BaseUrl::parse(text, Environment::Production);
    assert!(root.is_err() || public, "{text}");
    // What production takes, development takes.
    assert!(root.is_err() || BaseUrl::parse(text, Environment::Development).is_ok());
    if let (Ok(root), Ok(url)) = (root, &url) {
        let joined = root.join(&["v1", "../..", "a/b?c#d"]);
        assert_eq!(joined.host_str(), url.host_str());
        let above = url.path().strip_suffix('/').unwrap_or(url.path());
        let below = joined.path().strip_prefix(above);
        assert!(below.is_some_and(|rest| rest.starts_with("/v1/")), "{joined}");
        assert!(joined.query().is_none() && joined.fragment().is_none(), "{joined}");
    }
    let Some(url) = url.ok().filter(|_| public) else { return };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    assert!(url.scheme() == "https" && is_bare, "{url}");
    let Some(Host::Domain(name)) = url.host() else { panic!("{url} names a host in numbers") };
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels: Vec<&str> = name.split('.').collect();
    let is_whole = labels.len() > 1 && labels.iter().all(|label| !label.is_empty());
    assert!(is_whole && !INWARD.contains(labels.last().unwrap()), "{url}");
}

/// Card numbers are looked for in any bytes; a document without digits has none, and where one is said to be there
/// is something.
pub fn cards(bytes: &[u8]) {
    let digits = String::from_utf8_lossy(bytes).chars().filter(|sign| sign.is_numeric()).count();
    let has_digits = digits >= 12;
    let line = card_data::line_of_a_card(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let found = card_data::in_document(text);
        // Documents may write digits as escapes, which have digits themselves.
        assert!(has_digits || found.is_none(), "{text}");
        assert!(has_digits || !card_data::in_text(text), "{text}");
        if let (Some(pointer), Some(json)) = (found, Json::of(text)) {
            assert!(json.has_or_lacks(&pointer), "{pointer}");
        }
    }
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    assert!(line.is_none_or(|line| (1..=lines).contains(&line)));
    if let Err(error) = card_data::refuse_in_document(bytes) {
        assert_eq!(error.code, ErrorCode::CardDataRefused);
    }
    assert!(first_line(bytes).is_none() || lines >= 2);
}

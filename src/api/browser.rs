//! What browsers need to be told: who may call from where, and what not to do with an answer.

use super::access::Access;
use super::reply::Reply;
use crate::runtime::serve::Incoming;
use crate::runtime::settings::Settings;

const REQUEST_HEADERS: &str = "authorization, content-type, idempotency-key";
const ANSWER_HEADERS: &str =
    "x-request-id, idempotent-replayed, idempotency-stored, location, retry-after";
const ONE_DAY_SECONDS: &str = "86400";
const TWO_YEARS: &str = "max-age=63072000; includeSubDomains";
/// Answers of the API are data: nothing in them may be run, framed or fetched from.
const DATA_ONLY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds the headers that every answer has. What an answer says by itself stays.
pub fn protect(reply: &mut Reply, settings: Option<&Settings>) {
    let mut add = |name: &'static str, value: &'static str| {
        if !reply.headers.iter().any(|(known, _)| *known == name) {
            reply.headers.push((name, value.into()));
        }
    };
    add("x-content-type-options", "nosniff");
    add("referrer-policy", "no-referrer");
    add("cache-control", "no-store");
    add("content-security-policy", DATA_ONLY);
    if settings.is_some_and(|settings| !settings.development) {
        add("strict-transport-security", TWO_YEARS);
    }
}

/// Lets the origin read the answer, if the store lists it.
pub fn share(reply: &mut Reply, settings: &Settings, origin: Option<&str>) {
    let Some(allowed) = origin.and_then(|origin| allow(settings, origin)) else {
        return;
    };
    if allowed != "*" {
        reply.headers.push(("vary", "origin".into()));
    }
    reply.headers.push(("access-control-allow-origin", allowed.into()));
    reply.headers.push(("access-control-expose-headers", ANSWER_HEADERS.into()));
}

/// The answer to a browser that asks what it may send. `methods` are those of the address.
#[must_use]
pub fn preflight(incoming: &dyn Incoming, settings: &Settings, methods: &[&str]) -> Reply {
    let methods = methods.join(", ");
    let mut reply = Reply::empty(204).with_header("allow", format!("{methods}, OPTIONS"));
    let origin = incoming.header("origin");
    let asks = incoming.header("access-control-request-method").is_some();
    let allowed = origin.is_some_and(|origin| allow(settings, &origin).is_some());
    if asks && allowed {
        reply = reply
            .with_header("access-control-allow-methods", methods)
            .with_header("access-control-allow-headers", REQUEST_HEADERS)
            .with_header("access-control-max-age", ONE_DAY_SECONDS);
    }
    reply
}

/// Whether browsers call a route at all: a gateway's webhook is not for them.
#[must_use]
pub const fn is_for_browsers(access: Access) -> bool {
    !matches!(access, Access::Signature)
}

fn allow(settings: &Settings, origin: &str) -> Option<String> {
    let listed = |wanted: &str| settings.allowed_origins.iter().any(|known| known == wanted);
    if listed("*") { Some("*".to_owned()) } else { listed(origin).then(|| origin.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ask::stand_in::Sent;

    fn settings(origins: &str, environment: &str) -> Settings {
        Settings::from_variables(|name| match name {
            "ENVIRONMENT" => Some(environment.to_owned()),
            "ORDER_TOKEN_SECRET" => Some("s".repeat(32)),
            "ALLOWED_ORIGINS" => Some(origins.to_owned()),
            _ => None,
        })
        .unwrap()
    }

    fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    #[test]
    fn a_listed_origin_may_read_and_another_may_not() {
        let settings = settings("https://shop.example, https://app.example", "production");
        for (origin, allowed) in [
            (Some("https://shop.example"), Some("https://shop.example")),
            (Some("https://evil.example"), None),
            (Some("https://shop.example.evil.example"), None),
            (Some("null"), None),
            (None, None),
        ] {
            let mut reply = Reply::empty(200);
            share(&mut reply, &settings, origin);
            assert_eq!(header(&reply, "access-control-allow-origin"), allowed, "{origin:?}");
            assert_eq!(header(&reply, "vary").is_some(), allowed.is_some());
        }
    }

    #[test]
    fn a_preflight_is_answered_for_listed_origins() {
        let settings = settings("*", "production");
        let asks = Sent::default()
            .with_header("origin", "https://shop.example")
            .with_header("access-control-request-method", "POST");
        let reply = preflight(&asks, &settings, &["POST"]);
        assert_eq!((reply.status, header(&reply, "allow")), (204, Some("POST, OPTIONS")));
        assert_eq!(header(&reply, "access-control-allow-methods"), Some("POST"));
        let none = self::settings("", "production");
        let reply = preflight(&asks, &none, &["POST"]);
        assert_eq!(header(&reply, "access-control-allow-methods"), None);
    }

    #[test]
    fn every_answer_is_protected_and_keeps_what_it_says_itself() {
        let production = settings("", "production");
        let mut reply = Reply::empty(200).with_header("cache-control", "public, max-age=300");
        protect(&mut reply, Some(&production));
        assert_eq!(header(&reply, "cache-control"), Some("public, max-age=300"));
        assert_eq!(header(&reply, "x-content-type-options"), Some("nosniff"));
        assert!(header(&reply, "strict-transport-security").is_some());
        let mut reply = Reply::empty(200);
        protect(&mut reply, Some(&settings("", "development")));
        assert_eq!(header(&reply, "strict-transport-security"), None);
        assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    }
}

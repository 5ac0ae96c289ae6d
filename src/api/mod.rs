//! Our HTTP: from a request to an answer.
//!
//! [`routes`] is the whole table. A request finds its route, its caller is recognised and admitted
//! ([`access`]), counted ([`limits`]), and its handler does the rest. Handlers are `<noun>/<verb>.rs`;
//! each is documented where it stands, and `schema/api/openapi.json` is written from that.

pub mod access;
pub mod alerts;
pub mod api_keys;
pub mod ask;
pub mod attention;
pub mod auth;
pub mod body;
pub mod browser;
pub mod card_data;
pub mod channel_orders;
pub mod channel_terms;
pub mod channels;
pub mod checkouts;
pub mod counts;
pub mod drop_mode;
pub mod error;
pub mod exports;
pub mod idempotency;
pub mod imports;
pub mod inventory;
pub mod invoices;
pub mod json_position;
pub mod limits;
pub mod locations;
pub mod movements;
pub mod openapi;
pub mod order_token;
pub mod orders;
pub mod payment_methods;
pub mod products;
pub mod purchase_orders;
pub mod query;
pub mod reconciliations;
pub mod reference;
pub mod remembered;
pub mod reorder_proposals;
pub mod reply;
pub mod returns;
pub mod routes;
pub mod routing;
pub mod stock;
pub mod stock_documents;
pub mod store;
pub mod suppliers;
pub mod transfers;
pub mod webhooks;

use serde_json::json;

use access::{Access, Caller, admit};
use ask::Ask;
use error::{ApiError, ErrorCode};
use reply::{Outcome, Reply};
use routing::{Match, Route};

use crate::domain::id::OrderId;
use crate::runtime::clock;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;
use crate::runtime::serve::{Incoming, Outgoing, OutgoingBody};

/// Answers one request. There is no platform if the deployment's variables can't be used.
pub async fn answer(platform: Option<Platform>, incoming: Box<dyn Incoming>) -> Outgoing {
    let request_id = clock::fresh_request_id();
    let started = clock::now();
    let origin = incoming.header("origin");
    let is_head = incoming.method() == "HEAD";
    let answered = match &platform {
        Some(platform) => route(platform, incoming).await,
        None => Answered::unrouted(Err(ApiError::new(ErrorCode::Misconfigured))),
    };
    let (mut reply, code, cause) = match answered.outcome {
        Ok(reply) => (reply, None, None),
        Err(error) => {
            let reply = Reply::refusal(&error, &request_id);
            (reply, Some(error.code.code()), error.cause)
        }
    };
    let settings = platform.as_ref().map(Platform::settings);
    if let Some(settings) = settings
        && answered.for_browsers
    {
        browser::share(&mut reply, settings, origin.as_deref());
    }
    browser::protect(&mut reply, settings);
    if reply.quiet {
        log::count(&answered.route, reply.status, started);
    } else {
        let mut fields = json!({
            "request_id": request_id,
            "route": answered.route,
            "status": reply.status,
            "duration_ms": clock::now().milliseconds_since(started),
        });
        note(&mut fields, "order_id", reply.order_id.map(|id: OrderId| id.to_string()));
        note(&mut fields, "code", code.map(str::to_owned));
        note(&mut fields, "cause", cause.map(String::from));
        let level = match reply.status {
            503 => Level::Warning,
            500.. => Level::Error,
            _ => Level::Info,
        };
        log::event(level, "request", fields);
    }
    reply.headers.push(("x-request-id", request_id.into()));
    let body = if is_head { OutgoingBody::Empty } else { reply.body };
    Outgoing { status: reply.status, headers: reply.headers, body }
}

fn note(fields: &mut serde_json::Value, name: &str, value: Option<String>) {
    if let (Some(fields), Some(value)) = (fields.as_object_mut(), value) {
        fields.insert(name.to_owned(), value.into());
    }
}

/// What a request came to, and what the log calls its route.
struct Answered {
    route: String,
    for_browsers: bool,
    outcome: Outcome,
}

impl Answered {
    fn unrouted(outcome: Outcome) -> Self {
        Self { route: "none".to_owned(), for_browsers: true, outcome }
    }
}

async fn route(platform: &Platform, incoming: Box<dyn Incoming>) -> Answered {
    if let Some(reply) = reference::docs::find(incoming.method(), incoming.path()) {
        return Answered { route: "docs".to_owned(), for_browsers: false, outcome: Ok(reply) };
    }
    let table = routes::table();
    match routing::find(&table, incoming.method(), incoming.path()) {
        Match::Route(route, parameters) => {
            let name = [route.method, " ", &route.template].concat();
            let for_browsers = browser::is_for_browsers(route.access);
            let outcome = handle(platform, route, parameters, incoming).await;
            Answered { route: name, for_browsers, outcome }
        }
        Match::OtherMethods(methods) if incoming.method() == "OPTIONS" => {
            let reply = browser::preflight(incoming.as_ref(), platform.settings(), &methods);
            Answered { route: "OPTIONS".to_owned(), for_browsers: true, outcome: Ok(reply) }
        }
        Match::OtherMethods(methods) => {
            let refusal = ApiError::new(ErrorCode::MethodNotAllowed);
            Answered::unrouted(Err(refusal.with_header("allow", methods.join(", "))))
        }
        Match::Nothing => Answered::unrouted(Err(ApiError::new(ErrorCode::NotFound))),
    }
}

async fn handle(
    platform: &Platform,
    route: &Route,
    parameters: Vec<(&'static str, String)>,
    incoming: Box<dyn Incoming>,
) -> Outcome {
    if !matches!(route.access, Access::Signature) {
        card_data::refuse_in_address(incoming.as_ref())?;
    }
    let mut ask = Ask { platform: platform.clone(), caller: Caller::Anyone, parameters, incoming };
    if !matches!(route.access, Access::Public | Access::Signature) {
        ask.caller = recognise(&ask, route.access).await?;
        limits::count(&ask.platform, ask.incoming.as_ref(), &ask.caller).await?;
    }
    (route.handle)(ask).await
}

/// Who is calling, once it is certain that the route is open to them.
async fn recognise(ask: &Ask, access: Access) -> Result<Caller, ApiError> {
    let incoming = ask.incoming.as_ref();
    let Some(credential) = auth::bearer(incoming)? else {
        return admit(access, None).map(|()| Caller::Anyone);
    };
    if order_token::looks_like_one(&credential) {
        limits::by_address(&ask.platform, incoming).await?;
        return buyer(ask, access, &credential);
    }
    let key = auth::recognise(&ask.platform, incoming, &credential).await?;
    admit(access, Some(&key))?;
    Ok(Caller::Key(key))
}

/// Whoever has an order's token may do with that order what buyers may; a token of another order is
/// told that there is no such order.
fn buyer(ask: &Ask, access: Access, token: &str) -> Result<Caller, ApiError> {
    if !matches!(access, Access::Order(_)) {
        return Err(ApiError::because(
            ErrorCode::CredentialsInvalid,
            "An order's token opens that order only; this needs an API key.",
        ));
    }
    let id = ask.order_id()?;
    if order_token::is_of(token, ask.platform.settings().order_token_secret.as_str(), id) {
        Ok(Caller::Buyer(id))
    } else {
        Err(ApiError::new(ErrorCode::OrderNotFound))
    }
}

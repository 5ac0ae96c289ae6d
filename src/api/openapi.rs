//! The API document, put together from what stands at the handlers.
//!
//! The Worker serves the file that this writes ([`super::reference::openapi_document`]); nothing here
//! runs in it.

use serde::Serialize;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, License, ObjectBuilder, OpenApi, OpenApiBuilder,
    Paths, Ref, RefOr, ResponseBuilder, Schema, Tag, Type,
};
use utoipa::{PartialSchema, ToSchema};

use super::access::Access;
use super::error::ErrorCode;
use super::idempotency::MAX_KEY_BYTES;
use crate::domain::field_error::FieldError;
use crate::objects::commands::Shortage;

/// A refusal: RFC 9457, with a stable `code`. Some codes add members of their own; see
/// `error-codes.md`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:cartwright:error:order_not_found", "title": "Order not found", "status": 404,
    "code": "order_not_found", "detail": "There is no such order, or the token is another order's.",
    "request_id": "req_019aa0c05c1c7c2e8a5b0d3c5a6f7e80"
}))]
pub struct Problem {
    /// The code as a URN.
    r#type: String,
    /// The code in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// Stable; what programs tell refusals apart by.
    code: String,
    /// What is wrong this time.
    detail: String,
    /// What to name when asking for help; also the header `X-Request-Id`.
    request_id: String,
    /// The fields that are wrong, if the request is mended field by field.
    errors: Option<Vec<FieldError>>,
    /// With `insufficient_stock`.
    shortages: Option<Vec<Shortage>>,
}

/// The routes as they are described one by one.
#[derive(Default)]
pub struct Description {
    paths: Paths,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Description {
    /// Adds what stands at a handler, and what its access adds to that.
    pub fn add<P>(&mut self, access: Access)
    where
        P: utoipa::Path + utoipa::__dev::SchemaReferences + utoipa::__dev::Tags<'static>,
    {
        let mut operation = P::operation();
        operation.tags = Some(P::tags().into_iter().map(str::to_owned).collect());
        operation.security = Some(security(access));
        operation.extensions =
            Some(ExtensionsBuilder::new().add("x-access", access.name()).build());
        describe_idempotency_key(&mut operation);
        add_refusals(&mut operation, access);
        self.paths.add_path_operation(P::path(), P::methods(), operation);
        P::schemas(&mut self.schemas);
    }
}

/// The whole document.
#[must_use]
pub fn document() -> OpenApi {
    let mut description = Description::default();
    super::routes::describe(&mut description);
    show_demo_terms(&mut description.paths);
    let mut components = Components::new();
    Problem::schemas(&mut description.schemas);
    description.schemas.push((Problem::name().into_owned(), Problem::schema()));
    components.schemas.extend(description.schemas);
    components.add_security_scheme("api_key", bearer("A publishable (`pk_…`) or secret (`sk_…`) key. In development: `pk_dev_storefront`, `sk_dev_admin`."));
    components.add_security_scheme(
        "secret_key",
        bearer("A secret key (`sk_…`) with the scope that `x-access` names."),
    );
    components.add_security_scheme(
        "order_token",
        bearer("The `order_token` of the checkout that placed the order."),
    );
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Cartwright")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(ABOUT))
                .license(Some(License::new("Apache-2.0")))
                .build(),
        )
        .paths(description.paths)
        .components(Some(components))
        .tags(Some(TAGS.map(tag)))
        .build()
}

/// The terms of the demo store, as the example of the request that sets them: sending it changes nothing
/// there.
fn show_demo_terms(paths: &mut Paths) {
    let demo = include_str!("../../schema/demo/settings.json");
    let terms: serde_json::Value = serde_json::from_str(demo).unwrap_or_default();
    let operation = paths.paths.get_mut("/v1/admin/store").and_then(|path| path.put.as_mut());
    let body = operation.and_then(|operation| operation.request_body.as_mut());
    if let Some(content) = body.and_then(|body| body.content.get_mut("application/json")) {
        content.example = Some(terms);
    }
}

const ABOUT: &str = "A headless commerce backend. Money is `{\"amount\": 1999, \"currency\": \
    \"USD\"}` in minor units, times are RFC 3339 in UTC, lists are `{items, next_cursor}`, refusals \
    are `application/problem+json` with a stable `code`. Every answer carries `X-Request-Id`. The \
    examples work against the demo store that `npm start` serves.";

const TAGS: [(&str, &str); 7] = [
    ("catalogue", "What is sold, and whether it is available"),
    ("checkout", "Buying"),
    ("orders", "Following an order"),
    ("payments", "Moving money, for merchants: secret keys only"),
    ("webhooks", "What payment gateways tell"),
    ("admin", "For merchants: secret keys only"),
    ("reference", "About the service"),
];

fn tag((name, about): (&str, &str)) -> Tag {
    let mut tag = Tag::new(name);
    tag.description = Some(about.to_owned());
    tag
}

fn bearer(about: &str) -> SecurityScheme {
    SecurityScheme::Http(
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about)).build(),
    )
}

fn security(access: Access) -> Vec<SecurityRequirement> {
    let by = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    match access {
        Access::Public | Access::Signature => Vec::new(),
        Access::Storefront => vec![by("api_key")],
        Access::Order(_) => vec![by("order_token"), by("secret_key")],
        Access::Secret(_) => vec![by("secret_key")],
    }
}

/// What an idempotency key may be, the same for every route that asks for one.
fn describe_idempotency_key(operation: &mut Operation) {
    let parameters = operation.parameters.as_deref_mut().unwrap_or_default();
    for parameter in parameters.iter_mut().filter(|one| one.name == "Idempotency-Key") {
        let visible_ascii = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY_BYTES))
            .pattern(Some("^[!-~]+$"))
            .build();
        parameter.schema = Some(visible_ascii.into());
    }
}

/// The refusals that a route has because of its access, its body or its parameters.
fn add_refusals(operation: &mut Operation, access: Access) {
    let mut codes: Vec<ErrorCode> = Vec::new();
    match access {
        Access::Public => {}
        Access::Signature => codes.extend([ErrorCode::RateLimited, ErrorCode::BodyTooLarge]),
        Access::Storefront => {
            codes.extend([ErrorCode::CredentialsRequired, ErrorCode::RateLimited])
        }
        Access::Order(_) | Access::Secret(_) => codes.extend([
            ErrorCode::CredentialsRequired,
            ErrorCode::Forbidden,
            ErrorCode::RateLimited,
        ]),
    }
    if operation.request_body.is_some() && !matches!(access, Access::Signature) {
        codes.extend([
            ErrorCode::MalformedJson,
            ErrorCode::BodyTooLarge,
            ErrorCode::UnsupportedMediaType,
            ErrorCode::InvalidRequest,
        ]);
    }
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has = |place: ParameterIn| parameters.iter().any(|known| known.parameter_in == place);
    if has(ParameterIn::Query) {
        codes.push(ErrorCode::InvalidRequest);
    }
    // Nothing is at an address whose parameter is too long or holds control characters.
    if has(ParameterIn::Path) {
        codes.push(ErrorCode::NotFound);
    }
    // Looked for in every address, known parameter or not.
    if !matches!(access, Access::Signature) {
        codes.push(ErrorCode::CardDataRefused);
    }
    if !matches!(access, Access::Public) {
        codes.push(ErrorCode::TryAgain);
    }
    let responses = &mut operation.responses.responses;
    codes.retain(|code| !responses.contains_key(&code.status().to_string()));
    codes.dedup();
    for code in &codes {
        let alike = codes.iter().filter(|other| other.status() == code.status());
        let described = RefOr::T(refusal(alike));
        responses.insert(code.status().to_string(), described);
    }
}

/// The answer of one status, which may have several reasons.
fn refusal<'a>(codes: impl Iterator<Item = &'a ErrorCode>) -> Response {
    let reasons = codes.map(|code| format!("`{}`: {}", code.code(), code.when()));
    let description = reasons.collect::<Vec<_>>().join(" ");
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}

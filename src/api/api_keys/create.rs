//! `POST /v1/admin/api-keys`: makes a key and shows it once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::ApiKeyView;
use crate::api::access::Caller;
use crate::api::ask::Ask;
use crate::api::auth;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::field_error::FieldError;
use crate::domain::id::ApiKeyId;
use crate::runtime::clock;
use crate::storage::api_keys::{self, ApiKey, KeyKind, Scope};

const MAX_NAME_CHARACTERS: usize = 100;
/// 256 bits: nobody guesses it, so a plain hash is enough to keep it.
const SECRET_BYTES: usize = 32;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Warehouse", "kind": "secret", "scopes": ["inventory:read", "inventory:write"]}))]
pub struct ApiKeyRequest {
    /// What people call it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it is for.
    kind: KeyKind,
    /// What it may do: at least one for a secret key, none for a publishable one, and none that the
    /// key that makes it does not have itself.
    #[serde(default)]
    scopes: Vec<Scope>,
}

/// A key that was just made: the only answer that ever shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKey<'a> {
    #[serde(flatten)]
    known: ApiKeyView<'a>,
    /// The key itself. Keep it; it can't be shown again.
    #[schema(example = "sk_5f2b…")]
    key: &'a str,
}

impl ApiKeyRequest {
    /// What is wrong with it, apart from what its types refuse.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                errors
                    .push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
            }
        };
        let line = (1..=MAX_NAME_CHARACTERS).contains(&self.name.chars().count())
            && !self.name.trim().is_empty()
            && !self.name.contains(char::is_control);
        require(line, "/name", "must be a line of 1 to 100 characters");
        match self.kind {
            KeyKind::Secret => {
                require(!self.scopes.is_empty(), "/scopes", "must name at least one")
            }
            KeyKind::Publishable => {
                require(self.scopes.is_empty(), "/scopes", "must be empty for a publishable key");
            }
        }
        errors
    }
}

/// Makes an API key.
///
/// The answer shows the key; only its SHA-256 is kept.
#[utoipa::path(
    post, path = "/v1/admin/api-keys", operation_id = "create_api_key", tag = "admin",
    request_body = ApiKeyRequest,
    responses(
        (status = 201, description = "The key", body = CreatedApiKey),
        (status = 403, description = "`forbidden`: a scope that the caller does not have", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let request: ApiKeyRequest = ask.json().await?;
    let errors = request.check();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let held: &[Scope] = match &ask.caller {
        Caller::Key(key) => &key.scopes,
        Caller::Anyone | Caller::Buyer(_) => &[],
    };
    if let Some(scope) = request.scopes.iter().find(|scope| !held.contains(scope)) {
        let detail = format!("The key that makes this one does not have {} itself.", scope.name());
        return Err(ApiError::because(ErrorCode::Forbidden, detail));
    }
    let mut scopes = request.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    let secret = fresh_key(request.kind)?;
    let key = ApiKey {
        id: ApiKeyId::new(clock::fresh_uuid()).to_string(),
        name: request.name,
        kind: request.kind,
        scopes,
        created_at: ask.platform.now(),
        revoked_at: None,
    };
    api_keys::insert(&ask.platform.database()?, &key, &auth::hash_of(&secret)).await?;
    Reply::json(201, &CreatedApiKey { known: ApiKeyView::of(&key), key: &secret })
}

fn fresh_key(kind: KeyKind) -> Result<String, ApiError> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|cause| ApiError::internal(cause.to_string()))?;
    let prefix = match kind {
        KeyKind::Publishable => "pk_",
        KeyKind::Secret => "sk_",
    };
    Ok([prefix, &hex::encode(bytes)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_bounded_and_its_scopes_fit_its_kind() {
        for (body, pointer) in [
            (json!({"name": "", "kind": "publishable"}), Some("/name")),
            (json!({"name": "a\u{0}", "kind": "publishable"}), Some("/name")),
            (json!({"name": "a", "kind": "secret"}), Some("/scopes")),
            (
                json!({"name": "a", "kind": "publishable", "scopes": ["orders:read"]}),
                Some("/scopes"),
            ),
            (json!({"name": "a", "kind": "secret", "scopes": ["orders:read"]}), None),
            (json!({"name": "a", "kind": "publishable"}), None),
        ] {
            let request: ApiKeyRequest = serde_json::from_value(body.clone()).unwrap();
            let refused: Vec<String> = request.check().into_iter().map(|e| e.pointer).collect();
            assert_eq!(refused.first().map(String::as_str), pointer, "{body}");
        }
        assert!(
            serde_json::from_value::<ApiKeyRequest>(json!({"name": "a", "kind": "root"})).is_err()
        );
    }

    #[test]
    fn keys_are_long_and_never_alike() {
        let one = fresh_key(KeyKind::Secret).unwrap();
        assert!(one.starts_with("sk_") && one.len() == 67);
        assert_ne!(one, fresh_key(KeyKind::Secret).unwrap());
        assert!(fresh_key(KeyKind::Publishable).unwrap().starts_with("pk_"));
    }
}

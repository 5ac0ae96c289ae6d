//! A key as callers see it: never the key, but for the one answer that made it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::time::Timestamp;
use crate::storage::api_keys::{ApiKey, KeyKind, Scope};

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "key_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "name": "Warehouse", "kind": "secret",
    "scopes": ["inventory:read", "inventory:write"], "created_at": "2026-01-31T12:00:00.000Z",
    "revoked_at": null
}))]
pub struct ApiKeyView<'a> {
    /// Its public identity.
    id: &'a str,
    /// What people call it.
    name: &'a str,
    /// What it is for.
    kind: KeyKind,
    /// What it may do.
    scopes: &'a [Scope],
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on it is void; null while it is good.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl<'a> ApiKeyView<'a> {
    /// What may be told of a key.
    #[must_use]
    pub fn of(key: &'a ApiKey) -> Self {
        Self {
            id: &key.id,
            name: &key.name,
            kind: key.kind,
            scopes: &key.scopes,
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

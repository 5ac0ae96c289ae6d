//! API keys. A key itself is shown once and never stored: only its SHA-256, by which it is found.

use serde::{Deserialize, Serialize};

use super::statement::{Parameter, document, parse, row, rows, run};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// May stand in a storefront's code: sees what every visitor sees, and checks out.
    Publishable,
    /// Stays on the merchant's servers: does what its scopes say.
    Secret,
}

impl KeyKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Publishable => "publishable",
            Self::Secret => "secret",
        }
    }
}

/// What a secret key may do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Scope {
    /// Write products.
    #[serde(rename = "catalogue:write")]
    CatalogueWrite,
    /// Read every order.
    #[serde(rename = "orders:read")]
    OrdersRead,
    /// Call orders off.
    #[serde(rename = "orders:write")]
    OrdersWrite,
    /// Capture, void and refund.
    #[serde(rename = "payments:write")]
    PaymentsWrite,
    /// Read every SKU's counters.
    #[serde(rename = "inventory:read")]
    InventoryRead,
    /// Change counters.
    #[serde(rename = "inventory:write")]
    InventoryWrite,
    /// Read suppliers, what they deliver, and purchase orders.
    #[serde(rename = "purchasing:read")]
    PurchasingRead,
    /// Write suppliers, what they deliver, and purchase orders.
    #[serde(rename = "purchasing:write")]
    PurchasingWrite,
    /// Read what comparing the gateways' books with ours found.
    #[serde(rename = "reconciliations:read")]
    ReconciliationsRead,
    /// Have them compared.
    #[serde(rename = "reconciliations:write")]
    ReconciliationsWrite,
    /// Read sales channels and what they may have.
    #[serde(rename = "channels:read")]
    ChannelsRead,
    /// Set up sales channels, say what they may have, and bring in their orders.
    #[serde(rename = "channels:write")]
    ChannelsWrite,
    /// Make and revoke keys.
    #[serde(rename = "api_keys:write")]
    ApiKeysWrite,
    /// Read and set the store's terms.
    #[serde(rename = "store:write")]
    StoreWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 14] = [
        Self::CatalogueWrite,
        Self::OrdersRead,
        Self::OrdersWrite,
        Self::PaymentsWrite,
        Self::InventoryRead,
        Self::InventoryWrite,
        Self::PurchasingRead,
        Self::PurchasingWrite,
        Self::ReconciliationsRead,
        Self::ReconciliationsWrite,
        Self::ChannelsRead,
        Self::ChannelsWrite,
        Self::ApiKeysWrite,
        Self::StoreWrite,
    ];

    /// The scope's name in requests and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CatalogueWrite => "catalogue:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::PaymentsWrite => "payments:write",
            Self::InventoryRead => "inventory:read",
            Self::InventoryWrite => "inventory:write",
            Self::PurchasingRead => "purchasing:read",
            Self::PurchasingWrite => "purchasing:write",
            Self::ReconciliationsRead => "reconciliations:read",
            Self::ReconciliationsWrite => "reconciliations:write",
            Self::ChannelsRead => "channels:read",
            Self::ChannelsWrite => "channels:write",
            Self::ApiKeysWrite => "api_keys:write",
            Self::StoreWrite => "store:write",
        }
    }
}

/// A key as it is known: everything but the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public identity.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub kind: KeyKind,
    /// What it may do; a publishable key has none.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is void.
    pub revoked_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct KeyRow {
    id: String,
    name: String,
    kind: KeyKind,
    scopes: String,
    created_at: i64,
    revoked_at: Option<i64>,
}

impl KeyRow {
    fn read(self) -> Result<ApiKey, Unavailable> {
        Ok(ApiKey {
            id: self.id,
            name: self.name,
            kind: self.kind,
            scopes: parse(&self.scopes)?,
            created_at: Timestamp::from_milliseconds(self.created_at),
            revoked_at: self.revoked_at.map(Timestamp::from_milliseconds),
        })
    }
}

const BY_HASH: &str = "
SELECT id, name, kind, scopes, created_at, revoked_at FROM api_keys
WHERE sha256 = ?1 AND revoked_at IS NULL";
const LIST: &str = "
SELECT id, name, kind, scopes, created_at, revoked_at FROM api_keys
WHERE id > ?1 ORDER BY id LIMIT ?2";
const INSERT: &str = "
INSERT INTO api_keys (id, sha256, name, kind, scopes, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const REVOKE: &str = "UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
const EXISTS: &str = "SELECT id FROM api_keys WHERE id = ?1";

/// The key with this SHA-256 (in hexadecimal), unless it was revoked.
///
/// # Errors
/// When D1 does not answer.
pub async fn by_hash(database: &Database, sha256: &str) -> Result<Option<ApiKey>, Unavailable> {
    let found: Option<KeyRow> = row(database, BY_HASH, &[Parameter::Text(sha256)]).await?;
    found.map(KeyRow::read).transpose()
}

/// Keys by id, those after `after` first, at most `limit`; revoked ones included.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    after: &str,
    limit: u32,
) -> Result<Vec<ApiKey>, Unavailable> {
    let parameters = [Parameter::Text(after), Parameter::Integer(i64::from(limit))];
    let found: Vec<KeyRow> = rows(database, LIST, &parameters).await?;
    found.into_iter().map(KeyRow::read).collect()
}

/// Stores a new key by its SHA-256, in hexadecimal.
///
/// # Errors
/// When D1 does not take it; it may be stored nevertheless, and nobody knows the key.
pub async fn insert(database: &Database, key: &ApiKey, sha256: &str) -> Result<(), Unavailable> {
    let scopes = document(&key.scopes)?;
    let parameters = [
        Parameter::Text(&key.id),
        Parameter::Text(sha256),
        Parameter::Text(&key.name),
        Parameter::Text(key.kind.name()),
        Parameter::Text(&scopes),
        Parameter::moment(key.created_at),
    ];
    run(database, INSERT, &parameters).await.map(|_| ())
}

/// Makes a key void. Revoking it again changes nothing. False if there is no such key.
///
/// # Errors
/// When D1 does not take it; revoking it again is safe.
pub async fn revoke(database: &Database, id: &str, now: Timestamp) -> Result<bool, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        id: String,
    }
    if run(database, REVOKE, &[Parameter::Text(id), Parameter::moment(now)]).await? > 0 {
        return Ok(true);
    }
    let found: Option<Row> = row(database, EXISTS, &[Parameter::Text(id)]).await?;
    Ok(found.is_some_and(|row| row.id == id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_named_as_it_is_written() {
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
    }
}

//! Who may call a route, as one value per route, and who is calling.
//!
//! The decision is pure, so the whole matrix of routes and callers is tested by table.

use std::rc::Rc;

use super::error::{ApiError, ErrorCode};
use crate::domain::id::OrderId;
use crate::storage::api_keys::{KeyKind, Scope};

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// Any API key: a publishable one will do.
    Storefront,
    /// The order's own token, or a secret key with this scope.
    Order(Scope),
    /// A secret key with this scope.
    Secret(Scope),
    /// The gateway's signature over the body; the handler checks it.
    Signature,
}

impl Access {
    /// The name in the API document (`x-access`), from which the authorisation tests are generated.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Storefront => "storefront_key".to_owned(),
            Self::Order(scope) => ["order_token or ", scope.name()].concat(),
            Self::Secret(scope) => scope.name().to_owned(),
            Self::Signature => "webhook_signature".to_owned(),
        }
    }
}

/// An API key that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdentity {
    /// The key's public identity: scopes idempotency and limits.
    pub id: Rc<str>,
    /// What it is for.
    pub kind: KeyKind,
    /// What it may do.
    pub scopes: Rc<[Scope]>,
    /// Whether it is one of the two keys of a development environment.
    pub development: bool,
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular.
    Anyone,
    /// Who has the token of this order.
    Buyer(OrderId),
    /// Who has this key.
    Key(KeyIdentity),
}

impl Caller {
    /// Whether this is the merchant: a secret key, as far as its scopes go.
    #[must_use]
    pub fn is_merchant(&self) -> bool {
        matches!(self, Self::Key(key) if key.kind == KeyKind::Secret)
    }

    /// Whether this is a secret key with a scope.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.is_merchant() && matches!(self, Self::Key(key) if key.scopes.contains(&scope))
    }

    /// The identity that scopes idempotency keys.
    #[must_use]
    pub fn sender(&self) -> &str {
        match self {
            Self::Key(key) => &key.id,
            Self::Anyone | Self::Buyer(_) => "",
        }
    }
}

/// Whether a key, or no key, opens a route. A token is checked against its order elsewhere.
///
/// # Errors
/// 401 without a key, 403 for a key that may not.
pub fn admit(access: Access, key: Option<&KeyIdentity>) -> Result<(), ApiError> {
    let Some(key) = key else {
        return match access {
            Access::Public | Access::Signature => Ok(()),
            Access::Storefront | Access::Order(_) | Access::Secret(_) => {
                Err(ApiError::new(ErrorCode::CredentialsRequired))
            }
        };
    };
    match access {
        Access::Public | Access::Signature | Access::Storefront => Ok(()),
        Access::Order(scope) | Access::Secret(scope) => {
            if key.kind == KeyKind::Secret && key.scopes.contains(&scope) {
                return Ok(());
            }
            let needed = match access {
                Access::Order(_) => "the order's token, or a secret key with the scope ",
                _ => "a secret key with the scope ",
            };
            let detail = ["This needs ", needed, scope.name(), "."].concat();
            Err(ApiError::because(ErrorCode::Forbidden, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind, scopes: &[Scope]) -> KeyIdentity {
        KeyIdentity { id: "key_1".into(), kind, scopes: scopes.into(), development: false }
    }

    fn every_access() -> Vec<Access> {
        let mut all = vec![Access::Public, Access::Storefront, Access::Signature];
        all.extend(Scope::ALL.map(Access::Order));
        all.extend(Scope::ALL.map(Access::Secret));
        all
    }

    #[test]
    fn without_a_key_only_public_routes_open() {
        for access in every_access() {
            let open = matches!(access, Access::Public | Access::Signature);
            let refused = Err(ErrorCode::CredentialsRequired);
            let expected = if open { Ok(()) } else { refused };
            assert_eq!(admit(access, None).map_err(|error| error.code), expected, "{access:?}");
        }
    }

    #[test]
    fn a_publishable_key_opens_the_storefront_and_no_scope_written_on_it_counts() {
        let key = key(KeyKind::Publishable, &Scope::ALL);
        for access in every_access() {
            let open = !matches!(access, Access::Order(_) | Access::Secret(_));
            let expected = if open { Ok(()) } else { Err(ErrorCode::Forbidden) };
            assert_eq!(admit(access, Some(&key)).map_err(|error| error.code), expected);
        }
    }

    #[test]
    fn a_secret_key_opens_what_its_scopes_name_and_nothing_else() {
        for held in Scope::ALL {
            let key = key(KeyKind::Secret, &[held]);
            for access in every_access() {
                let open = match access {
                    Access::Public | Access::Storefront | Access::Signature => true,
                    Access::Order(scope) | Access::Secret(scope) => scope == held,
                };
                assert_eq!(admit(access, Some(&key)).is_ok(), open, "{held:?} at {access:?}");
            }
        }
    }
}

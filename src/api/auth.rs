//! Who is calling: `Authorization: Bearer …` is a key or an order's token.
//!
//! A key is looked up in D1 by its SHA-256 and remembered for seconds, so D1 stays off the path and a
//! revoked key dies within that time. What is unknown is remembered too, apart from what is known, so
//! that a flood of invented keys neither reaches D1 twice nor pushes real keys out.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::access::KeyIdentity;
use super::error::{ApiError, ErrorCode};
use super::limits;
use crate::domain::time::Timestamp;
use crate::runtime::cache::{Cache, Found, Lifetime};
use crate::runtime::deadline;
use crate::runtime::platform::Platform;
use crate::runtime::serve::Incoming;
use crate::runtime::settings::Settings;
use crate::storage::api_keys::{self, ApiKey, KeyKind, Scope};

const DEVELOPMENT_STOREFRONT: &str = "pk_dev_storefront";
const DEVELOPMENT_ADMIN: &str = "sk_dev_admin";
const MAX_KEY_BYTES: usize = 256;
/// Keys that an isolate remembers, known and unknown each.
const REMEMBERED_KEYS: usize = 5_000;
/// While D1 does not answer, a known key goes on working for so long.
const STALE_MILLISECONDS: i64 = 300_000;
/// With a remembered key at hand, D1 is waited for no longer than this.
const PATIENCE_MILLISECONDS: u32 = 1_000;
/// Without one, no longer than this.
const DEADLINE_MILLISECONDS: u32 = 5_000;
/// While one request asks about a key again, the others go on with what is known, for so long at most.
const LEASE_MILLISECONDS: i64 = 1_000;

type Known = Cache<String, KeyIdentity>;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::new(Cache::new(REMEMBERED_KEYS));
    static UNKNOWN: RefCell<Cache<String, ()>> = RefCell::new(Cache::new(REMEMBERED_KEYS));
}

/// The credential of a request, if it has one.
///
/// # Errors
/// 401 for a header of another form.
pub fn bearer(incoming: &dyn Incoming) -> Result<Option<String>, ApiError> {
    let Some(header) = incoming.header("authorization") else {
        return Ok(None);
    };
    let credential = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, credential)| credential.trim())
        .filter(|credential| (1..=MAX_KEY_BYTES).contains(&credential.len()))
        .filter(|credential| credential.bytes().all(|byte| byte.is_ascii_graphic()));
    match credential {
        Some(credential) => Ok(Some(credential.to_owned())),
        None => Err(ApiError::new(ErrorCode::CredentialsInvalid)),
    }
}

/// The key's identity.
///
/// # Errors
/// 401 for a key that is unknown or revoked, 429 for an address that tries too many, 503 when it can't
/// be told.
pub async fn recognise(
    platform: &Platform,
    incoming: &dyn Incoming,
    key: &str,
) -> Result<KeyIdentity, ApiError> {
    let settings = platform.settings();
    if let Some(known) = development_key(settings, key) {
        return Ok(known);
    }
    let hash = hash_of(key);
    if is_bootstrap_key(settings, &hash) {
        return Ok(identity("bootstrap", KeyKind::Secret, &Scope::ALL));
    }
    let now = platform.now();
    let (_, lease) = fresh_and_lease(settings);
    let stale = match KNOWN.with_borrow_mut(|known| known.get_leased(&hash, now, lease)) {
        Found::Fresh(known) => return Ok(known),
        Found::Stale(known) => Some(known),
        Found::Missing => None,
    };
    let invalid = || ApiError::new(ErrorCode::CredentialsInvalid);
    let refused = UNKNOWN.with_borrow_mut(|unknown| unknown.get(&hash, now));
    if matches!(refused, Found::Fresh(())) {
        return Err(invalid());
    }
    if stale.is_none() {
        limits::by_address(platform, incoming).await?;
    }
    look_up(platform, hash, stale).await?.ok_or_else(invalid)
}

async fn look_up(
    platform: &Platform,
    hash: String,
    stale: Option<KeyIdentity>,
) -> Result<Option<KeyIdentity>, ApiError> {
    let database = platform.database()?;
    let patience = if stale.is_some() { PATIENCE_MILLISECONDS } else { DEADLINE_MILLISECONDS };
    let answer = deadline::within(patience, api_keys::by_hash(&database, &hash))
        .await
        .ok_or_else(|| ApiError::try_again(1).caused_by("database: no answer in time"))
        .and_then(|answer| answer.map_err(ApiError::from));
    match (answer, stale) {
        (Ok(found), _) => Ok(remember(platform, hash, found)),
        (Err(_), Some(known)) => Ok(Some(known)),
        (Err(error), None) => Err(error),
    }
}

/// How long a look-up is used without asking again, and for how much longer by those who wait for one
/// that asks: together as long as the deployment says.
fn fresh_and_lease(settings: &Settings) -> (i64, i64) {
    let whole = settings.key_cache_milliseconds;
    let lease = LEASE_MILLISECONDS.min(whole);
    (whole.saturating_sub(lease), lease)
}

fn remember(platform: &Platform, hash: String, found: Option<ApiKey>) -> Option<KeyIdentity> {
    let (fresh_milliseconds, _) = fresh_and_lease(platform.settings());
    let now: Timestamp = platform.now();
    if let Some(key) = found {
        let known = identity(&key.id, key.kind, &key.scopes);
        let lifetime = Lifetime { fresh_milliseconds, stale_milliseconds: STALE_MILLISECONDS };
        KNOWN.with_borrow_mut(|keys| keys.put(hash, known.clone(), lifetime, now));
        return Some(known);
    }
    let lifetime = Lifetime { fresh_milliseconds, stale_milliseconds: 0 };
    KNOWN.with_borrow_mut(|keys| keys.forget(&hash));
    UNKNOWN.with_borrow_mut(|keys| keys.put(hash, (), lifetime, now));
    None
}

/// Forgets every key that this isolate remembers: one was just made or revoked here.
pub fn forget_keys() {
    KNOWN.set(Cache::new(REMEMBERED_KEYS));
    UNKNOWN.set(Cache::new(REMEMBERED_KEYS));
}

/// SHA-256 of a key, in hexadecimal.
#[must_use]
pub fn hash_of(key: &str) -> String {
    hex::encode(Sha256::digest(key.as_bytes()))
}

fn development_key(settings: &Settings, key: &str) -> Option<KeyIdentity> {
    if !settings.development {
        return None;
    }
    let identity = match key {
        DEVELOPMENT_STOREFRONT => identity("dev_storefront", KeyKind::Publishable, &[]),
        DEVELOPMENT_ADMIN => identity("dev_admin", KeyKind::Secret, &Scope::ALL),
        _ => return None,
    };
    Some(KeyIdentity { development: true, ..identity })
}

/// The key with which a new deployment makes its first keys.
fn is_bootstrap_key(settings: &Settings, hash: &str) -> bool {
    settings.bootstrap_key_sha256.as_ref().is_some_and(|expected| {
        expected.to_ascii_lowercase().as_bytes().ct_eq(hash.as_bytes()).into()
    })
}

fn identity(id: &str, kind: KeyKind, scopes: &[Scope]) -> KeyIdentity {
    KeyIdentity { id: Rc::from(id), kind, scopes: Rc::from(scopes), development: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ask::stand_in::Sent;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        Settings::from_variables(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .unwrap()
    }

    #[test]
    fn development_keys_work_in_development_only() {
        let development = settings(&[("ENVIRONMENT", "development")]);
        let production = settings(&[("ORDER_TOKEN_SECRET", &"s".repeat(32))]);
        for key in [DEVELOPMENT_STOREFRONT, DEVELOPMENT_ADMIN] {
            assert!(development_key(&development, key).is_some());
            assert!(development_key(&production, key).is_none());
        }
        assert!(development_key(&development, "sk_dev_admin2").is_none());
        assert!(development_key(&development, "").is_none());
    }

    #[test]
    fn a_revoked_key_dies_within_the_time_that_the_deployment_says() {
        for (milliseconds, expected) in [("0", (0, 0)), ("800", (0, 800)), ("5000", (4_000, 1_000))]
        {
            let settings = settings(&[
                ("ENVIRONMENT", "development"),
                ("KEY_CACHE_MILLISECONDS", milliseconds),
            ]);
            assert_eq!(fresh_and_lease(&settings), expected, "{milliseconds}");
        }
    }

    #[test]
    fn the_bootstrap_key_is_the_one_whose_hash_is_configured() {
        let hash = hash_of("sk_first");
        let with = settings(&[
            ("ENVIRONMENT", "development"),
            ("BOOTSTRAP_KEY_SHA256", &hash.to_uppercase()),
        ]);
        let without = settings(&[("ENVIRONMENT", "development")]);
        assert!(is_bootstrap_key(&with, &hash));
        assert!(!is_bootstrap_key(&with, &hash_of("sk_other")));
        assert!(!is_bootstrap_key(&without, &hash));
    }

    #[test]
    fn a_credential_is_a_bearer_of_visible_ascii() {
        let read = |value: &str| bearer(&Sent::default().with_header("authorization", value));
        assert_eq!(bearer(&Sent::default()).unwrap(), None);
        assert_eq!(read("Bearer sk_1").unwrap().as_deref(), Some("sk_1"));
        assert_eq!(read("bearer  sk_1").unwrap().as_deref(), Some("sk_1"));
        for bad in ["", "Bearer", "Bearer ", "Basic c2s6", "sk_1", "Bearer a b", "Bearer é"] {
            assert_eq!(read(bad).unwrap_err().code, ErrorCode::CredentialsInvalid, "{bad}");
        }
        assert!(read(&format!("Bearer {}", "x".repeat(257))).is_err());
    }
}

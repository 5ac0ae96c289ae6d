//! What an isolate remembers of the catalogue, the store's terms, those of its payment gateways, and the
//! stock it shows.
//!
//! An entry is used without asking while it is fresh. Then one request asks again while the others go
//! on with what is there; if D1 does not answer, everyone does, for up to ten minutes: a D1 outage
//! costs a warm isolate nothing. What a checkout decides (stock, payment) is never remembered here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::hash::Hash;
use std::rc::Rc;
use std::thread::LocalKey;

use serde_json::json;

use super::error::{ApiError, ErrorCode};
use crate::domain::catalogue::{MAX_BUNDLE_DEPTH, Sellable, StoreSettings, still_unknown};
use crate::domain::id::Sku;
use crate::domain::location_registry::StockLocation;
use crate::domain::payment::Gateway;
use crate::domain::payment_settings::PaymentMethodSettings;
use crate::runtime::cache::{Cache, Found, Lifetime};
use crate::runtime::deadline;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Platform;
use crate::storage;

/// How long old answers may stand in while D1 does not answer.
const STALE_MILLISECONDS: i64 = 600_000;
/// How long one request has an entry to itself to ask again.
const LEASE_MILLISECONDS: i64 = 2_000;
/// With an old answer at hand, a new one is waited for no longer than this.
const PATIENCE_MILLISECONDS: u32 = 1_000;
/// Without one, no longer than this.
const DEADLINE_MILLISECONDS: u32 = 5_000;
/// SKUs that an isolate remembers.
const REMEMBERED_SKUS: usize = 10_000;

/// A cache of one isolate.
pub type Shelf<K, V> = LocalKey<RefCell<Cache<K, V>>>;

thread_local! {
    static SELLABLES: RefCell<Cache<Sku, Option<Rc<Sellable>>>> =
        RefCell::new(Cache::new(REMEMBERED_SKUS));
    static TERMS: RefCell<Cache<(), Rc<StoreSettings>>> = RefCell::new(Cache::new(1));
    static PAYMENT_SETTINGS: RefCell<Cache<(), Rc<PaymentSettingsByGateway>>> =
        RefCell::new(Cache::new(1));
    static LOCATIONS: RefCell<Cache<(), Rc<Vec<StockLocation>>>> = RefCell::new(Cache::new(1));
}

/// The merchant's terms of the gateways for which there are any.
pub type PaymentSettingsByGateway = BTreeMap<Gateway, PaymentMethodSettings>;

/// How long catalogue entries are kept.
#[must_use]
pub fn catalogue_lifetime(platform: &Platform) -> Lifetime {
    let fresh_milliseconds = platform.settings().catalogue_cache_milliseconds;
    Lifetime { fresh_milliseconds, stale_milliseconds: STALE_MILLISECONDS }
}

/// The remembered answer to a question, or the answer now.
///
/// # Errors
/// The question's own, when nothing usable is remembered.
pub async fn recall<K, V>(
    platform: &Platform,
    shelf: &'static Shelf<K, V>,
    key: K,
    lifetime: Lifetime,
    ask: impl Future<Output = Result<V, ApiError>>,
) -> Result<V, ApiError>
where
    K: Eq + Hash + Clone,
    V: Clone,
{
    let now = platform.now();
    let found = shelf.with_borrow_mut(|cache| cache.get_leased(&key, now, LEASE_MILLISECONDS));
    let known = match found {
        Found::Fresh(value) => return Ok(value),
        Found::Stale(value) => Some(value),
        Found::Missing => None,
    };
    match answer_in_time(known.is_some(), ask).await {
        Ok(value) => {
            shelf.with_borrow_mut(|cache| cache.put(key, value.clone(), lifetime, platform.now()));
            Ok(value)
        }
        Err(error) => known.ok_or(error),
    }
}

async fn answer_in_time<V>(
    has_old_answer: bool,
    ask: impl Future<Output = Result<V, ApiError>>,
) -> Result<V, ApiError> {
    let patience = if has_old_answer { PATIENCE_MILLISECONDS } else { DEADLINE_MILLISECONDS };
    let answer = deadline::within(patience, ask)
        .await
        .unwrap_or_else(|| Err(ApiError::try_again(1).caused_by("no answer in time")));
    if has_old_answer && let Err(error) = &answer {
        let fields = json!({ "code": error.code.code(), "cause": error.cause });
        log::event(Level::Warning, "remembered.used_old", fields);
    }
    answer
}

/// The store's terms.
///
/// # Errors
/// 503 when they can't be read or were never set.
pub async fn terms(platform: &Platform) -> Result<Rc<StoreSettings>, ApiError> {
    let ask = async {
        let terms = storage::store::read(&platform.database()?).await?;
        terms.map(Rc::new).ok_or_else(|| ApiError::new(ErrorCode::StoreNotSetUp))
    };
    recall(platform, &TERMS, (), catalogue_lifetime(platform), ask).await
}

/// The merchant's terms of every gateway for which there are any.
///
/// # Errors
/// 503 when they can't be read.
pub async fn payment_settings(
    platform: &Platform,
) -> Result<Rc<PaymentSettingsByGateway>, ApiError> {
    let ask = async {
        let settings = storage::payment_settings::read(&platform.database()?).await?;
        Ok(Rc::new(settings))
    };
    recall(platform, &PAYMENT_SETTINGS, (), catalogue_lifetime(platform), ask).await
}

/// Forgets the terms of the gateways: they were just changed here.
pub fn forget_payment_settings() {
    PAYMENT_SETTINGS.set(Cache::new(1));
}

/// The store's locations.
///
/// # Errors
/// 503 when they can't be read and were not remembered.
pub async fn locations(platform: &Platform) -> Result<Rc<Vec<StockLocation>>, ApiError> {
    let ask = async { Ok(Rc::new(storage::locations::all(&platform.database()?).await?)) };
    recall(platform, &LOCATIONS, (), catalogue_lifetime(platform), ask).await
}

/// Forgets the locations: they were just changed here.
pub fn forget_locations() {
    LOCATIONS.set(Cache::new(1));
}

/// What pricing needs of these SKUs. One that is not in the catalogue is missing.
///
/// # Errors
/// 503 when the catalogue can't be read and not all of them are remembered.
pub async fn sellables(
    platform: &Platform,
    skus: impl Iterator<Item = &Sku>,
) -> Result<BTreeMap<Sku, Sellable>, ApiError> {
    let now = platform.now();
    let mut known = BTreeMap::new();
    let mut unasked: Vec<&Sku> = Vec::new();
    let mut all_have_old_answers = true;
    SELLABLES.with_borrow_mut(|cache| {
        for sku in skus {
            let (sellable, fresh) = match cache.get_leased(sku, now, LEASE_MILLISECONDS) {
                Found::Fresh(sellable) => (sellable, true),
                Found::Stale(sellable) => (sellable, false),
                Found::Missing => (None, false),
            };
            if !fresh {
                all_have_old_answers &= sellable.is_some();
                unasked.push(sku);
            }
            if let Some(sellable) = sellable {
                known.insert(sku.clone(), Sellable::clone(&sellable));
            }
        }
    });
    if unasked.is_empty() {
        return Ok(known);
    }
    unasked.sort_unstable();
    unasked.dedup();
    let ask = async { Ok(storage::catalogue::sellables(&platform.database()?, &unasked).await?) };
    match answer_in_time(all_have_old_answers, ask).await {
        Ok(found) => {
            remember(platform, &unasked, &found);
            for sku in &unasked {
                known.remove(*sku);
            }
            known.extend(found.into_iter().map(|sellable| (sellable.sku.clone(), sellable)));
            Ok(known)
        }
        Err(_) if all_have_old_answers => Ok(known),
        Err(error) => Err(error),
    }
}

/// Whether all of these SKUs are remembered as being in the catalogue, none of them a bundle: then there
/// is nothing to be asked, and nothing to be taken apart.
pub fn are_plain(platform: &Platform, skus: &[Sku]) -> bool {
    let now = platform.now();
    let is_plain = |found: Found<Option<Rc<Sellable>>>| match found {
        Found::Fresh(Some(sellable)) => !sellable.is_bundle(),
        _ => false,
    };
    SELLABLES.with_borrow_mut(|cache| skus.iter().all(|sku| is_plain(cache.get(sku, now))))
}

/// As [`sellables`], with the components of bundles, over all depths, as far as the catalogue has them.
///
/// # Errors
/// As [`sellables`].
pub async fn with_components(
    platform: &Platform,
    skus: impl Iterator<Item = &Sku>,
) -> Result<BTreeMap<Sku, Sellable>, ApiError> {
    let mut known = sellables(platform, skus).await?;
    let mut asked = BTreeSet::new();
    for _ in 0..MAX_BUNDLE_DEPTH {
        let unknown = still_unknown(&known, &asked);
        if unknown.is_empty() {
            break;
        }
        known.extend(sellables(platform, unknown.iter()).await?);
        asked.extend(unknown);
    }
    Ok(known)
}

fn remember(platform: &Platform, asked: &[&Sku], found: &[Sellable]) {
    let now = platform.now();
    let lifetime = catalogue_lifetime(platform);
    // That a SKU is not there is not worth an outage's length.
    let absent = Lifetime { stale_milliseconds: 0, ..lifetime };
    SELLABLES.with_borrow_mut(|cache| {
        for sku in asked {
            match found.iter().find(|sellable| sellable.sku == **sku) {
                Some(sellable) => {
                    cache.put((*sku).clone(), Some(Rc::new(sellable.clone())), lifetime, now);
                }
                None => cache.put((*sku).clone(), None, absent, now),
            }
        }
    });
}

/// Forgets the catalogue: it was just changed here. Other isolates see the change when what they
/// remember is no longer fresh.
pub fn forget_catalogue() {
    SELLABLES.set(Cache::new(REMEMBERED_SKUS));
    TERMS.set(Cache::new(1));
}

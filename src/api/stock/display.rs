//! Counters for display: remembered for a second or two, then asked of the SKUs' objects.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::api::error::ApiError;
use crate::domain::catalogue::StoreSettings;
use crate::domain::id::Sku;
use crate::domain::inventory::{StockLevel, StockStatus};
use crate::domain::time::Timestamp;
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::cache::{Cache, Found, Lifetime};
use crate::runtime::platform::Platform;

/// SKUs whose counters an isolate remembers.
const REMEMBERED_SKUS: usize = 10_000;
/// How long old counters are shown while an object does not answer.
const STALE_MILLISECONDS: i64 = 60_000;
/// How long one request has an entry to itself to ask again.
const LEASE_MILLISECONDS: i64 = 500;
/// The platform allows six open connections at once.
const AT_ONCE: usize = 6;

thread_local! {
    static SHOWN: RefCell<Cache<Sku, Shown>> = RefCell::new(Cache::new(REMEMBERED_SKUS));
}

/// Counters and when they were read.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The counters.
    pub level: Rc<StockLevel>,
    /// When the object had them.
    pub as_of: Timestamp,
}

impl Shown {
    /// How it is shown, with the store's threshold where the SKU has none of its own.
    #[must_use]
    pub fn status(&self, terms: &StoreSettings) -> StockStatus {
        status(&self.level, terms, self.as_of)
    }
}

/// How counters are shown, with the store's threshold where the SKU has none of its own.
#[must_use]
pub fn status(level: &StockLevel, terms: &StoreSettings, now: Timestamp) -> StockStatus {
    level.status(i64::from(terms.low_stock_threshold), now)
}

/// The counters of these SKUs, in their order. `fresh` asks the objects whatever is remembered.
///
/// # Errors
/// 503 when an object does not answer and nothing usable is remembered of it.
pub async fn levels(
    platform: &Platform,
    skus: &[Sku],
    fresh: bool,
) -> Result<Vec<Shown>, ApiError> {
    let now = platform.now();
    stream::iter(skus)
        .map(|sku| async move {
            let found =
                SHOWN.with_borrow_mut(|cache| cache.get_leased(sku, now, LEASE_MILLISECONDS));
            match found {
                Found::Fresh(shown) if !fresh => Ok(shown),
                Found::Fresh(shown) | Found::Stale(shown) => {
                    let answer = ask(platform, sku).await;
                    if fresh { answer } else { Ok(answer.unwrap_or(shown)) }
                }
                Found::Missing => ask(platform, sku).await,
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// The counters as their object has them now.
///
/// # Errors
/// 503 when the object does not answer.
pub async fn ask(platform: &Platform, sku: &Sku) -> Result<Shown, ApiError> {
    match platform.sku(sku, &SkuCommand::Read).await? {
        SkuAnswer::Level { level, as_of } => {
            let shown = Shown { level: Rc::new(*level), as_of };
            remember(platform, sku, shown.clone());
            Ok(shown)
        }
        _ => Err(ApiError::internal("the object's answer is no level")),
    }
}

/// Remembers counters that an object just told.
pub fn remember(platform: &Platform, sku: &Sku, shown: Shown) {
    let fresh_milliseconds = platform.settings().stock_cache_milliseconds;
    let lifetime = Lifetime { fresh_milliseconds, stale_milliseconds: STALE_MILLISECONDS };
    SHOWN.with_borrow_mut(|cache| cache.put(sku.clone(), shown, lifetime, platform.now()));
}

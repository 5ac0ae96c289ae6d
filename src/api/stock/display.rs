//! Counters for display: what the isolate's board shows, or what the SKUs' objects say now.
//!
//! The bounds. A movement in this isolate is shown at once. One elsewhere is shown after
//! `STOCK_CACHE_MILLISECONDS` (1.5 s unless set otherwise) where there are looks: the first look after that
//! has the object asked again, behind its answer if what it shows is younger than ten seconds, else
//! before it. Only an object that does not answer is stood in for, for a minute.

use std::cell::RefCell;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::api::error::ApiError;
use crate::domain::catalogue::StoreSettings;
use crate::domain::id::Sku;
use crate::domain::inventory::{StockLevel, StockStatus};
use crate::domain::time::Timestamp;
use crate::objects::commands::SkuAnswer;
use crate::runtime::cache::Found;
use crate::runtime::platform::Platform;
use crate::runtime::stock_board::{self, Call, Number};

pub use crate::runtime::stock_board::Shown;

/// Younger than this, what is stale is shown and asked for again behind the answer.
const SHOWN_STALE_MILLISECONDS: i64 = 10_000;
/// How long one request has an entry to itself to ask again.
const LEASE_MILLISECONDS: i64 = 500;
/// Calls of one request at a time.
const AT_ONCE: usize = 6;

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
    if fresh {
        return asked(platform, skus).await;
    }
    match remembered(platform, skus) {
        Some(shown) => Ok(shown),
        None => shown(platform, skus).await,
    }
}

/// What the board shows, without asking anybody; none if it does not show them all or has to be asked
/// again for one.
fn remembered(platform: &Platform, skus: &[Sku]) -> Option<Vec<Shown>> {
    let now = platform.now();
    // Without a lease nobody is told that an entry is his to ask for: the next look decides that.
    let fresh = |sku| match stock_board::look(sku, now, 0) {
        Found::Fresh(shown) => Some(shown),
        Found::Stale(_) | Found::Missing => None,
    };
    skus.iter().map(fresh).collect()
}

async fn shown(platform: &Platform, skus: &[Sku]) -> Result<Vec<Shown>, ApiError> {
    let now = platform.now();
    let mut again: Vec<Sku> = Vec::new();
    let found: Vec<Found<Shown>> = skus
        .iter()
        .map(|sku| match stock_board::look(sku, now, LEASE_MILLISECONDS) {
            Found::Stale(shown)
                if platform.has_afterwards()
                    && now.milliseconds_since(shown.as_of) < SHOWN_STALE_MILLISECONDS =>
            {
                again.push(sku.clone());
                Found::Fresh(shown)
            }
            found => found,
        })
        .collect();
    if !again.is_empty() {
        platform.afterwards(ask_again(platform.clone(), again));
    }
    stream::iter(skus.iter().zip(found))
        .map(|(sku, found)| async move {
            match found {
                Found::Fresh(shown) => Ok(shown),
                Found::Stale(shown) => Ok(ask(platform, sku).await.unwrap_or(shown)),
                Found::Missing => ask(platform, sku).await,
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Asks for what was shown while it was stale. An object that does not answer is asked by the next look.
async fn ask_again(platform: Platform, skus: Vec<Sku>) {
    let platform = &platform;
    stream::iter(&skus)
        .for_each_concurrent(AT_ONCE, |sku| async move {
            let _shown_to_the_next = ask(platform, sku).await;
        })
        .await;
}

/// What the objects say now. Requests that look at the same SKUs at the same time share the calls: each
/// begins elsewhere in its list, and takes what others have been told since it came.
async fn asked(platform: &Platform, skus: &[Sku]) -> Result<Vec<Shown>, ApiError> {
    let number = stock_board::draw();
    let answers: RefCell<Vec<Option<Shown>>> = RefCell::new(vec![None; skus.len()]);
    let begin = usize::try_from(number).unwrap_or(0).wrapping_mul(STRIDE);
    let begin = begin.checked_rem(skus.len()).unwrap_or(0);
    let order: Vec<usize> = (begin..skus.len()).chain(0..begin).collect();
    // What others are asking is looked for again at the end, and asked for if it is not there by then.
    for leave_to_others in [true, false] {
        stream::iter(&order)
            .map(Ok)
            .try_for_each_concurrent(AT_ONCE, |index| {
                let answers = &answers;
                async move {
                    let Some(sku) = skus.get(*index) else { return Ok(()) };
                    let is_known = answers.borrow().get(*index).is_some_and(Option::is_some);
                    if is_known {
                        return Ok(());
                    }
                    let told = told_or_asked(platform, sku, number, leave_to_others).await?;
                    if let (Some(told), Some(place)) = (told, answers.borrow_mut().get_mut(*index))
                    {
                        *place = Some(told);
                    }
                    Ok::<(), ApiError>(())
                }
            })
            .await?;
    }
    let answers: Option<Vec<Shown>> = answers.into_inner().into_iter().collect();
    answers.ok_or_else(|| ApiError::internal("a SKU was left out"))
}

/// How far apart requests that come one after the other begin in their lists: neighbours end up far from
/// each other, whatever the list's length.
const STRIDE: usize = 61;

async fn told_or_asked(
    platform: &Platform,
    sku: &Sku,
    number: Number,
    leave_to_others: bool,
) -> Result<Option<Shown>, ApiError> {
    if let Some(shown) = stock_board::told_since(sku, number, platform.now()) {
        return Ok(Some(shown));
    }
    if leave_to_others && stock_board::is_asked_since(sku, number) {
        return Ok(None);
    }
    ask(platform, sku).await.map(Some)
}

/// The counters as their object has them now.
///
/// # Errors
/// 503 when the object does not answer.
pub async fn ask(platform: &Platform, sku: &Sku) -> Result<Shown, ApiError> {
    let call = Call::begin(sku);
    match platform.sku_level(sku).await? {
        SkuAnswer::Level { level, as_of } => {
            let shown = Shown { level: (*level).into(), as_of };
            let lifetime = platform.settings().stock_lifetime();
            call.answered(shown.clone(), lifetime, platform.now());
            Ok(shown)
        }
        _ => Err(ApiError::internal("the object's answer is no level")),
    }
}

/// Shows counters that an object just told.
pub fn remember(platform: &Platform, sku: &Sku, shown: Shown) {
    stock_board::put(sku, shown, platform.settings().stock_lifetime(), platform.now());
}

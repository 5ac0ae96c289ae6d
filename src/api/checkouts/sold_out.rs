//! Who comes after the last unit is told so at once.
//!
//! A refusal by the shard is written down twice on its way. When a drop has sold out, thousands come for it in
//! the minute after, and each would wait for those writes. So an isolate remembers for a while of which SKUs a
//! cart was refused, and asks the SKU's object itself before it troubles a shard: if that has not enough at
//! this moment, the cart is refused, and nothing is written. What is remembered refuses nobody; only the
//! object does, and where it does not answer the checkout takes its ordinary way.
//!
//! Such a refusal is told only when the shard has nothing under the request's key, and is not kept under it:
//! the answer says so (`Idempotency-Stored: false`), and the key may buy what comes back.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::error::{ApiError, ErrorCode};
use crate::api::stock::display;
use crate::domain::id::Sku;
use crate::domain::pricing::CartLine;
use crate::objects::commands::{Shortage, ShortageReason};
use crate::runtime::cache::{Cache, Found, Lifetime};
use crate::runtime::platform::Platform;

/// SKUs that an isolate remembers.
const REMEMBERED_SKUS: usize = 1_000;
/// For so long after a refusal the SKU is asked first.
const ASKED_FIRST: Lifetime = Lifetime { fresh_milliseconds: 10_000, stale_milliseconds: 0 };

thread_local! {
    static REFUSED: RefCell<Cache<Sku, ()>> = RefCell::new(Cache::new(REMEMBERED_SKUS));
}

/// Remembers what a cart was refused for.
pub fn note(platform: &Platform, shortages: Option<&Value>) {
    let now = platform.now();
    for shortage in shortages.and_then(Value::as_array).into_iter().flatten() {
        let sku = shortage.get("sku").and_then(Value::as_str).and_then(|sku| sku.parse().ok());
        if let Some(sku) = sku {
            REFUSED.with_borrow_mut(|refused| refused.put(sku, (), ASKED_FIRST, now));
        }
    }
}

/// Refuses a cart that asks for more than its SKUs have now, as far as one was refused for them lately.
///
/// # Errors
/// `insufficient_stock`, with every SKU that falls short.
pub async fn refuse(platform: &Platform, lines: &[CartLine]) -> Result<(), ApiError> {
    let now = platform.now();
    let was_refused = |sku: &Sku| {
        let found = REFUSED.with_borrow_mut(|refused| refused.get(sku, now));
        matches!(found, Found::Fresh(()))
    };
    let mut wanted: BTreeMap<&Sku, u32> = BTreeMap::new();
    for line in lines.iter().filter(|line| was_refused(&line.sku)) {
        let quantity = wanted.entry(&line.sku).or_default();
        *quantity = quantity.saturating_add(line.quantity);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let skus: Vec<Sku> = wanted.keys().copied().cloned().collect();
    let Ok(levels) = display::levels(platform, &skus, true).await else {
        return Ok(());
    };
    let asked = wanted.into_iter().zip(levels);
    let shortages: Vec<Shortage> = asked
        .filter_map(|((sku, requested), shown)| {
            let available = shown.level.available(shown.as_of);
            // An object that never had a movement is not where the units of this SKU are.
            let short = shown.level.version > 0 && i64::from(requested) > available;
            short.then(|| Shortage {
                sku: sku.to_string(),
                requested,
                available,
                reason: ShortageReason::default(),
                bundles: Vec::new(),
            })
        })
        .collect();
    if shortages.is_empty() {
        return Ok(());
    }
    let shortages = serde_json::to_value(shortages).unwrap_or_default();
    Err(ApiError::new(ErrorCode::InsufficientStock).with("shortages", shortages))
}

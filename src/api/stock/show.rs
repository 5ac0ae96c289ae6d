//! `GET /v1/stock`: what of each SKU is available, for display.

use serde::Serialize;
use utoipa::ToSchema;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::bundle::Unpacked;
use super::display::{self, Shown};
use super::seen::{self, Seen};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::locations::known::require_locations;
use crate::api::query::refused;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::catalogue::{Sellable, StoreSettings};
use crate::domain::id::Sku;
use crate::domain::inventory::{
    BundleAvailability, LocationId, StockLevel, StockStatus, StockTerms,
};
use crate::domain::time::Timestamp;
use crate::runtime::platform::Platform;

/// The most SKUs of one request.
pub const MAX_SKUS: usize = 100;

/// The most SKUs with stock that one request looks at, those within bundles included.
const MAX_STOCKED: usize = 300;

/// What of one SKU is available.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockItem {
    /// The SKU.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: Sku,
    /// Units that an order could have, back-orders included. A publishable key is shown as much of it as
    /// the store's `stock_display` and `stock_display_cap` say: all, no more than the cap, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<i64>,
    /// How to show it.
    status: StockStatus,
    /// For a back-order: when units are expected, if the store says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
    /// For a pre-order: when it is out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    release_at: Option<Timestamp>,
    /// When this was so.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
}

impl StockItem {
    fn new(
        sku: Sku,
        available: Option<i64>,
        status: StockStatus,
        terms: &StockTerms,
        as_of: Timestamp,
    ) -> Self {
        let expected_at = terms.expected_at.filter(|_| status == StockStatus::BackOrder);
        let release_at = terms.release_at.filter(|_| status == StockStatus::PreOrder);
        Self { sku, available, status, expected_at, release_at, as_of }
    }
}

/// What of several SKUs is available, in the order in which they were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockList {
    /// One for each SKU.
    items: Vec<StockItem>,
}

/// Shows what of each SKU is available.
///
/// What of a bundle is available follows from its components, and is as old as the oldest of them.
/// For display: an answer may be a second or two old, `as_of` says how old. A checkout does not rely on
/// it. `fresh=true` asks the objects that own the stock.
#[utoipa::path(
    get, path = "/v1/stock", operation_id = "show_stock", tag = "catalogue",
    params(
        ("sku" = Vec<String>, Query, description = "1 to 100 SKUs, each `sku=…`; repeated ones are answered once", example = json!(["MUG-CLASSIC"])),
        ("fresh" = Option<bool>, Query, description = "ask the objects that own the stock"),
        ("location" = Option<String>, Query, description = "what one location has on its shelf, by default all that serve orders"),
    ),
    responses(
        (status = 200, description = "What is available", body = StockList),
        (status = 404, description = "`unknown_sku`: `skus` lists those that are not in the catalogue", body = crate::api::openapi::Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_location`", body = crate::api::openapi::Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["sku", "fresh", "location"])?;
    let skus = read_skus(query.all("sku"))?;
    let fresh = query.flag("fresh")?;
    let location = query.read("location", "must be a location", |text| text.parse().ok())?;
    let platform = &ask.platform;
    if let Some(location) = &location {
        require_locations(platform, [("?location".to_owned(), location)]).await?;
    }
    let terms = remembered::terms(platform).await?;
    let known = known(platform, &skus).await?;
    let unpacked = Unpacked::of(skus.iter(), &known);
    let stocked = unpacked.stocked(skus.iter());
    if stocked.len() > MAX_STOCKED {
        return Err(refused("sku", "names bundles of more than 300 SKUs: ask for fewer at once"));
    }
    let levels = display::levels(platform, &stocked, fresh).await?;
    let look = Look {
        unpacked,
        levels: stocked.iter().zip(levels).collect(),
        seen: seen::by_storefronts(platform).await,
        location,
        terms: &terms,
        is_merchant: ask.caller.is_merchant(),
        now: platform.now(),
    };
    let items = skus.iter().map(|sku| look.item(sku)).collect();
    let reply = Reply::json(200, &StockList { items })?;
    Ok(if fresh { reply } else { reply.quiet() })
}

/// What must be known of SKUs to take bundles apart; nothing of those that are none.
async fn known(platform: &Platform, skus: &[Sku]) -> Result<BTreeMap<Sku, Sellable>, ApiError> {
    if remembered::are_plain(platform, skus) {
        return Ok(BTreeMap::new());
    }
    let known = remembered::with_components(platform, skus.iter()).await?;
    let unknown: Vec<&str> =
        skus.iter().filter(|sku| !known.contains_key(*sku)).map(Sku::as_str).collect();
    if unknown.is_empty() {
        Ok(known)
    } else {
        Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", unknown))
    }
}

/// What is known of the SKUs that were asked for.
struct Look<'a> {
    unpacked: Unpacked,
    levels: BTreeMap<&'a Sku, Shown>,
    seen: Seen,
    location: Option<LocationId>,
    terms: &'a StoreSettings,
    is_merchant: bool,
    now: Timestamp,
}

impl Look<'_> {
    /// How a SKU stands: by its own stock, or by that of its components.
    fn item(&self, sku: &Sku) -> StockItem {
        let (terms, now) = (self.terms, self.now);
        let count = |available| terms.shown_count(available, self.is_merchant);
        let no_dates = StockTerms::default();
        if let Some(bundle) = self.unpacked.availability(sku, |part| self.level(part), terms, now) {
            let parts = self.levels.iter().filter(|(part, _)| self.unpacked.needs(sku, part));
            let as_of = parts.map(|(_, shown)| shown.as_of).min().unwrap_or(now);
            let BundleAvailability { available, status } = bundle;
            return StockItem::new(sku.clone(), count(available), status, &no_dates, as_of);
        }
        let Some(shown) = self.levels.get(sku) else {
            return StockItem::new(sku.clone(), count(0), StockStatus::OutOfStock, &no_dates, now);
        };
        let as_of = shown.as_of;
        let (available, status) = match &self.location {
            None => {
                let level = self.seen.of(&shown.level);
                (level.available(as_of), display::status(&level, terms, as_of))
            }
            Some(location) => {
                let threshold = i64::from(terms.low_stock_threshold);
                let level = &shown.level;
                (level.free_of(location), level.status_of(location, threshold, as_of))
            }
        };
        StockItem::new(sku.clone(), count(available), status, &shown.level.terms, as_of)
    }

    /// The stock of a component, where it counts.
    fn level(&self, sku: &Sku) -> Option<Cow<'_, StockLevel>> {
        let shown = self.levels.get(sku)?;
        Some(match &self.location {
            None => self.seen.of(&shown.level),
            Some(location) => Cow::Owned(shown.level.only_at(|place| place == location)),
        })
    }
}

fn read_skus<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Sku>, ApiError> {
    let mut skus: Vec<Sku> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for text in texts {
        if !seen.insert(text) {
            continue;
        }
        if skus.len() >= MAX_SKUS {
            return Err(refused("sku", "may name at most 100 SKUs"));
        }
        skus.push(text.parse().map_err(|_| refused("sku", "must be a SKU"))?);
    }
    if skus.is_empty() { Err(refused("sku", "is required")) } else { Ok(skus) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_keep_their_order_and_are_answered_once() {
        let skus = read_skus(["B", "A", "B"].into_iter()).unwrap();
        assert_eq!(skus.iter().map(Sku::as_str).collect::<Vec<_>>(), ["B", "A"]);
        assert!(read_skus(std::iter::empty()).is_err());
        assert!(read_skus(["A B"].into_iter()).is_err());
        let many: Vec<String> = (0..101).map(|n| n.to_string()).collect();
        assert!(read_skus(many.iter().map(String::as_str)).is_err());
        assert!(read_skus(many.iter().take(100).map(String::as_str)).is_ok());
    }
}

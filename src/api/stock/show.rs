//! `GET /v1/stock`: what of each SKU is available, for display.

use serde::Serialize;
use utoipa::ToSchema;

use super::display;
use super::seen;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::locations::known::require_locations;
use crate::api::query::refused;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::Sku;
use crate::domain::inventory::{StockStatus, StockTerms};
use crate::domain::time::Timestamp;

/// The most SKUs of one request.
pub const MAX_SKUS: usize = 100;

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
    let unknown = remembered::unsellable(platform, &skus).await?;
    if !unknown.is_empty() {
        let unknown: Vec<&str> = unknown.into_iter().map(Sku::as_str).collect();
        return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", unknown));
    }
    let is_merchant = ask.caller.is_merchant();
    let levels = display::levels(platform, &skus, fresh).await?;
    let seen = seen::by_storefronts(platform).await;
    let items = skus.into_iter().zip(&levels).map(|(sku, shown)| {
        let (level, as_of) = (seen.of(&shown.level), shown.as_of);
        let (available, status) = match &location {
            None => (level.available(as_of), display::status(&level, &terms, as_of)),
            Some(location) => {
                let threshold = i64::from(terms.low_stock_threshold);
                let level = &shown.level;
                (level.free_of(location), level.status_of(location, threshold, as_of))
            }
        };
        let available = terms.shown_count(available, is_merchant);
        StockItem::new(sku, available, status, &shown.level.terms, as_of)
    });
    let reply = Reply::json(200, &StockList { items: items.collect() })?;
    Ok(if fresh { reply } else { reply.quiet() })
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

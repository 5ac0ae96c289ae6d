//! `GET /v1/admin/inventory`: every SKU's stock, page by page, from D1.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::InventoryView;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::cursor_after;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::seen;
use crate::domain::id::Sku;
use crate::domain::inventory::{LocationId, StockLevel, StockStatus, scarcity};
use crate::storage::stock_levels::{self, CopiedLevel, Wanted};

/// SKUs that one request looks through, when only some of them are wanted and no index knows which: a
/// search that finds little goes on in the next page.
const SEARCHED_AT_ONCE: u32 = 500;

/// A page of SKUs, by SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct InventoryPage<'a> {
    /// The SKUs. With filters a page may have fewer than `limit`, or none, though more pages follow.
    items: Vec<InventoryView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Which SKUs are wanted.
struct Filter {
    statuses: Vec<StockStatus>,
    location: Option<LocationId>,
}

impl Filter {
    fn is_open(&self) -> bool {
        self.statuses.is_empty() && self.location.is_none()
    }

    /// Whether an index finds what is wanted: nothing but what is low, whichever place has it.
    fn is_of_scarce(&self) -> bool {
        self.location.is_none() && self.statuses == [StockStatus::LowStock]
    }

    fn wants(&self, level: &StockLevel, status: StockStatus) -> bool {
        let in_status = self.statuses.is_empty() || self.statuses.contains(&status);
        in_status && self.location.as_ref().is_none_or(|at| level.balance(at).is_some())
    }
}

/// Lists the stock of every SKU that is in the catalogue or ever had any, by SKU.
///
/// A bundle has no stock of its own, so its components are listed and it is not.
/// From copies that are a second or two old; `GET /v1/admin/inventory/{sku}` asks the object itself.
#[utoipa::path(
    get, path = "/v1/admin/inventory", operation_id = "list_inventory", tag = "admin",
    params(
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100, example = 20),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("q" = Option<String>, Query, description = "Only SKUs that begin with this", example = "MUG"),
        ("status" = Option<String>, Query, description = "`low`, `out`, or a status such as `back_order`: for one location, what it has", example = "low"),
        ("location" = Option<String>, Query, description = "Only SKUs that this location has, or had", example = "main"),
    ),
    responses((status = 200, description = "A page of SKUs", body = InventoryPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["limit", "cursor", "q", "status", "location"])?;
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let prefix: Option<Sku> = query.read("q", "must begin a SKU", |text| text.parse().ok())?;
    let prefix = prefix.as_ref().map_or("", Sku::as_str);
    let location = query.read("location", "must be a location", |text| text.parse().ok())?;
    let expected = "must be low, out, in_stock, low_stock, out_of_stock, back_order or pre_order";
    let statuses = query.read("status", expected, statuses)?.unwrap_or_default();
    let filter = Filter { statuses, location };
    let mut after = query.cursor()?.unwrap_or_default();
    let platform = &ask.platform;
    let (terms, database) = (remembered::terms(platform).await?, platform.database()?);
    let seen = seen::by_storefronts(platform).await;
    let threshold = i64::from(terms.low_stock_threshold);
    let now = platform.now();
    // The index knows the shelf of all places together, so it is of use where all of them are shown.
    let scarce = (filter.is_of_scarce() && seen.all()).then(|| scarcity(threshold));
    let at_once = if filter.is_open() {
        u32::try_from(limit.saturating_add(1)).unwrap_or(SEARCHED_AT_ONCE)
    } else {
        SEARCHED_AT_ONCE
    };
    let copies = stock_levels::page(&database, Wanted { prefix, scarce }, &after, at_once).await?;
    let mut more = copies.len() >= usize::try_from(at_once).unwrap_or(usize::MAX);
    let mut found: Vec<(Sku, CopiedLevel)> = Vec::new();
    for copy in copies {
        if found.len() >= limit {
            more = true;
            break;
        }
        after.clone_from(&copy.sku);
        let level = &copy.level;
        let status = match &filter.location {
            Some(location) => level.status_of(location, threshold, now),
            None => seen.of(level).status(threshold, now),
        };
        if filter.wants(level, status) {
            let sku = copy.sku.parse().map_err(|_| ApiError::internal("not a SKU in D1"))?;
            found.push((sku, copy));
        }
    }
    let items = found
        .iter()
        .map(|(sku, copy)| InventoryView::of(sku, &copy.level, copy.as_of, &terms, &seen))
        .collect();
    let next_cursor = more.then(|| cursor_after(&after));
    Reply::json(200, &InventoryPage { items, next_cursor })
}

fn statuses(text: &str) -> Option<Vec<StockStatus>> {
    use StockStatus::{BackOrder, InStock, LowStock, OutOfStock, PreOrder};
    Some(match text {
        "low" | "low_stock" => vec![LowStock],
        // Nothing is on the shelf, whether or not it may be ordered all the same.
        "out" => vec![OutOfStock, BackOrder],
        "in_stock" => vec![InStock],
        "out_of_stock" => vec![OutOfStock],
        "back_order" => vec![BackOrder],
        "pre_order" => vec![PreOrder],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_short_names_for_what_people_look_for() {
        assert_eq!(statuses("low"), statuses("low_stock"));
        assert_eq!(statuses("out").unwrap().len(), 2);
        assert_eq!(statuses("lo"), None);
    }

    #[test]
    fn a_filter_asks_for_status_and_location() {
        let level = StockLevel::stocked(3);
        let filter = |statuses: Vec<StockStatus>, location: Option<&str>| Filter {
            statuses,
            location: location.map(|text| text.parse().unwrap()),
        };
        assert!(filter(vec![], None).is_open());
        assert!(filter(vec![], Some("main")).wants(&level, StockStatus::InStock));
        assert!(!filter(vec![], Some("east")).wants(&level, StockStatus::InStock));
        assert!(!filter(vec![StockStatus::LowStock], None).wants(&level, StockStatus::InStock));
    }
}

//! `GET /v1/admin/reorder-proposals`: what should be ordered now, and why.

use serde::Serialize;
use utoipa::ToSchema;

use super::outlook;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::Sku;
use crate::domain::money::Money;
use crate::domain::reorder::Proposal;
use crate::domain::supplier::SupplierId;
use crate::storage::reorder::{Look, Need, by_sku};

/// Pages of SKUs that one request looks at.
const PAGES: usize = 10;

/// A SKU that should be ordered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReorderProposalView<'a> {
    /// Which.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: &'a Sku,
    /// From whom: the preferred supplier, or the one that delivers soonest; null if no active supplier
    /// offers it.
    #[schema(value_type = Option<String>)]
    supplier_id: Option<&'a SupplierId>,
    /// `no_supplier`: it should be ordered and can't be; null if it can.
    problem: Option<&'static str>,
    /// Units to order.
    quantity: i64,
    /// What one costs.
    unit_cost: Option<Money>,
    /// Every number that led to it.
    why: &'a Proposal,
}

impl<'a> ReorderProposalView<'a> {
    fn of(need: &'a Need) -> Self {
        let offer = need.offer.as_ref();
        Self {
            sku: &need.sku,
            supplier_id: offer.map(|offer| &offer.supplier.id),
            problem: offer.is_none().then_some("no_supplier"),
            quantity: need.proposal.quantity,
            unit_cost: offer.map(|offer| offer.item.unit_cost),
            why: &need.proposal,
        }
    }
}

/// A page of what should be ordered, by SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReorderProposalPage<'a> {
    /// What should be ordered.
    items: Vec<ReorderProposalView<'a>>,
    /// What to ask for the next page with; null on the last one. A page may be short, even empty, and not
    /// be the last: a request looks at 1,000 SKUs at most.
    next_cursor: Option<String>,
}

/// Lists what should be ordered now, by SKU, with every number that led to it.
///
/// It is time to order when unsold, announced and drafted units together are at the reorder point or below:
/// the merchant's, or what sells while an order is on its way. What is proposed is the merchant's reorder
/// quantity as often as it takes, or what sells until the order after this one arrives, at least the
/// supplier's minimum, in whole packs. From copies that are a second or so behind.
#[utoipa::path(
    get, path = "/v1/admin/reorder-proposals", operation_id = "list_reorder_proposals", tag = "admin",
    params(
        ("days" = Option<u32>, Query, description = "Over how many days sales are counted: 7 to 365, by default 28", minimum = 7, maximum = 365),
        ("review_days" = Option<u32>, Query, description = "Days until the next look: 1 to 90, by default 7", minimum = 1, maximum = 90),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of what should be ordered", body = ReorderProposalPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["days", "review_days", "limit", "cursor"])?;
    let number = |text: &str| text.parse::<u32>().ok();
    let days = query.read("days", "must be a number", number)?;
    let review_days = query.read("review_days", "must be a number", number)?;
    let outlook = outlook::read(days, review_days, "?").map_err(ApiError::fields)?;
    let limit = query.limit()?;
    let mut after = query.cursor()?.unwrap_or_default();
    let database = ask.platform.database()?;
    let look = Look { outlook, now: ask.platform.now(), count: 100 };
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut needs: Vec<Need> = Vec::new();
    let mut has_more = true;
    for _ in 0..PAGES {
        let page = by_sku(&database, &after, look).await?;
        if let Some((_, sku)) = page.last {
            after = sku;
        }
        has_more = page.has_more;
        needs.extend(page.needs);
        if needs.len() > wanted || !has_more {
            break;
        }
    }
    // What did not fit is computed again for the next page.
    if needs.len() > wanted {
        needs.truncate(wanted);
        has_more = true;
        after = needs.last().map(|need| need.sku.to_string()).unwrap_or_default();
    }
    let next_cursor = has_more.then(|| cursor_after(&after));
    let items = needs.iter().map(ReorderProposalView::of).collect();
    Reply::json(200, &ReorderProposalPage { items, next_cursor })
}

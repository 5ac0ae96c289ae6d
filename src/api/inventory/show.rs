//! `GET /v1/admin/inventory/{sku}`: a SKU's counters, from the object that owns them.

use super::view::InventoryView;
use super::{bundle, moment};
use crate::api::ask::Ask;
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::{display, seen};

/// Shows a SKU's counters, as the object that owns them has them now.
///
/// A SKU that is no longer in the catalogue is shown for as long as it ever had stock. A bundle has no stock
/// of its own: it is shown as its `components` allow, as it is put together now.
#[utoipa::path(
    get, path = "/v1/admin/inventory/{sku}", operation_id = "show_inventory", tag = "admin",
    params(
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
        ("at" = Option<String>, Query, description = "A past time, RFC 3339: the counters as the ledger had them then"),
    ),
    responses(
        (status = 200, description = "The counters", body = InventoryView),
        (status = 422, description = "`invalid_request`: the time is in the future", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let at = moment::past(&ask.query(&["at"])?, ask.platform.now())?;
    let terms = remembered::terms(&ask.platform).await?;
    let shown = match at {
        None => display::ask(&ask.platform, &sku).await?,
        Some(at) => moment::level(&ask.platform, &sku, at).await?,
    };
    moment::require_known(&ask.platform, &sku, &shown.level).await?;
    let seen = seen::by_storefronts(&ask.platform).await;
    let made_of = bundle::stock(&ask.platform, (&sku, &shown.level), at, &terms, &seen).await?;
    let view = InventoryView::of(&sku, &shown.level, shown.as_of, &terms, &seen);
    Reply::json(200, &made_of.into_iter().fold(view, InventoryView::made_of))
}

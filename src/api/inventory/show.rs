//! `GET /v1/admin/inventory/{sku}`: a SKU's counters, from the object that owns them.

use super::view::InventoryView;
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::{display, seen};

/// Shows a SKU's counters, as the object that owns them has them now.
///
/// A SKU that is no longer in the catalogue is shown for as long as it ever had stock.
#[utoipa::path(
    get, path = "/v1/admin/inventory/{sku}", operation_id = "show_inventory", tag = "admin",
    params(("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC")),
    responses(
        (status = 200, description = "The counters", body = InventoryView),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let terms = remembered::terms(&ask.platform).await?;
    let shown = display::ask(&ask.platform, &sku).await?;
    if shown.level.version == 0 {
        let known = remembered::sellables(&ask.platform, std::iter::once(&sku)).await?;
        if known.is_empty() {
            return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
        }
    }
    let seen = seen::by_storefronts(&ask.platform).await;
    Reply::json(200, &InventoryView::of(&sku, &shown.level, shown.as_of, &terms, &seen))
}

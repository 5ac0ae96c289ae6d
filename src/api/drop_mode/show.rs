//! `GET /v1/admin/inventory/{sku}/drop-mode`: whether a SKU's units are spread, and where they are.

use super::view::{self, DropModeView};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};

/// Shows whether a SKU's units are spread over slices, and what each slice has.
///
/// The SKU's own object knows of each slice what it last told, which is about a second ago at most while
/// things change.
#[utoipa::path(
    get, path = "/v1/admin/inventory/{sku}/drop-mode", operation_id = "show_drop_mode", tag = "admin",
    params(("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC")),
    responses(
        (status = 200, description = "Drop mode as it is", body = DropModeView),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let (report, as_of) = view::ask(&ask.platform, &sku, None).await?;
    if report.whole.version == 0 {
        let known = remembered::sellables(&ask.platform, std::iter::once(&sku)).await?;
        if known.is_empty() {
            return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
        }
    }
    Reply::json(200, &DropModeView::of(&sku, &report, as_of))
}

//! `PUT /v1/admin/inventory/{sku}/drop-mode`: spreads a SKU's units, or gathers them again.

use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{self, DropModeView};
use crate::api::ask::Ask;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::reply::{Outcome, Reply};
use crate::domain::field_error::FieldError;
use crate::domain::inventory::spread::{MAX_SLICES, SpreadSettings};
use crate::storage;

/// The most claims a second that a merchant can name: far beyond what one object carries.
const MAX_PER_SECOND: u32 = 1_000_000;

/// Drop mode as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"slices": 8, "automatic_above_per_second": null}))]
pub struct DropModeRequest {
    /// Over how many objects the units are spread: 2 to 64, or 0 for off.
    #[schema(minimum = 0, maximum = 64)]
    slices: u16,
    /// Spread only while more claims than this come in a second: on above it, off again after a quiet minute.
    /// Null: spread for as long as `slices` says so.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    automatic_above_per_second: Option<u32>,
}

impl DropModeRequest {
    fn settings(&self) -> Result<SpreadSettings, ApiError> {
        let mut errors = Vec::new();
        let mut refuse = |pointer: &str, message: &str| {
            errors.push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
        };
        if self.slices != 0 && !(2..=MAX_SLICES).contains(&self.slices) {
            refuse("/slices", "must be 0 or 2 to 64");
        }
        if let Some(above) = self.automatic_above_per_second {
            if !(1..=MAX_PER_SECOND).contains(&above) {
                refuse("/automatic_above_per_second", "must be 1 to 1000000, or null");
            }
            if self.slices == 0 {
                refuse("/slices", "must be 2 to 64 where drop mode may switch itself on");
            }
        }
        if !errors.is_empty() {
            return Err(ApiError::fields(errors));
        }
        let automatic_above_per_second = self.automatic_above_per_second;
        Ok(SpreadSettings { slices: self.slices, automatic_above_per_second })
    }
}

/// Spreads a SKU's units over slices that reserve independently, or gathers them again.
///
/// Live: orders that have units keep them where they are, new ones follow within seconds. Sending the same
/// again changes nothing.
#[utoipa::path(
    put, path = "/v1/admin/inventory/{sku}/drop-mode", operation_id = "put_drop_mode", tag = "admin",
    params(("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC")),
    request_body = DropModeRequest,
    responses(
        (status = 200, description = "Drop mode as it is now", body = DropModeView),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let request: DropModeRequest = ask.json().await?;
    let settings = request.settings()?;
    let known = storage::catalogue::sellables(&ask.platform.database()?, &[&sku]).await?;
    if known.is_empty() {
        return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
    }
    let (report, as_of) = view::ask(&ask.platform, &sku, Some(settings)).await?;
    Reply::json(200, &DropModeView::of(&sku, &report, as_of))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused_pointers(body: serde_json::Value) -> Vec<String> {
        let request: DropModeRequest = serde_json::from_value(body).unwrap();
        let refused = request.settings().err();
        let errors = refused.map(|error| error.errors).unwrap_or_default();
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn slices_are_none_or_2_to_64_and_demand_needs_some() {
        for fine in [
            json!({"slices": 0}),
            json!({"slices": 2}),
            json!({"slices": 64, "automatic_above_per_second": 1}),
        ] {
            assert_eq!(refused_pointers(fine.clone()), [""; 0], "{fine}");
        }
        let slices = "/slices";
        let above = "/automatic_above_per_second";
        for (body, pointers) in [
            (json!({"slices": 1}), vec![slices]),
            (json!({"slices": 65}), vec![slices]),
            (json!({"slices": 4, "automatic_above_per_second": 0}), vec![above]),
            (json!({"slices": 4, "automatic_above_per_second": 1_000_001}), vec![above]),
            (json!({"slices": 0, "automatic_above_per_second": 9}), vec![slices]),
            (json!({"slices": 1, "automatic_above_per_second": 0}), vec![slices, above]),
        ] {
            assert_eq!(refused_pointers(body.clone()), pointers, "{body}");
        }
        for bad in [
            json!({}),
            json!({"slices": -2}),
            json!({"slices": 2.5}),
            json!({"slices": "2"}),
            json!({"slices": 2, "k": 1}),
        ] {
            assert!(serde_json::from_value::<DropModeRequest>(bad.clone()).is_err(), "{bad}");
        }
    }
}

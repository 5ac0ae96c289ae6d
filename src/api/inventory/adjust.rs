//! `POST /v1/admin/inventory/{sku}/adjustments`: goods came in, a count was corrected, units are damaged or
//! written off.

use serde::Deserialize;
use utoipa::ToSchema;

use super::change;
use super::view::InventoryView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::locations::known::require_locations;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::field_error::FieldError;
use crate::domain::inventory::{LocationId, MAX_UNITS, StockChange, TermsChange};

/// What an adjustment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    /// Goods came in.
    Received,
    /// A count was corrected.
    Adjusted,
    /// Units turn out to be unfit for sale; a negative quantity makes them fit again.
    Damaged,
    /// Damaged units leave for good.
    WrittenOff,
}

/// A change of a SKU's counters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"quantity": 25, "reason": "Delivery 4711", "kind": "received"}))]
pub struct AdjustmentRequest {
    /// Units added, or taken away if negative.
    #[schema(minimum = -1_000_000_000i64, maximum = 1_000_000_000i64)]
    quantity: i64,
    /// Why, in a person's words; it stays in the SKU's ledger.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
    /// By default `adjusted`.
    #[serde(default)]
    kind: Option<AdjustmentKind>,
    /// Where; by default `main`.
    #[serde(default)]
    location: Option<LocationId>,
    /// A new limit of units that may be sold beyond what is on hand.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    back_order_limit: Option<i64>,
    /// A new threshold at or below which the SKU is shown as low; 0: the store's own.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000i64)]
    low_stock_threshold: Option<i64>,
}

impl AdjustmentRequest {
    /// What is wrong with it, apart from what its types refuse.
    #[must_use]
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                errors
                    .push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
            }
        };
        let is_unsigned =
            matches!(self.kind, Some(AdjustmentKind::Received | AdjustmentKind::WrittenOff));
        let least = if is_unsigned { 0 } else { -MAX_UNITS };
        let sane = (least..=MAX_UNITS).contains(&self.quantity);
        require(
            sane,
            "/quantity",
            "must be at most 1000000000, and not negative for goods received or written off",
        );
        let line = change::is_reason(&self.reason);
        require(line, "/reason", "must be a line of 1 to 200 characters");
        let limits = [
            ("/back_order_limit", self.back_order_limit),
            ("/low_stock_threshold", self.low_stock_threshold),
        ];
        for (pointer, limit) in limits {
            let sane = limit.is_none_or(|limit| (0..=MAX_UNITS).contains(&limit));
            require(sane, pointer, "must be 0 to 1000000000");
        }
        let changes = self.quantity != 0 || limits.iter().any(|(_, limit)| limit.is_some());
        require(changes, "/quantity", "must not be 0 when nothing else changes");
        errors
    }

    fn location(&self) -> LocationId {
        self.location.clone().unwrap_or_default()
    }

    fn change(&self, location: LocationId) -> StockChange {
        let quantity = self.quantity;
        match self.kind {
            Some(AdjustmentKind::Received) => {
                StockChange::Received { location, quantity, damaged: 0, announced: 0 }
            }
            Some(AdjustmentKind::Adjusted) | None => {
                StockChange::Adjusted { location, quantity_delta: quantity }
            }
            Some(AdjustmentKind::Damaged) => {
                StockChange::Damaged { location, quantity_delta: quantity }
            }
            Some(AdjustmentKind::WrittenOff) => StockChange::WrittenOff { location, quantity },
        }
    }

    fn terms(&self) -> Option<Box<TermsChange>> {
        let changes = self.back_order_limit.is_some() || self.low_stock_threshold.is_some();
        let patch = TermsChange::Patch {
            back_order_limit: self.back_order_limit,
            low_stock_threshold: self.low_stock_threshold,
            safety_stock: None,
            reorder_point: None,
            reorder_quantity: None,
        };
        changes.then(|| Box::new(patch))
    }
}

/// Changes a SKU's counters, once per `Idempotency-Key`.
///
/// Units that orders hold or have paid for can't be taken away.
#[utoipa::path(
    post, path = "/v1/admin/inventory/{sku}/adjustments", operation_id = "adjust_inventory", tag = "admin",
    params(
        ("sku" = String, Path, description = "The SKU", example = "MUG-CLASSIC"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "delivery-4711-mug"),
    ),
    request_body = AdjustmentRequest,
    responses(
        (status = 200, description = "The counters after it; `Idempotent-Replayed: true` on a repeat", body = InventoryView),
        (status = 404, description = "`unknown_sku`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`sku_is_bundle`; `units_claimed`: `removable` says how many units it could take; `not_damaged`: `damaged` says how many units are", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_location`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let sku = ask.sku()?;
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: AdjustmentRequest = body::parse(&body)?;
    let errors = request.check();
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    change::require_in_catalogue(&ask.platform, &sku).await?;
    let location = request.location();
    require_locations(&ask.platform, [("/location".to_owned(), &location)]).await?;
    let (changes, terms) = (vec![request.change(location)], request.terms());
    change::by_person(&ask, &sku, submission, changes, terms, request.reason).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_pointers(body: serde_json::Value) -> Vec<String> {
        let request: AdjustmentRequest = serde_json::from_value(body).unwrap();
        request.check().into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn an_adjustment_is_bounded_and_says_why() {
        use serde_json::json;
        let fine = json!({"quantity": -3, "reason": "broken"});
        assert_eq!(refused_pointers(fine), [""; 0]);
        let limits = json!({"quantity": 0, "reason": "x", "back_order_limit": 5});
        assert_eq!(refused_pointers(limits), [""; 0]);
        let mended =
            json!({"quantity": -3, "reason": "mended", "kind": "damaged", "location": "a"});
        assert_eq!(refused_pointers(mended), [""; 0]);
        for (body, pointer) in [
            (json!({"quantity": 0, "reason": "x"}), "/quantity"),
            (json!({"quantity": 1_000_000_001, "reason": "x"}), "/quantity"),
            (json!({"quantity": -1, "reason": "x", "kind": "received"}), "/quantity"),
            (json!({"quantity": -1, "reason": "x", "kind": "written_off"}), "/quantity"),
            (json!({"quantity": 0, "reason": "x", "kind": "damaged"}), "/quantity"),
            (json!({"quantity": 1, "reason": " "}), "/reason"),
            (json!({"quantity": 1, "reason": "a\nb"}), "/reason"),
            (json!({"quantity": 1, "reason": "x".repeat(201)}), "/reason"),
            (json!({"quantity": 1, "reason": "x", "back_order_limit": -1}), "/back_order_limit"),
        ] {
            assert_eq!(refused_pointers(body.clone()), [pointer], "{body}");
        }
    }
}

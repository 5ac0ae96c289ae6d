//! `POST /v1/admin/inventory/{sku}/adjustments`: goods came in, or a count was corrected.

use std::rc::Rc;

use serde::Deserialize;
use utoipa::ToSchema;

use super::bundle::refuse_bundles;
use super::view::InventoryView;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::remembered;
use crate::api::reply::{Outcome, Reply};
use crate::api::stock::display::{self, Shown};
use crate::domain::field_error::FieldError;
use crate::domain::id::Sku;
use crate::domain::inventory::{
    Cause, CauseKind, ChangeRefusal, LocationId, MAX_UNITS, StockChange, TermsChange,
};
use crate::objects::commands::{SkuAnswer, SkuCommand};
use crate::runtime::platform::Platform;
use crate::storage;

const MAX_REASON_CHARACTERS: usize = 200;

/// What an adjustment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentKind {
    /// Goods came in.
    Received,
    /// A count was corrected.
    Adjusted,
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
    fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut require = |holds: bool, pointer: &str, message: &str| {
            if !holds {
                errors
                    .push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
            }
        };
        let least = if self.kind == Some(AdjustmentKind::Received) { 0 } else { -MAX_UNITS };
        let sane = (least..=MAX_UNITS).contains(&self.quantity);
        require(
            sane,
            "/quantity",
            "must be at most 1000000000, and not negative for goods received",
        );
        let characters = self.reason.chars().count();
        let line = (1..=MAX_REASON_CHARACTERS).contains(&characters)
            && !self.reason.trim().is_empty()
            && !self.reason.contains(char::is_control);
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

    fn change(&self) -> StockChange {
        let location = LocationId::main();
        match self.kind {
            Some(AdjustmentKind::Received) => {
                let quantity = self.quantity;
                StockChange::Received { location, quantity, damaged: 0, announced: 0 }
            }
            Some(AdjustmentKind::Adjusted) | None => {
                StockChange::Adjusted { location, quantity_delta: self.quantity }
            }
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
        (status = 409, description = "`sku_is_bundle`; `units_claimed`: `removable` says how many units it could take", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
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
    require_in_catalogue(&ask.platform, &sku).await?;
    let terms = remembered::terms(&ask.platform).await?;
    let command = SkuCommand::Change {
        key: submission.key,
        fingerprint: submission.fingerprint,
        changes: vec![request.change()],
        terms: request.terms(),
        cause: Cause {
            kind: CauseKind::Person,
            id: None,
            actor: Some(ask.caller.sender().to_owned()),
            reason: Some(request.reason),
        },
    };
    match ask.platform.sku(&sku, &command).await? {
        SkuAnswer::Changed { level, as_of, replayed } => {
            let level = Rc::new(*level);
            if !replayed {
                let shown = Shown { level: Rc::clone(&level), as_of };
                display::remember(&ask.platform, &sku, shown);
            }
            let view = InventoryView::of(&sku, &level, as_of, &terms);
            Ok(Reply::json(200, &view)?.replayed(replayed))
        }
        SkuAnswer::Refused { refusal } => Err(refused(&refusal)),
        SkuAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
        SkuAnswer::Claims { .. } | SkuAnswer::Level { .. } | SkuAnswer::Ledger(_) => {
            Err(ApiError::internal("the object's answer does not fit an adjustment"))
        }
    }
}

fn refused(refusal: &ChangeRefusal) -> ApiError {
    match refusal {
        ChangeRefusal::UnitsClaimed { removable } => {
            ApiError::because(ErrorCode::UnitsClaimed, refusal.to_string())
                .with("removable", *removable)
        }
        ChangeRefusal::NotDamaged { .. } | ChangeRefusal::OutOfRange => {
            ApiError::field("/quantity", "must keep every count within 1000000000")
        }
    }
}

/// Stock is not received for a SKU that nobody can sell: most likely it is misspelt. What is
/// remembered is not asked: the SKU may have been made a moment ago.
///
/// # Errors
/// 404 if it is not in the catalogue.
pub async fn require_in_catalogue(platform: &Platform, sku: &Sku) -> Result<(), ApiError> {
    let known = storage::catalogue::sellables(&platform.database()?, &[sku]).await?;
    if known.is_empty() {
        return Err(ApiError::new(ErrorCode::SkuNotFound).with("skus", vec![sku.as_str()]));
    }
    refuse_bundles(&known)
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
        for (body, pointer) in [
            (json!({"quantity": 0, "reason": "x"}), "/quantity"),
            (json!({"quantity": 1_000_000_001, "reason": "x"}), "/quantity"),
            (json!({"quantity": -1, "reason": "x", "kind": "received"}), "/quantity"),
            (json!({"quantity": 1, "reason": " "}), "/reason"),
            (json!({"quantity": 1, "reason": "a\nb"}), "/reason"),
            (json!({"quantity": 1, "reason": "x".repeat(201)}), "/reason"),
            (json!({"quantity": 1, "reason": "x", "back_order_limit": -1}), "/back_order_limit"),
        ] {
            assert_eq!(refused_pointers(body.clone()), [pointer], "{body}");
        }
    }
}

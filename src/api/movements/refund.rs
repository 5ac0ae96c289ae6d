//! `POST /v1/admin/orders/{id}/refunds`: taken money is given back.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{self, MovementAnswer};
use super::capture::wrong;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::locations::known::require_locations;
use crate::api::openapi::Problem;
use crate::api::reply::Outcome;
use crate::domain::field_error::Checks;
use crate::domain::id::Sku;
use crate::domain::inventory::{Condition, LocationId};
use crate::domain::money::MAX_AMOUNT_MINOR;
use crate::domain::pricing::{MAX_CART_LINES, MAX_QUANTITY};
use crate::flows::movements::{LineAsk, MovementAsk, RefundOf};

/// What to give back: an amount, or units of lines and shipping; everything that is left if neither is
/// named.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"sku": "MUG-CLASSIC", "quantity": 1, "restock": 1}], "reason": "arrived broken"}))]
pub struct RefundRequest {
    /// Minor units of the order's currency, whatever it is for. Not together with `lines` or
    /// `shipping_minor`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000i64)]
    amount_minor: Option<i64>,
    /// Units of lines to give the money back for, tax included.
    #[serde(default)]
    #[schema(max_items = 100)]
    lines: Vec<RefundLine>,
    /// Minor units of shipping to give back, tax included.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1_000_000_000_000_000i64)]
    shipping_minor: Option<i64>,
    /// Why, for the merchant's own books and, where the gateway takes it, for the buyer.
    #[serde(default)]
    #[schema(max_length = 250)]
    reason: Option<String>,
}

/// Units of one line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundLine {
    /// Which line.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: Sku,
    /// How many units to give the money back for.
    #[schema(minimum = 1, maximum = 9_999)]
    quantity: u32,
    /// How many of them came back. Of a bundle, its components are put back.
    #[serde(default)]
    #[schema(maximum = 9_999)]
    restock: u32,
    /// Whether those can be sold again.
    #[serde(default)]
    restock_condition: Condition,
    /// Where they came to; by default where they came from.
    #[serde(default)]
    restock_location: Option<LocationId>,
}

impl RefundLine {
    fn ask(self) -> LineAsk {
        LineAsk {
            sku: self.sku,
            quantity: self.quantity,
            restock: self.restock,
            restock_condition: self.restock_condition,
            restock_location: self.restock_location,
        }
    }
}

/// Gives money back, all or in part, once per `Idempotency-Key`.
///
/// Refunds that run at the same time can never come to more than was taken: what is under way counts as
/// gone. A refund whose answer is lost is found at the gateway, never sent blindly again. Once its money
/// has moved it gets a credit note.
#[utoipa::path(
    post, path = "/v1/admin/orders/{id}/refunds", operation_id = "refund_payment", tag = "payments",
    params(
        ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every refund", example = "refund-1"),
    ),
    request_body = RefundRequest,
    responses(
        (status = 201, description = "Written down and asked of the gateway", body = MovementAnswer),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`nothing_to_move`, `movement_in_progress`, `outcome_unknown`, `payment_disputed`, `not_offered_by_gateway`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_location`, `amount_too_large`, `units_too_many`, `idempotency_key_reused`, `card_data_refused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: RefundRequest = body::parse(&body)?;
    request.check()?;
    let mut named = request.lines.iter().enumerate().filter_map(|(index, line)| {
        Some((format!("/lines/{index}/restock_location"), line.restock_location.as_ref()?))
    });
    // Who names no location does not wait for the register of them.
    if let Some(first) = named.next() {
        require_locations(&ask.platform, std::iter::once(first).chain(named)).await?;
    }
    let RefundRequest { amount_minor, lines, shipping_minor, reason } = request;
    let of = match (amount_minor, lines.is_empty(), shipping_minor) {
        (Some(amount_minor), ..) => RefundOf::Amount { amount_minor },
        (None, true, None) => RefundOf::Everything,
        (None, _, shipping_minor) => RefundOf::Lines {
            lines: lines.into_iter().map(RefundLine::ask).collect(),
            shipping_minor: shipping_minor.unwrap_or(0),
        },
    };
    answer::ask(&ask, id, submission, MovementAsk::Refund { of, reason }).await
}

impl RefundRequest {
    /// What is wrong with it, apart from what its types refuse.
    ///
    /// # Errors
    /// 422.
    pub fn check(&self) -> Result<(), ApiError> {
        let mut errors = wrong(self.amount_minor, self.reason.as_deref());
        let mut checks = Checks::default();
        let by_lines = !self.lines.is_empty() || self.shipping_minor.is_some();
        checks.require(
            self.amount_minor.is_none() || !by_lines,
            "/amount_minor",
            "must not come together with lines or shipping_minor",
        );
        checks.require(
            self.shipping_minor.is_none_or(|amount| (0..=MAX_AMOUNT_MINOR).contains(&amount)),
            "/shipping_minor",
            "must be 0 to 1000000000000000",
        );
        checks.count("/lines", self.lines.len(), 0, MAX_CART_LINES);
        let mut seen = BTreeSet::new();
        for (index, line) in self.lines.iter().enumerate() {
            let pointer = |field: &str| format!("/lines/{index}/{field}");
            checks.require(seen.insert(&line.sku), &pointer("sku"), "must not be listed twice");
            let in_range = (1..=MAX_QUANTITY).contains(&line.quantity);
            checks.require(in_range, &pointer("quantity"), "must be 1 to 9999");
            let restock = line.restock <= line.quantity;
            checks.require(restock, &pointer("restock"), "must not be more than quantity");
        }
        errors.extend(checks.finish());
        if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> Result<(), Vec<String>> {
        let request: RefundRequest = body::parse(body.as_bytes()).map_err(|_| Vec::new())?;
        let pointers = |error: ApiError| error.errors.into_iter().map(|e| e.pointer).collect();
        request.check().map_err(pointers)
    }

    #[test]
    fn what_is_wrong_is_refused_where_it_is() {
        assert_eq!(check("{}"), Ok(()));
        assert_eq!(check(r#"{"lines":[{"sku":"A","quantity":2,"restock":2}]}"#), Ok(()));
        for (body, pointer) in [
            (r#"{"amount_minor":0}"#, "/amount_minor"),
            (r#"{"amount_minor":-1}"#, "/amount_minor"),
            (r#"{"amount_minor":1000000000000001}"#, "/amount_minor"),
            (r#"{"amount_minor":1,"shipping_minor":1}"#, "/amount_minor"),
            (r#"{"shipping_minor":-1}"#, "/shipping_minor"),
            (r#"{"lines":[{"sku":"A","quantity":0}]}"#, "/lines/0/quantity"),
            (r#"{"lines":[{"sku":"A","quantity":10000}]}"#, "/lines/0/quantity"),
            (r#"{"lines":[{"sku":"A","quantity":1,"restock":2}]}"#, "/lines/0/restock"),
            (r#"{"lines":[{"sku":"A","quantity":1},{"sku":"A","quantity":1}]}"#, "/lines/1/sku"),
            (r#"{"reason":""}"#, "/reason"),
        ] {
            assert_eq!(check(body), Err(vec![pointer.to_owned()]), "{body}");
        }
        for body in [r#"{"amount_minor":1.5}"#, r#"{"amount_minor":"1"}"#, r#"{"total":1}"#] {
            assert_eq!(check(body), Err(Vec::new()), "{body}");
        }
    }
}

//! `POST /v1/admin/orders/{id}/returns`: goods came back, and no money goes with them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::locations::known::require_locations;
use crate::api::openapi::Problem;
use crate::api::orders::view::{Audience, OrderView};
use crate::api::reply::{Outcome, Reply};
use crate::domain::field_error::Checks;
use crate::domain::id::{ReturnId, Sku};
use crate::domain::inventory::{Condition, LocationId};
use crate::domain::pricing::{MAX_CART_LINES, MAX_CLAIMED_UNITS};
use crate::flows::returns::{ReturnAsk, ReturnLineAsk, ReturnRefusal};
use crate::objects::commands::{ShardAnswer, ShardCommand};

const MAX_REASON_CHARACTERS: usize = 250;

/// What came back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"sku": "MUG-CLASSIC", "quantity": 1, "condition": "damaged"}], "reason": "exchanged under warranty"}))]
pub struct GoodsReturnRequest {
    /// Units that came back; the same SKU more than once for units in different conditions.
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<GoodsReturnLine>,
    /// Why, for the merchant's own books.
    #[serde(default)]
    #[schema(max_length = 250)]
    reason: Option<String>,
}

/// Units that came back in one condition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GoodsReturnLine {
    /// The SKU of a line of the order, or of a component of a bundle in it.
    #[schema(value_type = String, example = "MUG-CLASSIC")]
    sku: Sku,
    /// Units.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u32,
    /// Whether they can be sold again.
    #[serde(default)]
    condition: Condition,
    /// Where they came to; by default where they came from.
    #[serde(default)]
    location: Option<LocationId>,
}

/// A return that was noted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReturnAnswer<'a> {
    /// Its identity in `order.returns`.
    #[schema(value_type = String, example = "ret_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")]
    return_id: ReturnId,
    /// The order as it is now.
    order: OrderView<'a>,
}

/// Notes goods that came back without a refund, once per `Idempotency-Key`.
///
/// For an exchange, a repair, a parcel that nobody took. Of a bundle, its components are put back; one of
/// them can also come back by itself. What refunds put back and what came back otherwise is never more than
/// was sold. The stock follows within a second.
#[utoipa::path(
    post, path = "/v1/admin/orders/{id}/returns", operation_id = "create_return", tag = "orders",
    params(
        ("id" = String, Path, description = "The order", example = "ord_03019aa0c05c1c7c2e8a5b0d3c5a6f7e80"),
        ("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters, new for every return", example = "return-1"),
    ),
    request_body = GoodsReturnRequest,
    responses(
        (status = 201, description = "Noted; `Idempotent-Replayed: true` on a repeat", body = ReturnAnswer),
        (status = 404, description = "`order_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`too_many_returns`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_request`, `unknown_location`, `units_too_many`, `idempotency_key_reused`, `card_data_refused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let id = ask.order_id()?;
    let body = ask.json_bytes().await?;
    let submission = ask.submission(&body)?;
    let request: GoodsReturnRequest = body::parse(&body)?;
    request.check()?;
    let mut named = request.lines.iter().enumerate().filter_map(|(index, line)| {
        Some((format!("/lines/{index}/location"), line.location.as_ref()?))
    });
    // Who names no location does not wait for the register of them.
    if let Some(first) = named.next() {
        require_locations(&ask.platform, std::iter::once(first).chain(named)).await?;
    }
    let lines = request.lines.into_iter().map(GoodsReturnLine::ask).collect();
    let command = ShardCommand::TakeBack {
        key: submission.key,
        fingerprint: submission.fingerprint,
        id,
        ask: ReturnAsk { lines, reason: request.reason },
    };
    let answer = ask.platform.shard(id.shard(), &command).await;
    match answer.map_err(|unavailable| ApiError::from(unavailable).about(id))? {
        ShardAnswer::TakenBack { order, return_id, replayed } => {
            let order = OrderView::of(&order, Audience::Merchant);
            let answer = ReturnAnswer { return_id, order };
            Ok(Reply::json(201, &answer)?.replayed(replayed).about(id))
        }
        ShardAnswer::TakeBackRefused { refusal } => Err(refused(&refusal).about(id)),
        ShardAnswer::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused).about(id)),
        ShardAnswer::NotFound => Err(ApiError::new(ErrorCode::OrderNotFound).about(id)),
        _ => Err(ApiError::internal("the shard's answer does not fit a return").about(id)),
    }
}

fn refused(refusal: &ReturnRefusal) -> ApiError {
    match refusal {
        ReturnRefusal::TooManyUnits { sku, available } => {
            let line = serde_json::json!({ "sku": sku, "available": available });
            ApiError::because(ErrorCode::UnitsTooMany, refusal.to_string()).with("line", line)
        }
        ReturnRefusal::TooManyReturns => ApiError::new(ErrorCode::TooManyReturns),
    }
}

impl GoodsReturnLine {
    fn ask(self) -> ReturnLineAsk {
        let Self { sku, quantity, condition, location } = self;
        ReturnLineAsk { sku, quantity, condition, location }
    }
}

impl GoodsReturnRequest {
    /// What is wrong with it, apart from what its types refuse.
    ///
    /// # Errors
    /// 422.
    pub fn check(&self) -> Result<(), ApiError> {
        let mut checks = Checks::default();
        checks.count("/lines", self.lines.len(), 1, MAX_CART_LINES);
        let same = self.lines.iter().map(|line| (&line.sku, line.condition, &line.location));
        checks.unique("/lines", same, "must not be listed twice in one condition and place");
        for (index, line) in self.lines.iter().enumerate() {
            checks.require(
                (1..=MAX_CLAIMED_UNITS).contains(&line.quantity),
                &format!("/lines/{index}/quantity"),
                "must be 1 to 1000000",
            );
        }
        if let Some(reason) = &self.reason {
            checks.line("/reason", reason, 1, MAX_REASON_CHARACTERS);
        }
        let errors = checks.finish();
        if errors.is_empty() { Ok(()) } else { Err(ApiError::fields(errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(body: &str) -> Option<Vec<String>> {
        let pointers = |error: ApiError| error.errors.into_iter().map(|e| e.pointer).collect();
        let read = body::parse::<GoodsReturnRequest>(body.as_bytes()).and_then(|r| r.check());
        read.err().map(pointers)
    }

    #[test]
    fn what_is_wrong_is_refused_where_it_is() {
        assert_eq!(wrong(r#"{"lines":[{"sku":"A","quantity":1}]}"#), None);
        let both = r#"{"lines":[{"sku":"A","quantity":1},
            {"sku":"A","quantity":1,"condition":"damaged","location":"back"}],"reason":"x"}"#;
        assert_eq!(wrong(both), None);
        for (body, pointer) in [
            (r#"{"lines":[]}"#, "/lines"),
            (r#"{"lines":[{"sku":"A","quantity":0}]}"#, "/lines/0/quantity"),
            (r#"{"lines":[{"sku":"A","quantity":1000001}]}"#, "/lines/0/quantity"),
            (r#"{"lines":[{"sku":"A","quantity":-1}]}"#, "/lines/0/quantity"),
            (r#"{"lines":[{"sku":"A","quantity":1.5}]}"#, "/lines/0/quantity"),
            (r#"{"lines":[{"sku":"A","quantity":1},{"sku":"A","quantity":1}]}"#, "/lines/1"),
            (r#"{"lines":[{"sku":"A B","quantity":1}]}"#, "/lines/0/sku"),
            (r#"{"lines":[{"sku":"A","quantity":1,"condition":"new"}]}"#, "/lines/0/condition"),
            (r#"{"lines":[{"sku":"A","quantity":1,"location":"a b"}]}"#, "/lines/0/location"),
            (r#"{"lines":[{"sku":"A","quantity":1}],"reason":""}"#, "/reason"),
            (r#"{"lines":[{"sku":"A","quantity":1,"refund":true}]}"#, "/lines/0/refund"),
        ] {
            assert_eq!(wrong(body), Some(vec![pointer.to_owned()]), "{body}");
        }
    }
}

//! `POST /v1/admin/reorder-proposals/purchase-orders`: draft purchase orders of what should be ordered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outlook;
use crate::api::ask::Ask;
use crate::api::body;
use crate::api::error::{ApiError, ErrorCode};
use crate::api::openapi::Problem;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::domain::money::Money;
use crate::domain::reorder::{Plan, Position, Run};
use crate::domain::supplier::SupplierId;
use crate::objects::reordering::{self, Answered, Asked};
use crate::storage::suppliers;

/// What to make purchase orders of.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({}))]
pub struct ReorderRequest {
    /// Only from this supplier.
    supplier_id: Option<SupplierId>,
    /// Over how many days sales are counted, by default 28.
    #[schema(minimum = 7, maximum = 365)]
    days: Option<u32>,
    /// Days until the next look, by default 7.
    #[schema(minimum = 1, maximum = 90)]
    review_days: Option<u32>,
    /// `next_cursor` of an earlier answer, with the same `supplier_id`: goes on where that stopped.
    cursor: Option<String>,
}

/// A draft purchase order that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct DraftedPurchaseOrder<'a> {
    /// Its identity: `GET /v1/admin/purchase-orders/{id}` shows it.
    #[schema(example = "po_019aa0c05c1c7c2e8a5b0d3c5a6f7e80")]
    id: &'a str,
    /// From whom.
    #[schema(value_type = String)]
    supplier_id: &'a SupplierId,
    /// How many SKUs.
    line_count: usize,
    /// Units in all.
    units: i64,
    /// What it comes to; null if that is beyond what can be handled, and its lines then have no cost.
    total: Option<Money>,
    /// The supplier's minimum, if it comes to less.
    below_minimum: Option<Money>,
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReorderAnswer<'a> {
    /// The draft purchase orders, by supplier.
    purchase_orders: Vec<DraftedPurchaseOrder<'a>>,
    /// SKUs that should be ordered and that no active supplier offers.
    without_supplier: &'a [String],
    /// What to send, under a new `Idempotency-Key`, to go on; null if everything was looked at. One request
    /// looks at 5,000 SKUs at most.
    next_cursor: Option<String>,
}

impl<'a> ReorderAnswer<'a> {
    fn of(run: &'a Run) -> Self {
        let drafted = |plan: &'a Plan| DraftedPurchaseOrder {
            id: &plan.id,
            supplier_id: &plan.supplier,
            line_count: plan.lines.len(),
            units: plan.lines.iter().map(|line| line.quantity).fold(0, i64::saturating_add),
            total: plan.total,
            below_minimum: plan.below_minimum,
        };
        let position = run.next.as_ref().and_then(|next| serde_json::to_string(next).ok());
        Self {
            purchase_orders: run.plans.iter().map(drafted).collect(),
            without_supplier: &run.without_supplier,
            next_cursor: position.map(|position| cursor_after(&position)),
        }
    }
}

/// Makes draft purchase orders of what should be ordered, one for each supplier, once per `Idempotency-Key`.
///
/// Units of drafts count as coming, so asking again, under whatever key, orders nothing twice.
#[utoipa::path(
    post, path = "/v1/admin/reorder-proposals/purchase-orders", operation_id = "order_reorder_proposals", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "1 to 255 visible ASCII characters", example = "monday")),
    request_body = ReorderRequest,
    responses(
        (status = 200, description = "What was made, if anything; `Idempotent-Replayed: true` on a repeat", body = ReorderAnswer),
        (status = 422, description = "`invalid_request`, `idempotency_key_reused`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn handle(mut ask: Ask) -> Outcome {
    let sent = ask.json_bytes().await?;
    let submission = ask.submission(&sent)?;
    let request: ReorderRequest = body::parse(&sent)?;
    let outlook =
        outlook::read(request.days, request.review_days, "/").map_err(ApiError::fields)?;
    if let Some(only) = &request.supplier_id
        && suppliers::find(&ask.platform.database()?, only).await?.is_none()
    {
        return Err(ApiError::field("/supplier_id", "must be a supplier"));
    }
    let asked = Asked {
        key: &submission.key,
        fingerprint: &submission.fingerprint,
        supplier: request.supplier_id.as_ref(),
        from: beginning(&request)?,
        outlook,
        by: ask.caller.sender(),
    };
    match reordering::order(&ask.platform, &asked).await? {
        Answered::Done { run, replayed } => {
            Ok(Reply::json(200, &ReorderAnswer::of(&run))?.replayed(replayed))
        }
        Answered::KeyReused => Err(ApiError::new(ErrorCode::IdempotencyKeyReused)),
    }
}

fn beginning(request: &ReorderRequest) -> Result<Position, ApiError> {
    if let Some(cursor) = request.cursor.as_deref() {
        let text = hex::decode(cursor).ok();
        let position = text.and_then(|text| serde_json::from_slice(&text).ok());
        let message = "must be the next_cursor of an earlier answer";
        return position.ok_or_else(|| ApiError::field("/cursor", message));
    }
    Ok(match &request.supplier_id {
        Some(only) => Position::Offers { supplier: only.to_string(), sku: String::new() },
        None => Position::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_on_and_nonsense_is_refused() {
        let next = Position::Offers { supplier: "acme".to_owned(), sku: "MUG".to_owned() };
        let run = Run { next: Some(next.clone()), ..Run::default() };
        let cursor = ReorderAnswer::of(&run).next_cursor;
        let request = |cursor| ReorderRequest { cursor, ..ReorderRequest::default() };
        assert_eq!(beginning(&request(cursor)).unwrap(), next);
        assert_eq!(beginning(&request(None)).unwrap(), Position::default());
        for bad in ["", "zz", "7b7d"] {
            assert!(beginning(&request(Some(bad.to_owned()))).is_err(), "{bad}");
        }
    }
}

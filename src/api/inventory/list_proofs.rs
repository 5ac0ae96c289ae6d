//! `GET /v1/admin/inventory/proofs`: the last proof of every SKU's ledger.

use serde::Serialize;
use utoipa::ToSchema;

use super::proof_view::ProofView;
use crate::api::ask::Ask;
use crate::api::query::cursor_after;
use crate::api::reply::{Outcome, Reply};
use crate::domain::inventory::Verdict;
use crate::storage::stock_proofs;

/// A page of proofs, by SKU.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProofPage<'a> {
    /// The last proof of each SKU.
    items: Vec<ProofView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists the last proof of every SKU's ledger, by SKU.
///
/// The schedule proves every SKU that ever had stock, some at a time, round and round.
#[utoipa::path(
    get, path = "/v1/admin/inventory/proofs", operation_id = "list_proofs", tag = "admin",
    params(
        ("verdict" = Option<String>, Query, description = "Only those with this verdict: `holds` or `broken`", example = "broken"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of proofs", body = ProofPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["verdict", "limit", "cursor"])?;
    let verdict = query.read("verdict", "must be holds or broken", |text| match text {
        "holds" => Some(Verdict::Holds),
        "broken" => Some(Verdict::Broken),
        _ => None,
    })?;
    let limit = query.limit()?;
    let after = query.cursor()?.unwrap_or_default();
    let database = ask.platform.database()?;
    let mut found = stock_proofs::list(&database, verdict, &after, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| cursor_after(&last.sku));
    let items = found
        .iter()
        .map(|proof| ProofView::ended(&proof.sku, &proof.report, proof.proven_at))
        .collect();
    Reply::json(200, &ProofPage { items, next_cursor })
}

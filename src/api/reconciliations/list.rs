//! `GET /v1/admin/reconciliations`: which runs there were.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::ReconciliationView;
use crate::api::ask::Ask;
use crate::api::query::{cursor_after, refused};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::ReconciliationId;
use crate::domain::payment::Gateway;
use crate::domain::reconciliation::Run;
use crate::domain::time::Timestamp;
use crate::storage::reconciliations;

/// A page of reconciliations, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationPage<'a> {
    /// The runs.
    items: Vec<ReconciliationView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// Lists reconciliations, newest first.
#[utoipa::path(
    get, path = "/v1/admin/reconciliations", operation_id = "list_reconciliations", tag = "admin",
    params(
        ("gateway" = Option<Gateway>, Query, description = "Only those of this gateway", example = "sandbox"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of runs", body = ReconciliationPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let query = ask.query(&["gateway", "limit", "cursor"])?;
    let gateway = query.read("gateway", "must be a gateway", Gateway::from_name)?;
    let limit = query.limit()?;
    let after = query.cursor()?.map(|text| {
        position(&text)
            .ok_or_else(|| refused("cursor", "must be the next_cursor of an earlier page"))
    });
    let after = after.transpose()?;
    let database = ask.platform.database()?;
    let mut found =
        reconciliations::list(&database, gateway, after, limit.saturating_add(1)).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(cursor);
    let items = found.iter().map(ReconciliationView::of).collect();
    Reply::json(200, &ReconciliationPage { items, next_cursor })
}

fn cursor(run: &Run) -> String {
    cursor_after(&format!("{}:{}", run.started_at.milliseconds(), run.id))
}

/// Where a cursor leads on, if a page said it.
#[must_use]
pub fn position(text: &str) -> Option<(Timestamp, String)> {
    let (time, id) = text.split_once(':')?;
    let id: ReconciliationId = id.parse().ok()?;
    Some((Timestamp::from_milliseconds(time.parse().ok()?), id.to_string()))
}

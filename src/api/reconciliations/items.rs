//! The movements of a reconciliation, page by page.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::{ItemView, ReconciliationView};
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::{cursor_after, refused};
use crate::domain::id::ReconciliationId;
use crate::domain::reconciliation::{Finding, Item};
use crate::storage::reconciliations;

/// A reconciliation and a page of its movements, in the order of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationDetail<'a> {
    #[serde(flatten)]
    run: ReconciliationView<'a>,
    /// The movements; those of a run that is not done may not be all.
    items: Vec<ItemView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

impl<'a> ReconciliationDetail<'a> {
    /// A run with a page of its movements.
    #[must_use]
    pub fn of(
        run: ReconciliationView<'a>,
        items: &'a [(u32, Item)],
        next_cursor: Option<String>,
    ) -> Self {
        let items = items.iter().map(|(number, item)| ItemView::of(Some(*number), item)).collect();
        Self { run, items, next_cursor }
    }
}

/// A page of a run's movements, and what leads on from it.
///
/// # Errors
/// 422 for a cursor that no page said, 503.
pub async fn page(
    ask: &Ask,
    id: ReconciliationId,
    result: Option<Finding>,
    after: Option<String>,
    limit: u32,
) -> Result<(Vec<(u32, Item)>, Option<String>), ApiError> {
    let after = match after {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| refused("cursor", "must be the next_cursor of an earlier page"))?,
    };
    let database = ask.platform.database()?;
    let one_more = limit.saturating_add(1);
    let mut found = reconciliations::items(&database, id, result, after, one_more).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| more).map(|(number, _)| *number);
    Ok((found, last.map(|number| cursor_after(&number.to_string()))))
}

//! Documents of a kind, page by page.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::query::{cursor_after, refused};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::StockDocumentId;
use crate::domain::time::Timestamp;
use crate::storage::stock_documents::{DocumentSummary, Wanted, list};

/// A page of documents, newest first. What changed within the last seconds may not be in it yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct StockDocumentPage {
    /// The documents, without their lines.
    items: Vec<DocumentSummary>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// A page of documents of this kind, whose states have these names.
///
/// # Errors
/// 422 for parameters that can't be read, 503.
pub async fn page(
    ask: &Ask,
    type_name: &'static str,
    statuses: &[&'static str],
    has_supplier: bool,
) -> Outcome {
    let known: &[&str] = if has_supplier {
        &["status", "supplier", "location", "limit", "cursor"]
    } else {
        &["status", "location", "limit", "cursor"]
    };
    let query = ask.query(known)?;
    let of_name = |text: &str| statuses.iter().copied().find(|name| *name == text);
    let status = query.read("status", "must be a state of such a document", of_name)?;
    let supplier = query.read("supplier", "must be a supplier's id", |text| text.parse().ok())?;
    let location = query.read("location", "must be a location's id", |text| text.parse().ok())?;
    let limit = query.limit()?;
    let after = query.cursor()?.map(|text| {
        position(&text)
            .ok_or_else(|| refused("cursor", "must be the next_cursor of an earlier page"))
    });
    let wanted = Wanted {
        type_name,
        status,
        supplier: supplier.as_ref(),
        location: location.as_ref(),
        after: after.transpose()?,
        limit: limit.saturating_add(1),
    };
    let mut items = list(&ask.platform.database()?, &wanted).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(cursor);
    Reply::json(200, &StockDocumentPage { items, next_cursor })
}

fn cursor(last: &DocumentSummary) -> String {
    cursor_after(&format!("{}:{}", last.created_at.milliseconds(), last.id))
}

/// Where a cursor leads on, if a page said it.
#[must_use]
pub fn position(text: &str) -> Option<(Timestamp, String)> {
    let (time, id) = text.split_once(':')?;
    let id: StockDocumentId = id.parse().ok()?;
    Some((Timestamp::from_milliseconds(time.parse().ok()?), id.to_string()))
}

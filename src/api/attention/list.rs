//! `GET /v1/admin/attention`: the queue for people.

use serde::Serialize;
use utoipa::ToSchema;

use super::view::AttentionView;
use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::{Query, cursor_after, refused};
use crate::api::reply::{Outcome, Reply};
use crate::domain::order::AttentionCode;
use crate::domain::time::Timestamp;
use crate::storage::attention::{self, AttentionEntry, AttentionFilter};

/// A page of what waits for a person: what has waited longest comes first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttentionPage<'a> {
    /// What waits.
    items: Vec<AttentionView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

const PARAMETERS: &[&str] = &["status", "code", "limit", "cursor"];

/// Lists what a person must look at, each with its cause, its history and the actions that resolve it.
///
/// From copies that are a second or so behind. What has waited longest comes first.
#[utoipa::path(
    get, path = "/v1/admin/attention", operation_id = "list_attention", tag = "admin",
    params(
        ("status" = Option<String>, Query, description = "`open` (the default) or `resolved`", example = "open"),
        ("code" = Option<AttentionCode>, Query, description = "Only this cause", example = "payment_unknown"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of the queue", body = AttentionPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let filter = read_filter(&ask.query(PARAMETERS)?)?;
    let one_more = AttentionFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
    let mut found = attention::list(&ask.platform.database()?, &one_more).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(cursor);
    let items = found.iter().map(AttentionView::of).collect();
    Reply::json(200, &AttentionPage { items, next_cursor })
}

/// Which are wanted, and after which.
///
/// # Errors
/// 422.
pub fn read_filter(query: &Query<'_>) -> Result<AttentionFilter, ApiError> {
    let status = |text: &str| match text {
        "open" => Some(false),
        "resolved" => Some(true),
        _ => None,
    };
    let code = |text: &str| AttentionCode::ALL.into_iter().find(|code| code.name() == text);
    let after = query.cursor()?.map(|text| {
        position(&text)
            .ok_or_else(|| refused("cursor", "must be the next_cursor of an earlier page"))
    });
    Ok(AttentionFilter {
        resolved: query.read("status", "must be open or resolved", status)?.unwrap_or(false),
        code: query.read("code", "must be a cause for attention", code)?,
        after: after.transpose()?,
        limit: query.limit()?,
    })
}

fn cursor(entry: &AttentionEntry) -> String {
    cursor_after(&format!("{}:{}", entry.since.milliseconds(), entry.id))
}

fn position(text: &str) -> Option<(Timestamp, String)> {
    let (time, id) = text.split_once(':')?;
    Some((Timestamp::from_milliseconds(time.parse().ok()?), id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Result<AttentionFilter, ApiError> {
        read_filter(&Query::parse(text, PARAMETERS)?)
    }

    #[test]
    fn every_filter_is_read_or_refused() {
        let read = filter("").unwrap();
        assert_eq!((read.resolved, read.code, read.limit), (false, None, 20));
        let read = filter("status=resolved&code=stock_gone&limit=5").unwrap();
        assert_eq!((read.resolved, read.limit), (true, 5));
        assert_eq!(read.code, Some(AttentionCode::StockGone));
        let text = format!("cursor={}", cursor_after("17:att_1"));
        let after = filter(&text).unwrap().after.unwrap();
        assert_eq!((after.0.milliseconds(), after.1.as_str()), (17, "att_1"));
        for bad in ["status=all", "code=x", "limit=0", "cursor=61", "order=x"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}

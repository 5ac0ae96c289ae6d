//! `GET /v1/admin/inventory/alerts`: which SKUs ran low or out, or came back.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::{Query, cursor_after, refused};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::Sku;
use crate::domain::inventory::{AlertKind, LocationId};
use crate::domain::time::Timestamp;
use crate::storage::stock_alerts::{self, AlertFilter, SkuAlert};

/// One crossing of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sku": "MUG-CLASSIC", "sequence": 7, "kind": "low_stock", "location": null, "quantity": 5,
    "threshold": 5, "at": "2026-01-31T12:00:00.000Z", "open": false,
    "ended_at": "2026-02-03T09:30:00.000Z", "ended_quantity": 105
}))]
pub struct AlertView<'a> {
    /// The SKU.
    sku: &'a str,
    /// The number of the crossing: with the SKU, the alert's identity.
    sequence: i64,
    /// What it says.
    kind: AlertKind,
    /// Where; null: over all locations.
    location: Option<&'a str>,
    /// Units when it was crossed: those that are not sold, and for `reorder_needed` those that are
    /// announced as well. Negative when units are owed.
    quantity: i64,
    /// The line that was crossed.
    threshold: i64,
    /// When it was crossed.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Whether it is still so. `back_in_stock` is news: it is never open.
    open: bool,
    /// When the opposite line was crossed.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Units when that happened.
    ended_quantity: Option<i64>,
}

impl<'a> AlertView<'a> {
    fn of(row: &'a SkuAlert) -> Self {
        let alert = &row.alert;
        Self {
            sku: &row.sku,
            sequence: alert.sequence,
            kind: alert.kind,
            location: alert.location.as_ref().map(LocationId::as_str),
            quantity: alert.quantity,
            threshold: alert.threshold,
            at: alert.opened_at,
            open: alert.end.is_none(),
            ended_at: alert.end.map(|end| end.at),
            ended_quantity: alert.end.map(|end| end.quantity),
        }
    }
}

/// A page of alerts, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertPage<'a> {
    /// The alerts.
    items: Vec<AlertView<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

const PARAMETERS: &[&str] = &["kind", "sku", "location", "open", "since", "limit", "cursor"];

/// Lists stock alerts, the newest first: one for each crossing of a line, open until the opposite crossing.
///
/// Units that unpaid orders hold are not gone: `out_of_stock` is said when the last one is sold. Low stock
/// ends above its threshold and a tenth of it, at least one unit. A few seconds behind; what dips below a
/// line for less than a second is not told.
#[utoipa::path(
    get, path = "/v1/admin/inventory/alerts", operation_id = "list_stock_alerts", tag = "admin",
    params(
        ("kind" = Option<AlertKind>, Query, description = "Only this kind", example = "low_stock"),
        ("sku" = Option<String>, Query, description = "Only this SKU"),
        ("location" = Option<String>, Query, description = "Only this location; SKUs as a whole have none"),
        ("open" = Option<bool>, Query, description = "`true`: what is still so; `false`: what is over", example = true),
        ("since" = Option<String>, Query, description = "Only those that began at this moment or later: RFC 3339", example = "2026-01-31T00:00:00Z"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of alerts", body = AlertPage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let filter = read_filter(&ask.query(PARAMETERS)?)?;
    let one_more = AlertFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
    let mut found = stock_alerts::list(&ask.platform.database()?, &one_more).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(cursor);
    let items = found.iter().map(AlertView::of).collect();
    Reply::json(200, &AlertPage { items, next_cursor })
}

/// Which are wanted, and after which.
///
/// # Errors
/// 422.
pub fn read_filter(query: &Query<'_>) -> Result<AlertFilter, ApiError> {
    let sku = |text: &str| text.parse::<Sku>().ok();
    let location = |text: &str| text.parse::<LocationId>().ok().map(|place| place.to_string());
    let open = |text: &str| text.parse::<bool>().ok();
    let after = query.cursor()?.map(|text| {
        position(&text)
            .ok_or_else(|| refused("cursor", "must be the next_cursor of an earlier page"))
    });
    let since = query.read("since", "must be an RFC 3339 time", Timestamp::parse_rfc3339)?;
    Ok(AlertFilter {
        kind: query.read("kind", "must be a kind of alert", AlertKind::from_name)?,
        sku: query.read("sku", "must be a SKU", sku)?,
        location: query.read("location", "must be a location", location)?,
        open: query.read("open", "must be true or false", open)?,
        since: since.unwrap_or_default(),
        after: after.transpose()?,
        limit: query.limit()?,
    })
}

fn cursor(row: &SkuAlert) -> String {
    let time = row.alert.opened_at.milliseconds();
    cursor_after(&format!("{time}:{}:{}", row.alert.sequence, row.sku))
}

fn position(text: &str) -> Option<(Timestamp, String, i64)> {
    let (time, rest) = text.split_once(':')?;
    let (sequence, sku) = rest.split_once(':')?;
    let sku: Sku = sku.parse().ok()?;
    let time = Timestamp::from_milliseconds(time.parse().ok()?);
    Some((time, sku.to_string(), sequence.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Result<AlertFilter, ApiError> {
        read_filter(&Query::parse(text, PARAMETERS)?)
    }

    #[test]
    fn every_filter_is_read_or_refused() {
        let read = filter("").unwrap();
        assert_eq!((read.kind, read.open, read.limit), (None, None, 20));
        let read = filter("kind=low_stock&open=true&sku=A&location=north").unwrap();
        assert_eq!((read.kind, read.open), (Some(AlertKind::LowStock), Some(true)));
        assert_eq!(read.location.as_deref(), Some("north"));
        let text = format!("cursor={}&open=false", cursor_after("17:3:MUG-1"));
        let read = filter(&text).unwrap();
        assert_eq!(read.after, Some((Timestamp::from_milliseconds(17), "MUG-1".to_owned(), 3)));
        assert_eq!(read.open, Some(false));
        for bad in [
            "kind=x",
            "open=yes",
            "sku=a%20b",
            "location=a%2Fb",
            "since=monday",
            "limit=0",
            "cursor=61",
            "order=x",
        ] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}

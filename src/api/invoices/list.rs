//! `GET /v1/admin/invoices`: invoices and credit notes across all series, from D1.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ask::Ask;
use crate::api::error::ApiError;
use crate::api::query::{Query, cursor_after};
use crate::api::reply::{Outcome, Reply};
use crate::domain::id::{OrderId, RefundId};
use crate::domain::invoice::{DocumentKind, DocumentNumber, InvoiceEntry};
use crate::domain::money::Money;
use crate::domain::time::Timestamp;
use crate::storage::invoices::{self, InvoiceFilter, InvoicePosition};

/// A page of invoices and credit notes, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoicePage<'a> {
    /// The documents.
    items: Vec<InvoiceListItem<'a>>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

/// A document in a list: net + tax = total. A credit note's amounts are what is given back; they are below
/// zero where it cancels another, whose refund failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoiceListItem<'a> {
    /// Its number.
    #[schema(example = "CW-000001")]
    number: &'a str,
    /// What it is.
    kind: DocumentKind,
    /// Its series.
    series: &'a str,
    /// The order.
    #[schema(value_type = String)]
    order_id: OrderId,
    /// The refund, of a credit note.
    #[schema(value_type = Option<String>)]
    refund_id: Option<RefundId>,
    /// When it was numbered.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// Without tax.
    net: Money,
    /// All taxes.
    tax: Money,
    /// With them.
    total: Money,
    /// SHA-256 of the document, in hexadecimal.
    sha256: &'a str,
}

impl<'a> InvoiceListItem<'a> {
    fn of(entry: &'a InvoiceEntry) -> Self {
        let money = |minor: i64| Money::new(minor, entry.currency);
        Self {
            number: &entry.number,
            kind: entry.kind,
            series: &entry.series,
            order_id: entry.order_id,
            refund_id: entry.refund_id,
            issued_at: entry.issued_at,
            net: money(entry.amount.net_minor),
            tax: money(entry.amount.tax_minor),
            total: money(entry.amount.total_minor),
            sha256: &entry.sha256,
        }
    }
}

const PARAMETERS: &[&str] = &["kind", "from", "to", "cursor", "limit"];

/// Lists invoices and credit notes, newest first.
///
/// From copies that are a few seconds behind; the documents themselves are exact.
#[utoipa::path(
    get, path = "/v1/admin/invoices", operation_id = "list_invoices", tag = "admin",
    params(
        ("kind" = Option<DocumentKind>, Query, description = "Only those of this kind", example = "invoice"),
        ("from" = Option<String>, Query, description = "Only those numbered at or after this moment", example = "2026-01-01T00:00:00Z"),
        ("to" = Option<String>, Query, description = "Only those numbered before this moment", example = "2100-01-01T00:00:00Z"),
        ("limit" = Option<u32>, Query, description = "1 to 100, by default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of invoices and credit notes", body = InvoicePage)),
)]
pub async fn handle(ask: Ask) -> Outcome {
    let filter = read_filter(&ask.query(PARAMETERS)?)?;
    let one_more = InvoiceFilter { limit: filter.limit.saturating_add(1), ..filter.clone() };
    let mut found = invoices::list(&ask.platform.database()?, &one_more).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(cursor);
    let items = found.iter().map(InvoiceListItem::of).collect();
    Reply::json(200, &InvoicePage { items, next_cursor })
}

/// Which are wanted, and after which.
///
/// # Errors
/// 422.
pub fn read_filter(query: &Query<'_>) -> Result<InvoiceFilter, ApiError> {
    const TIME: &str = "must be an RFC 3339 time";
    let after = query.cursor()?.map(|text| {
        position(&text)
            .ok_or_else(|| ApiError::field("?cursor", "must be the next_cursor of an earlier page"))
    });
    Ok(InvoiceFilter {
        kind: query.read("kind", "must be invoice or credit_note", DocumentKind::from_name)?,
        from: query.read("from", TIME, Timestamp::parse_rfc3339)?,
        to: query.read("to", TIME, Timestamp::parse_rfc3339)?,
        after: after.transpose()?,
        limit: query.limit()?,
    })
}

fn cursor(entry: &InvoiceEntry) -> String {
    cursor_after(&format!("{}:{}", entry.issued_at.milliseconds(), entry.number))
}

fn position(text: &str) -> Option<InvoicePosition> {
    let (issued_at, number) = text.split_once(':')?;
    let issued_at = Timestamp::from_milliseconds(issued_at.parse().ok()?);
    let number: DocumentNumber = number.parse().ok()?;
    Some(InvoicePosition { issued_at, number: number.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Result<InvoiceFilter, ApiError> {
        read_filter(&Query::parse(text, PARAMETERS)?)
    }

    #[test]
    fn every_filter_is_read_or_refused() {
        let cursor = cursor_after("1767225600123:CW-CN-000012");
        let text = format!("kind=credit_note&from=2026-01-01T00:00:00Z&limit=5&cursor={cursor}");
        let read = filter(&text).unwrap();
        assert_eq!((read.kind, read.limit), (Some(DocumentKind::CreditNote), 5));
        assert_eq!(read.after.unwrap().number, "CW-CN-000012");
        for bad in [
            "kind=Invoice",
            "from=yesterday",
            "to=2026",
            "limit=101",
            "cursor=6162",
            "order=1",
            &format!("cursor={}", cursor_after("1:CW-1")),
            &format!("cursor={}", cursor_after("x:CW-000001")),
        ] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}

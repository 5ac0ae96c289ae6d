//! The copy of every invoice and credit note, for lists. Their series' objects hold the documents.

use serde::{Deserialize, Serialize};

use super::statement::{Parameter, json_arrays, json_list, parse, prepare, rows, run_together};
use crate::domain::invoice::{DocumentKind, InvoiceEntry};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const INSERT: &str = "
INSERT INTO invoices
  (number, kind, series, order_id, refund_id, issued_at, currency, net_minor, tax_minor, total_minor,
   sha256)
SELECT value ->> 'number', value ->> 'kind', value ->> 'series', value ->> 'order_id',
  value ->> 'refund_id', value ->> 'issued_at_milliseconds', value ->> 'currency',
  value ->> '$.amount.net_minor', value ->> '$.amount.tax_minor', value ->> '$.amount.total_minor',
  value ->> 'sha256'
FROM (SELECT value FROM json_each(?1) LIMIT -1) WHERE true
ON CONFLICT (number) DO NOTHING";

/// One row as its statement reads it.
#[derive(Serialize)]
struct InvoiceRow<'a> {
    issued_at_milliseconds: i64,
    #[serde(flatten)]
    entry: &'a InvoiceEntry,
}

/// Writes many rows. A row never changes, so repeats and disorder are harmless.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn insert_batch(
    database: &Database,
    entries: &[InvoiceEntry],
) -> Result<(), Unavailable> {
    let rows = entries
        .iter()
        .map(|entry| InvoiceRow { issued_at_milliseconds: entry.issued_at.milliseconds(), entry });
    let statements = json_arrays(rows)?
        .iter()
        .map(|array| prepare(database, INSERT, &[Parameter::Text(array)]))
        .collect::<Result<_, _>>()?;
    run_together(database, statements).await
}

const KNOWN: &str = "SELECT number FROM invoices WHERE number IN (SELECT value FROM json_each(?1))";

/// Which of these numbers are copied here. This is how a series learns that what it told has arrived.
///
/// # Errors
/// When D1 does not answer.
pub async fn known(database: &Database, numbers: &[&str]) -> Result<Vec<String>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        number: String,
    }
    let list = json_list(numbers)?;
    let found: Vec<Row> = rows(database, KNOWN, &[Parameter::Text(&list)]).await?;
    Ok(found.into_iter().map(|row| row.number).collect())
}

/// Which documents a list shows, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvoiceFilter {
    /// Only those of this kind.
    pub kind: Option<DocumentKind>,
    /// Only those numbered at or after this moment.
    pub from: Option<Timestamp>,
    /// Only those numbered before this moment.
    pub to: Option<Timestamp>,
    /// Only those after this one in the list.
    pub after: Option<InvoicePosition>,
    /// At most so many.
    pub limit: u32,
}

/// Where a document stands in a list by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePosition {
    /// When it was numbered.
    pub issued_at: Timestamp,
    /// Which of those numbered then.
    pub number: String,
}

/// One statement per index that a filter can use: credit notes are few and have one of their own.
macro_rules! list {
    ($condition:literal) => {
        concat!(
            "SELECT json_object('number', number, 'kind', kind, 'series', series,",
            " 'order_id', order_id, 'refund_id', refund_id, 'issued_at', issued_at,",
            " 'currency', currency, 'sha256', sha256, 'amount', json_object('net_minor', net_minor,",
            " 'tax_minor', tax_minor, 'total_minor', total_minor)) AS document",
            " FROM invoices WHERE ",
            $condition,
            " AND (?1 IS NULL OR kind = ?1) AND issued_at >= ?2 AND issued_at < ?3",
            " AND (issued_at, number) < (?4, ?5)",
            " ORDER BY issued_at DESC, number DESC LIMIT ?6"
        )
    };
}

const LIST: &str = list!("true");
const LIST_OF_CREDIT_NOTES: &str = list!("kind = 'credit_note'");

impl InvoiceFilter {
    const fn statement(&self) -> &'static str {
        match self.kind {
            Some(DocumentKind::CreditNote) => LIST_OF_CREDIT_NOTES,
            Some(DocumentKind::Invoice) | None => LIST,
        }
    }
}

/// The documents that a filter lets through, newest first.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    filter: &InvoiceFilter,
) -> Result<Vec<InvoiceEntry>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        document: String,
    }
    let after = filter.after.as_ref();
    let parameters = [
        Parameter::optional_text(filter.kind.map(DocumentKind::name)),
        Parameter::moment(filter.from.unwrap_or_default()),
        Parameter::Integer(filter.to.map_or(i64::MAX, Timestamp::milliseconds)),
        Parameter::Integer(after.map_or(i64::MAX, |after| after.issued_at.milliseconds())),
        Parameter::Text(after.map_or("", |after| after.number.as_str())),
        Parameter::Integer(i64::from(filter.limit)),
    ];
    let found: Vec<Row> = rows(database, filter.statement(), &parameters).await?;
    found.iter().map(|row| read(&row.document)).collect()
}

/// A row, whose time is in milliseconds where the entry's is RFC 3339.
fn read(document: &str) -> Result<InvoiceEntry, Unavailable> {
    let mut row: serde_json::Value = parse(document)?;
    let at = row.get("issued_at").and_then(serde_json::Value::as_i64).unwrap_or_default();
    if let Some(row) = row.as_object_mut() {
        let at = Timestamp::from_milliseconds(at).rfc3339();
        row.insert("issued_at".to_owned(), at.into());
    }
    parse(&row.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_has_what_its_statement_reads_and_comes_back_from_a_row() {
        let order_id = "ord_0700000000000000000000000000000abc";
        let amount = json!({"net_minor": 100, "tax_minor": 19, "total_minor": 119});
        let row = json!({
            "number": "CW-000001", "kind": "invoice", "series": "CW", "order_id": order_id,
            "refund_id": null, "issued_at": 1_767_225_600_123_i64, "currency": "EUR",
            "sha256": "00", "amount": amount,
        });
        let entry = read(&row.to_string()).unwrap();
        let written = serde_json::to_value(InvoiceRow {
            issued_at_milliseconds: entry.issued_at.milliseconds(),
            entry: &entry,
        });
        let written = written.unwrap();
        for column in ["number", "kind", "series", "order_id", "refund_id", "currency", "sha256"] {
            assert_eq!(written[column], row[column], "{column}");
        }
        assert_eq!(written["issued_at_milliseconds"], row["issued_at"]);
        assert_eq!(written["amount"], amount);
    }
}

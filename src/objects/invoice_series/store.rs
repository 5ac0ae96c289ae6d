//! The series' tables: numbers, documents, and how far lists have been told.

use worker::{Error, Result};

use crate::domain::invoice::{CreditNoteDocument, DocumentKind, InvoiceEntry};
use crate::domain::time::Timestamp;
use crate::objects::commands::SeriesAnswer;
use crate::runtime::sqlite::{Row, Sqlite, integer, text};

/// A document that gets its row.
pub struct NewDocument {
    /// Its number in the series.
    pub sequence: i64,
    /// What it is.
    pub kind: DocumentKind,
    /// Its JSON.
    pub document: String,
    /// SHA-256 of that, in hexadecimal.
    pub sha256: String,
}

/// The series' storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
}

impl Store {
    /// The greatest number given; 0 before the first.
    pub fn last_number(&self) -> Result<i64> {
        let query = "SELECT MAX(COALESCE((SELECT MAX(number) FROM invoices), 0), \
                     COALESCE((SELECT MAX(number) FROM credit_notes), 0))";
        self.sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))
    }

    /// The greatest number that has a document; 0 before the first.
    pub fn last_document(&self) -> Result<i64> {
        let query = "SELECT COALESCE(MAX(number), 0) FROM documents";
        self.sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))
    }

    /// The number of an order's invoice.
    pub fn invoice_of(&self, order_id: &str) -> Result<Option<i64>> {
        let query = "SELECT number FROM invoices WHERE order_id = ?";
        let row = self.sqlite.row(query, vec![text(order_id)])?;
        row.map(|row| row.integer(0)).transpose()
    }

    /// The number of the credit note that was made for something: a refund by its id, or a cancellation
    /// by what it cancels.
    pub fn credit_note_for(&self, what_for: &str) -> Result<Option<i64>> {
        let query = "SELECT number FROM credit_notes WHERE refund_id = ?";
        let row = self.sqlite.row(query, vec![text(what_for)])?;
        row.map(|row| row.integer(0)).transpose()
    }

    /// Every credit note of an order, oldest first.
    pub fn credit_notes_of(&self, order_id: &str) -> Result<Vec<CreditNoteDocument>> {
        let query = "SELECT document FROM documents WHERE number IN \
                     (SELECT number FROM credit_notes WHERE order_id = ?) ORDER BY number";
        let rows = self.sqlite.rows(query, vec![text(order_id)])?;
        let read = |row: &Row| serde_json::from_str(&row.text(0)?).map_err(Error::from);
        rows.iter().map(read).collect()
    }

    /// Gives a number to an order. `false` if it has one.
    pub fn insert_invoice(&self, sequence: i64, order_id: &str, now: Timestamp) -> Result<bool> {
        let given = self.sqlite.row(
            "INSERT INTO invoices (number, order_id, issued_at) VALUES (?, ?, ?) \
             ON CONFLICT (order_id) DO NOTHING RETURNING 1",
            vec![integer(sequence), text(order_id), integer(now.milliseconds())],
        )?;
        Ok(given.is_some())
    }

    /// Gives a number to a refund, or to a cancellation.
    pub fn insert_credit_note(
        &self,
        sequence: i64,
        what_for: &str,
        order_id: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO credit_notes (number, refund_id, order_id, issued_at) VALUES (?, ?, ?, ?)",
            vec![integer(sequence), text(what_for), text(order_id), integer(now.milliseconds())],
        )
    }

    /// Keeps a document.
    pub fn insert_document(&self, new: NewDocument) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO documents (number, kind, document, sha256) VALUES (?, ?, ?, ?)",
            vec![
                integer(new.sequence),
                text(new.kind.name()),
                text(new.document),
                text(new.sha256),
            ],
        )
    }

    /// The document of a number.
    pub fn read(&self, sequence: i64) -> Result<SeriesAnswer> {
        let query = "SELECT kind, document, sha256 FROM documents WHERE number = ?";
        if let Some(row) = self.sqlite.row(query, vec![integer(sequence)])? {
            let (document, sha256) = (row.text(1)?, row.text(2)?);
            return Ok(SeriesAnswer::Document { kind: kind(&row.text(0)?)?, document, sha256 });
        }
        let query = "SELECT 1 FROM invoices WHERE number = ?";
        let known = self.sqlite.row(query, vec![integer(sequence)])?.is_some();
        Ok(if known { SeriesAnswer::NumberOnly } else { SeriesAnswer::NotFound })
    }

    /// Up to which number D1 has been seen to hold every document.
    pub fn projected(&self) -> Result<i64> {
        let query = "SELECT number FROM projection";
        self.sqlite.row(query, vec![])?.map_or(Ok(0), |row| row.integer(0))
    }

    /// Notes up to which number D1 has been seen to hold every document.
    pub fn write_projected(&self, sequence: i64) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO projection (only_row, number) VALUES (1, ?) \
             ON CONFLICT (only_row) DO UPDATE SET number = excluded.number",
            vec![integer(sequence)],
        )
    }

    /// The documents after a number as lists show them, at most so many, with their numbers.
    pub fn entries_after(&self, sequence: i64, limit: i64) -> Result<Vec<(i64, InvoiceEntry)>> {
        // Only what a list shows leaves the database: a hundred documents would be a third of a megabyte.
        let query = "SELECT number, kind, sha256, json_extract(document, '$.number', '$.series', \
                     '$.order_id', '$.refund_id', '$.issued_at', '$.currency', '$.amount') \
                     FROM documents WHERE number > ? ORDER BY number LIMIT ?";
        let rows = self.sqlite.rows(query, vec![integer(sequence), integer(limit)])?;
        rows.iter().map(|row| Ok((row.integer(0)?, entry(row)?))).collect()
    }

    /// The numbers that have documents, after a number and up to another, at most so many: as counted here,
    /// and as lists know them.
    pub fn numbers_between(&self, after: i64, to: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        let query = "SELECT number, document ->> 'number' FROM documents \
                     WHERE number > ? AND number <= ? ORDER BY number LIMIT ?";
        let rows = self.sqlite.rows(query, vec![integer(after), integer(to), integer(limit)])?;
        rows.iter().map(|row| Ok((row.integer(0)?, row.text(1)?))).collect()
    }
}

fn kind(name: &str) -> Result<DocumentKind> {
    let kind = DocumentKind::from_name(name);
    kind.ok_or_else(|| Error::RustError("malformed kind in storage".to_owned()))
}

fn entry(row: &Row) -> Result<InvoiceEntry> {
    let (number, series, order_id, refund_id, issued_at, currency, amount) =
        serde_json::from_str(&row.text(3)?)?;
    Ok(InvoiceEntry {
        number,
        kind: kind(&row.text(1)?)?,
        series,
        order_id,
        refund_id,
        issued_at,
        currency,
        amount,
        sha256: row.text(2)?,
    })
}

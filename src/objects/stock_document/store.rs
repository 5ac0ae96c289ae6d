//! The document's tables: the document, and the keys under which it was asked.

use worker::Result;

use crate::domain::stock_document::{LineFailure, StockDocument};
use crate::domain::time::Timestamp;
use crate::runtime::sqlite::{Sqlite, integer, text};

/// The document as it is stored.
pub struct Stored {
    /// The document.
    pub document: StockDocument,
    /// The version that D1 was last seen to hold.
    pub projected_version: i64,
}

/// What was asked under a key.
pub struct KnownKey {
    /// The body's fingerprint.
    pub fingerprint: String,
    /// Lines that were refused.
    pub failures: Vec<LineFailure>,
    /// The number of the step.
    pub step: Option<u32>,
}

/// The document's storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
}

impl Store {
    /// The document, if it was made.
    pub fn read(&self) -> Result<Option<Stored>> {
        let query = "SELECT document, projected_version FROM document";
        let row = self.sqlite.row(query, vec![])?;
        row.map(|row| {
            let document = serde_json::from_str(&row.text(0)?)?;
            Ok(Stored { document, projected_version: row.integer(1)? })
        })
        .transpose()
    }

    /// Writes the document; when its step is over, also what the step's key is answered from now on.
    pub fn write(&self, document: &StockDocument) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO document (only_row, document) VALUES (1, ?) \
             ON CONFLICT (only_row) DO UPDATE SET document = excluded.document",
            vec![text(serde_json::to_string(document)?)],
        )?;
        if document.open.is_some() || document.failures.is_empty() {
            return Ok(());
        }
        let failures = text(serde_json::to_string(&document.failures)?);
        let statement = "UPDATE keys SET failures = ? WHERE step = ?";
        self.sqlite.run(statement, vec![failures, integer(i64::from(document.steps))])
    }

    /// Notes which version D1 holds.
    pub fn projected(&self, version: i64) -> Result<()> {
        let statement = "UPDATE document SET projected_version = ?";
        self.sqlite.run(statement, vec![integer(version)])
    }

    /// What was asked under a key.
    pub fn key(&self, key: &str) -> Result<Option<KnownKey>> {
        let query = "SELECT fingerprint, failures, step FROM keys WHERE key = ?";
        let row = self.sqlite.row(query, vec![text(key)])?;
        row.map(|row| {
            let failures = serde_json::from_str(&row.text(1)?)?;
            let step = u32::try_from(row.integer(2)?).ok();
            Ok(KnownKey { fingerprint: row.text(0)?, failures, step })
        })
        .transpose()
    }

    /// Notes that a step was begun under a key.
    pub fn write_key(&self, key: &str, fingerprint: &str, step: u32, now: Timestamp) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO keys (key, fingerprint, step, created_at) VALUES (?, ?, ?, ?)",
            vec![
                text(key),
                text(fingerprint),
                integer(i64::from(step)),
                integer(now.milliseconds()),
            ],
        )
    }
}

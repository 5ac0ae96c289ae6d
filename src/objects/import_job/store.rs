//! The import's tables: the import, its file, what its rows were about, what is wrong with them.

use worker::{Error, Result};

use crate::domain::import::{Cursor, Import, Part, RowError};
use crate::domain::time::Timestamp;
use crate::runtime::sqlite::{Sqlite, Value, integer, moment, text};

/// The import's storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
}

/// The import, and how often in a row it could not go on.
pub struct Work {
    /// The import.
    pub import: Import,
    /// Failures in a row.
    pub tries: i64,
}

impl Store {
    /// The import, if it was made, and the fingerprint of the request that made it.
    pub fn import(&self) -> Result<Option<(Import, String)>> {
        let row = self.sqlite.row("SELECT document, fingerprint FROM import", vec![])?;
        row.map(|row| Ok((serde_json::from_str(&row.text(0)?)?, row.text(1)?))).transpose()
    }

    /// Writes a new import.
    pub fn insert(&self, import: &Import, fingerprint: &str, wake_at: Timestamp) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO import (only_row, document, fingerprint, wake_at) VALUES (1, ?, ?, ?)",
            vec![
                text(serde_json::to_string(import)?),
                text(fingerprint),
                integer(wake_at.milliseconds()),
            ],
        )
    }

    /// Writes the import after a step that went well.
    pub fn write(&self, import: &Import, wake_at: Option<Timestamp>) -> Result<()> {
        self.sqlite.run(
            "UPDATE import SET document = ?, wake_at = ?, tries = 0",
            vec![text(serde_json::to_string(import)?), moment(wake_at)],
        )
    }

    /// Writes the import after a step that failed and will be tried again.
    pub fn put_off(&self, import: &Import, until: Timestamp) -> Result<()> {
        self.sqlite.run(
            "UPDATE import SET document = ?, wake_at = ?, tries = tries + 1",
            vec![text(serde_json::to_string(import)?), integer(until.milliseconds())],
        )
    }

    /// The import, if something is due.
    pub fn due(&self, now: Timestamp) -> Result<Option<Work>> {
        let query = "SELECT document, tries FROM import WHERE wake_at <= ?";
        let row = self.sqlite.row(query, vec![integer(now.milliseconds())])?;
        row.map(|row| {
            let import = serde_json::from_str(&row.text(0)?)?;
            Ok(Work { import, tries: row.integer(1)? })
        })
        .transpose()
    }

    /// When the alarm is wanted.
    pub fn wake_at(&self) -> Result<Option<Timestamp>> {
        Ok(self.sqlite.row("SELECT wake_at FROM import", vec![])?.and_then(|row| row.moment(0)))
    }

    /// The parts that are there, by number.
    pub fn parts(&self) -> Result<Vec<Part>> {
        let query = "SELECT number, bytes, sha256 FROM parts ORDER BY number";
        let rows = self.sqlite.rows(query, vec![])?;
        let part = |row: &crate::runtime::sqlite::Row| {
            let number = u32::try_from(row.integer(0)?).map_err(|_| malformed("part"))?;
            let bytes = u64::try_from(row.integer(1)?).map_err(|_| malformed("part"))?;
            Ok(Part { number, bytes, sha256: row.text(2)? })
        };
        rows.iter().map(part).collect()
    }

    /// Keeps a part.
    pub fn add_part(&self, part: &Part, content: Vec<u8>) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO parts (number, bytes, sha256, content) VALUES (?, ?, ?, ?)",
            vec![
                integer(i64::from(part.number)),
                integer(i64::try_from(part.bytes).unwrap_or(i64::MAX)),
                text(part.sha256.as_str()),
                Value::Blob(content),
            ],
        )
    }

    /// Bytes of the file from a cursor on, at least so many unless it ends before; whether it ends with
    /// them.
    pub fn window(&self, from: Cursor, least: usize) -> Result<(Vec<u8>, bool)> {
        let parts = self.parts()?;
        let mut begins = 0_u64;
        let mut window = Vec::new();
        let mut left = parts.len();
        for part in &parts {
            left = left.saturating_sub(1);
            let ends = begins.saturating_add(part.bytes);
            if ends > from.offset {
                if window.len() >= least {
                    return Ok((window, false));
                }
                let query = "SELECT content FROM parts WHERE number = ?";
                let row = self.sqlite.row(query, vec![integer(i64::from(part.number))])?;
                let content = row.ok_or_else(|| malformed("part"))?.bytes(0)?;
                let passed = from.offset.saturating_sub(begins);
                let passed = usize::try_from(passed).unwrap_or(usize::MAX);
                window.extend_from_slice(content.get(passed..).unwrap_or_default());
            }
            begins = ends;
        }
        Ok((window, left == 0))
    }

    /// The line that first said something of this.
    pub fn line_of(&self, subject: &str) -> Result<Option<u64>> {
        let query = "SELECT line FROM subjects WHERE subject = ?";
        let row = self.sqlite.row(query, vec![text(subject)])?;
        row.map(|row| u64::try_from(row.integer(0)?).map_err(|_| malformed("line"))).transpose()
    }

    /// Notes that a line said something of this.
    pub fn note_subject(&self, subject: &str, line: u64) -> Result<()> {
        let statement = "INSERT INTO subjects (subject, line) VALUES (?, ?) ON CONFLICT DO NOTHING";
        self.sqlite.run(statement, vec![text(subject), number(line)])
    }

    /// Reports rows that were not applied.
    pub fn report(&self, errors: &[RowError]) -> Result<()> {
        for (index, error) in errors.iter().enumerate() {
            self.sqlite.run(
                "INSERT INTO errors (line, number, document) VALUES (?, ?, ?) \
                 ON CONFLICT DO NOTHING",
                vec![
                    number(error.line),
                    integer(i64::try_from(index).unwrap_or(i64::MAX)),
                    text(serde_json::to_string(error)?),
                ],
            )?;
        }
        Ok(())
    }

    /// Rows that were not applied, by line.
    pub fn errors(&self, after: (u64, u64), limit: u32) -> Result<Vec<(u64, RowError)>> {
        let query = "SELECT number, document FROM errors \
                     WHERE (line, number) > (?, ?) ORDER BY line, number LIMIT ?";
        let parameters = vec![number(after.0), number(after.1), integer(i64::from(limit))];
        let rows = self.sqlite.rows(query, parameters)?;
        rows.iter()
            .map(|row| {
                let number = u64::try_from(row.integer(0)?).map_err(|_| malformed("error"))?;
                Ok((number, serde_json::from_str(&row.text(1)?)?))
            })
            .collect()
    }

    /// Forgets the file and what its rows were about: the import has ended.
    pub fn forget_file(&self) -> Result<()> {
        self.sqlite.run("DELETE FROM parts", vec![])?;
        self.sqlite.run("DELETE FROM subjects", vec![])
    }

    /// Forgets what was wrong with rows.
    pub fn forget_errors(&self) -> Result<()> {
        self.sqlite.run("DELETE FROM errors", vec![])
    }
}

fn number(value: u64) -> Value {
    integer(i64::try_from(value).unwrap_or(i64::MAX))
}

fn malformed(what: &str) -> Error {
    Error::RustError(format!("malformed {what} in storage"))
}

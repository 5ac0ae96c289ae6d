//! The reconciler's tables: runs and how far they came, what the gateway has listed, keys.

use worker::{Error, Result};

use crate::domain::id::ReconciliationId;
use crate::domain::reconciliation::{ListedMovement, Run, RunState};
use crate::domain::time::Timestamp;
use crate::objects::commands::ReconcilerCommand;
use crate::providers::payment::contract::ListedPage;
use crate::runtime::clock::now;
use crate::runtime::sqlite::{Row, Sqlite, Value, integer, text};

/// Runs and keys are kept for this long; D1 keeps what they found.
const KEPT_SECONDS: i64 = 40 * 86_400;

/// What a run does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Read a page.
    List,
    /// Compare.
    Compare,
    /// Tell D1 how it ended.
    Tell,
}

/// A run, and how far it came.
pub struct Work {
    /// The run.
    pub run: Run,
    /// What it does next.
    pub phase: Phase,
    /// Where the next page begins; none for the first.
    pub cursor: Option<String>,
    /// Pages read.
    pub pages: i64,
    /// Failures in a row.
    pub tries: i64,
}

/// The reconciler's storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
}

impl Store {
    /// Over the object's database.
    pub const fn new(sqlite: Sqlite) -> Self {
        Self { sqlite }
    }

    /// The fingerprint and the run of a key.
    pub fn key(&self, key: &str) -> Result<Option<(String, Run)>> {
        let query = "SELECT keys.fingerprint, runs.document FROM keys \
                     JOIN runs ON runs.id = keys.run_id WHERE keys.key = ?";
        let row = self.sqlite.row(query, vec![text(key)])?;
        row.map(|row| Ok((row.text(0)?, serde_json::from_str(&row.text(1)?)?))).transpose()
    }

    /// The end of the newest day that the schedule asked for.
    pub fn scheduled_to(&self) -> Result<Option<Timestamp>> {
        let query =
            "SELECT fingerprint FROM keys WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 1";
        // Every such key goes on with a digit, and a colon comes after the digits.
        let from = text(ReconcilerCommand::DAILY_KEY);
        let to = text([ReconcilerCommand::DAILY_KEY, ":"].concat());
        let Some(row) = self.sqlite.row(query, vec![from, to])? else { return Ok(None) };
        Ok(Timestamp::parse_rfc3339(&row.text(0)?))
    }

    /// Writes a new run under its key, inside the caller's transaction.
    pub fn insert(&self, key: &str, fingerprint: &str, run: &Run) -> Result<()> {
        let started_at = integer(run.started_at.milliseconds());
        self.sqlite.run(
            "INSERT INTO runs (id, document, phase, wake_at, started_at) VALUES (?, ?, 'list', ?, ?)",
            vec![of(run.id), text(serde_json::to_string(run)?), started_at.clone(), started_at.clone()],
        )?;
        self.sqlite.run(
            "INSERT INTO keys (key, fingerprint, run_id, created_at) VALUES (?, ?, ?, ?)",
            vec![text(key), text(fingerprint), of(run.id), started_at],
        )
    }

    /// The run that has waited longest for its next turn.
    pub fn due(&self, now: Timestamp) -> Result<Option<Work>> {
        let query = "SELECT document, phase, cursor, pages, tries FROM runs \
                     WHERE wake_at <= ? ORDER BY wake_at LIMIT 1";
        let row = self.sqlite.row(query, vec![integer(now.milliseconds())])?;
        row.map(|row| read(&row)).transpose()
    }

    /// Writes a page and where the next one begins. How many entries the run has now.
    pub fn add_page(&self, id: ReconciliationId, page: &ListedPage) -> Result<i64> {
        self.sqlite.transaction(|| {
            for entry in &page.entries {
                self.sqlite.run(
                    "INSERT INTO entries (run_id, kind, movement_reference, document) \
                     VALUES (?, ?, ?, ?) ON CONFLICT (run_id, kind, movement_reference) \
                     DO UPDATE SET document = excluded.document",
                    vec![
                        of(id),
                        text(entry.kind.name()),
                        text(entry.movement_reference.clone()),
                        text(serde_json::to_string(entry)?),
                    ],
                )?;
            }
            let phase = if page.next.is_some() { "list" } else { "compare" };
            let next = page.next.clone().map_or(Value::Null, text);
            self.sqlite.run(
                "UPDATE runs SET phase = ?, cursor = ?, pages = pages + 1, tries = 0, wake_at = ? \
                 WHERE id = ?",
                vec![text(phase), next, integer(now().milliseconds()), of(id)],
            )?;
            let count = "SELECT COUNT(*) FROM entries WHERE run_id = ?";
            self.sqlite.row(count, vec![of(id)])?.map_or(Ok(0), |row| row.integer(0))
        })
    }

    /// Everything that the gateway listed.
    pub fn entries(&self, id: ReconciliationId) -> Result<Vec<ListedMovement>> {
        let query = "SELECT document FROM entries WHERE run_id = ?";
        let rows = self.sqlite.rows(query, vec![of(id)])?;
        rows.iter().map(|row| Ok(serde_json::from_str(&row.text(0)?)?)).collect()
    }

    /// Puts a run's next turn off after a failure.
    pub fn put_off(&self, id: ReconciliationId, until: Timestamp) -> Result<()> {
        self.sqlite.run(
            "UPDATE runs SET wake_at = ?, tries = tries + 1 WHERE id = ?",
            vec![integer(until.milliseconds()), of(id)],
        )
    }

    /// Writes how a run ended; telling D1 is next.
    pub fn end(&self, run: &Run) -> Result<()> {
        if run.state == RunState::Running {
            return Err(Error::RustError("the run has not ended".to_owned()));
        }
        self.sqlite.transaction(|| {
            self.sqlite.run(
                "UPDATE runs SET document = ?, phase = 'tell', tries = 0, wake_at = ? WHERE id = ?",
                vec![text(serde_json::to_string(run)?), integer(now().milliseconds()), of(run.id)],
            )?;
            self.sqlite.run("DELETE FROM entries WHERE run_id = ?", vec![of(run.id)])
        })
    }

    /// Nothing is left to do for a run.
    pub fn finished(&self, id: ReconciliationId) -> Result<()> {
        self.sqlite.run("UPDATE runs SET wake_at = NULL, tries = 0 WHERE id = ?", vec![of(id)])
    }

    /// The earliest moment at which something wants the alarm.
    pub fn earliest_wake(&self) -> Result<Option<Timestamp>> {
        let query = "SELECT MIN(wake_at) FROM runs WHERE wake_at IS NOT NULL";
        Ok(self.sqlite.row(query, vec![])?.and_then(|row| row.moment(0)))
    }

    /// Drops what is beyond its time, a bounded number of rows at once.
    pub fn purge(&self, now: Timestamp) -> Result<()> {
        let before = integer(now.plus_seconds(KEPT_SECONDS.saturating_neg()).milliseconds());
        self.sqlite.run(
            "DELETE FROM keys WHERE key IN (SELECT key FROM keys WHERE created_at < ? LIMIT 100)",
            vec![before.clone()],
        )?;
        self.sqlite.run(
            "DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE started_at < ? \
             AND wake_at IS NULL LIMIT 100)",
            vec![before],
        )
    }
}

fn of(id: ReconciliationId) -> Value {
    text(id.to_string())
}

fn read(row: &Row) -> Result<Work> {
    let phase = match row.text(1)?.as_str() {
        "list" => Phase::List,
        "compare" => Phase::Compare,
        _ => Phase::Tell,
    };
    Ok(Work {
        run: serde_json::from_str(&row.text(0)?)?,
        phase,
        cursor: row.optional_text(2),
        pages: row.integer(3)?,
        tries: row.integer(4)?,
    })
}

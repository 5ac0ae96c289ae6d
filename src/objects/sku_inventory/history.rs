//! The ledger as it is read: pages of lines, checkpoints, and the state at a past time.
//!
//! Nothing is ever deleted from the object. A line is about 350 bytes with its hash, so a million of
//! them are 350 MB of an object's 10 GB: thirty million movements of one SKU. Neither a claim nor a read
//! looks at more than the ledger's head, which is kept beside the counters, so they do not get slower
//! with its length. Every [`CHECKPOINT_LINES`] lines the state is kept as it was, in the turn's own
//! transaction: the state at any time is then a matter of so many lines, however long the ledger is.

use worker::Result;

use super::Inventory;
use super::store::{Stored, reservation};
use crate::domain::inventory::{Checkpoint, Holding, LedgerEntry, LedgerLine, MAX_HOLDINGS, Past};
use crate::domain::time::Timestamp;
use crate::objects::ledger_commands::{ChainedLine, LedgerAnswer, MovementsAsked};
use crate::runtime::sqlite::{Row, Value, integer, text};

/// After so many lines the state is kept as it is.
const CHECKPOINT_LINES: i64 = 1_000;

/// Lines that are read at a time to rebuild a past state.
const LINES_AT_A_TIME: i64 = 1_000;

/// The most lines that one page looks through for those that are wanted.
const LINES_PER_PAGE: i64 = 5_000;

/// The platform's clock may step back by a little when an object moves.
const CLOCK_SLACK_SECONDS: i64 = 60;

macro_rules! lines_by {
    ($order:literal) => {
        concat!(
            "SELECT sequence, entry, hash, (SELECT before.hash FROM ledger AS before \
             WHERE before.sequence = ledger.sequence - 1) FROM ledger \
             WHERE sequence > ?1 AND sequence < ?2 \
             AND (?3 IS NULL OR entry ->> '$.movement.kind' = ?3) \
             AND (?4 IS NULL OR entry ->> '$.movement.location' = ?4) \
             AND (?5 IS NULL OR entry ->> '$.at' >= ?5) \
             AND (?6 IS NULL OR entry ->> '$.at' < ?6) \
             ORDER BY sequence ",
            $order,
            " LIMIT ?7"
        )
    };
}

const NEWEST_FIRST: &str = lines_by!("DESC");
const OLDEST_FIRST: &str = lines_by!("ASC");

pub(super) fn line(row: &Row) -> Result<LedgerLine> {
    Ok(LedgerLine { sequence: row.integer(0)?, entry: row.text(1)?, hash: row.text(2)? })
}

impl Inventory {
    /// A page of lines. Each looks through a bounded stretch of the ledger: a page can have fewer lines
    /// than are wanted, or none, and lead on all the same.
    pub(super) fn movements(&self, asked: &MovementsAsked) -> Result<LedgerAnswer> {
        let (low, high) = self.stretch(asked)?;
        let (low, high, goes_on) = if asked.is_oldest_first {
            let low = asked.after.map_or(low, |after| after.max(low));
            let end = low.saturating_add(LINES_PER_PAGE).saturating_add(1);
            (low, high.min(end), (end < high).then_some(end.saturating_sub(1)))
        } else {
            let high = asked.after.map_or(high, |after| after.min(high));
            let end = high.saturating_sub(LINES_PER_PAGE).saturating_sub(1);
            (low.max(end), high, (end > low).then_some(end.saturating_add(1)))
        };
        let kind = asked.kind.map(serde_json::to_value).transpose()?;
        let optional = |value: Option<&str>| value.map_or(Value::Null, text);
        let moment = |at: Option<Timestamp>| at.map_or(Value::Null, |at| text(at.rfc3339()));
        let query = if asked.is_oldest_first { OLDEST_FIRST } else { NEWEST_FIRST };
        let rows = self.store.sqlite.rows(
            query,
            vec![
                integer(low),
                integer(high),
                optional(kind.as_ref().and_then(serde_json::Value::as_str)),
                optional(asked.location.as_ref().map(|location| location.as_str())),
                moment(asked.from),
                moment(asked.to),
                integer(i64::from(asked.limit).saturating_add(1)),
            ],
        )?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in &rows {
            let genesis = || crate::domain::inventory::GENESIS_HASH.to_owned();
            let hash_before = row.optional_text(3).unwrap_or_else(genesis);
            lines.push(ChainedLine { line: line(row)?, hash_before });
        }
        let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
        let is_full = lines.len() > limit;
        lines.truncate(limit);
        let last = lines.last().map(|last| last.line.sequence);
        let next_after = if is_full { last } else { goes_on };
        Ok(LedgerAnswer::Movements { lines, next_after })
    }

    /// Between which numbers the lines of a time are, as far as checkpoints tell; both are outside.
    fn stretch(&self, asked: &MovementsAsked) -> Result<(i64, i64)> {
        let bound = |query, at: Option<Timestamp>| -> Result<Option<i64>> {
            let Some(at) = at else {
                return Ok(None);
            };
            let row = self.store.sqlite.row(query, vec![integer(at.milliseconds())])?;
            Ok(row.and_then(|row| row.integer(0).ok()))
        };
        let from = asked.from.map(|at| at.plus_seconds(CLOCK_SLACK_SECONDS.saturating_neg()));
        let to = asked.to.map(|at| at.plus_seconds(CLOCK_SLACK_SECONDS));
        let low = bound("SELECT MAX(sequence) FROM checkpoints WHERE at < ?", from)?;
        let high = bound("SELECT MIN(sequence) FROM checkpoints WHERE at >= ?", to)?;
        let head = self.store.sqlite.row("SELECT MAX(sequence) FROM ledger", vec![])?;
        let head = head.and_then(|row| row.integer(0).ok()).unwrap_or(0);
        Ok((low.unwrap_or(0), high.unwrap_or(head).min(head).saturating_add(1)))
    }

    /// Keeps the state as it is if that has not been done for long. At the end of a turn: only then do
    /// counters and ledger say the same.
    pub(super) fn keep_checkpoint(&self, stored: &Stored, now: Timestamp) -> Result<()> {
        let known = match self.checkpointed.get() {
            Some(known) => known,
            None => {
                let query = "SELECT MAX(sequence) FROM checkpoints";
                let row = self.store.sqlite.row(query, vec![])?;
                row.and_then(|row| row.integer(0).ok()).unwrap_or(0)
            }
        };
        self.checkpointed.set(Some(known));
        if stored.ledger_sequence.saturating_sub(known) < CHECKPOINT_LINES {
            return Ok(());
        }
        let most = i64::try_from(MAX_HOLDINGS).unwrap_or(i64::MAX);
        let mut holdings = std::collections::BTreeMap::new();
        let held = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                    WHERE state = 'held' ORDER BY expires_at LIMIT ?";
        let owed = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                    WHERE waiting_since IS NOT NULL AND state = 'committed' \
                    ORDER BY waiting_since LIMIT ?";
        for query in [held, owed] {
            for row in self.store.sqlite.rows(query, vec![integer(most)])? {
                holdings.insert(row.text(0)?, Holding::of(&reservation(&row, 1)?));
            }
        }
        let checkpoint = Checkpoint { level: stored.level.clone(), holdings };
        self.store.sqlite.run(
            "INSERT INTO checkpoints (sequence, at, hash, document) VALUES (?, ?, ?, ?)",
            vec![
                integer(stored.ledger_sequence),
                integer(now.milliseconds()),
                text(stored.ledger_hash.as_str()),
                text(serde_json::to_string(&checkpoint)?),
            ],
        )?;
        self.checkpointed.set(Some(stored.ledger_sequence));
        Ok(())
    }

    /// The state at a past time, as the ledger had it then: a claim whose time was over counts as held
    /// until the line that gave it back.
    pub(super) fn past(&self, at: Timestamp) -> Result<Past> {
        let query = "SELECT sequence, document FROM checkpoints WHERE at <= ? \
                     ORDER BY at DESC, sequence DESC LIMIT 1";
        let checkpoint = self.store.sqlite.row(query, vec![integer(at.milliseconds())])?;
        let mut past = match checkpoint {
            None => Past::default(),
            Some(row) => Past::from(row.integer(0)?, serde_json::from_str(&row.text(1)?)?),
        };
        loop {
            let query = "SELECT sequence, entry, hash FROM ledger WHERE sequence > ? \
                         ORDER BY sequence LIMIT ?";
            let from = vec![integer(past.sequence), integer(LINES_AT_A_TIME)];
            let rows = self.store.sqlite.rows(query, from)?;
            for row in &rows {
                let line = line(row)?;
                let entry: LedgerEntry = serde_json::from_str(&line.entry)?;
                if !past.follow(line.sequence, &entry, at) {
                    return Ok(past);
                }
            }
            if i64::try_from(rows.len()).unwrap_or(0) < LINES_AT_A_TIME {
                return Ok(past);
            }
        }
    }
}

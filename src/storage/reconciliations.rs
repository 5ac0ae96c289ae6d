//! What reconcilers found, for those who look it up. Written by a reconciler, whose run can be resumed at
//! any point: everything is written under the run's identity, so writing it again changes nothing.

use serde::{Deserialize, Serialize};

use super::statement::{
    Parameter, document, failed_to_read, json_arrays, parse, prepare, row, rows, run, run_together,
};
use crate::domain::id::ReconciliationId;
use crate::domain::payment::Gateway;
use crate::domain::reconciliation::{Finding, Item, Run, RunCause, RunState, Window};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const OPEN: &str = "
INSERT INTO reconciliations (id, gateway, from_at, to_at, settled_to, cause, state, started_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'running', ?7) ON CONFLICT (id) DO NOTHING";
const FINISH: &str = "
UPDATE reconciliations SET state = ?2, finished_at = ?3, failure = ?4, summary = ?5
WHERE id = ?1 AND state = 'running'";
const CLEAR_ITEMS: &str = "DELETE FROM reconciliation_items WHERE reconciliation_id = ?1";
const WRITE_ITEMS: &str = "
INSERT INTO reconciliation_items (reconciliation_id, number, result, document)
SELECT ?1, value ->> 'number', value ->> 'result', value -> 'document' FROM json_each(?2)
WHERE true
ON CONFLICT (reconciliation_id, number) DO UPDATE SET
  result = excluded.result, document = excluded.document";

macro_rules! runs_where {
    ($condition:literal) => {
        concat!(
            "SELECT id, gateway, from_at, to_at, settled_to, cause, state, started_at, finished_at,",
            " failure, summary FROM reconciliations WHERE ",
            $condition
        )
    };
}

const BY_ID: &str = runs_where!("id = ?1");
const LIST: &str = runs_where!(
    "(started_at, id) < (?1, ?2) AND (?3 IS NULL OR gateway = ?3)
     ORDER BY started_at DESC, id DESC LIMIT ?4"
);
const ITEMS: &str = "
SELECT number, document FROM reconciliation_items
WHERE reconciliation_id = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
const ITEMS_MATCHED: &str = "
SELECT number, document FROM reconciliation_items
WHERE reconciliation_id = ?1 AND number > ?2 AND result = 'matched' ORDER BY number LIMIT ?3";
const ITEMS_DIFFERENT: &str = "
SELECT number, document FROM reconciliation_items
WHERE reconciliation_id = ?1 AND result = ?4 AND result <> 'matched' AND number > ?2
ORDER BY number LIMIT ?3";

/// Items that one statement writes.
const ITEMS_PER_STATEMENT: usize = 500;

/// Statements that one batch runs.
const STATEMENTS_PER_BATCH: usize = 10;

#[derive(Deserialize)]
struct RunRow {
    id: String,
    gateway: String,
    from_at: i64,
    to_at: i64,
    settled_to: i64,
    cause: RunCause,
    state: RunState,
    started_at: i64,
    finished_at: Option<i64>,
    failure: Option<String>,
    summary: Option<String>,
}

impl RunRow {
    fn read(self) -> Result<Run, Unavailable> {
        let malformed = || failed_to_read("reconciliations");
        let at = Timestamp::from_milliseconds;
        Ok(Run {
            id: self.id.parse().map_err(|_| malformed())?,
            gateway: Gateway::from_name(&self.gateway).ok_or_else(malformed)?,
            window: Window { from: at(self.from_at), to: at(self.to_at) },
            settled_to: at(self.settled_to),
            cause: self.cause,
            state: self.state,
            started_at: at(self.started_at),
            finished_at: self.finished_at.map(at),
            failure: self.failure,
            summary: self.summary.map(|summary| parse(&summary)).transpose()?,
        })
    }
}

/// Notes a run that has started, unless it is known.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn open(database: &Database, started: &Run) -> Result<(), Unavailable> {
    let (id, cause) = (
        started.id.to_string(),
        match started.cause {
            RunCause::Scheduled => "scheduled",
            RunCause::Requested => "requested",
        },
    );
    let parameters = [
        Parameter::Text(&id),
        Parameter::Text(started.gateway.name()),
        Parameter::moment(started.window.from),
        Parameter::moment(started.window.to),
        Parameter::moment(started.settled_to),
        Parameter::Text(cause),
        Parameter::moment(started.started_at),
    ];
    run(database, OPEN, &parameters).await.map(|_| ())
}

/// Notes how a run ended, after its items.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn finish(database: &Database, ended: &Run) -> Result<(), Unavailable> {
    let id = ended.id.to_string();
    let summary = ended.summary.as_ref().map(document).transpose()?;
    let parameters = [
        Parameter::Text(&id),
        Parameter::Text(ended.state.name()),
        ended.finished_at.map_or(Parameter::Null, Parameter::moment),
        Parameter::optional_text(ended.failure.as_deref()),
        Parameter::optional_text(summary.as_deref()),
    ];
    run(database, FINISH, &parameters).await.map(|_| ())
}

/// An item as it is stored.
#[derive(Serialize)]
struct ItemRow<'a> {
    number: u32,
    result: Finding,
    document: &'a Item,
}

/// Writes the items of a run, in place of what an earlier attempt wrote.
///
/// # Errors
/// When D1 does not take them; writing them again is safe.
pub async fn write_items(
    database: &Database,
    id: ReconciliationId,
    items: &[Item],
) -> Result<(), Unavailable> {
    let id = id.to_string();
    run(database, CLEAR_ITEMS, &[Parameter::Text(&id)]).await?;
    let rows: Vec<ItemRow<'_>> = (1_u32..)
        .zip(items)
        .map(|(number, item)| ItemRow { number, result: item.result, document: item })
        .collect();
    for batch in rows.chunks(ITEMS_PER_STATEMENT.saturating_mul(STATEMENTS_PER_BATCH)) {
        let mut statements = Vec::new();
        for some in batch.chunks(ITEMS_PER_STATEMENT) {
            for array in json_arrays(some)? {
                let parameters = [Parameter::Text(&id), Parameter::Text(&array)];
                statements.push(prepare(database, WRITE_ITEMS, &parameters)?);
            }
        }
        run_together(database, statements).await?;
    }
    Ok(())
}

/// The run of this identity.
///
/// # Errors
/// When D1 does not answer.
pub async fn find(database: &Database, id: ReconciliationId) -> Result<Option<Run>, Unavailable> {
    let id = id.to_string();
    let found: Option<RunRow> = row(database, BY_ID, &[Parameter::Text(&id)]).await?;
    found.map(RunRow::read).transpose()
}

/// Runs, newest first, after a place in the list.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    gateway: Option<Gateway>,
    after: Option<(Timestamp, String)>,
    limit: u32,
) -> Result<Vec<Run>, Unavailable> {
    let (time, id) = match &after {
        Some((time, id)) => (time.milliseconds(), id.as_str()),
        None => (i64::MAX, ""),
    };
    let parameters = [
        Parameter::Integer(time),
        Parameter::Text(id),
        Parameter::optional_text(gateway.map(Gateway::name)),
        Parameter::Integer(i64::from(limit)),
    ];
    let found: Vec<RunRow> = rows(database, LIST, &parameters).await?;
    found.into_iter().map(RunRow::read).collect()
}

/// Items of a run with their numbers, in the order of time, after a number.
///
/// # Errors
/// When D1 does not answer.
pub async fn items(
    database: &Database,
    id: ReconciliationId,
    result: Option<Finding>,
    after: u32,
    limit: u32,
) -> Result<Vec<(u32, Item)>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        number: u32,
        document: String,
    }
    let id = id.to_string();
    let mut parameters = vec![
        Parameter::Text(&id),
        Parameter::Integer(i64::from(after)),
        Parameter::Integer(i64::from(limit)),
    ];
    let sql = match result {
        None => ITEMS,
        Some(Finding::Matched) => ITEMS_MATCHED,
        Some(other) => {
            parameters.push(Parameter::Text(other.name()));
            ITEMS_DIFFERENT
        }
    };
    let found: Vec<Row> = rows(database, sql, &parameters).await?;
    found.into_iter().map(|row| Ok((row.number, parse(&row.document)?))).collect()
}

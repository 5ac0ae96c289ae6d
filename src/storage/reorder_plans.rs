//! Purchase orders that runs decided on, and the runs by their keys.

use serde::{Deserialize, Serialize};

use super::statement::{
    Parameter, document, json_arrays, parse, prepare, row, rows, run, run_together,
};
use crate::domain::reorder::{Plan, Run};
use crate::domain::time::Timestamp;
use crate::runtime::clock::fresh_uuid;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const STATE: &str = "SELECT version FROM reorder_state WHERE id = 1";
const RUN: &str = "SELECT fingerprint, document FROM reorder_runs WHERE key = ?1";
const CLAIM: &str = "
UPDATE reorder_state SET version = version + 1, claim = ?1 WHERE id = 1 AND version = ?2";
macro_rules! if_claimed {
    ($statement:literal) => {
        concat!(
            $statement,
            " WHERE EXISTS (SELECT 1 FROM reorder_state",
            " WHERE id = 1 AND version = ?2 + 1 AND claim = ?1) ON CONFLICT DO NOTHING"
        )
    };
}
const KEEP_RUN: &str =
    if_claimed!("INSERT INTO reorder_runs (key, fingerprint, document, at) SELECT ?3, ?4, ?5, ?6");
const KEEP_PLANS: &str = if_claimed!(
    "INSERT INTO reorder_plans (id, run_key, document, planned_at)
     SELECT value ->> 'id', ?4, value, ?5 FROM json_each(?3)"
);
const KEEP_LINES: &str = if_claimed!(
    "INSERT INTO reorder_plan_lines (sku, plan_id, quantity)
     SELECT value ->> 'sku', value ->> 'plan_id', value ->> 'quantity' FROM json_each(?3)"
);
const OWED: &str = "
SELECT document FROM reorder_plans WHERE created_at IS NULL ORDER BY planned_at LIMIT ?1";
const OWED_OF_RUN: &str = "
SELECT document FROM reorder_plans WHERE run_key = ?1 AND created_at IS NULL ORDER BY id";
const CREATED: &str =
    "UPDATE reorder_plans SET created_at = ?2 WHERE id = ?1 AND created_at IS NULL";
const UNPLAN: &str = "DELETE FROM reorder_plan_lines WHERE plan_id = ?1";
const FORGET_RUNS: &str = "
DELETE FROM reorder_runs WHERE key IN (SELECT key FROM reorder_runs WHERE at < ?1 LIMIT ?2)";
const FORGET_PLANS: &str = "
DELETE FROM reorder_plans WHERE id IN (
  SELECT id FROM reorder_plans WHERE created_at < ?1
  AND NOT EXISTS (SELECT 1 FROM reorder_plan_lines AS lines WHERE lines.plan_id = reorder_plans.id)
  LIMIT ?2)";
// A purchase order in its list counts itself.
const FORGET_LINES: &str = "
DELETE FROM reorder_plan_lines WHERE plan_id IN (
  SELECT lines.plan_id FROM reorder_plan_lines AS lines
  JOIN stock_documents ON stock_documents.id = lines.plan_id LIMIT ?1)";

#[derive(Deserialize)]
struct DocumentRow {
    document: String,
}

/// The number of the last run.
///
/// # Errors
/// When D1 does not answer.
pub async fn version(database: &Database) -> Result<i64, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        version: i64,
    }
    let found: Option<Row> = row(database, STATE, &[]).await?;
    Ok(found.map_or(0, |row| row.version))
}

/// The run of a key, with the fingerprint of what was asked.
///
/// # Errors
/// When D1 does not answer.
pub async fn find_run(
    database: &Database,
    key: &str,
) -> Result<Option<(String, Run)>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        fingerprint: String,
        document: String,
    }
    let found: Option<Row> = row(database, RUN, &[Parameter::Text(key)]).await?;
    found.map(|row| Ok((row.fingerprint, parse(&row.document)?))).transpose()
}

/// Writes down what a run decided, if no other did since the one of this number; all of it or nothing.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn keep(
    database: &Database,
    key: &str,
    fingerprint: &str,
    run: &Run,
    version: i64,
    now: Timestamp,
) -> Result<(), Unavailable> {
    #[derive(Serialize)]
    struct Line<'a> {
        sku: &'a str,
        plan_id: &'a str,
        quantity: i64,
    }
    let answer = document(run)?;
    // Nobody else's, not even of the same run asked for twice at once.
    let claim = fresh_uuid().to_string();
    let claimed = [Parameter::Text(&claim), Parameter::Integer(version)];
    let kept = [
        Parameter::Text(&claim),
        Parameter::Integer(version),
        Parameter::Text(key),
        Parameter::Text(fingerprint),
        Parameter::Text(&answer),
        Parameter::moment(now),
    ];
    let mut statements =
        vec![prepare(database, CLAIM, &claimed)?, prepare(database, KEEP_RUN, &kept)?];
    for array in &json_arrays(&run.plans)? {
        let plans = [
            Parameter::Text(&claim),
            Parameter::Integer(version),
            Parameter::Text(array),
            Parameter::Text(key),
            Parameter::moment(now),
        ];
        statements.push(prepare(database, KEEP_PLANS, &plans)?);
    }
    let lines = run.plans.iter().flat_map(|plan| {
        plan.lines.iter().map(|line| Line {
            sku: line.sku.as_str(),
            plan_id: &plan.id,
            quantity: line.quantity,
        })
    });
    for array in &json_arrays(lines)? {
        let lines = [Parameter::Text(&claim), Parameter::Integer(version), Parameter::Text(array)];
        statements.push(prepare(database, KEEP_LINES, &lines)?);
    }
    run_together(database, statements).await
}

/// Plans whose purchase orders are still to be made: of one run, or the oldest of all, at most 50.
///
/// # Errors
/// When D1 does not answer.
pub async fn owed(database: &Database, key: Option<&str>) -> Result<Vec<Plan>, Unavailable> {
    let found: Vec<DocumentRow> = match key {
        Some(key) => rows(database, OWED_OF_RUN, &[Parameter::Text(key)]).await?,
        None => rows(database, OWED, &[Parameter::Integer(50)]).await?,
    };
    found.iter().map(|row| parse(&row.document)).collect()
}

/// Notes that a plan's purchase order is made.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn created(database: &Database, id: &str, now: Timestamp) -> Result<(), Unavailable> {
    run(database, CREATED, &[Parameter::Text(id), Parameter::moment(now)]).await.map(|_| ())
}

/// Gives up a plan whose purchase order can't be made: what it would have ordered is needed anew.
///
/// # Errors
/// When D1 does not take it; giving up again is safe.
pub async fn give_up(database: &Database, id: &str, now: Timestamp) -> Result<(), Unavailable> {
    let statements = vec![
        prepare(database, UNPLAN, &[Parameter::Text(id)])?,
        prepare(database, CREATED, &[Parameter::Text(id), Parameter::moment(now)])?,
    ];
    run_together(database, statements).await
}

/// Forgets runs from before a moment, and what plans counted that count themselves by now; at most `count`
/// of each.
///
/// # Errors
/// When D1 does not take it; forgetting again is safe.
pub async fn forget(database: &Database, before: Timestamp, count: u32) -> Result<(), Unavailable> {
    let count = i64::from(count);
    let old = [Parameter::moment(before), Parameter::Integer(count)];
    let statements = vec![
        prepare(database, FORGET_LINES, &[Parameter::Integer(count)])?,
        prepare(database, FORGET_RUNS, &old)?,
        prepare(database, FORGET_PLANS, &old)?,
    ];
    run_together(database, statements).await
}

//! How many units of each SKU had been sold when a day began, and how far daily jobs have come.

use serde::Deserialize;

use super::statement::{Parameter, prepare, row, run, run_together};
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

// A step takes the SKUs after the position, as many as it may, and moves the position behind them; both
// statements only from the position that the step began at.
const TAKE: &str = "
INSERT INTO stock_snapshots (sku, day, sold)
SELECT page.sku, ?2, page.sold
FROM (SELECT sku, sold FROM stock_levels WHERE sku > ?3 ORDER BY sku LIMIT ?4) AS page
WHERE EXISTS (SELECT 1 FROM daily_jobs WHERE name = ?1 AND day = ?2 AND position = ?3)
  AND page.sold IS NOT (
    SELECT known.sold FROM stock_snapshots AS known
    WHERE known.sku = page.sku ORDER BY known.day DESC LIMIT 1)
ON CONFLICT (sku, day) DO NOTHING";
const MOVE: &str = "
UPDATE daily_jobs SET (position, is_done) = (
  SELECT COALESCE(MAX(page.sku), ?3), COUNT(*) < ?4
  FROM (SELECT sku FROM stock_levels WHERE sku > ?3 ORDER BY sku LIMIT ?4) AS page)
WHERE name = ?1 AND day = ?2 AND position = ?3 AND is_done = 0";
const BEGIN: &str = "
INSERT INTO daily_jobs (name, day, position, is_done) VALUES (?1, ?2, ?3, 0)
ON CONFLICT (name) DO UPDATE SET day = excluded.day, position = excluded.position, is_done = 0
WHERE excluded.day > daily_jobs.day";
const PROGRESS: &str = "SELECT day, position, is_done FROM daily_jobs WHERE name = ?1";
const ADVANCE: &str = "
UPDATE daily_jobs SET position = ?4, is_done = ?5 WHERE name = ?1 AND day = ?2 AND position = ?3";
// What lies before the last snapshot of a year ago is never asked for.
const PRUNE: &str = "
DELETE FROM stock_snapshots WHERE (sku, day) IN (
  SELECT old.sku, old.day FROM stock_snapshots AS old
  WHERE old.day < ?1 AND EXISTS (
    SELECT 1 FROM stock_snapshots AS newer
    WHERE newer.sku = old.sku AND newer.day > old.day AND newer.day <= ?1)
  ORDER BY old.day LIMIT ?2)";

/// How far a daily job has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The day that it works on ([`crate::domain::reorder::day_of`]).
    pub day: i64,
    /// Where it goes on.
    pub position: String,
    /// Whether the day is done.
    pub is_done: bool,
}

/// How far a job has come with a day, which begins if it is later than the one it worked on.
///
/// # Errors
/// When D1 does not answer.
pub async fn progress(
    database: &Database,
    name: &'static str,
    day: i64,
    beginning: &str,
) -> Result<Progress, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        day: i64,
        position: String,
        is_done: i64,
    }
    for _ in 0..2 {
        let found: Option<Row> = row(database, PROGRESS, &[Parameter::Text(name)]).await?;
        if let Some(found) = found.filter(|found| found.day >= day) {
            let Row { day, position, is_done } = found;
            return Ok(Progress { day, position, is_done: is_done != 0 });
        }
        let parameters =
            [Parameter::Text(name), Parameter::Integer(day), Parameter::Text(beginning)];
        run(database, BEGIN, &parameters).await?;
    }
    Ok(Progress { day, position: beginning.to_owned(), is_done: false })
}

/// Moves a job from the position that its step began at. A step that was made before changes nothing.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn advance(
    database: &Database,
    name: &'static str,
    from: &Progress,
    position: &str,
    is_done: bool,
) -> Result<(), Unavailable> {
    let parameters = [
        Parameter::Text(name),
        Parameter::Integer(from.day),
        Parameter::Text(&from.position),
        Parameter::Text(position),
        Parameter::Integer(i64::from(is_done)),
    ];
    run(database, ADVANCE, &parameters).await.map(|_| ())
}

/// Writes down what the next SKUs had sold, at most `count`, where that changed since it was last written
/// down. Two of them beside each other do it once.
///
/// # Errors
/// When D1 does not take it; the step is made again.
pub async fn take(
    database: &Database,
    name: &'static str,
    from: &Progress,
    count: u32,
) -> Result<(), Unavailable> {
    let parameters = [
        Parameter::Text(name),
        Parameter::Integer(from.day),
        Parameter::Text(&from.position),
        Parameter::Integer(i64::from(count)),
    ];
    let statements =
        vec![prepare(database, TAKE, &parameters)?, prepare(database, MOVE, &parameters)?];
    run_together(database, statements).await
}

/// Drops snapshots that are older than a day needs, at most `count`; the last one before the day stays.
///
/// # Errors
/// When D1 does not take it; dropping again is safe.
pub async fn prune(database: &Database, day: i64, count: u32) -> Result<(), Unavailable> {
    let parameters = [Parameter::Integer(day), Parameter::Integer(i64::from(count))];
    run(database, PRUNE, &parameters).await.map(|_| ())
}

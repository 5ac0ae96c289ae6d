//! What proofs of SKUs' ledgers found, and where they ended.

use serde::Deserialize;

use super::statement::{Parameter, document, parse, row, rows, run};
use crate::domain::id::Sku;
use crate::domain::inventory::{Anchor, Proof, ProofReport, Verdict};
use crate::domain::time::Timestamp;
use crate::runtime::database::Database;
use crate::runtime::platform::Unavailable;

const FIND: &str = "SELECT anchor, unfinished FROM stock_proofs WHERE sku = ?1";
// An anchor only moves forward, and only when the proof held.
const RECORD: &str = "
INSERT INTO stock_proofs (sku, verdict, proven_at, report, anchor_sequence, anchor, unfinished)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)
ON CONFLICT (sku) DO UPDATE SET
  verdict = excluded.verdict, proven_at = excluded.proven_at, report = excluded.report,
  anchor = CASE WHEN excluded.anchor_sequence >= COALESCE(stock_proofs.anchor_sequence, 0)
    THEN excluded.anchor ELSE stock_proofs.anchor END,
  anchor_sequence =
    NULLIF(MAX(COALESCE(excluded.anchor_sequence, 0), COALESCE(stock_proofs.anchor_sequence, 0)), 0),
  unfinished = NULL
WHERE excluded.proven_at >= COALESCE(stock_proofs.proven_at, 0)";
const PUT_OFF: &str = "
INSERT INTO stock_proofs (sku, unfinished) VALUES (?1, ?2)
ON CONFLICT (sku) DO UPDATE SET unfinished = excluded.unfinished";
const LIST: &str = "
SELECT sku, proven_at, report FROM stock_proofs
WHERE verdict IS NOT NULL AND sku > ?1 ORDER BY sku LIMIT ?2";
const LIST_OF_VERDICT: &str = "
SELECT sku, proven_at, report FROM stock_proofs
WHERE verdict = ?3 AND sku > ?1 ORDER BY sku LIMIT ?2";
const CURSOR: &str = "SELECT after_sku FROM stock_proof_cursor WHERE only_row = 1";
const MOVE_CURSOR: &str = "
INSERT INTO stock_proof_cursor (only_row, after_sku) VALUES (1, ?1)
ON CONFLICT (only_row) DO UPDATE SET after_sku = excluded.after_sku";
// Every SKU that ever had stock is copied here, in the catalogue or no longer.
const NEXT_SKUS: &str = "SELECT sku FROM stock_levels WHERE sku > ?1 ORDER BY sku LIMIT ?2";

/// What is known of a SKU's proofs.
#[derive(Debug, Clone, Default)]
pub struct KnownProof {
    /// Where the last one that held has ended.
    pub anchor: Option<Anchor>,
    /// One that has not ended yet.
    pub unfinished: Option<Proof>,
}

/// A proof that has ended.
#[derive(Debug, Clone)]
pub struct RecordedProof {
    /// Of which SKU.
    pub sku: String,
    /// When it ended.
    pub proven_at: Timestamp,
    /// What it found.
    pub report: ProofReport,
}

/// What is known of a SKU's proofs.
///
/// # Errors
/// When D1 does not answer.
pub async fn find(database: &Database, sku: &Sku) -> Result<KnownProof, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        anchor: Option<String>,
        unfinished: Option<String>,
    }
    let found: Option<Row> = row(database, FIND, &[Parameter::Text(sku.as_str())]).await?;
    let Some(found) = found else {
        return Ok(KnownProof::default());
    };
    Ok(KnownProof {
        anchor: found.anchor.map(|anchor| parse(&anchor)).transpose()?,
        unfinished: found.unfinished.map(|proof| parse(&proof)).transpose()?,
    })
}

/// Notes what a proof found. The SKU's anchor moves to its end if it holds, and stays if it does not.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn record(
    database: &Database,
    sku: &Sku,
    report: &ProofReport,
    at: Timestamp,
) -> Result<(), Unavailable> {
    let (stored, anchor) = (document(report)?, document(&report.end)?);
    let holds = report.verdict == Verdict::Holds;
    let parameters = [
        Parameter::Text(sku.as_str()),
        Parameter::Text(verdict_name(report.verdict)),
        Parameter::moment(at),
        Parameter::Text(&stored),
        if holds { Parameter::Integer(report.end.sequence) } else { Parameter::Null },
        if holds { Parameter::Text(&anchor) } else { Parameter::Null },
    ];
    run(database, RECORD, &parameters).await.map(|_| ())
}

/// Keeps a proof that goes on another time.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn put_off(database: &Database, sku: &Sku, proof: &Proof) -> Result<(), Unavailable> {
    let stored = document(proof)?;
    let parameters = [Parameter::Text(sku.as_str()), Parameter::Text(&stored)];
    run(database, PUT_OFF, &parameters).await.map(|_| ())
}

/// The last proof of each SKU, by SKU, after one.
///
/// # Errors
/// When D1 does not answer.
pub async fn list(
    database: &Database,
    verdict: Option<Verdict>,
    after: &str,
    limit: u32,
) -> Result<Vec<RecordedProof>, Unavailable> {
    #[derive(Deserialize)]
    struct Row {
        sku: String,
        proven_at: i64,
        report: String,
    }
    let mut parameters = vec![Parameter::Text(after), Parameter::Integer(i64::from(limit))];
    let sql = match verdict {
        None => LIST,
        Some(verdict) => {
            parameters.push(Parameter::Text(verdict_name(verdict)));
            LIST_OF_VERDICT
        }
    };
    let found: Vec<Row> = rows(database, sql, &parameters).await?;
    let read = |row: Row| {
        let proven_at = Timestamp::from_milliseconds(row.proven_at);
        Ok(RecordedProof { sku: row.sku, proven_at, report: parse(&row.report)? })
    };
    found.into_iter().map(read).collect()
}

/// The SKUs whose turn it is in the schedule.
///
/// # Errors
/// When D1 does not answer.
pub async fn next_skus(database: &Database, limit: u32) -> Result<Vec<Sku>, Unavailable> {
    #[derive(Deserialize)]
    struct Cursor {
        after_sku: String,
    }
    #[derive(Deserialize)]
    struct Row {
        sku: Sku,
    }
    let cursor: Option<Cursor> = row(database, CURSOR, &[]).await?;
    let after = cursor.map(|cursor| cursor.after_sku).unwrap_or_default();
    let parameters = [Parameter::Text(&after), Parameter::Integer(i64::from(limit))];
    let found: Vec<Row> = rows(database, NEXT_SKUS, &parameters).await?;
    Ok(found.into_iter().map(|row| row.sku).collect())
}

/// Notes after which SKU the schedule goes on; none: from the first one.
///
/// # Errors
/// When D1 does not take it; writing it again is safe.
pub async fn move_cursor(database: &Database, after: Option<&Sku>) -> Result<(), Unavailable> {
    let after = after.map_or("", Sku::as_str);
    run(database, MOVE_CURSOR, &[Parameter::Text(after)]).await.map(|_| ())
}

const fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Broken => "broken",
    }
}

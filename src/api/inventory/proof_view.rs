//! A proof of a SKU's ledger as merchants see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::inventory::{Difference, Proof, ProofReport, Verdict};
use crate::domain::time::Timestamp;

/// What came of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProofVerdict {
    /// Counters and claims are what the ledger adds up to, and no line was changed.
    Holds,
    /// Something differs.
    Broken,
    /// It has not ended: the same request goes on with it.
    Unfinished,
}

/// A proof of a SKU's ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "sku": "MUG-CLASSIC", "verdict": "holds", "is_whole": true, "lines_read": 71, "claims_read": 30,
    "from_sequence": 1, "to_sequence": 71, "hash": "5f0c…", "at": "2026-01-31T12:00:00.000Z",
    "differences": [], "further_differences": 0
}))]
pub struct ProofView<'a> {
    /// The SKU.
    sku: &'a str,
    /// What came of it.
    verdict: ProofVerdict,
    /// Whether it began at the first line and read every order's claim.
    is_whole: bool,
    /// Lines that were read.
    lines_read: i64,
    /// Claims of orders that were read one by one.
    claims_read: i64,
    /// The first line that was read; one beyond `to_sequence` if nothing is new.
    from_sequence: i64,
    /// The last line that is proven.
    to_sequence: i64,
    /// That line's hash: keep it, and the ledger can be held to it for ever.
    hash: &'a str,
    /// When it ended; null while it has not.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// What differed. Nothing is mended but what orders can tell again.
    differences: &'a [Difference],
    /// How many differences there are beyond those.
    further_differences: i64,
}

impl<'a> ProofView<'a> {
    /// A proof that has ended.
    #[must_use]
    pub fn ended(sku: &'a str, report: &'a ProofReport, at: Timestamp) -> Self {
        Self {
            sku,
            verdict: match report.verdict {
                Verdict::Holds => ProofVerdict::Holds,
                Verdict::Broken => ProofVerdict::Broken,
            },
            is_whole: report.is_whole,
            lines_read: report.lines,
            claims_read: report.claims,
            from_sequence: report.from_sequence,
            to_sequence: report.end.sequence,
            hash: &report.end.hash,
            at: Some(at),
            differences: &report.differences,
            further_differences: report.further_differences,
        }
    }

    /// A proof that goes on.
    #[must_use]
    pub fn unfinished(sku: &'a str, proof: &'a Proof) -> Self {
        let (from_sequence, lines_read, claims_read) = proof.progress();
        Self {
            sku,
            verdict: ProofVerdict::Unfinished,
            is_whole: proof.is_whole(),
            lines_read,
            claims_read,
            from_sequence,
            to_sequence: proof.reached().sequence,
            hash: &proof.reached().hash,
            at: None,
            differences: proof.differences(),
            further_differences: 0,
        }
    }
}

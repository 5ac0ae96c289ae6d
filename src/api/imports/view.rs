//! An import as callers see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::id::ImportId;
use crate::domain::import::{
    FileFormat, Import, ImportKind, ImportState, LevelMode, MAX_PART_BYTES, Part,
};
use crate::domain::inventory::LocationId;
use crate::domain::time::Timestamp;

/// A bulk import.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "imp_019aa0c05c1c7c2e8a5b0d3c5a6f7e80", "kind": "levels", "format": "csv", "mode": "set",
    "location": "main", "reason": "Stock-taking", "state": "running", "max_part_bytes": 1_048_576,
    "parts": [{"number": 1, "bytes": 181_000, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}],
    "bytes": 181_000, "rows": 5000, "rows_applied": 1250, "rows_failed": 3, "failure": null, "waits_for": null,
    "created_at": "2026-01-31T12:00:00.000Z", "started_at": "2026-01-31T12:00:05.000Z", "finished_at": null
}))]
pub struct ImportView<'a> {
    /// Its identity.
    #[schema(value_type = String)]
    id: ImportId,
    /// What its rows are.
    kind: ImportKind,
    /// How they are written.
    format: FileFormat,
    /// For levels: what a quantity is.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<LevelMode>,
    /// For levels: where a row is that names no location.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a LocationId>,
    /// Why, in a person's words.
    reason: &'a str,
    /// Where it is in its life.
    state: ImportState,
    /// The largest part.
    max_part_bytes: usize,
    /// The parts that were received, while they are kept: what is missing here can be sent again.
    parts: &'a [Part],
    /// Bytes of the file that were received and are kept.
    bytes: u64,
    /// Rows of the file, once they were counted.
    rows: u64,
    /// Rows that were applied.
    rows_applied: u64,
    /// Rows that were not: each is in `GET /v1/admin/imports/{id}/errors`.
    rows_failed: u64,
    /// Why the file as a whole can't be read, if it can't: nothing was applied.
    failure: Option<&'a str>,
    /// What it waits for, if something does not answer; it goes on by itself.
    waits_for: Option<&'a str>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl<'a> ImportView<'a> {
    /// An import with the parts that are kept of it.
    #[must_use]
    pub fn of(import: &'a Import, parts: &'a [Part]) -> Self {
        let spec = &import.spec;
        let of_levels = spec.kind == ImportKind::Levels;
        Self {
            id: import.id,
            kind: spec.kind,
            format: spec.format,
            mode: of_levels.then_some(spec.mode),
            location: of_levels.then_some(&spec.location),
            reason: &spec.reason,
            state: import.state,
            max_part_bytes: MAX_PART_BYTES,
            parts,
            bytes: parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add),
            rows: import.rows,
            rows_applied: import.tally.applied,
            rows_failed: import.tally.failed,
            failure: import.failure.as_deref(),
            waits_for: import
                .trouble
                .as_ref()
                .map(|_| "a part of the platform that does not answer"),
            created_at: import.created_at,
            started_at: import.started_at,
            finished_at: import.finished_at,
        }
    }
}

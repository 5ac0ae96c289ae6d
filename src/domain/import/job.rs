//! The life of an import: uploaded in parts, started, checked, worked through, ended.

use serde::{Deserialize, Serialize};

use super::records::Cursor;
use super::rows::Columns;
use super::{ImportSpec, MAX_FILE_BYTES, MAX_PARTS};
use crate::domain::id::ImportId;
use crate::domain::time::Timestamp;

/// Where an import is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Its parts are being sent.
    Uploading,
    /// Its rows are being counted; nothing is applied yet.
    Checking,
    /// Its rows are being applied.
    Running,
    /// Every row was applied or reported.
    Done,
    /// The file as a whole can't be read; nothing was applied.
    Failed,
    /// It was called off; rows that were applied stay so.
    Cancelled,
}

/// A part of the file, as it was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Part {
    /// Its number; the first is 1.
    pub number: u32,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of it, in hexadecimal.
    pub sha256: String,
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tally {
    /// Rows that were applied.
    pub applied: u64,
    /// Rows that were not: each is reported.
    pub failed: u64,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its identity.
    pub id: ImportId,
    /// What is imported, and how.
    pub spec: ImportSpec,
    /// The identity of the API key that asked.
    pub actor: String,
    /// Where it is in its life.
    pub state: ImportState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Parts of the file, once it was started.
    pub parts: u32,
    /// Rows found so far while checking, and in all afterwards.
    pub rows: u64,
    /// What rows came to.
    pub tally: Tally,
    /// How far it was read.
    pub cursor: Cursor,
    /// Where the rows begin.
    pub rows_begin: Cursor,
    /// The columns of a CSV file.
    pub columns: Columns,
    /// Why the file can't be read, if it can't.
    pub failure: Option<String>,
    /// What it waits for, after a failure that will pass.
    pub trouble: Option<String>,
}

/// Why something that was asked of an import was refused. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refused {
    /// Its parts are complete, or it ended.
    NotUploading,
    /// The part was received before, with other bytes.
    PartDiffers,
    /// The file would be too large.
    TooLarge,
    /// These parts are missing, of which at most 20 are named; or there are more than were announced.
    Incomplete {
        /// Which.
        missing: Vec<u32>,
    },
}

impl Import {
    /// An import that waits for its parts.
    #[must_use]
    pub fn new(id: ImportId, spec: ImportSpec, actor: String, now: Timestamp) -> Self {
        Self {
            id,
            spec,
            actor,
            state: ImportState::Uploading,
            created_at: now,
            started_at: None,
            finished_at: None,
            parts: 0,
            rows: 0,
            tally: Tally::default(),
            cursor: Cursor::START,
            rows_begin: Cursor::START,
            columns: Columns::new(),
            failure: None,
            trouble: None,
        }
    }

    /// Whether a part is new, given those that are there.
    ///
    /// # Errors
    /// When it can't be taken.
    pub fn takes(&self, part: &Part, received: &[Part]) -> Result<bool, Refused> {
        let known = received.iter().find(|known| known.number == part.number);
        match known {
            Some(known) if known == part => return Ok(false),
            _ if self.state != ImportState::Uploading => return Err(Refused::NotUploading),
            Some(_) => return Err(Refused::PartDiffers),
            None => {}
        }
        let bytes = received.iter().map(|part| part.bytes).fold(part.bytes, u64::saturating_add);
        if bytes > MAX_FILE_BYTES || part.number > MAX_PARTS {
            return Err(Refused::TooLarge);
        }
        Ok(true)
    }

    /// Starts it, once all of its parts are there. False if it was started before.
    ///
    /// # Errors
    /// When parts are missing, or it was called off.
    pub fn start(
        &mut self,
        parts: u32,
        received: &[Part],
        now: Timestamp,
    ) -> Result<bool, Refused> {
        match self.state {
            ImportState::Uploading => {}
            ImportState::Cancelled => return Err(Refused::NotUploading),
            _ if self.parts != parts => return Err(Refused::NotUploading),
            _ => return Ok(false),
        }
        let is_there = |number: &u32| received.iter().any(|part| part.number == *number);
        let missing: Vec<u32> = (1..=parts).filter(|number| !is_there(number)).take(20).collect();
        if !missing.is_empty() || received.iter().any(|part| part.number > parts) {
            return Err(Refused::Incomplete { missing });
        }
        self.parts = parts;
        self.state = ImportState::Checking;
        self.started_at = Some(now);
        Ok(true)
    }

    /// Calls it off, if it has not ended.
    pub fn cancel(&mut self, now: Timestamp) {
        if !self.has_ended() {
            self.end(ImportState::Cancelled, now);
        }
    }

    /// The file as a whole can't be read.
    pub fn fail(&mut self, why: impl Into<String>, now: Timestamp) {
        self.failure = Some(why.into());
        self.end(ImportState::Failed, now);
    }

    /// Ends it.
    pub fn end(&mut self, state: ImportState, now: Timestamp) {
        self.state = state;
        self.finished_at = Some(now);
        self.trouble = None;
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, ImportState::Done | ImportState::Failed | ImportState::Cancelled)
    }
}

//! One run: which books, which window, and how far it came.

use serde::{Deserialize, Serialize};

use super::{Summary, Window};
use crate::domain::id::ReconciliationId;
use crate::domain::payment::Gateway;
use crate::domain::time::Timestamp;

/// Who wanted a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunCause {
    /// The daily schedule.
    Scheduled,
    /// A person.
    Requested,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// The gateway's books are being read.
    Running,
    /// Everything is compared.
    Done,
    /// The books could not be read to their end; `failure` says why.
    Failed,
}

impl RunState {
    /// The name in JSON, queries and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its identity.
    pub id: ReconciliationId,
    /// Whose books.
    pub gateway: Gateway,
    /// What was asked for.
    pub window: Window,
    /// Up to where it compares: later movements were too young when it started.
    pub settled_to: Timestamp,
    /// Who wanted it.
    pub cause: RunCause,
    /// How far it has come.
    pub state: RunState,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    pub failure: Option<String>,
    /// What it came to.
    pub summary: Option<Summary>,
}

impl Run {
    /// A run that starts now.
    #[must_use]
    pub fn new(
        id: ReconciliationId,
        gateway: Gateway,
        window: Window,
        cause: RunCause,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            gateway,
            window,
            settled_to: window.settled(gateway, now).to,
            cause,
            state: RunState::Running,
            started_at: now,
            finished_at: None,
            failure: None,
            summary: None,
        }
    }

    /// What is reported.
    #[must_use]
    pub const fn compared(&self) -> Window {
        Window { from: self.window.from, to: self.settled_to }
    }

    /// What is read of the gateway's books. It is the same however often a page is asked for.
    #[must_use]
    pub fn walked(&self) -> Window {
        self.compared().walked(self.started_at)
    }

    /// The run, ended.
    #[must_use]
    pub fn ended(self, end: Result<Summary, String>, now: Timestamp) -> Self {
        let (state, summary, failure) = match end {
            Ok(summary) => (RunState::Done, Some(summary), None),
            Err(failure) => (RunState::Failed, None, Some(failure)),
        };
        Self { state, summary, failure, finished_at: Some(now), ..self }
    }
}

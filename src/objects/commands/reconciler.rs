//! What the Worker and a `Reconciler` say to each other.

use serde::{Deserialize, Serialize};

use crate::domain::reconciliation::{Run, RunCause, Window};

/// What a `Reconciler` can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ReconcilerCommand {
    /// Compare a window, once per key.
    Start {
        /// SHA-256 of the API key's identity and the `Idempotency-Key`, in hexadecimal; the schedule's
        /// own name of the window.
        key: String,
        /// SHA-256 of the request body, in hexadecimal: another body under the key is refused.
        fingerprint: String,
        /// What to compare.
        window: Window,
        /// Who wants it.
        cause: RunCause,
    },
    /// Look at the timers: sent by cron in case an alarm was lost.
    Wake,
}

/// What a `Reconciler` answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ReconcilerAnswer {
    /// The run, as it is now.
    Run {
        /// The run.
        run: Box<Run>,
        /// Whether it was started before.
        replayed: bool,
    },
    /// The key was used with another body.
    KeyReused,
    /// Done, or nothing to do.
    Ok,
}

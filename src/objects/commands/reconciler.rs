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

impl ReconcilerCommand {
    /// What the key of every day of the schedule begins with; the day's first moment follows, so keys are in
    /// the order of their days.
    pub const DAILY_KEY: &str = "scheduled ";

    /// The schedule's own run over a day. Its key names the window: however often it is asked for, it is one.
    #[must_use]
    pub fn daily(window: Window) -> Self {
        Self::Start {
            key: Self::daily_key(window),
            fingerprint: window.to.rfc3339(),
            window,
            cause: RunCause::Scheduled,
        }
    }

    /// The key of the schedule's own run over a day.
    #[must_use]
    pub fn daily_key(window: Window) -> String {
        [Self::DAILY_KEY, &window.from.rfc3339()].concat()
    }
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

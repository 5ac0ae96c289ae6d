//! What the series tells lists, until D1 is seen to hold it.
//!
//! Numbers have no gap and documents never change, so all there is to remember is up to which number
//! D1 has been seen to hold every one. A queue that loses a message delays a list and no more.

use worker::{Error, Result};

use super::Series;
use crate::domain::invoice::InvoiceEntry;
use crate::domain::time::Timestamp;
use crate::objects::commands::EventMessage;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Unavailable;
use crate::storage::invoices;

/// Documents wait this long so that lists are told of many at once.
const TELL_AFTER_MILLISECONDS: i64 = 1_000;

/// How long to wait after the queue or D1 refused: this, doubling five times.
const TELL_AGAIN_AFTER_SECONDS: i64 = 10;
const MAX_DOUBLINGS: u32 = 5;

/// Documents of one message: well below the queue's 128 KB.
const ENTRIES_PER_MESSAGE: i64 = 100;

/// Messages of one alarm; what is left then waits for the next.
const MAX_MESSAGES: usize = 20;

/// What lists were last told by this instance.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// Up to which number.
    up_to: i64,
    /// When to look whether it has arrived, or, after a failure, when to go on.
    look_at: Timestamp,
    /// How often in a row the queue or D1 refused: if they did, nothing is told before that moment.
    refusals: u32,
}

impl Told {
    /// At the start of an instance nobody knows what another told before: D1 is looked at first. Without
    /// that, a series that rests between its alarms would tell the same again and again.
    pub(super) const fn before_the_start() -> Self {
        Self { up_to: i64::MAX, look_at: Timestamp::from_milliseconds(0), refusals: 0 }
    }
}

impl Series {
    /// The alarm.
    pub(super) async fn ring(&self) {
        self.store.sqlite.disarm();
        if let Err(error) = self.tell().await {
            let (up_to, refusals) =
                self.told.get().map_or((0, 0), |told| (told.up_to, told.refusals));
            let doubled = 2_i64.saturating_pow(refusals.min(MAX_DOUBLINGS));
            let look_at = now().plus_seconds(TELL_AGAIN_AFTER_SECONDS.saturating_mul(doubled));
            let refusals = refusals.saturating_add(1);
            self.told.set(Some(Told { up_to, look_at, refusals }));
            trouble("invoices.tell_failed", &error);
        }
        if let Err(error) = self.arm(now()) {
            trouble("invoices.arm_failed", &error);
        }
    }

    async fn tell(&self) -> Result<()> {
        if self.told.get().is_some_and(|told| told.look_at <= now()) {
            self.see_what_arrived().await?;
        }
        for _ in 0..MAX_MESSAGES {
            let told = self.told.get();
            let up_to = told.map_or(0, |told| told.up_to).max(self.store.projected()?);
            let entries = self.store.entries_after(up_to, ENTRIES_PER_MESSAGE)?;
            let Some(up_to) = entries.last().map(|(sequence, _)| *sequence) else {
                break;
            };
            self.send(entries.into_iter().map(|(_, entry)| entry).collect()).await?;
            let confirm = self.platform.settings().projection_confirm_milliseconds;
            let look_at =
                told.map_or_else(|| now().plus_milliseconds(confirm), |told| told.look_at);
            self.told.set(Some(Told { up_to, look_at, refusals: 0 }));
        }
        Ok(())
    }

    /// Looks into D1 for what it was told of; what is missing there is told again.
    async fn see_what_arrived(&self) -> Result<()> {
        let mut projected = self.store.projected()?;
        let told = self.told.get().map_or(projected, |told| told.up_to);
        while projected < told {
            let told = self.store.numbers_between(projected, told, ENTRIES_PER_MESSAGE)?;
            let numbers: Vec<&str> = told.iter().map(|(_, number)| number.as_str()).collect();
            let database = self.platform.database().map_err(unavailable)?;
            let there = invoices::known(&database, &numbers).await.map_err(unavailable)?;
            let seen = told.iter().take_while(|(_, number)| there.contains(number));
            let Some((sequence, _)) = seen.last() else {
                break;
            };
            projected = *sequence;
            self.store.write_projected(projected)?;
        }
        self.told.set(None);
        Ok(())
    }

    async fn send(&self, entries: Vec<InvoiceEntry>) -> Result<()> {
        let queue = self.platform.events().map_err(unavailable)?;
        let message = serde_json::to_string(&EventMessage::Invoices { entries })?;
        queue.send([message.as_str()]).await
    }

    /// Arms the alarm while there is something that D1 has not been seen to hold.
    pub(super) fn arm(&self, now: Timestamp) -> Result<()> {
        let last = self.store.last_document()?;
        if last <= self.store.projected()? {
            return Ok(());
        }
        let soon = now.plus_milliseconds(TELL_AFTER_MILLISECONDS);
        let at = match self.told.get() {
            Some(told) if told.refusals > 0 || told.up_to >= last => told.look_at.max(soon),
            _ => soon,
        };
        self.store.sqlite.arm(at)
    }
}

fn unavailable(unavailable: Unavailable) -> Error {
    Error::RustError(unavailable.to_string())
}

fn trouble(name: &str, error: &Error) {
    log::event(Level::Error, name, serde_json::json!({ "cause": error.to_string() }));
}

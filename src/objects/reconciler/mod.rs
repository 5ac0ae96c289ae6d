//! `Reconciler`: walks one gateway's books page by page and compares them with our ledger.
//!
//! Why an object: a walk takes many calls to a gateway that may be slow or down, so it must be resumable
//! at any page; and however often the schedule or a person asks for a run, it must be one. Each ring of
//! its alarm does one thing (a page, the comparison, telling D1), stores how far it came, and arms the
//! next. Everything is written under the run's identity, so doing any of it again changes nothing.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        missing_docs,
        reason = "the durable_object macro writes methods that it does not document"
    )
)]

mod compare;
mod listing;
mod store;

use std::rc::Rc;

use worker::{Error, Result};

use self::listing::list_page;
use self::store::{Phase, Store, Work};
use super::commands::{ReconcilerAnswer, ReconcilerCommand};
use super::hosting::{Hosted, durable_object_class};
use crate::domain::id::ReconciliationId;
use crate::domain::payment::{CallFailure, Gateway};
use crate::domain::reconciliation::{Run, RunCause, Window};
use crate::domain::time::Timestamp;
use crate::runtime::clock::{fresh_uuid, now};
use crate::runtime::log::{self, Level};
use crate::runtime::place::Place;
use crate::runtime::platform::{Platform, Unavailable};
use crate::runtime::sqlite::Sqlite;
use crate::storage::reconciliations;

const SCHEMA: &str = include_str!("../../../schema/objects/reconciler.sql");

/// Failures in a row after which a gateway's books count as unreadable: about three hours of trying.
const MAX_TRIES: i64 = 9;

/// The first wait after a failure; each further one is twice as long, up to an hour.
const FIRST_WAIT_SECONDS: i64 = 30;
const LONGEST_WAIT_SECONDS: i64 = 3_600;

/// The most movements of one run: they are compared in memory.
const MAX_ENTRIES: i64 = 20_000;

const TOO_MANY: &str = "the window holds more than 20000 movements; ask for a shorter one";

/// The most days without a schedule that are caught up: no more than the keys of days are kept for.
const MAX_DAYS_CAUGHT_UP: usize = 40;

/// The most pages of one run: a gateway that never says that a page is the last is not walked for ever.
const MAX_PAGES: i64 = 5_000;

durable_object_class!(Reconciler, Walker);

/// The reconciler behind the class.
struct Walker {
    gateway: Gateway,
    platform: Platform,
    store: Store,
}

impl Hosted for Walker {
    fn open(place: &Place) -> Result<Self> {
        Ok(Self {
            gateway: place.named("a gateway", Gateway::from_name)?,
            platform: place.platform(),
            store: Store::new(Sqlite::open(place, SCHEMA)?),
        })
    }

    async fn on_command(self: Rc<Self>, command: Option<String>) -> Result<String> {
        let command: ReconcilerCommand = serde_json::from_str(&command.unwrap_or_default())?;
        Ok(serde_json::to_string(&self.handle(&command)?)?)
    }

    async fn on_alarm(self: Rc<Self>) {
        let Err(error) = self.ring().await else { return };
        self.failed(&error.to_string());
        if let Err(error) = self.store.sqlite.arm(now().plus_seconds(LONGEST_WAIT_SECONDS)) {
            self.failed(&error.to_string());
        }
    }
}

impl Walker {
    fn failed(&self, cause: &str) {
        let fields = serde_json::json!({ "gateway": self.gateway, "cause": cause });
        log::event(Level::Error, "reconciliation.alarm_failed", fields);
    }

    fn handle(&self, command: &ReconcilerCommand) -> Result<ReconcilerAnswer> {
        match command {
            ReconcilerCommand::Start { key, fingerprint, window, cause } => {
                self.start(key, fingerprint, *window, *cause)
            }
            ReconcilerCommand::Wake => {
                self.rearm()?;
                Ok(ReconcilerAnswer::Ok)
            }
        }
    }

    /// Starts a run, once per key.
    fn start(
        &self,
        key: &str,
        fingerprint: &str,
        window: Window,
        cause: RunCause,
    ) -> Result<ReconcilerAnswer> {
        if let Some((known, run)) = self.store.key(key)? {
            if known != fingerprint {
                return Ok(ReconcilerAnswer::KeyReused);
            }
            self.rearm()?;
            return Ok(ReconcilerAnswer::Run { run: Box::new(run), replayed: true });
        }
        let now = now();
        let run = self.fresh(window, cause, now);
        self.store.sqlite.transaction(|| {
            if cause == RunCause::Scheduled {
                self.catch_up(window, now)?;
            }
            self.store.insert(key, fingerprint, &run)?;
            self.store.purge(now)
        })?;
        self.rearm()?;
        Ok(ReconcilerAnswer::Run { run: Box::new(run), replayed: false })
    }

    fn fresh(&self, window: Window, cause: RunCause, now: Timestamp) -> Run {
        Run::new(ReconciliationId::new(fresh_uuid()), self.gateway, window, cause, now)
    }

    /// Starts a run for each day since the schedule's last: a cron that stood still must not leave money that
    /// only a comparison finds.
    fn catch_up(&self, window: Window, now: Timestamp) -> Result<()> {
        let Some(since) = self.store.scheduled_to()? else { return Ok(()) };
        for day in window.days_before(since, MAX_DAYS_CAUGHT_UP) {
            let run = self.fresh(day, RunCause::Scheduled, now);
            let key = ReconcilerCommand::daily_key(day);
            self.store.insert(&key, &day.to.rfc3339(), &run)?;
        }
        Ok(())
    }

    /// The alarm: does the next thing of the run that has waited longest.
    async fn ring(&self) -> Result<()> {
        self.store.sqlite.disarm();
        if let Some(work) = self.store.due(now())? {
            let id = work.run.id;
            let tries = work.tries;
            let phase = work.phase;
            match self.turn(&work).await {
                Ok(()) => {}
                Err(Trouble::Passing(cause)) if phase != Phase::List || tries < MAX_TRIES => {
                    note(Level::Warning, "reconciliation.put_off", id, &cause);
                    self.store.put_off(id, back_off(now(), tries))?;
                }
                Err(Trouble::Passing(cause) | Trouble::Lasting(cause)) => {
                    note(Level::Error, "reconciliation.failed", id, &cause);
                    self.store.end(&work.run.ended(Err(cause), now()))?;
                }
            }
        }
        self.rearm()
    }

    async fn turn(&self, work: &Work) -> std::result::Result<(), Trouble> {
        match work.phase {
            Phase::List => self.read_page(work).await,
            Phase::Compare => {
                let listed = self.store.entries(work.run.id)?;
                let summary = compare::compare(&self.platform, &work.run, &listed).await?;
                self.store.end(&work.run.clone().ended(Ok(summary), now()))?;
                Ok(())
            }
            Phase::Tell => {
                let database = self.platform.database()?;
                reconciliations::open(&database, &work.run).await?;
                if let Some(failure) = &work.run.failure {
                    compare::tell_failure(&database, &work.run, failure).await?;
                }
                reconciliations::finish(&database, &work.run).await?;
                self.store.finished(work.run.id)?;
                Ok(())
            }
        }
    }

    /// Reads one page of the gateway's books.
    async fn read_page(&self, work: &Work) -> std::result::Result<(), Trouble> {
        let run = &work.run;
        if work.pages == 0 {
            reconciliations::open(&self.platform.database()?, run).await?;
        }
        let cursor = work.cursor.as_deref();
        let page = list_page(&self.platform, self.gateway, run.walked(), cursor).await?;
        if page.next.is_some() && page.next == work.cursor {
            return Err(Trouble::lasting("the gateway's cursor does not move on"));
        }
        let entries = self.store.add_page(run.id, &page)?;
        if page.next.is_some() && work.pages >= MAX_PAGES {
            return Err(Trouble::lasting("the gateway lists more pages than are walked"));
        }
        if entries > MAX_ENTRIES {
            return Err(Trouble::lasting(TOO_MANY));
        }
        Ok(())
    }

    fn rearm(&self) -> Result<()> {
        match self.store.earliest_wake()? {
            Some(at) => self.store.sqlite.arm(at.max(now())),
            None => Ok(()),
        }
    }
}

fn back_off(now: Timestamp, tries: i64) -> Timestamp {
    let doublings = u32::try_from(tries.clamp(0, 10)).unwrap_or(10);
    let wait = FIRST_WAIT_SECONDS.saturating_mul(2_i64.saturating_pow(doublings));
    now.plus_seconds(wait.min(LONGEST_WAIT_SECONDS))
}

fn note(level: Level, name: &str, id: ReconciliationId, cause: &str) {
    let fields = serde_json::json!({ "reconciliation_id": id, "cause": cause });
    log::event(level, name, fields);
}

/// Why a turn did not succeed.
enum Trouble {
    /// It may the next time.
    Passing(String),
    /// It never will.
    Lasting(String),
}

impl Trouble {
    fn lasting(cause: &str) -> Self {
        Self::Lasting(cause.to_owned())
    }
}

impl From<Unavailable> for Trouble {
    fn from(unavailable: Unavailable) -> Self {
        Self::Passing(unavailable.to_string())
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Passing(error.to_string())
    }
}

impl From<CallFailure> for Trouble {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::NotSent { .. } | CallFailure::Unsupported { .. } => {
                Self::Lasting(failure.to_string())
            }
            CallFailure::Refused { ref message, .. } => {
                Self::Passing(format!("{failure}: {message}"))
            }
            _ => Self::Passing(failure.to_string()),
        }
    }
}

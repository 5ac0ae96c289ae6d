//! The alarm: goes on with what is under way, and tells lists of the newest version until D1 is seen to
//! hold it.

use worker::{Error, Result};

use super::Keeper;
use super::store::Stored;
use crate::domain::time::Timestamp;
use crate::objects::commands::EventMessage;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Unavailable;
use crate::storage::stock_documents;

/// Changes wait this long so that lists are told of many at once.
const TELL_AFTER_MILLISECONDS: i64 = 1_000;

/// How long to wait after the queue refused.
const TELL_AGAIN_AFTER_SECONDS: i64 = 10;

/// A message of the queue holds 128 KB; a larger document is written into D1 by its object.
const MAX_MESSAGE_BYTES: usize = 100_000;

/// What lists were last told by this instance; after a restart D1 says whether that has arrived.
#[derive(Clone, Copy)]
pub(super) struct Told {
    version: i64,
    /// When to look whether it has arrived, or, after a failure, when to tell again.
    look_at: Timestamp,
}

impl Keeper {
    pub(super) async fn ring(&self) {
        self.store.sqlite.disarm();
        if self.resume_at.get().is_none_or(|at| at <= now())
            && let Err(error) = self.settle().await
        {
            trouble("stock_document.settle_failed", &error);
        }
        if let Err(error) = self.tell().await {
            let version = self.store.read().ok().flatten().map(|stored| stored.document.version);
            let look_at = now().plus_seconds(TELL_AGAIN_AFTER_SECONDS);
            self.told.set(version.map(|version| Told { version, look_at }));
            trouble("stock_document.tell_failed", &error);
        }
        let armed = self
            .store
            .read()
            .and_then(|stored| stored.map_or(Ok(()), |stored| self.arm(&stored, now())));
        if let Err(error) = armed {
            trouble("stock_document.arm_failed", &error);
        }
    }

    /// When lists want to be told, or looked at; none if D1 holds the newest version.
    pub(super) fn tell_at(&self, stored: &Stored, now: Timestamp) -> Option<Timestamp> {
        let version = stored.document.version;
        (stored.projected_version < version).then(|| {
            let soon = now.plus_milliseconds(TELL_AFTER_MILLISECONDS);
            match self.told.get() {
                Some(told) if told.version == version => told.look_at.max(soon),
                _ => soon,
            }
        })
    }

    async fn tell(&self) -> Result<()> {
        let now = now();
        let Some(stored) = self.store.read()? else {
            return Ok(());
        };
        let document = stored.document;
        let version = document.version;
        if stored.projected_version >= version {
            return Ok(());
        }
        let told = self.told.get();
        if told.is_some_and(|told| told.version == version && told.look_at > now) {
            return Ok(());
        }
        let is_copied = match told {
            Some(told) if told.version != version => false,
            Some(_) => self.copied_version().await? >= version,
            // Lists may have been told before this instance began. Without a look, an object that rests
            // between its alarms would tell them the same again and again.
            None => self.copied_version().await.is_ok_and(|copied| copied >= version),
        };
        if is_copied {
            return self.store.projected(version);
        }
        let message = EventMessage::StockDocument { document: Box::new(document) };
        let text = serde_json::to_string(&message)?;
        if let EventMessage::StockDocument { document } = message
            && text.len() > MAX_MESSAGE_BYTES
        {
            let database = self.platform.database().map_err(unavailable)?;
            let written = stock_documents::upsert_batch(&database, &[*document]).await;
            written.map_err(unavailable)?;
            return self.store.projected(version);
        }
        let queue = self.platform.events().map_err(unavailable)?;
        queue.send([text.as_str()]).await?;
        let confirm = self.platform.settings().projection_confirm_milliseconds;
        let look_at = now.plus_milliseconds(confirm);
        self.told.set(Some(Told { version, look_at }));
        Ok(())
    }

    /// The version that D1 holds.
    async fn copied_version(&self) -> Result<i64> {
        let database = self.platform.database().map_err(unavailable)?;
        stock_documents::version(&database, self.id).await.map_err(unavailable)
    }
}

fn unavailable(unavailable: Unavailable) -> Error {
    Error::RustError(unavailable.to_string())
}

fn trouble(name: &str, error: &Error) {
    log::event(Level::Error, name, serde_json::json!({ "cause": error.to_string() }));
}

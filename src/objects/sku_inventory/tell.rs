//! The alarm: gives back what is overdue, and tells others of the newest counters: lists, until D1 is
//! seen to hold them, and orders whose units came after all.

use std::rc::Rc;

use worker::{Error, Result};

use super::Inventory;
use crate::domain::id::OrderId;
use crate::domain::inventory::StockLevel;
use crate::domain::time::Timestamp;
use crate::objects::commands::{EventMessage, ShardCommand};
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Unavailable;
use crate::storage::stock_levels;

/// Changes wait this long so that lists are told of many at once.
pub(super) const TELL_AFTER_MILLISECONDS: i64 = 1_000;

/// How long to wait after the queue refused.
pub(super) const TELL_AGAIN_AFTER_SECONDS: i64 = 10;

/// What lists were last told by this instance; after a restart D1 says whether that has arrived.
#[derive(Clone, Copy)]
pub(super) struct Told {
    version: i64,
    /// When to look whether it has arrived, or, after a failure, when to tell again.
    look_at: Timestamp,
}

impl Inventory {
    pub(super) async fn ring(self: &Rc<Self>) {
        self.store.sqlite.disarm();
        if let Err(error) = self.ring_for_spread().await {
            trouble("inventory.spread_not_told", &error);
        }
        if self.slice.is_none() {
            self.tell_everybody().await;
        }
        let armed = self.store.known_level().and_then(|stored| {
            self.projected.set(stored.projected_version);
            self.arm(&stored.level, now())?;
            self.channels_wake.get().map_or(Ok(()), |at| self.store.sqlite.arm(at))
        });
        if let Err(error) = armed {
            trouble("inventory.arm_failed", &error);
        }
    }

    async fn tell_everybody(&self) {
        if let Err(error) = self.tell().await {
            let version = self.store.known_level().and_then(|stored| self.version(&stored.level));
            let version = version.unwrap_or(0);
            let look_at = now().plus_seconds(TELL_AGAIN_AFTER_SECONDS);
            self.told.set(Some(Told { version, look_at }));
            trouble("inventory.tell_failed", &error);
        }
        if let Err(error) = self.tell_filled().await {
            trouble("inventory.orders_not_told", &error);
        }
        self.alert().await;
        self.ring_for_channels().await;
    }

    async fn tell(&self) -> Result<()> {
        let now = now();
        let stored = self.current(now)?;
        let version = self.version(&stored.level)?;
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
            // between its alarms would tell them the same again and again. If they were told more than this
            // object knows, it was put back to an earlier state, and telling them shows it.
            None => self.copied_version().await.is_ok_and(|copied| copied == version),
        };
        if is_copied {
            return self.store.projected(version);
        }
        let (sku, level) = (self.sku.to_string(), self.whole(&stored.level)?);
        let message = EventMessage::Stock { sku, level: Box::new(level), as_of: now };
        let queue = self.platform.events().map_err(unavailable)?;
        queue.send([serde_json::to_string(&message)?.as_str()]).await?;
        let confirm = self.platform.settings().projection_confirm_milliseconds;
        let look_at = now.plus_milliseconds(confirm);
        self.told.set(Some(Told { version, look_at }));
        Ok(())
    }

    /// Tells orders that waited for units beyond the shelf where their units come from.
    async fn tell_filled(&self) -> Result<()> {
        for order_id in self.store.filled()? {
            let id: OrderId = order_id.parse().map_err(|_| malformed("order id"))?;
            if let Some(claim) = self.store.reservation(&order_id)? {
                let (sku, placement) = (self.sku.clone(), claim.placement);
                let version = self.version(&self.store.known_level()?.level)?;
                let command = ShardCommand::StockPlaced { id, sku, placement, version };
                self.platform.shard(id.shard(), &command).await.map_err(unavailable)?;
            }
            self.store.told_filled(&order_id)?;
        }
        Ok(())
    }

    /// The version of the counters that D1 holds.
    async fn copied_version(&self) -> Result<i64> {
        let database = self.platform.database().map_err(unavailable)?;
        let copies = stock_levels::of_skus(&database, &[&self.sku]).await.map_err(unavailable)?;
        Ok(copies.first().map_or(0, |copy| copy.level.version))
    }

    /// Arms the alarm for the next telling, the next look, or the next expiry, whichever is first.
    pub(super) fn arm(&self, level: &StockLevel, now: Timestamp) -> Result<()> {
        let version = self.version(level)?;
        let tell = (self.projected.get() < version).then(|| {
            let soon = now.plus_milliseconds(TELL_AFTER_MILLISECONDS);
            match self.told.get() {
                Some(told) if told.version == version => told.look_at.max(soon),
                _ => soon,
            }
        });
        if self.store.sqlite.is_armed() {
            let first = [tell, self.spread_wants(now)?].into_iter().flatten().min();
            return first.map_or(Ok(()), |at| self.store.sqlite.arm(at));
        }
        let owes_news = !self.store.filled()?.is_empty();
        let news = owes_news.then(|| now.plus_seconds(TELL_AGAIN_AFTER_SECONDS));
        let (alerts, channels) = (self.alerts_due(now)?, self.channels_wake.get());
        let spread = self.spread_wants(now)?;
        let wanted = [tell, news, alerts, channels, spread, self.store.next_expiry()?];
        let wanted = wanted.into_iter().flatten().min();
        wanted.map_or(Ok(()), |at| self.store.sqlite.arm(at))
    }
}

pub(super) fn unavailable(unavailable: Unavailable) -> Error {
    Error::RustError(unavailable.to_string())
}

fn malformed(what: &str) -> Error {
    Error::RustError(format!("malformed {what} in storage"))
}

pub(super) fn trouble(name: &str, error: &Error) {
    log::event(Level::Error, name, serde_json::json!({ "cause": error.to_string() }));
}

//! What channels are told of the SKU, and how units beyond the shelf come to the orders of each.
//!
//! All of it happens in the alarm: what a channel may have is compared with what it was told last; a
//! difference is written down as owed, handed to the queue, and looked for in D1 until it is there. A
//! SKU that no channel is told of costs its claims nothing.

use std::cell::RefCell;

use worker::{Error, Result};

use super::Inventory;
use super::store::{Store, Stored};
use crate::domain::inventory::{ChannelAvailability, ChannelEvent, ChannelId, fill, news};
use crate::domain::time::Timestamp;
use crate::objects::commands::EventMessage;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::platform::Unavailable;
use crate::runtime::sqlite::{integer, text};
use crate::storage::channels;

/// How long to wait after D1 or the queue refused.
const TELL_AGAIN_AFTER_SECONDS: i64 = 10;

thread_local! {
    /// The channels that are told of every SKU, as this isolate read them last.
    static SELLS_EVERYTHING: RefCell<Option<(Timestamp, Vec<ChannelId>)>> =
        const { RefCell::new(None) };
}

/// A telling that has not arrived yet.
struct OwedTelling {
    told: ChannelAvailability,
    sent: bool,
}

impl Inventory {
    /// The part of the alarm that is the channels'.
    pub(super) async fn ring_for_channels(&self) {
        let next = match self.tell_channels().await {
            Ok(next) => next,
            Err(error) => {
                let fields = serde_json::json!({ "cause": error.to_string() });
                log::event(Level::Error, "inventory.channels_not_told", fields);
                Some(now().plus_seconds(TELL_AGAIN_AFTER_SECONDS))
            }
        };
        self.channels_wake.set(next);
    }

    /// Tells what is new, and what was told and has not arrived. Returns when to look again, if ever.
    async fn tell_channels(&self) -> Result<Option<Timestamp>> {
        let everything = self.sells_everything().await?;
        let now = now();
        let level = self.whole(&self.current(now)?.level)?;
        if self.store.no_channel_told.get() && news(&level, &[], &everything, now).is_empty() {
            return Ok(None);
        }
        let due = self.turn(|now| {
            let level = self.whole(&self.known_up_to_date(now)?.level)?;
            let told = self.store.told_channels()?;
            for one in news(&level, &told, &everything, now) {
                self.store.owe_telling(&one, now)?;
            }
            let release = level.terms.release_at.filter(|at| *at > now && !told.is_empty());
            Ok((self.store.tellings_due(now)?, release))
        });
        let (due, release) = due?;
        if !due.is_empty() {
            self.hand_over(due).await?;
        }
        Ok([self.store.next_telling()?, release].into_iter().flatten().min())
    }

    /// Forgets what has arrived and sends the rest.
    async fn hand_over(&self, due: Vec<OwedTelling>) -> Result<()> {
        let (sent, mut fresh): (Vec<_>, Vec<_>) = due.into_iter().partition(|owed| owed.sent);
        fresh.extend(self.not_arrived(sent).await?);
        if fresh.is_empty() {
            return Ok(());
        }
        let message_of = |owed: &OwedTelling| {
            serde_json::to_string(&EventMessage::ChannelAvailability {
                event: ChannelEvent::AvailabilityChanged,
                sku: self.sku.to_string(),
                told: owed.told.clone(),
            })
        };
        let messages = fresh.iter().map(message_of).collect::<serde_json::Result<Vec<_>>>()?;
        let queue = self.platform.events().map_err(unavailable)?;
        queue.send(messages.iter().map(String::as_str)).await?;
        let confirm = self.platform.settings().projection_confirm_milliseconds;
        let look_at = now().plus_milliseconds(confirm);
        self.store.transaction(|| {
            fresh.iter().try_for_each(|owed| self.store.telling_sent(&owed.told, look_at))
        })
    }

    /// Looks into D1. Returns what is not there, nor anything newer.
    async fn not_arrived(&self, sent: Vec<OwedTelling>) -> Result<Vec<OwedTelling>> {
        if sent.is_empty() {
            return Ok(sent);
        }
        let database = self.platform.database().map_err(unavailable)?;
        let asked: Vec<&ChannelId> = sent.iter().map(|owed| &owed.told.channel).collect();
        let copied = channels::told_of(&database, &self.sku, &asked).await.map_err(unavailable)?;
        let is_there = |owed: &OwedTelling| {
            let age = |told: &ChannelAvailability| (told.version, told.as_of);
            let of_channel = copied.iter().find(|copy| copy.channel == owed.told.channel);
            of_channel.is_some_and(|copy| age(copy) >= age(&owed.told))
        };
        let (arrived, lost): (Vec<_>, Vec<_>) = sent.into_iter().partition(is_there);
        self.store.transaction(|| {
            arrived.iter().try_for_each(|owed| self.store.telling_arrived(&owed.told))
        })?;
        Ok(lost)
    }

    /// The channels that are told of every SKU: as this isolate remembers them, or as D1 has them.
    async fn sells_everything(&self) -> Result<Vec<ChannelId>> {
        let now = now();
        let fresh_for = self.platform.settings().catalogue_cache_milliseconds;
        let known = SELLS_EVERYTHING.with_borrow(Clone::clone);
        if let Some((read_at, channels)) = &known
            && (0..fresh_for).contains(&now.milliseconds_since(*read_at))
        {
            return Ok(channels.clone());
        }
        let read = match self.platform.database() {
            Ok(database) => channels::sells_everything(&database).await,
            Err(unavailable) => Err(unavailable),
        };
        match (read, known) {
            (Ok(channels), _) => {
                SELLS_EVERYTHING.set(Some((now, channels.clone())));
                Ok(channels)
            }
            (Err(_), Some((_, channels))) => Ok(channels),
            (Err(cause), None) => Err(unavailable(cause)),
        }
    }

    /// Gives those who wait for units beyond the shelf what the shelf has for their channels by now, the
    /// oldest first: one whose channel gets nothing does not keep the others waiting.
    pub(super) fn fill_by_channel(&self, stored: &mut Stored, now: Timestamp) -> Result<()> {
        for (order_id, mut waiting) in self.store.all_waiting()? {
            while let Some(decision) = fill(stored.level.clone(), waiting.clone()) {
                if let Some(filled) = &decision.reservation {
                    waiting.clone_from(filled);
                }
                self.keep(stored, &order_id, decision, (None, None), now)?;
                self.store.note_filled(&order_id)?;
            }
            if stored.level.back_ordered() == 0 || stored.level.free() == 0 {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl Store {
    fn told_channels(&self) -> Result<Vec<ChannelAvailability>> {
        let query = "SELECT channel, available, version, as_of FROM channel_availability";
        let told = self.tellings(query, vec![])?;
        self.no_channel_told.set(told.is_empty());
        Ok(told)
    }

    fn tellings(
        &self,
        query: &'static str,
        parameters: Vec<crate::runtime::sqlite::Value>,
    ) -> Result<Vec<ChannelAvailability>> {
        let rows = self.sqlite.rows(query, parameters)?;
        let told = rows.iter().map(|row| {
            Ok(ChannelAvailability {
                channel: row.text(0)?.parse().map_err(|_| malformed("channel"))?,
                available: row.integer(1)?,
                version: row.integer(2)?,
                as_of: row.moment(3).unwrap_or_default(),
            })
        });
        told.collect()
    }

    /// Writes down what a channel is to be told, in place of what it was told before.
    fn owe_telling(&self, one: &ChannelAvailability, now: Timestamp) -> Result<()> {
        self.no_channel_told.set(false);
        self.sqlite.run(
            "INSERT INTO channel_availability (channel, available, version, as_of, stage, look_at) \
             VALUES (?, ?, ?, ?, 'owed', ?) ON CONFLICT (channel) DO UPDATE SET \
             available = excluded.available, version = excluded.version, as_of = excluded.as_of, \
             stage = excluded.stage, look_at = excluded.look_at",
            vec![
                text(one.channel.as_str()),
                integer(one.available),
                integer(one.version),
                integer(one.as_of.milliseconds()),
                integer(now.milliseconds()),
            ],
        )
    }

    fn tellings_due(&self, now: Timestamp) -> Result<Vec<OwedTelling>> {
        let at = || vec![integer(now.milliseconds())];
        let owed = "SELECT channel, available, version, as_of FROM channel_availability \
                    WHERE stage = 'owed' AND look_at <= ?";
        let sent = "SELECT channel, available, version, as_of FROM channel_availability \
                    WHERE stage = 'sent' AND look_at <= ?";
        let owed = self.tellings(owed, at())?.into_iter();
        let sent = self.tellings(sent, at())?.into_iter();
        let owed = owed.map(|told| OwedTelling { told, sent: false });
        Ok(owed.chain(sent.map(|told| OwedTelling { told, sent: true })).collect())
    }

    /// When to look at the next telling that has not arrived.
    pub(super) fn next_telling(&self) -> Result<Option<Timestamp>> {
        let query = "SELECT MIN(look_at) FROM channel_availability WHERE stage <> 'arrived'";
        Ok(self.sqlite.row(query, vec![])?.and_then(|row| row.moment(0)))
    }

    /// Notes that the queue took a telling; one that is newer by now stays owed.
    fn telling_sent(&self, told: &ChannelAvailability, look_at: Timestamp) -> Result<()> {
        self.sqlite.run(
            "UPDATE channel_availability SET stage = 'sent', look_at = ? \
             WHERE channel = ? AND version = ? AND as_of = ?",
            vec![
                integer(look_at.milliseconds()),
                text(told.channel.as_str()),
                integer(told.version),
                integer(told.as_of.milliseconds()),
            ],
        )
    }

    /// Notes that D1 holds a telling.
    fn telling_arrived(&self, told: &ChannelAvailability) -> Result<()> {
        self.sqlite.run(
            "UPDATE channel_availability SET stage = 'arrived' \
             WHERE channel = ? AND version = ? AND as_of = ?",
            vec![
                text(told.channel.as_str()),
                integer(told.version),
                integer(told.as_of.milliseconds()),
            ],
        )
    }
}

fn unavailable(unavailable: Unavailable) -> Error {
    Error::RustError(unavailable.to_string())
}

fn malformed(what: &str) -> Error {
    Error::RustError(format!("malformed {what} in storage"))
}

//! Stock alerts: looked for when the alarm rings, a second or so after any change, and told until D1 is seen
//! to hold them.
//!
//! In the alarm and not in the turn of the change, so that no order waits for them and a rush of orders costs
//! one look. What dips below a line and is back within that second is therefore not told: nobody could have
//! acted on it. The book of what was told and the rows that are still to be told are written together, so a
//! crossing is told once however often the object dies in between.

use worker::Result;

use std::cell::Cell;

use super::Inventory;
use super::tell::{TELL_AGAIN_AFTER_SECONDS, trouble, unavailable};
use crate::domain::inventory::{Alert, AlertBook, watch};
use crate::domain::time::Timestamp;
use crate::objects::commands::EventMessage;
use crate::runtime::clock::now;
use crate::runtime::sqlite::{integer, text};
use crate::storage::{stock_alerts, store};

/// How long an isolate's objects go on with the store's threshold as it was read last.
const THRESHOLD_MILLISECONDS: i64 = 60_000;

thread_local! {
    /// The store's threshold and when it was read: one for all objects of an isolate.
    static STORE_THRESHOLD: Cell<Option<(Timestamp, i64)>> = const { Cell::new(None) };
}

/// What is told and waited for, in memory only: after a restart D1 says what has arrived.
#[derive(Clone, Copy)]
pub(super) struct Pending {
    /// The last crossing that was told.
    told: i64,
    /// When to look again: whether D1 has it, or, after a failure, whether it works now.
    look_at: Timestamp,
}

impl Pending {
    const NOTHING: Self = Self { told: 0, look_at: Timestamp::MAX };

    fn is_nothing(self) -> bool {
        self.look_at == Timestamp::MAX
    }
}

impl Inventory {
    /// Looks for crossings and tells of them. Never fails: what failed is tried again.
    pub(super) async fn alert(&self) {
        // Without the threshold, what does not depend on it is told all the same.
        let threshold = self.store_threshold().await;
        let known = threshold.as_ref().ok().copied().flatten();
        let told = match self.look(known) {
            Ok(false) if self.alerts.get().is_some_and(Pending::is_nothing) => Ok(Pending::NOTHING),
            Ok(_) => self.tell_alerts().await,
            Err(error) => Err(error),
        };
        let again = now().plus_seconds(TELL_AGAIN_AFTER_SECONDS);
        let mut pending = told.unwrap_or_else(|error| {
            trouble("inventory.alerts_put_off", &error);
            Pending { told: self.alerts.get().map_or(0, |pending| pending.told), look_at: again }
        });
        if let Err(error) = threshold {
            trouble("inventory.threshold_unknown", &error);
            pending.look_at = pending.look_at.min(again);
        }
        self.alerts.set(Some(pending));
    }

    /// The store's threshold. None if the SKU has its own, and nobody needs to ask.
    async fn store_threshold(&self) -> Result<Option<i64>> {
        if self.store.known_level()?.level.low_stock_threshold > 0 {
            return Ok(None);
        }
        let now = now();
        let is_fresh =
            |read_at| (0..THRESHOLD_MILLISECONDS).contains(&now.milliseconds_since(read_at));
        if let Some((_, threshold)) = STORE_THRESHOLD.get().filter(|(at, _)| is_fresh(*at)) {
            return Ok(Some(threshold));
        }
        let database = self.platform.database().map_err(unavailable)?;
        let threshold = store::low_stock_threshold(&database).await.map_err(unavailable)?;
        STORE_THRESHOLD.set(Some((now, threshold)));
        Ok(Some(threshold))
    }

    /// Writes down what was crossed, and tells whether anything was. Reading and writing are one turn; holds
    /// play no part, so overdue ones need not be given back first.
    fn look(&self, threshold: Option<i64>) -> Result<bool> {
        let (level, book) = (self.whole(&self.store.known_level()?.level)?, self.alert_book()?);
        let (next, told) = watch(&book, &level, threshold, now());
        if next == book {
            return Ok(false);
        }
        self.alert_book.take();
        self.store.transaction(|| {
            self.store.sqlite.run(
                "INSERT INTO alert_book (only_row, document) VALUES (1, ?) \
                 ON CONFLICT (only_row) DO UPDATE SET document = excluded.document",
                vec![text(serde_json::to_string(&next)?)],
            )?;
            for alert in &told {
                self.store.sqlite.run(
                    "INSERT INTO alert_outbox (sequence, document) VALUES (?, ?)",
                    vec![integer(alert.last_sequence), text(serde_json::to_string(alert)?)],
                )?;
            }
            Ok(())
        })?;
        self.alert_book.replace(Some(next));
        Ok(true)
    }

    async fn tell_alerts(&self) -> Result<Pending> {
        let mut owed = self.owed_alerts()?;
        let Some(mut last) = owed.last().map(|alert| alert.last_sequence) else {
            return Ok(Pending::NOTHING);
        };
        let now = now();
        let pending = self.alerts.get();
        if let Some(pending) = pending.filter(|it| it.told >= last && it.look_at > now) {
            return Ok(pending);
        }
        // Those that an instance before this one told may have arrived: without a look, an object that rests
        // between its alarms would tell the same again and again.
        if pending.is_none_or(|pending| pending.told >= last) {
            self.forget_copied(&owed).await?;
            owed = self.owed_alerts()?;
            let Some(left) = owed.last() else {
                return Ok(Pending::NOTHING);
            };
            last = left.last_sequence;
        }
        let message = EventMessage::StockAlerts { sku: self.sku.to_string(), alerts: owed };
        let queue = self.platform.events().map_err(unavailable)?;
        queue.send([serde_json::to_string(&message)?.as_str()]).await?;
        let confirm = self.platform.settings().projection_confirm_milliseconds;
        Ok(Pending { told: last, look_at: now.plus_milliseconds(confirm) })
    }

    /// Drops what D1 holds.
    async fn forget_copied(&self, owed: &[Alert]) -> Result<()> {
        let database = self.platform.database().map_err(unavailable)?;
        let numbers: Vec<i64> = owed.iter().map(|alert| alert.sequence).collect();
        let copied = stock_alerts::copied(&database, &self.sku, &numbers).await;
        let copied = copied.map_err(unavailable)?;
        self.store.transaction(|| {
            for alert in owed {
                let copy = copied.iter().find(|(number, _)| *number == alert.sequence);
                if copy.is_some_and(|(_, last)| *last >= alert.last_sequence) {
                    self.store.sqlite.run(
                        "DELETE FROM alert_outbox WHERE sequence = ?",
                        vec![integer(alert.last_sequence)],
                    )?;
                }
            }
            Ok(())
        })
    }

    fn alert_book(&self) -> Result<AlertBook> {
        if let Some(known) = self.alert_book.borrow().as_ref() {
            return Ok(known.clone());
        }
        let row = self.store.sqlite.row("SELECT document FROM alert_book", vec![])?;
        let book: AlertBook = match row {
            Some(row) => serde_json::from_str(&row.text(0)?)?,
            None => AlertBook::default(),
        };
        self.alert_book.replace(Some(book.clone()));
        Ok(book)
    }

    /// Crossings that are to be told, the oldest first, at most 50.
    fn owed_alerts(&self) -> Result<Vec<Alert>> {
        let query = "SELECT document FROM alert_outbox ORDER BY sequence LIMIT 50";
        let rows = self.store.sqlite.rows(query, vec![])?;
        rows.iter().map(|row| Ok(serde_json::from_str(&row.text(0)?)?)).collect()
    }

    /// When the alarm must ring for alerts, if for nothing else.
    pub(super) fn alerts_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        if let Some(pending) = self.alerts.get() {
            let waits = pending.look_at < Timestamp::MAX;
            return Ok(waits.then(|| pending.look_at.max(now)));
        }
        Ok(self.owed_alerts()?.first().map(|_| now.plus_seconds(1)))
    }
}

//! What is shown of the SKU: to whoever asks, and, after each commit, on the board of this isolate.

use worker::Result;

use super::Inventory;
use crate::domain::inventory::StockLevel;
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::stock_board::{self, Shown};

impl Inventory {
    /// The answer to a read as JSON, with the counters as they are stored: as long as no claim can be
    /// overdue there is nothing else to say.
    pub(super) fn stored_answer(&self) -> Result<Option<String>> {
        let now = now();
        let is_current = self.no_expiry_before.get().is_some_and(|at| now < at);
        if !is_current || !self.is_whole() {
            return Ok(None);
        }
        let Some(document) = self.store.document()? else {
            return Ok(None);
        };
        let as_of = serde_json::to_string(&now)?;
        let parts = [r#"{"answer":"level","level":"#, &document, r#","as_of":"#, &as_of, "}"];
        Ok(Some(parts.concat()))
    }

    /// Whether the counters here are all that there is of the SKU.
    fn is_whole(&self) -> bool {
        let alone = self.of_spread(|spread| spread.members.is_empty());
        self.slice.is_none() && alone.unwrap_or(false)
    }

    /// One turn's work: all of it or nothing. What it wrote is put up when it is committed.
    pub(super) fn transaction<T>(
        &self,
        now: Timestamp,
        body: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.written.replace(None);
        let done = self.store.transaction(body);
        let written = self.written.replace(None);
        if let (Ok(_), Some(level)) = (&done, written) {
            let shown = Shown { level: level.into(), as_of: now };
            stock_board::put(&self.sku, shown, self.platform.settings().stock_lifetime(), now);
        }
        done
    }

    /// Notes what the transaction writes, if anybody here looks at it.
    pub(super) fn note_written(&self, level: &StockLevel, now: Timestamp) {
        if self.is_whole() && stock_board::is_shown(&self.sku, now) {
            self.written.replace(Some(level.clone()));
        }
    }
}

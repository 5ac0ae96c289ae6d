//! `StockDocument`: the only writer of one purchase order, transfer or count.
//!
//! Why an object: one thing done with a document is many changes at many SKUs, and whatever dies in
//! between, all of them must come to the end that the document says. So what is to be done is written
//! first; then SKUs are asked, each under a key of its own; then what they said is written. After a crash
//! the alarm, or whoever asks next, goes on from what is written. An alarm that was lost is no loss: every
//! question to the object, reading included, arms it anew while anything is owed.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        missing_docs,
        reason = "the durable_object macro writes methods that it does not document"
    )
)]

mod act;
mod commands;
mod settle;
mod store;
mod tell;

use std::cell::Cell;
use std::rc::Rc;

use worker::Result;

pub use self::commands::{StockDocumentAnswer, StockDocumentCommand};
use self::store::{Store, Stored};
use self::tell::Told;
use super::hosting::{Hosted, durable_object_class};
use crate::domain::id::StockDocumentId;
use crate::domain::time::Timestamp;
use crate::runtime::place::Place;
use crate::runtime::platform::Platform;
use crate::runtime::sqlite::Sqlite;

const SCHEMA: &str = include_str!("../../../schema/objects/stock_document.sql");

/// How long whoever began a step may take before the alarm goes on with it.
const RESUME_AFTER_SECONDS: i64 = 5;

durable_object_class!(StockDocument, Keeper);

struct Keeper {
    id: StockDocumentId,
    platform: Platform,
    store: Store,
    told: Cell<Option<Told>>,
    /// How often in a row SKUs did not answer, and when to ask again.
    tries: Cell<u32>,
    resume_at: Cell<Option<Timestamp>>,
}

impl Hosted for Keeper {
    fn open(place: &Place) -> Result<Self> {
        Ok(Self {
            id: place.named("a document", |name| name.parse().ok())?,
            platform: place.platform(),
            store: Store { sqlite: Sqlite::open(place, SCHEMA)? },
            told: Cell::new(None),
            tries: Cell::new(0),
            resume_at: Cell::new(None),
        })
    }

    async fn on_command(self: Rc<Self>, command: Option<String>) -> Result<String> {
        let command: StockDocumentCommand = serde_json::from_str(&command.unwrap_or_default())?;
        Ok(serde_json::to_string(&self.handle(command).await?)?)
    }

    async fn on_alarm(self: Rc<Self>) {
        self.ring().await;
    }
}

impl Keeper {
    /// Arms the alarm for what is owed: the rest of a step, and telling lists.
    fn arm(&self, stored: &Stored, now: Timestamp) -> Result<()> {
        let resume = stored.document.open.as_ref().map(|_| {
            self.resume_at.get().unwrap_or_else(|| now.plus_seconds(RESUME_AFTER_SECONDS))
        });
        let tell = self.tell_at(stored, now);
        let wanted = [resume, tell].into_iter().flatten().min();
        wanted.map_or(Ok(()), |at| self.store.sqlite.arm(at))
    }
}

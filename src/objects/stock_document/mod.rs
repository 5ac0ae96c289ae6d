//! `StockDocument`: the only writer of one purchase order, transfer or count.
//!
//! Why an object: one thing done with a document is many changes at many SKUs, and whatever dies in
//! between, all of them must come to the end that the document says. So what is to be done is written
//! first; then SKUs are asked, each under a key of its own; then what they said is written. After a crash
//! the alarm, or whoever asks next, goes on from what is written. An alarm that was lost is no loss: every
//! question to the object, reading included, arms it anew while anything is owed.
#![expect(
    missing_docs,
    reason = "the durable_object macro writes methods that it does not document"
)]

mod act;
mod commands;
mod settle;
mod store;
mod tell;

use std::cell::Cell;
use std::rc::Rc;

use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

pub use self::commands::{StockDocumentAnswer, StockDocumentCommand};
use self::store::{Store, Stored};
use self::tell::Told;
use crate::domain::id::StockDocumentId;
use crate::domain::time::Timestamp;
use crate::runtime::object_call::answer;
use crate::runtime::platform::Platform;
use crate::runtime::settings;
use crate::runtime::sqlite::Sqlite;

const SCHEMA: &str = include_str!("../../../schema/objects/stock_document.sql");

/// How long whoever began a step may take before the alarm goes on with it.
const RESUME_AFTER_SECONDS: i64 = 5;

/// The Durable Object class. It holds no state of record: everything is in its storage.
#[durable_object]
pub struct StockDocument {
    keeper: std::result::Result<Rc<Keeper>, String>,
}

impl DurableObject for StockDocument {
    fn new(state: State, env: Env) -> Self {
        Self { keeper: Keeper::open(&state, env).map(Rc::new).map_err(|e| e.to_string()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let keeper = self.keeper.clone().map_err(Error::RustError)?;
        let command: StockDocumentCommand = serde_json::from_str(&request.text().await?)?;
        answer(&keeper.handle(command).await?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.keeper.clone().map_err(Error::RustError)?.ring().await;
        Response::empty()
    }
}

struct Keeper {
    id: StockDocumentId,
    platform: Platform,
    store: Store,
    told: Cell<Option<Told>>,
    /// How often in a row SKUs did not answer, and when to ask again.
    tries: Cell<u32>,
    resume_at: Cell<Option<Timestamp>>,
}

impl Keeper {
    fn open(state: &State, env: Env) -> Result<Self> {
        let settings = settings::shared(&env).map_err(Error::RustError)?;
        let id = state.id().name().and_then(|name| name.parse().ok());
        Ok(Self {
            id: id.ok_or_else(|| Error::RustError("not a document's name".to_owned()))?,
            platform: Platform::new(env, settings),
            store: Store { sqlite: Sqlite::open(state, SCHEMA)? },
            told: Cell::new(None),
            tries: Cell::new(0),
            resume_at: Cell::new(None),
        })
    }

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

//! `InvoiceSeries`: hands out the numbers of one series, gapless, once per order or refund, and keeps
//! the document of each.
//!
//! Why an object: a gapless sequence needs one writer. It is small and off the buyer's path: shards
//! ask it for the numbers of many paid orders at once, after the buyer has been answered. A number and
//! its document are one transaction, so neither is ever there without the other.
//!
//! It serves both kinds, each in series of its own. What earlier credit notes of an order took of its
//! invoice is known here and nowhere else, so credit notes are made here.
#![expect(
    missing_docs,
    reason = "the durable_object macro writes methods that it does not document"
)]

mod issue;
mod store;
mod tell;

use std::cell::Cell;
use std::rc::Rc;

use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use self::store::Store;
use self::tell::Told;
use super::commands::{SeriesAnswer, SeriesCommand, Spoken};
use crate::runtime::clock::now;
use crate::runtime::object_call::answer;
use crate::runtime::platform::Platform;
use crate::runtime::settings;
use crate::runtime::sqlite::Sqlite;

const SCHEMA: &str = include_str!("../../../schema/objects/invoice_series.sql");

/// The Durable Object class. It holds no state of record: everything is in its storage.
#[durable_object]
pub struct InvoiceSeries {
    series: std::result::Result<Rc<Series>, String>,
}

impl DurableObject for InvoiceSeries {
    fn new(state: State, env: Env) -> Self {
        Self { series: Series::open(&state, env).map(Rc::new).map_err(|e| e.to_string()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let series = self.series.clone().map_err(Error::RustError)?;
        let command = SeriesCommand::read(&request.text().await?)?;
        answer(&series.handle(command)?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.series.clone().map_err(Error::RustError)?.ring().await;
        Response::empty()
    }
}

struct Series {
    name: String,
    platform: Platform,
    store: Store,
    told: Cell<Option<Told>>,
}

impl Series {
    fn open(state: &State, env: Env) -> Result<Self> {
        let settings = settings::shared(&env).map_err(Error::RustError)?;
        let name = state.id().name();
        Ok(Self {
            name: name.ok_or_else(|| Error::RustError("a series without a name".to_owned()))?,
            platform: Platform::new(env, settings),
            store: Store { sqlite: Sqlite::open(state, SCHEMA)? },
            told: Cell::new(None),
        })
    }

    /// No await between reading and writing: the command is one turn and one transaction.
    fn handle(&self, command: SeriesCommand) -> Result<SeriesAnswer> {
        match command {
            SeriesCommand::Issue { drafts } => {
                let now = now();
                self.store.sqlite.transaction(|| {
                    let before = self.store.last_number()?;
                    let mut last = before;
                    let numbers = drafts.into_iter().map(|draft| self.issue(draft, &mut last, now));
                    let numbers = numbers.collect::<Result<Vec<_>>>()?;
                    if last > before {
                        self.arm(now)?;
                    }
                    Ok(SeriesAnswer::Issued { numbers })
                })
            }
            SeriesCommand::Read { sequence } => self.store.read(sequence),
        }
    }
}

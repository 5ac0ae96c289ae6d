//! `InvoiceSeries`: hands out the numbers of one series, gapless, once per order or refund, and keeps
//! the document of each.
//!
//! Why an object: a gapless sequence needs one writer. It is small and off the buyer's path: shards
//! ask it for the numbers of many paid orders at once, after the buyer has been answered. A number and
//! its document are one transaction, so neither is ever there without the other.
//!
//! It serves both kinds, each in series of its own. What earlier credit notes of an order took of its
//! invoice is known here and nowhere else, so credit notes are made here.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        missing_docs,
        reason = "the durable_object macro writes methods that it does not document"
    )
)]

mod issue;
mod store;
mod tell;

use std::cell::Cell;
use std::rc::Rc;

use worker::Result;

use self::store::Store;
use self::tell::Told;
use super::commands::{SeriesAnswer, SeriesCommand, Spoken};
use super::hosting::{Hosted, durable_object_class};
use crate::runtime::clock::now;
use crate::runtime::place::Place;
use crate::runtime::platform::Platform;
use crate::runtime::sqlite::Sqlite;

const SCHEMA: &str = include_str!("../../../schema/objects/invoice_series.sql");

durable_object_class!(InvoiceSeries, Series);

struct Series {
    name: String,
    platform: Platform,
    store: Store,
    told: Cell<Option<Told>>,
}

impl Hosted for Series {
    fn open(place: &Place) -> Result<Self> {
        Ok(Self {
            name: place.named("a series", |name| Some(name.to_owned()))?,
            platform: place.platform(),
            store: Store { sqlite: Sqlite::open(place, SCHEMA)? },
            told: Cell::new(Some(Told::before_the_start())),
        })
    }

    async fn on_command(self: Rc<Self>, command: Option<String>) -> Result<String> {
        let command = SeriesCommand::read(&command.unwrap_or_default())?;
        Ok(serde_json::to_string(&self.handle(command)?)?)
    }

    async fn on_alarm(self: Rc<Self>) {
        self.ring().await;
    }
}

impl Series {
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

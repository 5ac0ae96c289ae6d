//! `SkuInventory`: the only writer of one SKU's stock.
//!
//! Why an object: everybody who wants the last unit must meet in one place, one after the other. It
//! is serial by construction, so there is no lock, no lock order and no lag. Several orders' claims
//! arrive in one call and are performed in one turn and one commit.
#![cfg_attr(
    target_arch = "wasm32",
    expect(
        missing_docs,
        reason = "the durable_object macro writes methods that it does not document"
    )
)]

mod alerts;
mod changes;
mod channels;
mod claims;
mod explaining;
mod history;
mod proving;
mod recall;
mod shown;
mod slice;
mod spread;
mod spread_store;
mod store;
mod tell;
mod upgrade;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::Result;

use self::alerts::Pending;
use self::changes::Asked;
use self::spread::SpreadMemory;
use self::store::{Store, Stored};
use self::tell::Told;
use super::commands::{SkuAnswer, SkuCommand, Spoken};
use super::hosting::{Hosted, durable_object_class};
use super::ledger_commands::{LedgerAnswer, LedgerCommand};
use crate::domain::id::Sku;
use crate::domain::inventory::spread::StockObject;
use crate::domain::inventory::{AlertBook, StockLevel};
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::place::Place;
use crate::runtime::platform::Platform;

const SCHEMA: &str = include_str!("../../../schema/objects/sku_inventory.sql");

durable_object_class!(SkuInventory, Inventory);

/// The stock behind the class.
struct Inventory {
    sku: Sku,
    /// Which of the objects that the SKU's units are spread over this is; none: the SKU's own.
    slice: Option<u16>,
    /// What is remembered of that.
    spread: SpreadMemory,
    platform: Platform,
    store: Store,
    told: Cell<Option<Told>>,
    /// What is told of alerts. None: not known, look.
    alerts: Cell<Option<Pending>>,
    /// What was told of alerts so far, as it was written last. None: not known, look.
    alert_book: RefCell<Option<AlertBook>>,
    /// The version that D1 is known to hold, as read last.
    projected: Cell<i64>,
    /// No held claim ends before this moment. None: not known, look.
    no_expiry_before: Cell<Option<Timestamp>>,
    /// The counters that this turn's transaction writes, until it has.
    written: RefCell<Option<StockLevel>>,
    /// The line that the newest checkpoint was made after. None: not known, look.
    checkpointed: Cell<Option<i64>>,
    /// When to look at what channels are told, if they are told anything.
    channels_wake: Cell<Option<Timestamp>>,
}

impl Hosted for Inventory {
    fn open(place: &Place) -> Result<Self> {
        let StockObject { sku, slice } = place.named("a SKU", |name| name.parse().ok())?;
        let store = Store::new(upgrade::open(place, SCHEMA)?);
        Ok(Self {
            sku,
            slice,
            spread: SpreadMemory::new(now()),
            platform: place.platform(),
            channels_wake: Cell::new(store.next_telling()?),
            store,
            told: Cell::new(None),
            alerts: Cell::new(None),
            alert_book: RefCell::new(None),
            projected: Cell::new(0),
            no_expiry_before: Cell::new(None),
            written: RefCell::new(None),
            checkpointed: Cell::new(None),
        })
    }

    async fn on_command(self: Rc<Self>, command: Option<String>) -> Result<String> {
        let command = match command {
            Some(command) => SkuCommand::read(&command)?,
            None => match self.stored_answer()? {
                Some(level) => return Ok(level),
                None => SkuCommand::Read,
            },
        };
        Ok(serde_json::to_string(&self.handle(command).await?)?)
    }

    async fn on_alarm(self: Rc<Self>) {
        self.ring().await;
    }
}

impl Inventory {
    async fn handle(self: &Rc<Self>, command: SkuCommand) -> Result<SkuAnswer> {
        let answer = match command {
            SkuCommand::Claims { claims } => {
                let answers = self.answer_claims(&claims).await?;
                SkuAnswer::Claims { answers, spread: self.hint()? }
            }
            SkuCommand::Change { key, fingerprint, changes, terms, cause } => {
                let asked = Asked {
                    key: &key,
                    fingerprint: &fingerprint,
                    changes: &changes,
                    terms: terms.as_deref(),
                    cause: &cause,
                };
                self.gather_for(&asked).await?;
                self.turn(|now| self.change(&asked, now))?
            }
            SkuCommand::TellChannels => self.turn(|now| {
                self.channels_wake.set(Some(now));
                self.store.sqlite.arm(now)?;
                self.read(now)
            })?,
            SkuCommand::Read => self.turn(|now| self.read(now))?,
            SkuCommand::Ledger(asked) => {
                self.turn(|now| self.ledger(asked, now).map(SkuAnswer::Ledger))?
            }
            SkuCommand::Forward { news, claims } => self.answer_slice(&news, &claims).await?,
            SkuCommand::Instruct { instruction } => self.follow(&instruction)?,
            SkuCommand::Spread { settings } => self.set_spread(settings)?,
        };
        self.send_owed()?;
        Ok(answer)
    }

    fn read(&self, now: Timestamp) -> Result<SkuAnswer> {
        let level = Box::new(self.whole(&self.up_to_date(now)?.level)?);
        Ok(SkuAnswer::Level { level, as_of: now })
    }

    /// No await between reading and writing: whatever is decided at once is one turn and one transaction.
    fn turn<T>(&self, body: impl FnOnce(Timestamp) -> Result<T>) -> Result<T> {
        let now = now();
        let result = self.transaction(now, || body(now));
        if result.is_err() {
            self.no_expiry_before.set(None);
            self.checkpointed.set(None);
            self.spread.forget();
        }
        result
    }

    fn ledger(&self, asked: LedgerCommand, now: Timestamp) -> Result<LedgerAnswer> {
        match asked {
            LedgerCommand::Movements(asked) => self.movements(&asked),
            LedgerCommand::At { at } => {
                Ok(LedgerAnswer::Level { level: Box::new(self.past(at)?.level) })
            }
            LedgerCommand::Explain { at } => self.explain(at, now),
            LedgerCommand::Claims { orders } => self.claim_states(&orders, now),
            LedgerCommand::Surpass { version } => self.surpass(version, now),
            LedgerCommand::Prove { proof } => self.prove(*proof, now),
        }
    }

    /// The end of every turn that changed counters: whoever waits gets what came, the counters are
    /// written, and the alarm is armed to tell of it. What else follows from a change belongs here. It
    /// follows at the SKU's own object: a slice has nobody who waits, and tells no one else.
    fn settle(&self, before: &StockLevel, stored: &mut Stored, now: Timestamp) -> Result<()> {
        if self.slice.is_some() {
            self.give_back(stored, now)?;
            self.store.write_level(stored)?;
            return self.arm(&stored.level, now);
        }
        if stored.level.free() > before.free() || stored.level.terms != before.terms {
            self.fill_waiting(stored, now)?;
        }
        self.deal(stored, now)?;
        self.store.write_level(stored)?;
        self.keep_checkpoint(stored, now)?;
        self.note_written(&stored.level, now);
        self.arm(&stored.level, now)
    }
}

//! `SkuInventory`: the only writer of one SKU's stock.
//!
//! Why an object: everybody who wants the last unit must meet in one place, one after the other. It
//! is serial by construction, so there is no lock, no lock order and no lag. Several orders' claims
//! arrive in one call and are performed in one turn and one commit.
#![expect(
    missing_docs,
    reason = "the durable_object macro writes methods that it does not document"
)]

mod alerts;
mod changes;
mod channels;
mod claims;
mod explaining;
mod history;
mod proving;
mod store;
mod tell;
mod upgrade;

use std::cell::Cell;
use std::rc::Rc;

use worker::{DurableObject, Env, Error, Request, Response, Result, State, durable_object};

use self::alerts::Pending;
use self::changes::Asked;
use self::store::{Store, Stored};
use self::tell::Told;
use super::commands::{SkuAnswer, SkuCommand};
use super::ledger_commands::{LedgerAnswer, LedgerCommand};
use crate::domain::id::Sku;
use crate::domain::inventory::StockLevel;
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::object_call::answer;
use crate::runtime::platform::Platform;
use crate::runtime::settings;

const SCHEMA: &str = include_str!("../../../schema/objects/sku_inventory.sql");

/// The Durable Object class. It holds no state of record: everything is in its storage.
#[durable_object]
pub struct SkuInventory {
    inventory: std::result::Result<Rc<Inventory>, String>,
}

impl DurableObject for SkuInventory {
    fn new(state: State, env: Env) -> Self {
        Self { inventory: Inventory::open(&state, env).map(Rc::new).map_err(|e| e.to_string()) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let inventory = self.inventory.clone().map_err(Error::RustError)?;
        let command: SkuCommand = serde_json::from_str(&request.text().await?)?;
        answer(&inventory.handle(command)?)
    }

    async fn alarm(&self) -> Result<Response> {
        self.inventory.clone().map_err(Error::RustError)?.ring().await;
        Response::empty()
    }
}

struct Inventory {
    sku: Sku,
    platform: Platform,
    store: Store,
    told: Cell<Option<Told>>,
    /// What is told of alerts. None: not known, look.
    alerts: Cell<Option<Pending>>,
    /// The version that D1 is known to hold, as read last.
    projected: Cell<i64>,
    /// No held claim ends before this moment. None: not known, look.
    no_expiry_before: Cell<Option<Timestamp>>,
    /// The line that the newest checkpoint was made after. None: not known, look.
    checkpointed: Cell<Option<i64>>,
    /// When to look at what channels are told, if they are told anything.
    channels_wake: Cell<Option<Timestamp>>,
}

impl Inventory {
    fn open(state: &State, env: Env) -> Result<Self> {
        let settings = settings::shared(&env).map_err(Error::RustError)?;
        let sku = state.id().name().and_then(|name| name.parse().ok());
        let store = Store { sqlite: upgrade::open(state, SCHEMA)? };
        Ok(Self {
            sku: sku.ok_or_else(|| Error::RustError("not a SKU's name".to_owned()))?,
            platform: Platform::new(env, settings),
            channels_wake: Cell::new(store.next_telling()?),
            store,
            told: Cell::new(None),
            alerts: Cell::new(None),
            projected: Cell::new(0),
            no_expiry_before: Cell::new(None),
            checkpointed: Cell::new(None),
        })
    }

    /// No await between reading and writing: the command is one turn and one transaction.
    fn handle(&self, command: SkuCommand) -> Result<SkuAnswer> {
        let now = now();
        let answer = self.store.sqlite.transaction(|| match command {
            SkuCommand::Claims { claims } => {
                let stored = self.up_to_date(now)?;
                let answers = self.claim_all(stored, &claims, now)?;
                Ok(SkuAnswer::Claims { answers })
            }
            SkuCommand::Change { key, fingerprint, changes, terms, cause } => {
                let asked = Asked {
                    key: &key,
                    fingerprint: &fingerprint,
                    changes: &changes,
                    terms: terms.as_deref(),
                    cause: &cause,
                };
                self.change(&asked, now)
            }
            SkuCommand::TellChannels => {
                self.channels_wake.set(Some(now));
                self.store.sqlite.arm(now)?;
                let level = Box::new(self.up_to_date(now)?.level);
                Ok(SkuAnswer::Level { level, as_of: now })
            }
            SkuCommand::Read => {
                let level = Box::new(self.up_to_date(now)?.level);
                Ok(SkuAnswer::Level { level, as_of: now })
            }
            SkuCommand::Ledger(asked) => self.ledger(asked, now).map(SkuAnswer::Ledger),
        });
        if answer.is_err() {
            self.no_expiry_before.set(None);
            self.checkpointed.set(None);
        }
        answer
    }

    fn ledger(&self, asked: LedgerCommand, now: Timestamp) -> Result<LedgerAnswer> {
        match asked {
            LedgerCommand::Movements(asked) => self.movements(&asked),
            LedgerCommand::At { at } => {
                Ok(LedgerAnswer::Level { level: Box::new(self.past(at)?.level) })
            }
            LedgerCommand::Explain { at } => self.explain(at, now),
            LedgerCommand::Prove { proof } => self.prove(*proof, now),
        }
    }

    /// The end of every turn that changed counters: whoever waits gets what came, the counters are
    /// written, and the alarm is armed to tell of it. What else follows from a change belongs here.
    fn settle(&self, before: &StockLevel, stored: &mut Stored, now: Timestamp) -> Result<()> {
        if stored.level.free() > before.free() || stored.level.terms != before.terms {
            self.fill_waiting(stored, now)?;
        }
        self.store.write_level(stored)?;
        self.keep_checkpoint(stored, now)?;
        self.arm(&stored.level, now)
    }
}

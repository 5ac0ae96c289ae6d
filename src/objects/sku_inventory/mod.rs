//! `SkuInventory`: the only writer of one SKU's stock.
//!
//! Why an object: everybody who wants the last unit must meet in one place, one after the other. It
//! is serial by construction, so there is no lock, no lock order and no lag. Several orders' claims
//! arrive in one call and are performed in one turn and one commit.
#![expect(
    missing_docs,
    reason = "the durable_object macro writes methods that it does not document"
)]

mod store;

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsValue;
use worker::{
    DurableObject, Env, Error, QueueContentType, RawMessageBuilder, Request, Response, Result,
    State, durable_object,
};

use self::store::{Cause, Store};
use super::commands::{EventMessage, OrderClaim, SkuAnswer, SkuCommand};
use crate::domain::id::Sku;
use crate::domain::inventory::{
    Adjustment, ClaimAnswer, ClaimCommand, StockLevel, adjust, decide, expire,
};
use crate::domain::time::Timestamp;
use crate::runtime::clock::now;
use crate::runtime::log::{self, Level};
use crate::runtime::object_call::answer;
use crate::runtime::platform::{Platform, Unavailable};
use crate::runtime::settings;
use crate::runtime::sqlite::Sqlite;
use crate::storage::stock_levels;

const SCHEMA: &str = include_str!("../../../schema/objects/sku_inventory.sql");

/// Changes wait this long so that lists are told of many at once.
const TELL_AFTER_MILLISECONDS: i64 = 1_000;

/// How long to wait after the queue refused.
const TELL_AGAIN_AFTER_SECONDS: i64 = 10;

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
    /// The version that D1 is known to hold, as read last.
    projected: Cell<i64>,
    /// No held claim ends before this moment. None: not known, look.
    no_expiry_before: Cell<Option<Timestamp>>,
}

/// What lists were last told by this instance; after a restart they are simply told again.
#[derive(Clone, Copy)]
struct Told {
    version: i64,
    /// When to look whether it has arrived, or, after a failure, when to tell again.
    look_at: Timestamp,
}

impl Inventory {
    fn open(state: &State, env: Env) -> Result<Self> {
        let settings = settings::shared(&env).map_err(Error::RustError)?;
        let sku = state.id().name().and_then(|name| name.parse().ok());
        Ok(Self {
            sku: sku.ok_or_else(|| Error::RustError("not a SKU's name".to_owned()))?,
            platform: Platform::new(env, settings),
            store: Store { sqlite: Sqlite::open(state, SCHEMA)? },
            told: Cell::new(None),
            projected: Cell::new(0),
            no_expiry_before: Cell::new(None),
        })
    }

    /// No await between reading and writing: the command is one turn and one transaction.
    fn handle(&self, command: SkuCommand) -> Result<SkuAnswer> {
        let now = now();
        let answer = self.store.sqlite.transaction(|| match command {
            SkuCommand::Claims { claims } => {
                let level = self.up_to_date(now)?;
                let answers = self.claim_all(level, &claims, now)?;
                Ok(SkuAnswer::Claims { answers })
            }
            SkuCommand::Adjust { key, fingerprint, adjustment, reason, actor } => {
                let cause = Cause::Person { actor: &actor, reason: &reason };
                self.adjust(&key, &fingerprint, &adjustment, &cause, now)
            }
            SkuCommand::Read => {
                let level = self.up_to_date(now)?;
                Ok(SkuAnswer::Level { level, as_of: now })
            }
        });
        if answer.is_err() {
            self.no_expiry_before.set(None);
        }
        answer
    }

    /// The counters with every overdue claim given back: expiry is exact whenever anyone looks, and
    /// the alarm only tidies.
    fn up_to_date(&self, now: Timestamp) -> Result<StockLevel> {
        let (mut level, projected) = self.store.level()?;
        self.projected.set(projected);
        if self.no_expiry_before.get().is_some_and(|at| now < at) {
            return Ok(level);
        }
        let overdue = self.store.overdue(now)?;
        self.no_expiry_before.set(None);
        if overdue.is_empty() {
            let next = self.store.next_expiry()?.unwrap_or(Timestamp::MAX);
            self.no_expiry_before.set(Some(next));
            return Ok(level);
        }
        for (order_id, claim) in overdue {
            let decision = expire(level, claim, now);
            level = decision.level;
            if let Some(claim) = &decision.reservation {
                self.store.write_reservation(&order_id, claim)?;
            }
            if let Some(movement) = &decision.movement {
                self.store.write_movement(movement, &Cause::Order(&order_id), now)?;
            }
        }
        self.store.write_level(&level)?;
        self.arm(&level, now)?;
        Ok(level)
    }

    fn claim_all(
        &self,
        level: StockLevel,
        claims: &[OrderClaim],
        now: Timestamp,
    ) -> Result<Vec<ClaimAnswer>> {
        let mut current = level;
        let mut answers = Vec::with_capacity(claims.len());
        for claim in claims {
            let order_id = claim.order_id.to_string();
            if let ClaimCommand::Restock { refund, .. } = &claim.command
                && !self.store.note_return(&refund.to_string(), &order_id, now)?
            {
                answers.push(ClaimAnswer::Restocked);
                continue;
            }
            let known = self.store.reservation(&order_id)?;
            let decision = decide(current, known, &claim.command, now);
            if let Some(reservation) = &decision.reservation {
                self.store.write_reservation(&order_id, reservation)?;
                let known = self.no_expiry_before.get();
                self.no_expiry_before.set(known.map(|at| at.min(reservation.expires_at)));
            }
            if let Some(movement) = &decision.movement {
                self.store.write_movement(movement, &Cause::Order(&order_id), now)?;
            }
            current = decision.level;
            answers.push(decision.answer);
        }
        if current != level {
            self.store.write_level(&current)?;
            self.arm(&current, now)?;
        }
        Ok(answers)
    }

    fn adjust(
        &self,
        key: &str,
        fingerprint: &str,
        adjustment: &Adjustment,
        cause: &Cause<'_>,
        now: Timestamp,
    ) -> Result<SkuAnswer> {
        if let Some((known, level, at)) = self.store.adjustment(key)? {
            if known != fingerprint {
                return Ok(SkuAnswer::KeyReused);
            }
            return Ok(SkuAnswer::Adjusted { level, as_of: at, replayed: true });
        }
        let level = self.up_to_date(now)?;
        let (level, movement) = match adjust(level, adjustment) {
            Ok(adjusted) => adjusted,
            Err(refusal) => return Ok(SkuAnswer::Refused { refusal }),
        };
        if let Some(movement) = &movement {
            self.store.write_movement(movement, cause, now)?;
        }
        self.store.write_level(&level)?;
        self.store.write_adjustment(key, fingerprint, &level, now)?;
        self.arm(&level, now)?;
        Ok(SkuAnswer::Adjusted { level, as_of: now, replayed: false })
    }

    /// The alarm: gives back what is overdue and tells lists of the newest counters, until D1 is
    /// seen to hold them.
    async fn ring(&self) {
        self.store.sqlite.disarm();
        if let Err(error) = self.tell().await {
            let version = self.store.level().map_or(0, |(level, _)| level.version);
            let look_at = now().plus_seconds(TELL_AGAIN_AFTER_SECONDS);
            self.told.set(Some(Told { version, look_at }));
            trouble("inventory.tell_failed", &error);
        }
        let armed = self.store.level().and_then(|(level, projected)| {
            self.projected.set(projected);
            self.arm(&level, now())
        });
        if let Err(error) = armed {
            trouble("inventory.arm_failed", &error);
        }
    }

    async fn tell(&self) -> Result<()> {
        let now = now();
        let level = self.store.sqlite.transaction(|| self.up_to_date(now))?;
        let (_, projected) = self.store.level()?;
        if projected >= level.version {
            return Ok(());
        }
        if let Some(told) = self.told.get().filter(|told| told.version == level.version) {
            if told.look_at > now {
                return Ok(());
            }
            if self.copied_version().await? >= level.version {
                return self.store.projected(level.version);
            }
        }
        let message = EventMessage::Stock { sku: self.sku.to_string(), level, as_of: now };
        let queue = self.platform.events().map_err(unavailable)?;
        let body = RawMessageBuilder::new(JsValue::from_str(&serde_json::to_string(&message)?));
        queue.send_raw(body.build_with_content_type(QueueContentType::Text)).await?;
        let confirm = self.platform.settings().projection_confirm_milliseconds;
        let look_at = now.plus_milliseconds(confirm);
        self.told.set(Some(Told { version: level.version, look_at }));
        Ok(())
    }

    /// The version of the counters that D1 holds.
    async fn copied_version(&self) -> Result<i64> {
        let database = self.platform.database().map_err(unavailable)?;
        let copies = stock_levels::of_skus(&database, &[&self.sku]).await.map_err(unavailable)?;
        Ok(copies.first().map_or(0, |copy| copy.level.version))
    }

    /// Arms the alarm for the next telling, the next look, or the next expiry, whichever is first.
    fn arm(&self, level: &StockLevel, now: Timestamp) -> Result<()> {
        let tell = (self.projected.get() < level.version).then(|| {
            let soon = now.plus_milliseconds(TELL_AFTER_MILLISECONDS);
            match self.told.get() {
                Some(told) if told.version == level.version => told.look_at.max(soon),
                _ => soon,
            }
        });
        if self.store.sqlite.is_armed() {
            return tell.map_or(Ok(()), |at| self.store.sqlite.arm(at));
        }
        let wanted = [tell, self.store.next_expiry()?].into_iter().flatten().min();
        wanted.map_or(Ok(()), |at| self.store.sqlite.arm(at))
    }
}

fn unavailable(unavailable: Unavailable) -> Error {
    Error::RustError(unavailable.to_string())
}

fn trouble(name: &str, error: &Error) {
    log::event(Level::Error, name, serde_json::json!({ "cause": error.to_string() }));
}

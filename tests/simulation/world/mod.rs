//! The world that the program runs in: the real Worker and its objects over real SQLite, with a network, a
//! queue, gateways and clocks that a seed drives.
//!
//! Everything of the program runs as it is shipped, from the HTTP request to the row in D1; what stands in is
//! the platform alone, behind the doors of `runtime`. An object's turn is one commit, and what it says leaves
//! after that: the platform's output gate. So a crash between any two turns loses what was not said, and a
//! commit that fails takes everything of its turn with it.

mod database;
mod lent;
mod machine;
mod network;
mod platform;
mod queue;
mod storage;
mod weather;
mod webhooks;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicU64, Ordering};

use cartwright::domain::payment::Gateway;
use cartwright::domain::time::Timestamp;
use cartwright::objects::import_job::ImportJob;
use cartwright::objects::invoice_series::InvoiceSeries;
use cartwright::objects::order_shard::OrderShard;
use cartwright::objects::reconciler::Reconciler;
use cartwright::objects::sku_inventory::SkuInventory;
use cartwright::objects::stock_document::StockDocument;
use cartwright::runtime::native::NativePlatform;
use cartwright::runtime::place::Place;
use cartwright::runtime::sqlite::Value;
use futures_channel::oneshot;

pub use self::machine::Actor;
pub use self::network::{Answer, Ask};
pub use self::weather::{FAULTS, Weather};

use self::database::Database;
use self::lent::Lent;
use self::machine::Machine;
use self::queue::Queue;
use self::storage::Storage;
use crate::chance::Chance;
use crate::exercised::Exercised;
use crate::gateways::SimulatedGateway;

/// When every world begins: 1 January 2026.
pub const BEGINNING_MILLISECONDS: i64 = 1_767_225_600_000;

/// More turns than any world takes: one that goes on for ever is a finding.
const MAX_TURNS: u64 = 400_000;

/// A statement that is refused is among the first so many that a turn writes.
const MOST_WRITES: u64 = 4;

/// A shop as it stands: the databases of its objects with their alarms, and D1.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// Whether its worlds play on the same databases, one after another; then no other shop has this number.
    number: Option<u64>,
    objects: Vec<(&'static str, String, Vec<u8>, Option<i64>)>,
    database: Option<Vec<u8>>,
    now: i64,
}

impl Snapshot {
    /// The same shop, for many worlds: none of them can be a snapshot itself.
    pub fn for_many(self) -> Self {
        static SHOPS: AtomicU64 = AtomicU64::new(0);
        Self { number: Some(SHOPS.fetch_add(1, Ordering::Relaxed)), ..self }
    }

    fn lend(&self, binding: &'static str, name: &str, bytes: &[u8]) -> Lent {
        match self.number {
            Some(number) => Lent::of((number, binding, name.to_owned()), bytes),
            None => Lent::copy(bytes),
        }
    }
}

pub struct Inner {
    this: Weak<Inner>,
    machine: Machine,
    chance: RefCell<Chance>,
    weather: Cell<Weather>,
    gateways: RefCell<Vec<SimulatedGateway>>,
    /// When gateways wake by themselves.
    gateway_wakes: RefCell<BTreeSet<(usize, Timestamp)>>,
    database: Database,
    queue: Queue,
    /// How often the process was killed: what was on its way to it before is gone.
    process: Cell<u64>,
    turns: Cell<u64>,
    tells: bool,
    digest: Cell<u64>,
    exercised: RefCell<Exercised>,
    variables: BTreeMap<&'static str, String>,
}

/// A handle of the world; it is given to everybody.
#[derive(Clone)]
pub struct World(Rc<Inner>);

impl World {
    /// The world of a seed, from a shop as it stands. With `tells`, it tells its story.
    pub fn new(seed: u64, shop: &Snapshot, gateways: Vec<SimulatedGateway>, tells: bool) -> Self {
        let mut variables = BTreeMap::from([
            ("ENVIRONMENT", "development".to_owned()),
            ("ORDER_SHARDS", "2".to_owned()),
            ("PAYMENT_CAPTURE", "on_request".to_owned()),
        ]);
        let which = [Gateway::Sandbox, Gateway::Stripe, Gateway::Razorpay];
        variables.extend(which.into_iter().flat_map(SimulatedGateway::variables));
        let mut chance = Chance::new(seed);
        match chance.below(3) {
            0 => {}
            1 => drop(variables.insert("PAYMENT_CAPTURE", "automatic".to_owned())),
            _ => drop(variables.insert("PAYMENT_CAPTURE", "after_stock_commit".to_owned())),
        }
        let inner = Rc::new_cyclic(|this| Inner {
            this: Weak::clone(this),
            machine: Machine::default(),
            chance: RefCell::new(chance),
            weather: Cell::new(Weather::CALM),
            gateways: RefCell::new(gateways),
            gateway_wakes: RefCell::default(),
            database: shop
                .database
                .as_ref()
                .map_or_else(Database::migrated, |bytes| Database::of(shop.lend("D1", "", bytes))),
            queue: Queue::default(),
            process: Cell::new(0),
            turns: Cell::new(0),
            tells,
            digest: Cell::new(seed),
            exercised: RefCell::default(),
            variables,
        });
        inner.machine.now.set(shop.now.max(BEGINNING_MILLISECONDS));
        cartwright::runtime::native::install(Rc::clone(&inner) as Rc<dyn NativePlatform>);
        for (binding, name, bytes, alarm) in &shop.objects {
            let number = inner.machine.number(&Actor::Object(binding, name.clone()));
            let storage = Rc::new(Storage::new(shop.lend(binding, name, bytes)));
            storage.put_alarm(*alarm);
            inner.machine.with(number, |state| state.storage = Some(storage));
            inner.expect_alarm(number);
        }
        Self(inner)
    }

    /// The shop as it stands.
    pub fn snapshot(&self) -> Snapshot {
        let machine = &self.0.machine;
        let objects = (0..machine.count()).filter_map(|number| {
            machine.with(number, |state| match (&state.actor, &state.storage) {
                (Actor::Object(binding, name), Some(storage)) => {
                    let (bytes, alarm) = storage.bytes();
                    Some((*binding, name.clone(), bytes, alarm))
                }
                _ => None,
            })
        });
        let database = Some(self.0.database.bytes());
        Snapshot { number: None, objects: objects.collect(), database, now: machine.now.get() }
    }

    pub fn set_weather(&self, weather: Weather) {
        self.0.weather.set(weather);
    }

    /// Begins a step: what is drawn in it depends on its number.
    pub fn begin_step(&self, step: usize) {
        self.0.chance.borrow_mut().begin_step(step);
    }

    /// The true time; everybody's own clock may be off.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.0.machine.now.get())
    }

    /// Waits.
    pub async fn sleep(&self, milliseconds: i64) {
        let (sender, receiver) = oneshot::channel();
        self.0.machine.after(
            milliseconds,
            Box::new(move || {
                // Whoever waited may have gone.
                let _ = sender.send(());
            }),
        );
        // The sender lives in the list of what comes.
        let _ = receiver.await;
    }

    /// Somebody of the people begins to do something.
    pub fn begin(&self, work: impl Future<Output = ()> + 'static) {
        let people = self.0.machine.number(&Actor::People);
        self.0.machine.spawn(people, Box::pin(work));
    }

    /// One of the gateways.
    pub fn gateway<T>(&self, which: usize, act: impl FnOnce(&mut SimulatedGateway) -> T) -> T {
        let done = act(&mut self.0.gateways.borrow_mut()[which]);
        self.0.deliver_events(which);
        done
    }

    pub fn gateways(&self) -> usize {
        self.0.gateways.borrow().len()
    }

    /// Counts something that happened.
    pub fn note(&self, what: impl Into<String>) {
        self.0.note(what);
    }

    pub fn exercised(&self) -> Exercised {
        self.0.exercised.borrow().clone()
    }

    /// A line of the story.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        self.0.tell(line);
    }

    /// A number that two plays of a seed have in common.
    pub fn digest(&self) -> u64 {
        self.0.digest.get()
    }

    /// The names of the objects of a class that there are.
    pub fn objects(&self, binding: &str) -> Vec<String> {
        let machine = &self.0.machine;
        let mut names: Vec<String> = (0..machine.count())
            .filter_map(|number| {
                machine.with(number, |state| match &state.actor {
                    Actor::Object(known, name) if *known == binding && state.storage.is_some() => {
                        Some(name.clone())
                    }
                    _ => None,
                })
            })
            .collect();
        names.sort();
        names
    }

    /// Rows of an object's storage, read from outside.
    pub fn look(&self, binding: &'static str, name: &str, sql: &str) -> Vec<Vec<Value>> {
        let number = self.0.machine.number(&Actor::Object(binding, name.to_owned()));
        let storage = self.0.machine.with(number, |state| state.storage.clone());
        storage.map_or_else(Vec::new, |storage| storage.look(sql))
    }

    /// How many rows were ever changed in an object's storage, as SQLite counts them.
    pub fn changes(&self, binding: &'static str, name: &str) -> u64 {
        let number = self.0.machine.number(&Actor::Object(binding, name.to_owned()));
        let storage = self.0.machine.with(number, |state| state.storage.clone());
        storage.map_or(0, |storage| storage.changes())
    }

    /// Changes an object's rows behind its back: for whoever tries whether that shows.
    pub fn alter(&self, binding: &'static str, name: &str, sql: &str) {
        let number = self.0.machine.number(&Actor::Object(binding, name.to_owned()));
        let storage = self.0.machine.with(number, |state| state.storage.clone());
        storage.unwrap().alter(sql);
    }

    /// Changes rows of D1 behind the program's back.
    pub fn alter_database(&self, sql: &str) {
        self.0.database.alter(sql);
    }

    /// When an object's alarm is set for, by its own clock.
    pub fn alarm(&self, binding: &'static str, name: &str) -> Option<i64> {
        let number = self.0.machine.number(&Actor::Object(binding, name.to_owned()));
        self.0.machine.with(number, |state| state.storage.as_ref().and_then(|s| s.alarm()))
    }

    /// Rows of D1, read from outside.
    pub fn look_database(&self, sql: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
        self.0.database.look(sql)
    }

    /// Messages that the queue still has.
    pub fn queued(&self) -> usize {
        self.0.queue.len()
    }

    /// Sets somebody's clock this far off from now on.
    pub fn put_clock_off(&self, actor: &Actor, milliseconds: i64) {
        let number = self.0.machine.number(actor);
        self.0.machine.with(number, |state| {
            state.clock_off = milliseconds;
            state.storage.iter().for_each(|storage| storage.expected.set(None));
        });
        self.0.expect_alarm(number);
    }

    /// Every clock is right again.
    pub fn put_clocks_right(&self) {
        for number in 0..self.0.machine.count() {
            let actor = self.0.machine.with(number, |state| state.actor.clone());
            self.put_clock_off(&actor, 0);
        }
    }

    /// The process dies and is started again on the same storage.
    pub fn kill(&self) {
        self.0.kill();
    }

    /// The world ends: nobody lives in it any more, and what it was played on goes back.
    pub fn end(self) {
        let machine = &self.0.machine;
        for number in 0..machine.count() {
            machine.end(number);
            drop(machine.with(number, |state| state.storage.take()));
        }
        machine.forget_what_comes();
    }

    /// Every actor that may die.
    pub fn actors(&self) -> Vec<Actor> {
        let actor = |number| self.0.machine.with(number, |state| state.actor.clone());
        let all = (0..self.0.machine.count()).map(actor);
        all.filter(|actor| *actor != Actor::People).collect()
    }

    /// What the schedule calls for.
    pub fn run_schedule(&self) {
        self.0.run_schedule();
    }

    /// Lets the world go on for so long.
    pub fn run_for(&self, milliseconds: i64) {
        self.0.run_until(self.0.machine.now.get() + milliseconds);
    }
}

impl Inner {
    fn me(&self) -> Rc<Self> {
        self.this.upgrade().unwrap()
    }

    fn note(&self, what: impl Into<String>) {
        self.exercised.borrow_mut().note(what);
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        if self.tells {
            println!("{:>9}  {}", self.machine.now.get() - BEGINNING_MILLISECONDS, line());
        }
    }

    /// Whether this goes wrong now, and counts that it did.
    fn strikes(&self, often: impl Fn(&Weather) -> u64, what: &'static str) -> bool {
        let often = often(&self.weather.get());
        let strikes = often > 0 && self.chance.borrow_mut().below(1_000) < often;
        if strikes {
            self.note(what);
            self.tell(|| format!("  ~ {what}"));
        }
        strikes
    }

    fn run_until(&self, until: i64) {
        loop {
            let ready = self.machine.ready();
            if !ready.is_empty() {
                let number = *self.chance.borrow_mut().of(&ready);
                self.turn(number);
                continue;
            }
            match self.machine.next(until) {
                Some(what) => what(),
                None => break,
            }
        }
        self.machine.now.set(self.machine.now.get().max(until));
    }

    fn turn(&self, number: usize) {
        self.turns.set(self.turns.get() + 1);
        assert!(self.turns.get() < MAX_TURNS, "the world does not come to an end");
        let digest =
            self.digest.get().rotate_left(5) ^ number as u64 ^ self.machine.now.get() as u64;
        self.digest.set(digest.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let storage = self.machine.with(number, |state| state.storage.clone());
        if let Some(storage) = &storage {
            let refused = self.strikes(|w| w.statement_refused, "a statement was refused");
            storage.refuses_after.set(refused.then(|| self.chance.borrow_mut().below(MOST_WRITES)));
        }
        let said = self.machine.run(number);
        if let Some(storage) = &storage {
            let written = storage.has_written();
            if written && self.strikes(|w| w.lost_before_write, "a write was lost") {
                storage.end_turn(false);
                return self.break_off(number);
            }
            storage.end_turn(true);
            if written && self.strikes(|w| w.lost_after_write, "a write was kept, its word lost") {
                return self.break_off(number);
            }
            self.expect_alarm(number);
        }
        let is_people = self.machine.with(number, |state| state.actor == Actor::People);
        for one in said {
            if !is_people && self.strikes(|w| w.killed_between, "killed between two words") {
                return self.kill();
            }
            one();
        }
        if !is_people && self.strikes(|w| w.killed, "killed") {
            return self.kill();
        }
        if storage.is_some() && self.strikes(|w| w.evicted, "an object was evicted") {
            self.break_off(number);
        }
    }

    /// An object's instance ends; the next event starts another on the same storage.
    fn break_off(&self, number: usize) {
        self.machine.end(number);
        let storage = self.machine.with(number, |state| state.storage.clone());
        let Some(storage) = storage else { return };
        storage.end_turn(false);
        if let Some(at) = storage.ringing.take() {
            // The handler did not come to its end: the alarm rings again.
            let at = storage.alarm().map_or(at, |other| other.min(at));
            storage.put_alarm(Some(at));
            storage.expected.set(None);
        }
        self.expect_alarm(number);
    }

    fn kill(&self) {
        self.tell(|| "  ! the process dies".to_owned());
        self.process.set(self.process.get() + 1);
        for number in 0..self.machine.count() {
            if self.machine.with(number, |state| state.actor != Actor::People) {
                self.break_off(number);
            }
        }
    }

    /// Looks forward to an object's alarm. One that was set anew in the meantime does not ring.
    fn expect_alarm(&self, number: usize) {
        let (storage, off) =
            self.machine.with(number, |state| (state.storage.clone(), state.clock_off));
        let Some(storage) = storage else { return };
        let Some(at) =
            storage.alarm().filter(|at| storage.expected.replace(Some(*at)) != Some(*at))
        else {
            return;
        };
        let mut wait = at - off - self.machine.now.get();
        if self.strikes(|w| w.alarm_late, "an alarm was late") {
            wait += self.chance.borrow_mut().between(1_000, 3_600_000);
        } else if self.strikes(|w| w.alarm_early, "an alarm was early") {
            wait -= self.chance.borrow_mut().between(1, 2_000);
        }
        let me = self.me();
        self.machine.after(wait, Box::new(move || me.ring(number, at, true)));
    }

    fn ring(&self, number: usize, at: i64, once: bool) {
        let storage = self.machine.with(number, |state| state.storage.clone());
        let Some(storage) = storage else { return };
        if storage.ringing.get().is_some() || (once && storage.alarm() != Some(at)) {
            // One that is set while another is handled rings after that.
            return;
        }
        storage.expected.set(None);
        storage.put_alarm(None);
        storage.ringing.set(Some(at));
        let Some(open) = self.open(number) else { return };
        let (life, me) = (self.machine.life(number), self.me());
        self.machine.spawn(
            number,
            Box::pin(async move {
                open.ring().await;
                if me.machine.life(number) == life {
                    storage.handled.set(true);
                    if me.strikes(|w| w.alarm_twice, "an alarm rang twice") {
                        let again = me.me();
                        let wait = me.chance.borrow_mut().between(0, 5_000);
                        me.machine.after(wait, Box::new(move || again.ring(number, at, false)));
                    }
                }
            }),
        );
    }

    /// The object's instance, started if it is not.
    fn open(&self, number: usize) -> Option<Rc<dyn cartwright::objects::hosting::native::Open>> {
        let (actor, open, storage) = self.machine.with(number, |state| {
            let storage = state.storage.get_or_insert_with(|| Rc::new(Storage::new(Lent::own())));
            (state.actor.clone(), state.open.clone(), Rc::clone(storage))
        });
        if open.is_some() {
            return open;
        }
        let Actor::Object(binding, name) = actor else { return None };
        let place = Place::native(&name, storage.clone(), self.me()).unwrap();
        let opened = match binding {
            "ORDER_SHARD" => OrderShard::open(&place),
            "SKU_INVENTORY" => SkuInventory::open(&place),
            "INVOICE_SERIES" => InvoiceSeries::open(&place),
            "RECONCILER" => Reconciler::open(&place),
            "STOCK_DOCUMENT" => StockDocument::open(&place),
            "IMPORT_JOB" => ImportJob::open(&place),
            other => panic!("no class is bound to {other}"),
        };
        storage.end_turn(true);
        let opened = opened.unwrap();
        self.machine.with(number, |state| state.open = Some(Rc::clone(&opened)));
        Some(opened)
    }
}

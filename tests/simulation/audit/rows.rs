//! The raw rows that the audit judges, as they lie in the objects' storage: JSON without the program's types.
//!
//! A storage in which SQLite has changed no row since is not read again, and what did not change is not
//! judged again; at rest everything is.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use cartwright::runtime::sqlite::Value as Stored;
use serde_json::Value;

use crate::world::World;

pub const SHARDS: &str = "ORDER_SHARD";
pub const SKUS: &str = "SKU_INVENTORY";
pub const SERIES: &str = "INVOICE_SERIES";

/// An order as its shard has it.
pub struct Order {
    pub id: String,
    pub shard: String,
    pub version: i64,
    pub text: String,
    pub document: Value,
    pub wake_at: Option<i64>,
    wanted: OnceCell<BTreeMap<String, i64>>,
}

/// What was asked under an idempotency key.
pub struct Key {
    pub shard: String,
    pub key: String,
    pub fingerprint: String,
    pub order: String,
    /// The stored answer, or the operations that were written down.
    pub outcome: Option<String>,
}

/// A claim at one of a SKU's objects.
pub struct Claim {
    pub order: String,
    pub state: String,
    pub quantity: i64,
    pub expires_at: i64,
}

/// One of the objects that have a SKU's units.
pub struct StockObject {
    pub name: String,
    pub slice: Option<i64>,
    pub level: Value,
    pub ledger_sequence: i64,
    pub ledger_hash: String,
    pub claims: Vec<Claim>,
    /// Of the SKU's own object: what it knows of each slice.
    pub members: BTreeMap<i64, Value>,
    /// Of a slice: what it knows of the SKU's own object.
    pub own: Option<Value>,
    /// Whether it was read just now.
    pub is_fresh: bool,
}

/// Everything that is looked at after every step.
#[derive(Default)]
pub struct Rows {
    pub now: i64,
    pub orders: BTreeMap<String, Order>,
    /// The orders that are not as they were when was looked before.
    pub changed: BTreeSet<String>,
    /// Whether a shard was read just now.
    pub shards_are_fresh: bool,
    pub checkouts: Vec<Key>,
    pub movements: Vec<Key>,
    pub skus: BTreeMap<String, Vec<StockObject>>,
    /// How many rows had been changed in each storage when it was read.
    read: BTreeMap<(&'static str, String), u64>,
}

pub fn text(value: &Stored) -> String {
    match value {
        Stored::String(text) => text.clone(),
        other => panic!("the audit wants a text and finds {other:?}"),
    }
}

pub fn optional_text(value: &Stored) -> Option<String> {
    (!matches!(value, Stored::Null)).then(|| text(value))
}

pub fn optional_integer(value: &Stored) -> Option<i64> {
    match value {
        Stored::Integer(integer) => Some(*integer),
        Stored::Null => None,
        other => panic!("the audit wants a number and finds {other:?}"),
    }
}

pub fn integer(value: &Stored) -> i64 {
    optional_integer(value).unwrap()
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON ({error}): {text}"))
}

/// A whole number of a document; 0 where it is left out.
pub fn number(document: &Value, name: &str) -> i64 {
    document[name].as_i64().unwrap_or(0)
}

/// A list of a document; empty where it is left out.
pub fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    document[name].as_array().map_or(&[], Vec::as_slice)
}

pub fn word<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap_or("")
}

/// A moment of a document, in milliseconds.
pub fn moment(document: &Value, name: &str) -> i64 {
    let at: cartwright::domain::time::Timestamp =
        serde_json::from_value(document[name].clone()).unwrap();
    at.milliseconds()
}

impl Rows {
    /// All of them, read anew.
    pub fn of(world: &World) -> Self {
        let mut rows = Self::default();
        rows.read_on(world);
        rows
    }

    /// Reads what has changed since.
    pub fn read_on(&mut self, world: &World) {
        self.now = world.now().milliseconds();
        self.changed.clear();
        self.shards_are_fresh = false;
        for shard in world.objects(SHARDS) {
            if self.is_news(world, SHARDS, &shard) && has(world, SHARDS, &shard, "orders") {
                self.read_shard(world, &shard);
            }
        }
        for object in self.skus.values_mut().flatten() {
            object.is_fresh = false;
        }
        for name in world.objects(SKUS) {
            if self.is_news(world, SKUS, &name) && has(world, SKUS, &name, "spread") {
                self.read_stock(world, &name);
            }
        }
    }

    fn is_news(&mut self, world: &World, binding: &'static str, name: &str) -> bool {
        let changes = world.changes(binding, name);
        self.read.insert((binding, name.to_owned()), changes) != Some(changes)
    }

    fn read_stock(&mut self, world: &World, name: &str) {
        let sku = name.split('~').next().unwrap_or(name);
        let objects = self.skus.entry(sku.to_owned()).or_default();
        objects.retain(|object| object.name != name);
        objects.extend(stock_object(world, name));
        objects.sort_by_key(|object| object.slice);
    }

    fn read_shard(&mut self, world: &World, shard: &str) {
        self.shards_are_fresh = true;
        let mut gone: BTreeSet<String> = self.orders.keys().cloned().collect();
        gone.retain(|id| self.orders[id].shard == shard);
        for row in world.look(SHARDS, shard, "SELECT id, version, document, wake_at FROM orders") {
            let (id, text) = (text(&row[0]), text(&row[2]));
            let (version, wake_at) = (integer(&row[1]), optional_integer(&row[3]));
            if let Some(known) = self.orders.get_mut(&id) {
                assert!(gone.remove(&id), "{id} lies in two shards");
                if known.version == version && known.text == text {
                    known.wake_at = wake_at;
                    continue;
                }
            }
            let order = Order {
                id: id.clone(),
                shard: shard.to_owned(),
                version,
                document: json(&text),
                text,
                wake_at,
                wanted: OnceCell::new(),
            };
            self.changed.insert(id.clone());
            self.orders.insert(id, order);
        }
        self.orders.retain(|id, _| !gone.contains(id));
        self.checkouts.retain(|key| key.shard != shard);
        self.movements.retain(|key| key.shard != shard);
        let key = |row: &Vec<Stored>| Key {
            shard: shard.to_owned(),
            key: text(&row[0]),
            fingerprint: text(&row[1]),
            order: text(&row[2]),
            outcome: optional_text(&row[3]),
        };
        let checkouts = "SELECT key, fingerprint, order_id, outcome FROM idempotency";
        self.checkouts.extend(world.look(SHARDS, shard, checkouts).iter().map(key));
        let movements = "SELECT key, fingerprint, order_id, operations FROM movement_requests";
        self.movements.extend(world.look(SHARDS, shard, movements).iter().map(key));
    }
}

/// Whether an object has begun: one that was only called has no tables yet.
pub fn has(world: &World, binding: &'static str, name: &str, table: &str) -> bool {
    let query = format!("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{table}'");
    !world.look(binding, name, &query).is_empty()
}

fn stock_object(world: &World, name: &str) -> Option<StockObject> {
    let look = |sql| world.look(SKUS, name, sql);
    let claims = look("SELECT order_id, state, quantity, expires_at FROM reservations");
    let level = look("SELECT document, ledger_sequence, ledger_hash FROM level");
    let Some(level) = level.first() else {
        let units = claims.iter().filter(|row| ["held", "committed"].contains(&&*text(&row[1])));
        assert_eq!(units.count(), 0, "I2: {name} has claims and no counters");
        return None;
    };
    let claim = |row: &Vec<Stored>| Claim {
        order: text(&row[0]),
        state: text(&row[1]),
        quantity: integer(&row[2]),
        expires_at: integer(&row[3]),
    };
    let members = look("SELECT slice, document FROM spread_members");
    let own = look("SELECT document FROM slice");
    Some(StockObject {
        name: name.to_owned(),
        slice: name.split_once('~').map(|(_, slice)| slice.parse().unwrap()),
        level: json(&text(&level[0])),
        ledger_sequence: integer(&level[1]),
        ledger_hash: text(&level[2]),
        claims: claims.iter().map(claim).collect(),
        members: members.iter().map(|row| (integer(&row[0]), json(&text(&row[1])))).collect(),
        own: own.first().map(|row| json(&text(&row[0]))),
        is_fresh: true,
    })
}

impl Claim {
    pub fn has_units(&self) -> bool {
        ["held", "committed"].contains(&self.state.as_str())
    }
}

impl Order {
    pub fn status(&self) -> &str {
        word(&self.document, "status")
    }

    /// Whether it was closed and the buyer gets nothing.
    pub fn is_called_off(&self) -> bool {
        ["cancelled", "expired", "rejected"].contains(&self.status())
    }

    pub fn total_minor(&self) -> i64 {
        number(&self.document["cart"]["totals"], "total_minor")
    }

    /// Its payments, the one that counts first.
    pub fn payments(&self) -> Vec<&Value> {
        let current = Some(&self.document["payment"]).filter(|payment| !payment.is_null());
        current.into_iter().chain(list(&self.document, "earlier_payments")).collect()
    }

    pub fn operations(&self) -> impl Iterator<Item = &Value> {
        self.payments().into_iter().flat_map(|payment| list(payment, "operations"))
    }

    pub fn operation(&self, id: &str) -> Option<&Value> {
        self.operations().find(|operation| word(operation, "id") == id)
    }

    /// Whether one of these causes for attention was ever written down, and was not taken away.
    pub fn is_flagged(&self, codes: &[&str]) -> bool {
        list(&self.document, "attention").iter().any(|one| codes.contains(&word(one, "code")))
    }

    /// Whether its money is held, taken, or not needed.
    pub fn is_secured(&self) -> bool {
        let payment = &self.document["payment"];
        payment.is_null() || ["authorized", "captured"].contains(&word(&payment["report"], "state"))
    }

    /// What one unit of a line takes from stock.
    fn parts(&self, sku: &str) -> Vec<(String, i64)> {
        let lines = list(&self.document["cart"], "lines");
        let line = lines.iter().find(|line| word(line, "sku") == sku);
        let components = line.map_or(&[][..], |line| list(line, "components"));
        if components.is_empty() {
            return vec![(sku.to_owned(), 1)];
        }
        let part = |one: &Value| (word(one, "sku").to_owned(), number(one, "quantity"));
        components.iter().map(part).collect()
    }

    /// Units that it takes of each SKU by its lines.
    pub fn units_wanted(&self) -> &BTreeMap<String, i64> {
        self.wanted.get_or_init(|| {
            let mut wanted = BTreeMap::new();
            for line in list(&self.document["cart"], "lines") {
                for (sku, each) in self.parts(word(line, "sku")) {
                    *wanted.entry(sku).or_default() += each * number(line, "quantity");
                }
            }
            wanted
        })
    }

    /// The same, less those that a SKU has put back.
    pub fn units_kept(&self) -> BTreeMap<String, i64> {
        let mut kept = self.units_wanted().clone();
        let refunds = list(&self.document, "refunds").iter().flat_map(|one| list(one, "lines"));
        let refunds = refunds.map(|line| (line, number(line, "restock")));
        let returns = list(&self.document, "returns").iter().flat_map(|one| list(one, "lines"));
        let returns = returns.map(|line| (line, number(line, "quantity")));
        for (line, units) in refunds.chain(returns) {
            for (sku, each) in self.parts(word(line, "sku")) {
                let by_part = list(line, "put_back").iter().any(|part| part == sku.as_str());
                if line["restocked"] == true || by_part {
                    *kept.entry(sku).or_default() -= each * units;
                }
            }
        }
        kept
    }
}

/// Minor units of a payment's operations of a kind with a result.
pub fn sum(payment: &Value, kind: &str, result: &str) -> i64 {
    let same = |one: &&Value| word(one, "kind") == kind && word(one, "result") == result;
    list(payment, "operations").iter().filter(same).map(|one| number(one, "amount_minor")).sum()
}

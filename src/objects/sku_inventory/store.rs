//! The SKU's tables: counters, claims, ledger, changes by key.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use worker::{Error, Result};

use crate::domain::inventory::{
    Cause, ChangeRefusal, GENESIS_HASH, LedgerEntry, Movement, MovementKind, Placement,
    Reservation, ReservationState, StockLevel, Usage, chain,
};
use crate::domain::time::Timestamp;
use crate::runtime::sqlite::{Row, Sqlite, Value, integer, text};

/// The counters as they are stored, with the ledger's head.
#[derive(Clone)]
pub struct Stored {
    /// The counters.
    pub level: StockLevel,
    /// The version that D1 was last seen to hold.
    pub projected_version: i64,
    /// The number of the ledger's last line.
    pub ledger_sequence: i64,
    /// The hash of the ledger's last line.
    pub ledger_hash: String,
}

/// Claims that an object remembers.
const MAX_HELD_KNOWN: usize = 1_000;

/// The SKU's storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
    /// The counters as they were read or written last: this object is their only writer. Gone whenever a
    /// transaction fails.
    known: RefCell<Option<Stored>>,
    /// Claims that were set aside of late, by order: the next that is heard of one is mostly that it is paid.
    /// Gone whenever a transaction fails, as the counters are.
    held: RefCell<BTreeMap<String, Reservation>>,
    /// Whether it is known that no order waits to be told that its units came.
    nobody_filled: Cell<bool>,
    /// Whether it is known that no channel was ever told of this SKU.
    pub no_channel_told: Cell<bool>,
}

impl Store {
    /// Over the object's database.
    pub const fn new(sqlite: Sqlite) -> Self {
        Self {
            sqlite,
            known: RefCell::new(None),
            held: RefCell::new(BTreeMap::new()),
            nobody_filled: Cell::new(false),
            no_channel_told: Cell::new(false),
        }
    }

    /// Runs `body` so that all of its statements happen or none does.
    pub fn transaction<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = self.sqlite.transaction(body);
        if result.is_err() {
            self.known.take();
            self.held.take();
            self.nobody_filled.set(false);
            self.no_channel_told.set(false);
        }
        result
    }

    /// The counters as this object remembers them, or as they are stored. For what every order asks;
    /// whoever looks at a SKU, or proves it, is told what is stored.
    pub fn known_level(&self) -> Result<Stored> {
        if let Some(known) = self.known.borrow().as_ref() {
            return Ok(known.clone());
        }
        self.level()
    }

    /// The counters; those of a SKU that never had any are zero.
    pub fn level(&self) -> Result<Stored> {
        let stored = self.read_level()?;
        self.known.replace(Some(stored.clone()));
        Ok(stored)
    }

    fn read_level(&self) -> Result<Stored> {
        let query = "SELECT document, projected_version, ledger_sequence, ledger_hash FROM level";
        let Some(row) = self.sqlite.row(query, vec![])? else {
            return Ok(Stored {
                level: StockLevel::default(),
                projected_version: 0,
                ledger_sequence: 0,
                ledger_hash: GENESIS_HASH.to_owned(),
            });
        };
        Ok(Stored {
            level: serde_json::from_str(&row.text(0)?)?,
            projected_version: row.integer(1)?,
            ledger_sequence: row.integer(2)?,
            ledger_hash: row.text(3)?,
        })
    }

    /// The counters' JSON as it is stored, if there are any.
    pub fn document(&self) -> Result<Option<String>> {
        let row = self.sqlite.row("SELECT document FROM level", vec![])?;
        row.map(|row| row.text(0)).transpose()
    }

    /// Writes the counters and the ledger's head.
    pub fn write_level(&self, stored: &Stored) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO level (only_row, document, ledger_sequence, ledger_hash) \
             VALUES (1, ?, ?, ?) ON CONFLICT (only_row) DO UPDATE SET \
             document = excluded.document, ledger_sequence = excluded.ledger_sequence, \
             ledger_hash = excluded.ledger_hash",
            vec![
                text(serde_json::to_string(&stored.level)?),
                integer(stored.ledger_sequence),
                text(stored.ledger_hash.as_str()),
            ],
        )?;
        self.known.replace(Some(stored.clone()));
        Ok(())
    }

    /// Notes which version D1 holds.
    pub fn projected(&self, version: i64) -> Result<()> {
        let statement = "UPDATE level SET projected_version = ?";
        self.sqlite.run(statement, vec![integer(version)])?;
        if let Some(known) = self.known.borrow_mut().as_mut() {
            known.projected_version = version;
        }
        Ok(())
    }

    /// An order's claim.
    pub fn reservation(&self, order_id: &str) -> Result<Option<Reservation>> {
        if let Some(held) = self.held.borrow().get(order_id) {
            return Ok(Some(held.clone()));
        }
        let query =
            "SELECT state, quantity, expires_at, placement FROM reservations WHERE order_id = ?";
        let row = self.sqlite.row(query, vec![text(order_id)])?;
        row.map(|row| reservation(&row, 0)).transpose()
    }

    /// Where an order's claim stands, whether or not the rest of it can be read.
    pub fn claim_state(&self, order_id: &str) -> Result<Option<ReservationState>> {
        let query = "SELECT state FROM reservations WHERE order_id = ?";
        let row = self.sqlite.row(query, vec![text(order_id)])?;
        row.map(|row| state_of(&row.text(0)?)).transpose()
    }

    /// Held claims whose time is over.
    pub fn overdue(&self, now: Timestamp) -> Result<Vec<(String, Reservation)>> {
        let query = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                     WHERE state = 'held' AND expires_at <= ?";
        let rows = self.sqlite.rows(query, vec![integer(now.milliseconds())])?;
        rows.iter().map(|row| Ok((row.text(0)?, reservation(row, 1)?))).collect()
    }

    /// When the next held claim ends.
    pub fn next_expiry(&self) -> Result<Option<Timestamp>> {
        let query = "SELECT MIN(expires_at) FROM reservations WHERE state = 'held'";
        Ok(self.sqlite.row(query, vec![])?.and_then(|row| row.moment(0)))
    }

    /// The claim that has waited longest for units beyond the shelf.
    pub fn longest_waiting(&self) -> Result<Option<(String, Reservation)>> {
        let query = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                     WHERE waiting_since IS NOT NULL ORDER BY waiting_since LIMIT 1";
        let row = self.sqlite.row(query, vec![])?;
        row.map(|row| Ok((row.text(0)?, reservation(&row, 1)?))).transpose()
    }

    /// The claims that wait for units beyond the shelf, the oldest first, at most 200.
    pub fn all_waiting(&self) -> Result<Vec<(String, Reservation)>> {
        let query = "SELECT order_id, state, quantity, expires_at, placement FROM reservations \
                     WHERE waiting_since IS NOT NULL ORDER BY waiting_since LIMIT 200";
        let rows = self.sqlite.rows(query, vec![])?;
        rows.iter().map(|row| Ok((row.text(0)?, reservation(row, 1)?))).collect()
    }

    /// What a customer and a holder have by other orders than this one.
    pub fn usage(
        &self,
        order_id: &str,
        customer: Option<&str>,
        holder: Option<&str>,
    ) -> Result<Usage> {
        let of_customer = "SELECT COALESCE(SUM(quantity), 0) FROM reservations \
                           WHERE customer = ? AND order_id <> ? AND state IN ('held', 'committed')";
        let of_holder = "SELECT COALESCE(SUM(quantity), 0) FROM reservations \
                         WHERE holder = ? AND order_id <> ? AND state = 'held'";
        let sum = |query, who: Option<&str>| match who {
            None => Ok(0),
            Some(who) => {
                let row = self.sqlite.row(query, vec![text(who), text(order_id)])?;
                row.map_or(Ok(0), |row| row.integer(0))
            }
        };
        Ok(Usage {
            customer_units: sum(of_customer, customer)?,
            holder_units: sum(of_holder, holder)?,
        })
    }

    /// Writes an order's claim. `sequence` is the ledger's: it gives those who wait their turn.
    pub fn write_reservation(
        &self,
        order_id: &str,
        claim: &Reservation,
        who: (Option<&str>, Option<&str>),
        sequence: i64,
    ) -> Result<()> {
        use ReservationState::{Committed, Held};
        let waits = claim.placement.back_ordered > 0 && matches!(claim.state, Held | Committed);
        let waiting_since = if waits { integer(sequence) } else { Value::Null };
        let optional = |value: Option<&str>| value.map_or(Value::Null, text);
        self.sqlite.run(
            "INSERT INTO reservations (order_id, state, quantity, expires_at, placement, \
             waiting_since, customer, holder) VALUES (?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, \
             quantity = excluded.quantity, expires_at = excluded.expires_at, \
             placement = excluded.placement, \
             waiting_since = CASE WHEN excluded.waiting_since IS NULL THEN NULL \
               ELSE COALESCE(waiting_since, excluded.waiting_since) END, \
             customer = COALESCE(excluded.customer, customer), \
             holder = COALESCE(excluded.holder, holder)",
            vec![
                text(order_id),
                text(state_name(claim.state)),
                integer(claim.quantity),
                integer(claim.expires_at.milliseconds()),
                text(serde_json::to_string(&claim.placement)?),
                waiting_since,
                optional(who.0),
                optional(who.1),
            ],
        )?;
        let mut held = self.held.borrow_mut();
        held.remove(order_id);
        if claim.state == Held {
            if held.len() >= MAX_HELD_KNOWN {
                held.clear();
            }
            held.insert(order_id.to_owned(), claim.clone());
        }
        Ok(())
    }

    /// Notes that units come back under a key. `false` if they did before.
    pub fn note_return(&self, key: &str, order_id: &str, now: Timestamp) -> Result<bool> {
        let noted = self.sqlite.row(
            "INSERT INTO returns (refund_id, order_id, at) VALUES (?, ?, ?) \
             ON CONFLICT DO NOTHING RETURNING 1",
            vec![text(key), text(order_id), integer(now.milliseconds())],
        )?;
        Ok(noted.is_some())
    }

    /// Appends to the ledger; the head is written with the counters.
    pub fn append(
        &self,
        stored: &mut Stored,
        movement: &Movement,
        cause: &Cause,
        at: Timestamp,
    ) -> Result<()> {
        let level = &stored.level;
        let terms = (movement.kind == MovementKind::TermsChanged)
            .then(|| (level.back_order_limit, level.low_stock_threshold, level.terms.clone()));
        let (cause, movement, version) = (cause.clone(), movement.clone(), level.version);
        let entry = LedgerEntry { at, cause, movement, terms, version, opening: None };
        let entry = serde_json::to_string(&entry)?;
        stored.ledger_hash = chain(&stored.ledger_hash, &entry);
        stored.ledger_sequence = stored.ledger_sequence.saturating_add(1);
        self.sqlite.run(
            "INSERT INTO ledger (sequence, entry, hash) VALUES (?, ?, ?)",
            vec![integer(stored.ledger_sequence), text(entry), text(stored.ledger_hash.as_str())],
        )
    }

    /// Notes that an order must be told that its units came from the shelf after all.
    pub fn note_filled(&self, order_id: &str) -> Result<()> {
        let statement = "INSERT INTO filled (order_id) VALUES (?) ON CONFLICT DO NOTHING";
        self.nobody_filled.set(false);
        self.sqlite.run(statement, vec![text(order_id)])
    }

    /// Orders that must be told so, at most 50.
    pub fn filled(&self) -> Result<Vec<String>> {
        if self.nobody_filled.get() {
            return Ok(Vec::new());
        }
        let rows = self.sqlite.rows("SELECT order_id FROM filled LIMIT 50", vec![])?;
        self.nobody_filled.set(rows.is_empty());
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Notes that an order was told.
    pub fn told_filled(&self, order_id: &str) -> Result<()> {
        self.sqlite.run("DELETE FROM filled WHERE order_id = ?", vec![text(order_id)])
    }

    /// The change made under a key: its body's fingerprint, the counters after it, when.
    pub fn change(&self, key: &str) -> Result<Option<(String, StockLevel, Timestamp)>> {
        let query = "SELECT fingerprint, level, at FROM changes WHERE key = ?";
        let Some(row) = self.sqlite.row(query, vec![text(key)])? else {
            return Ok(None);
        };
        let level = serde_json::from_str(&row.text(1)?)?;
        Ok(Some((row.text(0)?, level, row.moment(2).unwrap_or_default())))
    }

    /// Stores a change's answer under its key, and drops answers to people of two days ago.
    pub fn write_change(
        &self,
        key: &str,
        fingerprint: &str,
        level: &StockLevel,
        is_kept: bool,
        now: Timestamp,
    ) -> Result<()> {
        let level = serde_json::to_string(level)?;
        let at = integer(now.milliseconds());
        self.sqlite.run(
            "DELETE FROM changes WHERE at < ? AND is_kept = 0",
            vec![integer(now.plus_seconds(-172_800).milliseconds())],
        )?;
        self.sqlite.run(
            "INSERT INTO changes (key, fingerprint, level, at, is_kept) VALUES (?, ?, ?, ?, ?)",
            vec![text(key), text(fingerprint), text(level), at, integer(i64::from(is_kept))],
        )
    }
}

impl Store {
    /// Why a document's change was refused under a key, if it was.
    pub fn refusal(&self, key: &str) -> Result<Option<ChangeRefusal>> {
        let row = self.sqlite.row("SELECT refusal FROM refusals WHERE key = ?", vec![text(key)])?;
        row.map(|row| Ok(serde_json::from_str(&row.text(0)?)?)).transpose()
    }

    /// Refuses a document's change for good: a late copy of the question gets the same answer.
    pub fn write_refusal(&self, key: &str, refusal: &ChangeRefusal, now: Timestamp) -> Result<()> {
        let refusal = text(serde_json::to_string(refusal)?);
        let statement = "INSERT INTO refusals (key, refusal, at) VALUES (?, ?, ?)";
        self.sqlite.run(statement, vec![text(key), refusal, integer(now.milliseconds())])
    }
}

/// The claim whose columns begin at `first`: state, quantity, end, placement.
pub(super) fn reservation(row: &Row, first: u32) -> Result<Reservation> {
    let column = |offset: u32| first.saturating_add(offset);
    let placement: Placement = serde_json::from_str(&row.text(column(3))?)?;
    Ok(Reservation {
        state: state_of(&row.text(column(0))?)?,
        quantity: row.integer(column(1))?,
        expires_at: row.moment(column(2)).unwrap_or_default(),
        placement,
    })
}

const fn state_name(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Held => "held",
        ReservationState::Committed => "committed",
        ReservationState::Released => "released",
        ReservationState::Expired => "expired",
    }
}

fn state_of(name: &str) -> Result<ReservationState> {
    use ReservationState::{Committed, Expired, Held, Released};
    [Held, Committed, Released, Expired]
        .into_iter()
        .find(|state| state_name(*state) == name)
        .ok_or_else(|| malformed("reservation state"))
}

fn malformed(what: &str) -> Error {
    Error::RustError(format!("malformed {what} in storage"))
}

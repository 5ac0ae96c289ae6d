//! The SKU's tables: counters, claims, ledger, adjustments.

use worker::{Error, Result};

use crate::domain::inventory::{Movement, MovementKind, Reservation, ReservationState, StockLevel};
use crate::domain::time::Timestamp;
use crate::runtime::sqlite::{Row, Sqlite, Value, integer, text};

/// Who or what caused a movement.
pub enum Cause<'a> {
    /// An order's claim.
    Order(&'a str),
    /// A person or system with a key, and why.
    Person { actor: &'a str, reason: &'a str },
}

/// The SKU's storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
}

impl Store {
    /// The counters, and the version that lists have been told of.
    pub fn level(&self) -> Result<(StockLevel, i64)> {
        let query = "SELECT received, adjusted, sold, reserved, back_order_limit, \
                     low_stock_threshold, version, projected_version FROM level";
        let Some(row) = self.sqlite.row(query, vec![])? else {
            return Ok((StockLevel::default(), 0));
        };
        let level = StockLevel {
            received: row.integer(0)?,
            adjusted: row.integer(1)?,
            sold: row.integer(2)?,
            reserved: row.integer(3)?,
            back_order_limit: row.integer(4)?,
            low_stock_threshold: row.integer(5)?,
            version: row.integer(6)?,
        };
        Ok((level, row.integer(7)?))
    }

    /// Writes the counters.
    pub fn write_level(&self, level: &StockLevel) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO level (only_row, received, adjusted, sold, reserved, back_order_limit, \
             low_stock_threshold, version) VALUES (1, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (only_row) DO UPDATE SET received = excluded.received, \
             adjusted = excluded.adjusted, sold = excluded.sold, reserved = excluded.reserved, \
             back_order_limit = excluded.back_order_limit, \
             low_stock_threshold = excluded.low_stock_threshold, version = excluded.version",
            vec![
                integer(level.received),
                integer(level.adjusted),
                integer(level.sold),
                integer(level.reserved),
                integer(level.back_order_limit),
                integer(level.low_stock_threshold),
                integer(level.version),
            ],
        )
    }

    /// Notes which version lists have been told of.
    pub fn projected(&self, version: i64) -> Result<()> {
        let statement = "UPDATE level SET projected_version = ?";
        self.sqlite.run(statement, vec![integer(version)])
    }

    /// An order's claim.
    pub fn reservation(&self, order_id: &str) -> Result<Option<Reservation>> {
        let query = "SELECT state, quantity, expires_at FROM reservations WHERE order_id = ?";
        let row = self.sqlite.row(query, vec![text(order_id)])?;
        row.map(|row| reservation(&row, 0)).transpose()
    }

    /// Held claims whose time is over.
    pub fn overdue(&self, now: Timestamp) -> Result<Vec<(String, Reservation)>> {
        let query = "SELECT order_id, state, quantity, expires_at FROM reservations \
                     WHERE state = 'held' AND expires_at <= ?";
        let rows = self.sqlite.rows(query, vec![integer(now.milliseconds())])?;
        rows.iter().map(|row| Ok((row.text(0)?, reservation(row, 1)?))).collect()
    }

    /// When the next held claim ends.
    pub fn next_expiry(&self) -> Result<Option<Timestamp>> {
        let query = "SELECT MIN(expires_at) FROM reservations WHERE state = 'held'";
        Ok(self.sqlite.row(query, vec![])?.and_then(|row| row.moment(0)))
    }

    /// Writes an order's claim.
    pub fn write_reservation(&self, order_id: &str, claim: &Reservation) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO reservations (order_id, state, quantity, expires_at) VALUES (?, ?, ?, ?) \
             ON CONFLICT (order_id) DO UPDATE SET state = excluded.state, \
             quantity = excluded.quantity, expires_at = excluded.expires_at",
            vec![
                text(order_id),
                text(state_name(claim.state)),
                integer(claim.quantity),
                integer(claim.expires_at.milliseconds()),
            ],
        )
    }

    /// Notes that a refund's units come back. `false` if they did before.
    pub fn note_return(&self, refund_id: &str, order_id: &str, now: Timestamp) -> Result<bool> {
        let noted = self.sqlite.row(
            "INSERT INTO returns (refund_id, order_id, at) VALUES (?, ?, ?) \
             ON CONFLICT DO NOTHING RETURNING 1",
            vec![text(refund_id), text(order_id), integer(now.milliseconds())],
        )?;
        Ok(noted.is_some())
    }

    /// Appends to the ledger.
    pub fn write_movement(
        &self,
        movement: &Movement,
        cause: &Cause<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let (order_id, reason, actor) = match cause {
            Cause::Order(id) => (text(*id), Value::Null, Value::Null),
            Cause::Person { actor, reason } => (Value::Null, text(*reason), text(*actor)),
        };
        self.sqlite.run(
            "INSERT INTO movements (kind, on_hand_delta, reserved_delta, order_id, reason, actor, \
             at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            vec![
                text(kind_name(movement.kind)),
                integer(movement.on_hand_delta),
                integer(movement.reserved_delta),
                order_id,
                reason,
                actor,
                integer(now.milliseconds()),
            ],
        )
    }

    /// The adjustment made under a key: its body's fingerprint, the counters after it, when.
    pub fn adjustment(&self, key: &str) -> Result<Option<(String, StockLevel, Timestamp)>> {
        let query = "SELECT fingerprint, level, at FROM adjustments WHERE key = ?";
        let Some(row) = self.sqlite.row(query, vec![text(key)])? else {
            return Ok(None);
        };
        let level = serde_json::from_str(&row.text(1)?)?;
        Ok(Some((row.text(0)?, level, row.moment(2).unwrap_or_default())))
    }

    /// Stores an adjustment's answer under its key, and drops answers of two days ago.
    pub fn write_adjustment(
        &self,
        key: &str,
        fingerprint: &str,
        level: &StockLevel,
        now: Timestamp,
    ) -> Result<()> {
        let level = serde_json::to_string(level)?;
        let at = integer(now.milliseconds());
        self.sqlite.run(
            "DELETE FROM adjustments WHERE at < ?",
            vec![integer(now.plus_seconds(-172_800).milliseconds())],
        )?;
        self.sqlite.run(
            "INSERT INTO adjustments (key, fingerprint, level, at) VALUES (?, ?, ?, ?)",
            vec![text(key), text(fingerprint), text(level), at],
        )
    }
}

fn reservation(row: &Row, first: u32) -> Result<Reservation> {
    let column = |offset: u32| first.saturating_add(offset);
    Ok(Reservation {
        state: state_of(&row.text(column(0))?)?,
        quantity: row.integer(column(1))?,
        expires_at: row.moment(column(2)).unwrap_or_default(),
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

const fn kind_name(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Received => "received",
        MovementKind::Adjusted => "adjusted",
        MovementKind::Reserved => "reserved",
        MovementKind::Committed => "committed",
        MovementKind::Released => "released",
        MovementKind::Expired => "expired",
        MovementKind::Restocked => "restocked",
    }
}

fn malformed(what: &str) -> Error {
    Error::RustError(format!("malformed {what} in storage"))
}

//! The shard's tables: orders with their timers, idempotency keys, inbox, outbox.

use std::cell::RefCell;
use std::collections::HashMap;

use serde::Serialize;
use worker::{Error, Result};

use crate::domain::id::{EventId, OrderId};
use crate::domain::order::Order;
use crate::domain::payment::Gateway;
use crate::domain::time::Timestamp;
use crate::flows::announce::OrderEvent;
use crate::objects::commands::{CheckoutOutcome, EventMessage, Spoken, WebhookNews};
use crate::runtime::clock::fresh_uuid;
use crate::runtime::log::{self, Level};
use crate::runtime::sqlite::{Sqlite, Value, integer, moment, text};

/// Webhook ids are kept for this long: gateways send again for days, and sign each try anew.
const INBOX_KEPT_SECONDS: i64 = 35 * 86_400;

/// A row that can't be read is looked at again after this long, in case it was mended.
const UNREADABLE_AGAIN_SECONDS: i64 = 300;

/// Idempotent answers are kept for this long.
const IDEMPOTENCY_KEPT_SECONDS: i64 = 2 * 86_400;

/// Requests to move money are kept for this long: people come back to them after a holiday.
const MOVEMENTS_KEPT_SECONDS: i64 = 35 * 86_400;

/// What is known of an idempotency key.
pub struct KnownKey {
    /// The body it was used with.
    pub fingerprint: String,
    /// The order it made.
    pub order_id: OrderId,
    /// The stored answer.
    pub outcome: Option<CheckoutOutcome>,
}

/// A message that is owed to the queue.
pub struct OwedMessage {
    /// Its place in the outbox.
    pub sequence: i64,
    /// The order it tells of.
    pub order_id: OrderId,
    /// The order's version that it tells.
    pub version: i64,
    /// JSON; empty if the queue has taken it before, for only its arrival is looked for then.
    pub message: String,
    /// Whether the queue has taken it before.
    pub sent: bool,
    /// How often it could not be sent.
    pub tries: i64,
}

/// The shard's storage.
pub struct Store {
    /// The object's database and alarm.
    pub sqlite: Sqlite,
    /// Orders that are being worked on, as they were written last: this object is their only writer.
    /// Gone with the work, and whenever a transaction fails.
    recent: RefCell<HashMap<OrderId, Order>>,
}

impl Store {
    /// Over the object's database.
    pub fn new(sqlite: Sqlite) -> Self {
        Self { sqlite, recent: RefCell::new(HashMap::new()) }
    }

    /// Runs `body` so that all of its statements happen or none does.
    pub fn transaction<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let result = self.sqlite.transaction(body);
        if result.is_err() {
            self.recent.borrow_mut().clear();
        }
        result
    }

    /// Keeps an order at hand while it is worked on.
    pub fn keep(&self, order: &Order) {
        self.recent.borrow_mut().insert(order.id, order.clone());
    }

    /// Nobody works on the order any more.
    pub fn drop_kept(&self, id: OrderId) {
        self.recent.borrow_mut().remove(&id);
    }

    /// The order, if it is here.
    pub fn order(&self, id: OrderId) -> Result<Option<Order>> {
        if let Some(order) = self.recent.borrow().get(&id) {
            return Ok(Some(order.clone()));
        }
        let query = "SELECT document FROM orders WHERE id = ?";
        let row = self.sqlite.row(query, vec![text(id.to_string())])?;
        row.map(|row| serde_json::from_str(&row.text(0)?).map_err(Error::from)).transpose()
    }

    /// Writes a new order under its key.
    pub fn insert(
        &self,
        key: &str,
        fingerprint: &str,
        order: &Order,
        wake: Option<Timestamp>,
    ) -> Result<()> {
        let id = order.id.to_string();
        self.sqlite.run(
            "INSERT INTO idempotency (key, fingerprint, order_id, created_at) VALUES (?, ?, ?, ?)",
            vec![
                text(key),
                text(fingerprint),
                text(id.clone()),
                integer(order.created_at.milliseconds()),
            ],
        )?;
        self.sqlite.run(
            "INSERT INTO orders (id, document, version, wake_at) VALUES (?, ?, ?, ?)",
            vec![
                text(id),
                text(serde_json::to_string(order)?),
                integer(order.version),
                moment(wake),
            ],
        )
    }

    /// Writes an order that changed, and its events. It must be the next version of what is stored:
    /// a change that was made from an older one is refused, whatever led to it.
    pub fn update(
        &self,
        order: &Order,
        wake: Option<Timestamp>,
        events: Vec<OrderEvent>,
    ) -> Result<()> {
        let written = self.sqlite.row(
            "UPDATE orders SET document = ?, version = ?, wake_at = ?, tries = 0 \
             WHERE id = ? AND version = ? RETURNING 1",
            vec![
                text(serde_json::to_string(order)?),
                integer(order.version),
                moment(wake),
                text(order.id.to_string()),
                integer(order.version.saturating_sub(1)),
            ],
        )?;
        if written.is_none() {
            return Err(Error::RustError("the order has changed in the meantime".to_owned()));
        }
        if let Some(kept) = self.recent.borrow_mut().get_mut(&order.id) {
            kept.clone_from(order);
        }
        if events.is_empty() {
            return Ok(());
        }
        let message = EventMessage::Order {
            id: EventId::new(fresh_uuid()).to_string(),
            events,
            order: Box::new(order.without_secrets()),
        };
        self.sqlite.run(
            "INSERT INTO outbox (order_id, version, message, due_at) VALUES (?, ?, ?, ?)",
            vec![
                text(order.id.to_string()),
                integer(order.version),
                text(serde_json::to_string(&message)?),
                integer(order.updated_at.milliseconds()),
            ],
        )
    }

    /// Sets an order's timer without changing the order.
    pub fn set_wake(&self, id: OrderId, wake: Option<Timestamp>, tries: i64) -> Result<()> {
        self.sqlite.run(
            "UPDATE orders SET wake_at = ?, tries = ? WHERE id = ?",
            vec![moment(wake), integer(tries), text(id.to_string())],
        )
    }

    /// Orders whose timer is due, the longest overdue first, with their tries.
    pub fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<(OrderId, i64)>> {
        let query = "SELECT id, tries FROM orders WHERE wake_at <= ? ORDER BY wake_at LIMIT ?";
        let rows = self.sqlite.rows(query, vec![integer(now.milliseconds()), integer(limit)])?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let id = row.text(0)?;
            match id.parse() {
                Ok(id) => due.push((id, row.integer(1)?)),
                // A row that can't be read must not keep the others waiting, nor the alarm ringing.
                Err(_) => {
                    unreadable("orders");
                    let statement = "UPDATE orders SET wake_at = ? WHERE id = ?";
                    let later = integer(now.plus_seconds(UNREADABLE_AGAIN_SECONDS).milliseconds());
                    self.sqlite.run(statement, vec![later, text(id)])?;
                }
            }
        }
        Ok(due)
    }

    /// The earliest moment at which something wants the alarm.
    pub fn earliest_wake(&self) -> Result<Option<Timestamp>> {
        let query = "SELECT MIN(wake_at) FROM orders WHERE wake_at IS NOT NULL";
        let orders = self.sqlite.row(query, vec![])?.and_then(|row| row.moment(0));
        let query = "SELECT MIN(due_at) FROM outbox";
        let outbox = self.sqlite.row(query, vec![])?.and_then(|row| row.moment(0));
        Ok([orders, outbox].into_iter().flatten().min())
    }

    /// What is known of a key.
    pub fn key(&self, key: &str) -> Result<Option<KnownKey>> {
        let query = "SELECT fingerprint, order_id, outcome FROM idempotency WHERE key = ?";
        let Some(row) = self.sqlite.row(query, vec![text(key)])? else {
            return Ok(None);
        };
        Ok(Some(KnownKey {
            fingerprint: row.text(0)?,
            order_id: row.text(1)?.parse().map_err(|_| malformed("order id"))?,
            outcome: row.optional_text(2).map(|text| CheckoutOutcome::read(&text)).transpose()?,
        }))
    }

    /// Stores the answer to a key.
    pub fn conclude(&self, key: &str, outcome: &CheckoutOutcome) -> Result<()> {
        self.sqlite.run(
            "UPDATE idempotency SET outcome = ? WHERE key = ?",
            vec![text(serde_json::to_string(outcome)?), text(key)],
        )
    }

    /// What was asked under a key of a movement of money or a return: the body's fingerprint, the order,
    /// and what was written down for it, as JSON.
    pub fn movement(&self, key: &str) -> Result<Option<(String, OrderId, String)>> {
        let query = "SELECT fingerprint, order_id, operations FROM movement_requests WHERE key = ?";
        let Some(row) = self.sqlite.row(query, vec![text(key)])? else {
            return Ok(None);
        };
        let id = row.text(1)?.parse().map_err(|_| malformed("order id"))?;
        Ok(Some((row.text(0)?, id, row.text(2)?)))
    }

    /// Writes down what was asked under a key.
    pub fn note_movement(
        &self,
        key: &str,
        fingerprint: &str,
        id: OrderId,
        written: &impl Serialize,
        now: Timestamp,
    ) -> Result<()> {
        self.sqlite.run(
            "INSERT INTO movement_requests (key, fingerprint, order_id, operations, created_at) \
             VALUES (?, ?, ?, ?, ?)",
            vec![
                text(key),
                text(fingerprint),
                text(id.to_string()),
                text(serde_json::to_string(written)?),
                integer(now.milliseconds()),
            ],
        )
    }

    /// Writes a webhook into the inbox. `false` if it is there already.
    pub fn receive(
        &self,
        gateway: Gateway,
        event_id: &str,
        id: OrderId,
        news: &WebhookNews,
        now: Timestamp,
    ) -> Result<bool> {
        let rows = self.sqlite.rows(
            "INSERT INTO inbox (gateway, event_id, order_id, report, received_at) \
             VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
            vec![
                text(gateway.name()),
                text(event_id),
                text(id.to_string()),
                text(serde_json::to_string(news)?),
                integer(now.milliseconds()),
            ],
        )?;
        Ok(!rows.is_empty())
    }

    /// Messages that are due, oldest first.
    pub fn owed_messages(&self, now: Timestamp, limit: i64) -> Result<Vec<OwedMessage>> {
        let query = "SELECT sequence, order_id, version, CASE WHEN sent THEN '' ELSE message END, \
                     sent, tries FROM outbox WHERE due_at <= ? ORDER BY due_at, sequence LIMIT ?";
        let rows = self.sqlite.rows(query, vec![integer(now.milliseconds()), integer(limit)])?;
        let mut owed = Vec::with_capacity(rows.len());
        for row in rows {
            let sequence = row.integer(0)?;
            match row.text(1)?.parse() {
                Ok(order_id) => owed.push(OwedMessage {
                    sequence,
                    order_id,
                    version: row.integer(2)?,
                    message: row.text(3)?,
                    sent: row.integer(4)? != 0,
                    tries: row.integer(5)?,
                }),
                Err(_) => {
                    unreadable("outbox");
                    let statement = "UPDATE outbox SET due_at = ? WHERE sequence = ?";
                    let later = integer(now.plus_seconds(UNREADABLE_AGAIN_SECONDS).milliseconds());
                    self.sqlite.run(statement, vec![later, integer(sequence)])?;
                }
            }
        }
        Ok(owed)
    }

    /// Notes that the queue has taken messages, and when to see whether they have arrived.
    pub fn sent(&self, messages: &[OwedMessage], look_at: Timestamp) -> Result<()> {
        self.sqlite.run(
            "UPDATE outbox SET sent = 1, due_at = ? \
             WHERE sequence IN (SELECT value FROM json_each(?))",
            vec![integer(look_at.milliseconds()), sequences(messages)?],
        )
    }

    /// Forgets messages that have arrived.
    pub fn arrived(&self, messages: &[OwedMessage]) -> Result<()> {
        self.sqlite.run(
            "DELETE FROM outbox WHERE sequence IN (SELECT value FROM json_each(?))",
            vec![sequences(messages)?],
        )
    }

    /// Notes that messages have not arrived: they are to be sent again.
    pub fn lost(&self, messages: &[OwedMessage]) -> Result<()> {
        self.sqlite.run(
            "UPDATE outbox SET sent = 0 WHERE sequence IN (SELECT value FROM json_each(?))",
            vec![sequences(messages)?],
        )
    }

    /// Puts messages off that the queue did not take, or whose arrival can't be seen now.
    pub fn put_off_messages(&self, messages: &[OwedMessage], due_at: Timestamp) -> Result<()> {
        self.sqlite.run(
            "UPDATE outbox SET due_at = ?, tries = tries + 1 \
             WHERE sequence IN (SELECT value FROM json_each(?))",
            vec![integer(due_at.milliseconds()), sequences(messages)?],
        )
    }

    /// Drops what is beyond its time, a bounded number of rows at once.
    pub fn purge(&self, now: Timestamp) -> Result<()> {
        let before =
            |seconds: i64| integer(now.plus_seconds(seconds.saturating_neg()).milliseconds());
        self.sqlite.run(
            "DELETE FROM inbox WHERE (gateway, event_id) IN (SELECT gateway, event_id FROM inbox \
             WHERE received_at < ? LIMIT 500)",
            vec![before(INBOX_KEPT_SECONDS)],
        )?;
        self.sqlite.run(
            "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency \
             WHERE created_at < ? LIMIT 500)",
            vec![before(IDEMPOTENCY_KEPT_SECONDS)],
        )?;
        self.sqlite.run(
            "DELETE FROM movement_requests WHERE key IN (SELECT key FROM movement_requests \
             WHERE created_at < ? LIMIT 500)",
            vec![before(MOVEMENTS_KEPT_SECONDS)],
        )
    }
}

fn sequences(messages: &[OwedMessage]) -> Result<Value> {
    let sequences: Vec<i64> = messages.iter().map(|message| message.sequence).collect();
    Ok(text(serde_json::to_string(&sequences)?))
}

fn unreadable(table: &str) {
    log::event(Level::Error, "storage.row_unreadable", serde_json::json!({ "table": table }));
}

fn malformed(what: &str) -> Error {
    Error::RustError(format!("malformed {what} in storage"))
}

//! An object's storage: real SQLite in memory, with the platform's turns. Whatever an object writes between
//! two waits is one commit, and the alarm belongs to it.

use std::cell::Cell;

use cartwright::domain::time::Timestamp;
use cartwright::runtime::native::ObjectStorage;
use cartwright::runtime::sqlite::Value;
use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Statement, params_from_iter};

use super::lent::Lent;

pub struct Storage {
    connection: Lent,
    in_turn: Cell<bool>,
    /// Whether this turn wrote, or tried to.
    wrote: Cell<bool>,
    /// When the alarm rings, as it is committed.
    alarm: Cell<Option<i64>>,
    /// As this turn leaves it.
    alarm_of_turn: Cell<Option<i64>>,
    /// An alarm that is being handled: it rings again if the handler dies.
    pub ringing: Cell<Option<i64>>,
    /// The handler of an alarm came to its end in this turn. The alarm is done with once that is committed.
    pub handled: Cell<bool>,
    /// The alarm that the world looks forward to.
    pub expected: Cell<Option<i64>>,
    /// A statement of this turn that writes fails, as a full disk makes it fail, after so many that did not.
    pub refuses_after: Cell<Option<u64>>,
}

impl Storage {
    pub fn new(connection: Lent) -> Self {
        Self {
            connection,
            in_turn: Cell::new(false),
            wrote: Cell::new(false),
            alarm: Cell::new(None),
            alarm_of_turn: Cell::new(None),
            ringing: Cell::new(None),
            handled: Cell::new(false),
            expected: Cell::new(None),
            refuses_after: Cell::new(None),
        }
    }

    /// The database as bytes, and the alarm.
    pub fn bytes(&self) -> (Vec<u8>, Option<i64>) {
        (self.connection.bytes(), self.alarm.get())
    }

    pub fn alarm(&self) -> Option<i64> {
        self.alarm.get()
    }

    pub fn put_alarm(&self, at: Option<i64>) {
        self.alarm.set(at);
        self.alarm_of_turn.set(at);
    }

    fn begin(&self) -> Result<(), String> {
        if !self.in_turn.replace(true) {
            self.alarm_of_turn.set(self.alarm.get());
            self.connection.begin_part()?;
        }
        Ok(())
    }

    /// Statements that make what is not there yet.
    fn batch(&self, sql: &str) -> Result<(), String> {
        let schema = self.schema_version()?;
        self.connection.execute_batch(sql).map_err(|error| error.to_string())?;
        if self.schema_version()? != schema {
            self.wrote.set(true);
        }
        Ok(())
    }

    fn schema_version(&self) -> Result<i64, String> {
        let version = self.connection.pragma_query_value(None, "schema_version", |row| row.get(0));
        version.map_err(|error| error.to_string())
    }

    /// Whether the turn has anything to commit.
    pub fn has_written(&self) -> bool {
        self.in_turn.get() && (self.alarm_of_turn.get() != self.alarm.get() || self.wrote.get())
    }

    /// Ends the turn, for good or as if it had not been.
    pub fn end_turn(&self, kept: bool) {
        if self.handled.replace(false) && kept {
            self.ringing.set(None);
            self.expected.set(None);
        }
        if !self.in_turn.replace(false) {
            return;
        }
        self.refuses_after.set(None);
        self.wrote.set(false);
        self.connection.end_part(kept).unwrap();
        if kept {
            self.alarm.set(self.alarm_of_turn.get());
        }
    }

    /// How many rows were ever changed, whether that was kept or not.
    pub fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Changes what is committed, as nobody may: for whoever tries whether that shows.
    pub fn alter(&self, sql: &str) {
        assert!(!self.in_turn.get(), "a change from outside within a turn");
        self.connection.execute_batch(sql).unwrap();
    }

    /// What is committed, for whoever looks from outside.
    pub fn look(&self, sql: &str) -> Vec<Vec<Value>> {
        assert!(!self.in_turn.get(), "a look from outside within a turn");
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        all(&mut statement, Vec::new()).unwrap()
    }
}

fn bound(value: Value) -> Stored {
    match value {
        Value::Null => Stored::Null,
        Value::Boolean(yes) => Stored::Integer(yes.into()),
        Value::Integer(integer) => Stored::Integer(integer),
        Value::Float(float) => Stored::Real(float),
        Value::String(text) => Stored::Text(text),
        Value::Blob(bytes) => Stored::Blob(bytes),
    }
}

fn read(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(float) => Value::Float(float),
        ValueRef::Text(text) => Value::String(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn all(statement: &mut Statement<'_>, parameters: Vec<Value>) -> rusqlite::Result<Vec<Vec<Value>>> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(parameters.into_iter().map(bound)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(
            (0..columns).map(|at| Ok(read(row.get_ref(at)?))).collect::<rusqlite::Result<_>>()?,
        );
    }
    Ok(found)
}

impl ObjectStorage for Storage {
    fn rows(
        &self,
        statement: &'static str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, String> {
        self.begin()?;
        if parameters.is_empty() && statement.trim_end().trim_end_matches(';').contains(';') {
            return self.batch(statement).map(|()| Vec::new());
        }
        let mut prepared =
            self.connection.prepare_cached(statement).map_err(|error| error.to_string())?;
        if !prepared.readonly() {
            self.wrote.set(true);
            let others = self.refuses_after.get();
            self.refuses_after.set(others.and_then(|others| others.checked_sub(1)));
            if others == Some(0) {
                return Err("database or disk is full".to_owned());
            }
        }
        all(&mut prepared, parameters).map_err(|error| error.to_string())
    }

    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), String>) -> Result<(), String> {
        self.begin()?;
        let alarm = self.alarm_of_turn.get();
        self.connection.once("SAVEPOINT together")?;
        let outcome = body();
        if outcome.is_err() {
            self.connection.once("ROLLBACK TO together")?;
            self.alarm_of_turn.set(alarm);
        }
        self.connection.once("RELEASE together")?;
        outcome
    }

    fn set_alarm(&self, at: Timestamp) -> Result<(), String> {
        self.begin()?;
        self.alarm_of_turn.set(Some(at.milliseconds()));
        Ok(())
    }
}

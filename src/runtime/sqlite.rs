//! A Durable Object's SQLite: statements, rows, transactions, and its one alarm.
//!
//! A throw does not undo earlier statements of the same turn, so everything that belongs together
//! goes through [`Sqlite::transaction`], which binds the platform's `transactionSync` (the `worker`
//! crate has none).

use std::cell::Cell;

use wasm_bindgen::prelude::*;
use worker::{Error, Result, SqlStorageValue, State};

use crate::domain::time::Timestamp;

#[wasm_bindgen]
extern "C" {
    /// The object's storage, for what the `worker` crate does not bind.
    #[wasm_bindgen(extends = js_sys::Object)]
    type SynchronousStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &SynchronousStorage,
        body: &mut dyn FnMut() -> std::result::Result<(), JsValue>,
    ) -> std::result::Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    fn set_alarm(
        this: &SynchronousStorage,
        scheduled_time: f64,
    ) -> std::result::Result<js_sys::Promise, JsValue>;
}

/// The SQLite database and alarm of one object.
pub struct Sqlite {
    storage: SynchronousStorage,
    sql: worker::SqlStorage,
    armed_for: Cell<Option<Timestamp>>,
}

/// One value of a row or a parameter.
pub type Value = SqlStorageValue;

/// A parameter of text.
#[must_use]
pub fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}

/// A parameter of an integer; beyond 2^53 it would be changed on the way, so it is held there.
#[must_use]
pub fn integer(value: i64) -> Value {
    const LIMIT: i64 = 9_007_199_254_740_991;
    Value::Integer(value.clamp(-LIMIT, LIMIT))
}

/// A parameter of a moment, or NULL.
#[must_use]
pub fn moment(value: Option<Timestamp>) -> Value {
    value.map_or(Value::Null, |at| integer(at.milliseconds()))
}

/// A row, read by position.
pub struct Row(Vec<Value>);

impl Row {
    /// The text in this column.
    ///
    /// # Errors
    /// When the column is missing or not text.
    pub fn text(&self, column: usize) -> Result<&str> {
        match self.0.get(column) {
            Some(Value::String(value)) => Ok(value),
            _ => Err(Error::RustError(format!("column {column} is not text"))),
        }
    }

    /// The text in this column, or none where it is NULL.
    #[must_use]
    pub fn optional_text(&self, column: usize) -> Option<&str> {
        match self.0.get(column) {
            Some(Value::String(value)) => Some(value),
            _ => None,
        }
    }

    /// The integer in this column.
    ///
    /// # Errors
    /// When the column is missing or not a whole number.
    pub fn integer(&self, column: usize) -> Result<i64> {
        match self.0.get(column) {
            Some(Value::Integer(value)) => Ok(*value),
            Some(Value::Float(value)) => Ok(whole(*value)),
            _ => Err(Error::RustError(format!("column {column} is not an integer"))),
        }
    }

    /// The moment in this column, or none where it is NULL.
    #[must_use]
    pub fn moment(&self, column: usize) -> Option<Timestamp> {
        self.integer(column).ok().map(Timestamp::from_milliseconds)
    }
}

#[expect(
    clippy::as_conversions,
    reason = "numbers of SQLite arrive as f64 and are whole within 2^53; `as` saturates beyond"
)]
const fn whole(value: f64) -> i64 {
    value as i64
}

#[expect(clippy::as_conversions, reason = "a time in milliseconds is far below 2^53")]
const fn as_number(at: Timestamp) -> f64 {
    at.milliseconds() as f64
}

impl Sqlite {
    /// Opens the object's storage and runs its schema, whose statements are `IF NOT EXISTS`.
    ///
    /// # Errors
    /// When the schema can't be applied.
    pub fn open(state: &State, schema: &str) -> Result<Self> {
        let storage = state.storage();
        let raw: &JsValue = storage.as_raw().as_ref();
        let sqlite = Self {
            storage: raw.clone().unchecked_into(),
            sql: storage.sql(),
            armed_for: Cell::new(None),
        };
        sqlite.sql.exec(schema, None)?;
        Ok(sqlite)
    }

    /// Runs a statement whose rows nobody reads.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn run(&self, statement: &str, parameters: Vec<Value>) -> Result<()> {
        self.sql.exec(statement, parameters).map(|_| ())
    }

    /// Runs a query and reads every row.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn rows(&self, query: &str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        self.sql.exec(query, parameters)?.raw().map(|row| row.map(Row)).collect()
    }

    /// Runs a query and reads its first row, if it has one.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn row(&self, query: &str, parameters: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.rows(query, parameters)?.into_iter().next())
    }

    /// Runs `body` so that all of its statements happen or none does.
    ///
    /// # Errors
    /// What `body` returned, after everything it wrote was rolled back.
    pub fn transaction<T>(&self, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let mut body = Some(body);
        let mut result = None;
        let outcome = self.storage.transaction_sync(&mut || {
            let Some(body) = body.take() else {
                return Err(JsValue::from_str("a transaction body runs once"));
            };
            match body() {
                Ok(value) => {
                    result = Some(value);
                    Ok(())
                }
                Err(error) => Err(JsValue::from_str(&error.to_string())),
            }
        });
        outcome.map_err(Error::from)?;
        result.ok_or_else(|| Error::RustError("the transaction did not run".to_owned()))
    }

    /// Makes sure that the alarm rings at `at` or earlier.
    ///
    /// The first call after the object started sets the alarm anew: the caller passes the earliest
    /// moment that any of its rows wants, so nothing that was set before is lost.
    ///
    /// # Errors
    /// When the platform refuses the alarm.
    pub fn arm(&self, at: Timestamp) -> Result<()> {
        if self.armed_for.get().is_some_and(|armed| armed <= at) {
            return Ok(());
        }
        // A failure resets the object, as for any write.
        let _settles_with_the_turn = self.storage.set_alarm(as_number(at)).map_err(Error::from)?;
        self.armed_for.set(Some(at));
        Ok(())
    }

    /// Whether the alarm was set since the object started or since it last rang.
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        self.armed_for.get().is_some()
    }

    /// Notes that the alarm rang.
    pub fn disarm(&self) {
        self.armed_for.set(None);
    }
}

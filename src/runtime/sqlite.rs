//! A Durable Object's SQLite: statements, rows, transactions, and its one alarm.
//!
//! A throw does not undo earlier statements of the same turn, so everything that belongs together
//! goes through [`Sqlite::transaction`], which binds the platform's `transactionSync` (the `worker`
//! crate has none).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use js_sys::{Array, JsString, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Error, Result, SqlStorageValue, State};

use super::clock::on_the_platform;
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

    #[wasm_bindgen(method, getter)]
    fn sql(this: &SynchronousStorage) -> Statements;

    /// `storage.sql`. Bound here so that a statement's text crosses to JavaScript once, not at every
    /// use, and so that all rows of an answer come back in one crossing.
    #[wasm_bindgen(extends = js_sys::Object)]
    type Statements;

    #[wasm_bindgen(method, catch, variadic)]
    fn exec(
        this: &Statements,
        statement: &JsString,
        parameters: &Array,
    ) -> std::result::Result<Cursor, JsValue>;

    /// What a statement answers.
    #[wasm_bindgen(extends = js_sys::Object)]
    type Cursor;

    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> std::result::Result<js_sys::Object, JsValue>;
}

thread_local! {
    /// Statements as JavaScript holds them, by where their text is in the program.
    static TEXTS: RefCell<HashMap<(*const u8, usize), JsString>> = RefCell::new(HashMap::new());
}

fn in_javascript(statement: &'static str) -> JsString {
    TEXTS.with_borrow_mut(|texts| {
        let place = (statement.as_ptr(), statement.len());
        texts.entry(place).or_insert_with(|| JsString::from(statement)).clone()
    })
}

/// The SQLite database and alarm of one object.
pub struct Sqlite {
    storage: SynchronousStorage,
    statements: Statements,
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
pub struct Row(Array);

impl Row {
    fn value(&self, column: u32) -> JsValue {
        self.0.get(column)
    }

    /// The text in this column.
    ///
    /// # Errors
    /// When the column is missing or not text.
    pub fn text(&self, column: u32) -> Result<String> {
        let value = self.value(column).as_string();
        value.ok_or_else(|| Error::RustError(format!("column {column} is not text")))
    }

    /// The text in this column, or none where it is NULL.
    #[must_use]
    pub fn optional_text(&self, column: u32) -> Option<String> {
        self.value(column).as_string()
    }

    /// The bytes in this column.
    ///
    /// # Errors
    /// When the column is missing or not a blob.
    pub fn bytes(&self, column: u32) -> Result<Vec<u8>> {
        let value = self.value(column);
        if value.is_instance_of::<js_sys::ArrayBuffer>() || value.is_instance_of::<Uint8Array>() {
            return Ok(Uint8Array::new(&value).to_vec());
        }
        Err(Error::RustError(format!("column {column} is not a blob")))
    }

    /// The integer in this column.
    ///
    /// # Errors
    /// When the column is missing or not a whole number.
    pub fn integer(&self, column: u32) -> Result<i64> {
        let value = self.value(column).as_f64().map(whole);
        value.ok_or_else(|| Error::RustError(format!("column {column} is not an integer")))
    }

    /// The moment in this column, or none where it is NULL.
    #[must_use]
    pub fn moment(&self, column: u32) -> Option<Timestamp> {
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
    pub fn open(state: &State, schema: &'static str) -> Result<Self> {
        let storage = state.storage();
        let raw: &JsValue = storage.as_raw().as_ref();
        let storage: SynchronousStorage = raw.clone().unchecked_into();
        let statements = storage.sql();
        let sqlite = Self { storage, statements, armed_for: Cell::new(None) };
        sqlite.run(schema, vec![])?;
        Ok(sqlite)
    }

    fn exec(&self, statement: &'static str, parameters: Vec<Value>) -> Result<Cursor> {
        let values: Array = parameters.into_iter().map(JsValue::from).collect();
        self.statements.exec(&in_javascript(statement), &values).map_err(Error::from)
    }

    /// Runs a statement whose rows nobody reads.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn run(&self, statement: &'static str, parameters: Vec<Value>) -> Result<()> {
        self.exec(statement, parameters).map(|_| ())
    }

    /// Runs a query and reads every row.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn rows(&self, query: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let rows = self.exec(query, parameters)?.raw().map_err(Error::from)?;
        Ok(Array::from(&rows).iter().map(|row| Row(row.unchecked_into())).collect())
    }

    /// Runs a query and reads its first row, if it has one.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn row(&self, query: &'static str, parameters: Vec<Value>) -> Result<Option<Row>> {
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
        if outcome.is_err() {
            // An alarm that was set inside is rolled back as well.
            self.armed_for.set(None);
        }
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
        let _settles_with_the_turn =
            self.storage.set_alarm(as_number(on_the_platform(at))).map_err(Error::from)?;
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

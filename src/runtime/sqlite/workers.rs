//! An object's storage on the platform: bound here so that a statement's text crosses to JavaScript once,
//! not at every use, and so that all rows of an answer come back in one crossing. The `worker` crate has no
//! `transactionSync`.

use js_sys::{Array, JsString, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::{Error, Result, State};

use super::Value;
use crate::domain::time::Timestamp;
use crate::runtime::constant_text::in_javascript;

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

/// The object's storage.
pub struct Storage {
    storage: SynchronousStorage,
    statements: Statements,
}

impl Storage {
    /// That of the object with this state.
    pub fn of(state: &State) -> Self {
        let storage = state.storage();
        let raw: &JsValue = storage.as_raw().as_ref();
        let storage: SynchronousStorage = raw.clone().unchecked_into();
        let statements = storage.sql();
        Self { storage, statements }
    }

    fn exec(&self, statement: &'static str, parameters: Vec<Value>) -> Result<Cursor> {
        let values: Array = parameters.into_iter().map(JsValue::from).collect();
        self.statements.exec(&in_javascript(statement), &values).map_err(Error::from)
    }

    /// Runs a statement whose rows nobody reads.
    pub fn run(&self, statement: &'static str, parameters: Vec<Value>) -> Result<()> {
        self.exec(statement, parameters).map(|_| ())
    }

    /// Runs a query and reads every row.
    pub fn rows(&self, query: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let rows = self.exec(query, parameters)?.raw().map_err(Error::from)?;
        Ok(Array::from(&rows).iter().map(|row| Row(row.unchecked_into())).collect())
    }

    /// Keeps what `body` wrote, or none of it if it fails.
    pub fn transaction(&self, body: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let outcome = self.storage.transaction_sync(&mut || {
            body().map_err(|error| JsValue::from_str(&error.to_string()))
        });
        outcome.map(|_| ()).map_err(Error::from)
    }

    /// Sets the alarm in place of the one that was set.
    pub fn set_alarm(&self, at: Timestamp) -> Result<()> {
        // A failure resets the object, as for any write.
        let _settles_with_the_turn = self.storage.set_alarm(as_number(at)).map_err(Error::from)?;
        Ok(())
    }
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

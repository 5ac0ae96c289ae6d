//! An object's storage where there is no platform: whoever runs the object natively provides it.

use std::rc::Rc;

use worker::{Error, Result};

use super::Value;
use crate::domain::time::Timestamp;
use crate::runtime::native::ObjectStorage;

/// The object's storage.
pub struct Storage(pub(in crate::runtime) Rc<dyn ObjectStorage>);

impl Storage {
    /// Runs a statement whose rows nobody reads.
    pub fn run(&self, statement: &'static str, parameters: Vec<Value>) -> Result<()> {
        self.rows(statement, parameters).map(|_| ())
    }

    /// Runs a query and reads every row.
    pub fn rows(&self, query: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let rows = self.0.rows(query, parameters).map_err(Error::RustError)?;
        Ok(rows.into_iter().map(Row).collect())
    }

    /// Keeps what `body` wrote, or none of it if it fails.
    pub fn transaction(&self, body: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut body = || body().map_err(|error| error.to_string());
        self.0.transaction(&mut body).map_err(Error::RustError)
    }

    /// Sets the alarm in place of the one that was set.
    pub fn set_alarm(&self, at: Timestamp) -> Result<()> {
        self.0.set_alarm(at).map_err(Error::RustError)
    }
}

/// A row, read by position.
pub struct Row(Vec<Value>);

impl Row {
    fn value(&self, column: u32) -> Option<&Value> {
        self.0.get(usize::try_from(column).ok()?)
    }

    /// The text in this column.
    ///
    /// # Errors
    /// When the column is missing or not text.
    pub fn text(&self, column: u32) -> Result<String> {
        let text = self.optional_text(column);
        text.ok_or_else(|| Error::RustError(format!("column {column} is not text")))
    }

    /// The text in this column, or none where it is NULL.
    #[must_use]
    pub fn optional_text(&self, column: u32) -> Option<String> {
        match self.value(column) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// The bytes in this column.
    ///
    /// # Errors
    /// When the column is missing or not a blob.
    pub fn bytes(&self, column: u32) -> Result<Vec<u8>> {
        match self.value(column) {
            Some(Value::Blob(bytes)) => Ok(bytes.clone()),
            _ => Err(Error::RustError(format!("column {column} is not a blob"))),
        }
    }

    /// The integer in this column.
    ///
    /// # Errors
    /// When the column is missing or not a whole number.
    pub fn integer(&self, column: u32) -> Result<i64> {
        match self.value(column) {
            Some(Value::Integer(integer)) => Ok(*integer),
            _ => Err(Error::RustError(format!("column {column} is not an integer"))),
        }
    }

    /// The moment in this column, or none where it is NULL.
    #[must_use]
    pub fn moment(&self, column: u32) -> Option<Timestamp> {
        self.integer(column).ok().map(Timestamp::from_milliseconds)
    }
}

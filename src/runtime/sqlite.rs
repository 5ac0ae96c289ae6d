//! A Durable Object's SQLite: statements, rows, transactions, and its one alarm.
//!
//! A throw does not undo earlier statements of the same turn, so everything that belongs together
//! goes through [`Sqlite::transaction`].

use std::cell::Cell;

use worker::{Error, Result, SqlStorageValue};

use super::clock::on_the_platform;
use super::place::Place;
use crate::domain::time::Timestamp;

#[cfg(not(target_arch = "wasm32"))]
pub(super) mod native;
#[cfg(target_arch = "wasm32")]
pub(super) mod workers;

#[cfg(not(target_arch = "wasm32"))]
pub use native::Row;
#[cfg(not(target_arch = "wasm32"))]
pub(super) use native::Storage;
#[cfg(target_arch = "wasm32")]
pub use workers::Row;
#[cfg(target_arch = "wasm32")]
pub(super) use workers::Storage;

/// The SQLite database and alarm of one object.
pub struct Sqlite {
    storage: std::rc::Rc<Storage>,
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

impl Sqlite {
    /// Opens the object's storage and runs its schema, whose statements are `IF NOT EXISTS`.
    ///
    /// # Errors
    /// When the schema can't be applied.
    pub fn open(place: &Place, schema: &'static str) -> Result<Self> {
        let sqlite = Self { storage: place.storage(), armed_for: Cell::new(None) };
        sqlite.run(schema, vec![])?;
        Ok(sqlite)
    }

    /// Runs a statement whose rows nobody reads.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn run(&self, statement: &'static str, parameters: Vec<Value>) -> Result<()> {
        self.storage.run(statement, parameters)
    }

    /// Runs a query and reads every row.
    ///
    /// # Errors
    /// When SQLite refuses it.
    pub fn rows(&self, query: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        self.storage.rows(query, parameters)
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
        let outcome = self.storage.transaction(&mut || {
            let Some(body) = body.take() else {
                return Err(Error::RustError("a transaction body runs once".to_owned()));
            };
            result = Some(body()?);
            Ok(())
        });
        if outcome.is_err() {
            // An alarm that was set inside is rolled back as well.
            self.armed_for.set(None);
        }
        outcome?;
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
        self.storage.set_alarm(on_the_platform(at))?;
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

//! What the program needs of the platform where there is none: whoever runs it natively, such as the
//! simulation of `tests/simulation`, implements this and installs it for its thread. Everything else of
//! the program is the same code.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::log::Level;
use super::send::SendFailure;
use super::sqlite::Value;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{HttpReply, HttpRequest};

/// The platform as the program sees it.
pub trait NativePlatform {
    /// The time.
    fn now(&self) -> Timestamp;

    /// An identity that no one has.
    fn fresh_uuid(&self) -> Uuid;

    /// A variable of the deployment.
    fn variable(&self, name: &str) -> Option<String>;

    /// Begins work that goes on by itself.
    fn spawn(&self, work: LocalBoxFuture<'static, ()>);

    /// Waits.
    fn pause(&self, milliseconds: u64) -> LocalBoxFuture<'static, ()>;

    /// Asks the object of this name, and gives what it answered. Without a body it is asked what it tells
    /// where the program looks. An error is what the platform said.
    fn ask_object(
        &self,
        binding: &'static str,
        name: &str,
        body: Option<&str>,
    ) -> LocalBoxFuture<'static, Result<String, String>>;

    /// Sends a request to another's server.
    fn send(&self, request: HttpRequest)
    -> LocalBoxFuture<'static, Result<HttpReply, SendFailure>>;

    /// Hands messages to the queue, all of them or none.
    fn enqueue(&self, messages: Vec<String>) -> LocalBoxFuture<'static, Result<(), String>>;

    /// Runs statements of the database, all of them or none.
    fn database(
        &self,
        statements: Vec<NativeStatement>,
    ) -> LocalBoxFuture<'static, Result<Vec<NativeRows>, String>>;

    /// Whether one more request under this name fits a limit.
    fn is_within_limit(&self, limiter: &'static str, name: &str) -> bool;

    /// A line of the log, as JSON.
    fn log(&self, level: Level, line: &str);
}

/// A statement of the database with its parameters.
#[derive(Debug, Clone)]
pub struct NativeStatement {
    /// The text.
    pub sql: &'static str,
    /// In the order of their marks.
    pub parameters: Vec<Value>,
}

/// What a statement of the database came to.
#[derive(Debug, Clone, Default)]
pub struct NativeRows {
    /// The rows, a value under each column's name.
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
    /// How many rows it changed.
    pub changes: usize,
}

/// An object's storage.
pub trait ObjectStorage {
    /// Runs a statement, or several without parameters, and gives the rows of the last.
    ///
    /// # Errors
    /// What SQLite says.
    fn rows(
        &self,
        statement: &'static str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Vec<Value>>, String>;

    /// Runs `body`, and keeps what it wrote only if it succeeds.
    ///
    /// # Errors
    /// What `body` says, or SQLite.
    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), String>) -> Result<(), String>;

    /// Sets the alarm in place of the one that was set.
    ///
    /// # Errors
    /// What the platform says.
    fn set_alarm(&self, at: Timestamp) -> Result<(), String>;
}

thread_local! {
    static INSTALLED: RefCell<Option<Rc<dyn NativePlatform>>> = const { RefCell::new(None) };
}

/// Installs the platform of this thread, in place of the one before.
pub fn install(platform: Rc<dyn NativePlatform>) {
    INSTALLED.replace(Some(platform));
}

/// The platform of this thread, if one is installed.
#[must_use]
pub fn installed() -> Option<Rc<dyn NativePlatform>> {
    INSTALLED.with_borrow(Clone::clone)
}

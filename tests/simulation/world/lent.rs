//! Databases that the worlds of one shop play on, one world after another: what a world changes is undone at its
//! end, so the next one finds the shop as it stood, and every statement ready.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Mutex;
use std::thread;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;

/// What statements of one database are kept ready.
const KEPT_STATEMENTS: usize = 256;

/// A shop, and what of it.
pub type Key = (u64, &'static str, String);

static IDLE: Mutex<BTreeMap<Key, Vec<Connection>>> = Mutex::new(BTreeMap::new());

/// A database in memory: one's own, or one that goes back as it was.
pub struct Lent {
    /// There until the end.
    connection: Option<Connection>,
    key: Option<Key>,
}

fn opened(bytes: Option<&[u8]>) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.set_prepared_statement_cache_capacity(KEPT_STATEMENTS);
    // Else a statement that a partial index may answer is prepared anew each time that a value is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    if let Some(bytes) = bytes {
        connection.deserialize_read_exact("main", bytes, bytes.len(), false).unwrap();
    }
    connection
}

impl Lent {
    /// An empty one, for good.
    pub fn own() -> Self {
        Self { connection: Some(opened(None)), key: None }
    }

    /// One as these bytes say, for good.
    pub fn copy(bytes: &[u8]) -> Self {
        Self { connection: Some(opened(Some(bytes))), key: None }
    }

    /// One as these bytes say, to be given back. All that is done with it is one transaction, which is undone at the end.
    pub fn of(key: Key, bytes: &[u8]) -> Self {
        let idle = IDLE.lock().unwrap().get_mut(&key).and_then(Vec::pop);
        let connection = idle.unwrap_or_else(|| opened(Some(bytes)));
        connection.execute_batch("BEGIN").unwrap();
        Self { connection: Some(connection), key: Some(key) }
    }

    /// The database as bytes. Only a connection of one's own gives them, so a copy is made first.
    pub fn bytes(&self) -> Vec<u8> {
        let mut copy = Connection::open_in_memory().unwrap();
        let step = Backup::new(self, &mut copy).unwrap().step(-1).unwrap();
        assert!(step == StepResult::Done, "what is to be given back can't be copied");
        copy.serialize("main").unwrap().to_vec()
    }

    /// A statement without rows that is met again and again.
    pub fn once(&self, sql: &'static str) -> Result<(), String> {
        let prepared = self.prepare_cached(sql);
        prepared.and_then(|mut one| one.execute([])).map(drop).map_err(|error| error.to_string())
    }

    /// Begins a part that is kept or undone as a whole.
    pub fn begin_part(&self) -> Result<(), String> {
        self.once(if self.key.is_some() { "SAVEPOINT part" } else { "BEGIN" })
    }

    /// Ends it.
    pub fn end_part(&self, kept: bool) -> Result<(), String> {
        match (self.key.is_some(), kept) {
            (true, true) => self.once("RELEASE part"),
            (true, false) => {
                self.once("ROLLBACK TO part")?;
                self.once("RELEASE part")
            }
            (false, true) => self.once("COMMIT"),
            (false, false) => self.once("ROLLBACK"),
        }
    }
}

impl Deref for Lent {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().unwrap()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(connection), Some(key)) = (self.connection.take(), self.key.take()) else {
            return;
        };
        // A world that broke off leaves nothing to the next.
        if thread::panicking() || connection.execute_batch("ROLLBACK").is_err() {
            return;
        }
        IDLE.lock().unwrap().entry(key).or_default().push(connection);
    }
}

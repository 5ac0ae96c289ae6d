//! Structured log lines: one JSON object each, for machines to search.
//!
//! Fields are ids, codes, counts and durations. Never an address, an e-mail, a key, a token or a
//! body: callers pass nothing of the kind, and `tests/journey` greps the log for canaries.

use serde_json::{Map, Value, json};

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Ordinary.
    Info,
    /// Something was refused or put off.
    Warning,
    /// Something that should not happen.
    Error,
}

/// Writes one line: the event's name and its fields.
pub fn event(level: Level, name: &str, fields: Value) {
    let mut line = Map::new();
    let word = match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    line.insert("level".to_owned(), json!(word));
    line.insert("event".to_owned(), json!(name));
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    let text = Value::Object(line).to_string();
    match level {
        Level::Info => worker::console_log!("{}", text),
        Level::Warning => worker::console_warn!("{}", text),
        Level::Error => worker::console_error!("{}", text),
    }
}

//! Structured log lines: one JSON object each, for machines to search.
//!
//! Fields are ids, codes, counts and durations. Never an address, an e-mail, a key, a token or a
//! body: callers pass nothing of the kind, and `tests/journey` greps the log for canaries.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::time::Timestamp;

/// Answers that are counted have a line at most this often.
const COUNTED_EVERY_MILLISECONDS: i64 = 1_000;

/// How many answers there were since a moment.
type Tally = (u64, Timestamp);

thread_local! {
    /// By route and status.
    static COUNTED: RefCell<BTreeMap<(String, u16), Tally>> = const { RefCell::new(BTreeMap::new()) };
}

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
    write(level, &text);
}

#[cfg(target_arch = "wasm32")]
fn write(level: Level, line: &str) {
    match level {
        Level::Info => worker::console_log!("{}", line),
        Level::Warning => worker::console_warn!("{}", line),
        Level::Error => worker::console_error!("{}", line),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn write(level: Level, line: &str) {
    if let Some(platform) = super::native::installed() {
        platform.log(level, line);
    }
}

/// Counts an answer that is like thousands of others, such as what was remembered of a SKU's stock: it has
/// its place in a line a second and none of its own, which would cost as much as the answer.
pub fn count(route: &str, status: u16, now: Timestamp) {
    let due = COUNTED.with_borrow_mut(|counted| {
        let Some(tally) = counted.iter_mut().find(|((r, s), _)| r == route && *s == status) else {
            counted.insert((route.to_owned(), status), (0, now));
            return Some((1, now));
        };
        let (number, since) = tally.1;
        *number = number.saturating_add(1);
        if now.milliseconds_since(*since) < COUNTED_EVERY_MILLISECONDS {
            return None;
        }
        Some(std::mem::replace(tally.1, (0, now)))
    });
    if let Some((number, since)) = due {
        let since = now.milliseconds_since(since);
        let fields =
            json!({ "route": route, "status": status, "number": number, "during_ms": since });
        event(Level::Info, "requests", fields);
    }
}

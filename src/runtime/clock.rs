//! The clock and fresh identities.

use std::cell::Cell;

use crate::domain::time::Timestamp;
use uuid::Uuid;

thread_local! {
    /// How many seconds this isolate's clock is ahead of the platform's: 0 outside development.
    static AHEAD: Cell<i64> = const { Cell::new(0) };
}

/// Puts this isolate's clock ahead of the platform's, so that a test can look at a store as it will be
/// tomorrow.
pub fn put_ahead(seconds: i64) {
    AHEAD.set(seconds);
}

/// The time of the last I/O, which is what the platform's clock shows.
#[must_use]
pub fn now() -> Timestamp {
    let shown = i64::try_from(worker::Date::now().as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_milliseconds(shown).plus_seconds(AHEAD.get())
}

/// When the platform's clock shows what ours shows at a moment.
#[must_use]
pub fn on_the_platform(at: Timestamp) -> Timestamp {
    at.plus_seconds(AHEAD.get().saturating_neg())
}

/// A fresh version 7 UUID.
#[must_use]
pub fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

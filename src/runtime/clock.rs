//! The clock and fresh identities.

use crate::domain::time::Timestamp;
use uuid::Uuid;

/// The time of the last I/O, which is what the platform's clock shows.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_milliseconds(i64::try_from(worker::Date::now().as_millis()).unwrap_or(i64::MAX))
}

/// A fresh version 7 UUID.
#[must_use]
pub fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

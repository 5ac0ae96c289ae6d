//! The clock and fresh identities.

use std::cell::Cell;

use crate::domain::time::Timestamp;
use uuid::Uuid;

thread_local! {
    /// What this isolate's requests are called: chance, drawn once, and the number of the last one.
    static REQUESTS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
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
    platforms_now().plus_seconds(AHEAD.get())
}

#[cfg(target_arch = "wasm32")]
fn platforms_now() -> Timestamp {
    Timestamp::from_milliseconds(whole(js_sys::Date::now()))
}

#[cfg(not(target_arch = "wasm32"))]
fn platforms_now() -> Timestamp {
    super::native::installed().map_or_else(Timestamp::default, |platform| platform.now())
}

#[cfg(target_arch = "wasm32")]
#[expect(
    clippy::as_conversions,
    reason = "a time in milliseconds is whole and far below 2^53; `as` saturates beyond"
)]
const fn whole(milliseconds: f64) -> i64 {
    milliseconds as i64
}

/// When the platform's clock shows what ours shows at a moment.
#[must_use]
pub fn on_the_platform(at: Timestamp) -> Timestamp {
    at.plus_seconds(AHEAD.get().saturating_neg())
}

/// A fresh version 7 UUID.
#[must_use]
#[cfg(target_arch = "wasm32")]
pub fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

/// A fresh UUID: the native platform's, so that it can be the same again.
#[must_use]
#[cfg(not(target_arch = "wasm32"))]
pub fn fresh_uuid() -> Uuid {
    super::native::installed().map_or_else(Uuid::now_v7, |platform| platform.fresh_uuid())
}

/// A name for a request, which no other request has: `req_` and 32 hexadecimal digits. An isolate draws
/// half of it once and counts the other half, because a draw is a crossing to JavaScript.
#[must_use]
pub fn fresh_request_id() -> String {
    let (mut isolate, number) = REQUESTS.get();
    if isolate == 0 {
        isolate = fresh_uuid().as_u64_pair().1;
    }
    let number = number.wrapping_add(1);
    REQUESTS.set((isolate, number));
    format!("req_{isolate:016x}{number:016x}")
}

//! How many checkouts one isolate works on at once. What is beyond that is told to come again, at once and at
//! next to no cost, so that those who are in are served as fast as ever: a line that only grows serves nobody
//! in time, and an isolate has 128 MB for everybody.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::api::error::ApiError;
use crate::domain::time::Timestamp;

/// The most at once. Each holds some tens of kilobytes while its shard works; a gateway that takes a second
/// leaves room for as many in a second.
const AT_ONCE: usize = 1_000;

/// A checkout that never ended was abandoned by the platform, as it does when its buyer hangs up: nobody says
/// so, and its place is free again after this long.
const ABANDONED_AFTER_MILLISECONDS: i64 = 60_000;

/// When somebody who finds no place may come again.
const AGAIN_AFTER_SECONDS: u32 = 2;

/// Who is in, and since when.
#[derive(Default)]
struct Crowd {
    next: u64,
    since: BTreeMap<u64, Timestamp>,
}

impl Crowd {
    fn enter(&mut self, now: Timestamp) -> Option<u64> {
        if self.since.len() >= AT_ONCE {
            self.since
                .retain(|_, since| now.milliseconds_since(*since) < ABANDONED_AFTER_MILLISECONDS);
        }
        if self.since.len() >= AT_ONCE {
            return None;
        }
        let place = self.next;
        self.next = self.next.wrapping_add(1);
        self.since.insert(place, now);
        Some(place)
    }

    fn leave(&mut self, place: u64) {
        self.since.remove(&place);
    }
}

thread_local! {
    /// Of this isolate.
    static CROWD: RefCell<Crowd> = RefCell::default();
}

/// A place among those who are served, for as long as it lives.
pub struct Place(u64);

impl Drop for Place {
    fn drop(&mut self) {
        CROWD.with_borrow_mut(|crowd| crowd.leave(self.0));
    }
}

/// Takes a place.
///
/// # Errors
/// When there is none: the same request may be sent again in a moment.
pub fn enter(now: Timestamp) -> Result<Place, ApiError> {
    let place = CROWD.with_borrow_mut(|crowd| crowd.enter(now));
    let crowded =
        || ApiError::try_again(AGAIN_AFTER_SECONDS).caused_by("too many checkouts at once");
    place.map(Place).ok_or_else(crowded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_milliseconds(1_000_000);

    #[test]
    fn so_many_are_served_at_once_and_whoever_leaves_makes_room() {
        let mut places: Vec<Place> = (0..AT_ONCE).map(|_| enter(NOW).unwrap()).collect();
        let refused = enter(NOW).err().unwrap();
        assert_eq!(refused.code.status(), 503);
        assert!(
            refused.headers.iter().any(|(name, seconds)| *name == "retry-after" && seconds == "2")
        );
        places.pop();
        let place = enter(NOW).unwrap();
        assert!(enter(NOW).is_err());
        drop((place, places));
        assert!(enter(NOW).is_ok());
    }

    #[test]
    fn whoever_was_abandoned_keeps_nobody_out_for_long() {
        let mut crowd = Crowd::default();
        let later = NOW.plus_milliseconds(ABANDONED_AFTER_MILLISECONDS);
        for _ in 1..AT_ONCE {
            crowd.enter(NOW).unwrap();
        }
        crowd.enter(NOW.plus_milliseconds(1)).unwrap();
        assert_eq!(crowd.enter(later.plus_milliseconds(-1)), None);
        assert!(crowd.enter(later).is_some());
        assert_eq!(crowd.since.len(), 2);
    }
}

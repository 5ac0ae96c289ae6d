//! The stock that an isolate shows: what each SKU's object last told, for looks that need not be exact.
//!
//! An object that lives in the same isolate puts its counters here itself, right after each commit, so a
//! movement is seen at once. From an object that lives elsewhere they are good for a second or two; then
//! the object is asked again.
//!
//! Looks that must be exact share calls. Whoever looks draws a number, whoever calls an object draws one
//! too, and an answer is good for everybody who drew before the call began, never for those who came
//! after. Nobody waits for another request's call: the platform ties a promise to the request that made it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::cache::{Cache, Found, Lifetime};
use crate::domain::id::Sku;
use crate::domain::inventory::StockLevel;
use crate::domain::time::Timestamp;

/// SKUs that an isolate remembers.
const REMEMBERED_SKUS: usize = 10_000;
/// A number that is drawn here once and for all: order within an isolate, where the clock stands still.
pub type Number = u64;

/// Counters and when they were read.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The counters.
    pub level: Rc<StockLevel>,
    /// When the object had them.
    pub as_of: Timestamp,
}

/// What the board has of one SKU.
#[derive(Debug, Clone)]
struct Told {
    shown: Shown,
    /// The number of the call that was answered with it; 0 for what the object told by itself.
    number: Number,
}

/// Counters by SKU, and the calls under way.
struct Board {
    told: Cache<Sku, Told>,
    under_way: HashMap<Sku, Number>,
    last_number: Number,
}

impl Board {
    fn new(capacity: usize) -> Self {
        Self { told: Cache::new(capacity), under_way: HashMap::new(), last_number: 0 }
    }

    fn draw(&mut self) -> Number {
        self.last_number = self.last_number.saturating_add(1);
        self.last_number
    }

    fn look(&mut self, sku: &Sku, now: Timestamp, lease_milliseconds: i64) -> Found<Shown> {
        match self.told.get_leased(sku, now, lease_milliseconds) {
            Found::Fresh(told) => Found::Fresh(told.shown),
            Found::Stale(told) => Found::Stale(told.shown),
            Found::Missing => Found::Missing,
        }
    }

    fn told_since(&mut self, sku: &Sku, number: Number, now: Timestamp) -> Option<Shown> {
        match self.told.get(sku, now) {
            Found::Fresh(told) | Found::Stale(told) if told.number > number => Some(told.shown),
            _ => None,
        }
    }

    fn begin(&mut self, sku: &Sku) -> Number {
        let number = self.draw();
        self.under_way.insert(sku.clone(), number);
        number
    }

    fn end(&mut self, sku: &Sku, number: Number) {
        if self.under_way.get(sku) == Some(&number) {
            self.under_way.remove(sku);
        }
    }

    /// A call's answer takes longer than the object's own word: what is older than what is there does
    /// not replace it, as long as that is fresh.
    fn put(&mut self, sku: &Sku, told: Told, lifetime: Lifetime, now: Timestamp) {
        if let Found::Fresh(known) = self.told.get(sku, now)
            && known.shown.level.version > told.shown.level.version
        {
            return;
        }
        self.told.put(sku.clone(), told, lifetime, now);
    }
}

thread_local! {
    static BOARD: RefCell<Board> = RefCell::new(Board::new(REMEMBERED_SKUS));
}

/// A number that is higher than every one before.
#[must_use]
pub fn draw() -> Number {
    BOARD.with_borrow_mut(Board::draw)
}

/// What is shown of a SKU. For the time of the lease, one of those who find it stale is told so.
#[must_use]
pub fn look(sku: &Sku, now: Timestamp, lease_milliseconds: i64) -> Found<Shown> {
    BOARD.with_borrow_mut(|board| board.look(sku, now, lease_milliseconds))
}

/// What the object answered to a call that began after this number was drawn.
#[must_use]
pub fn told_since(sku: &Sku, number: Number, now: Timestamp) -> Option<Shown> {
    BOARD.with_borrow_mut(|board| board.told_since(sku, number, now))
}

/// Whether such a call is under way.
#[must_use]
pub fn is_asked_since(sku: &Sku, number: Number) -> bool {
    BOARD.with_borrow(|board| board.under_way.get(sku).is_some_and(|begun| *begun > number))
}

/// A call to a SKU's object: it is under way until this is dropped, however it ends.
pub struct Call<'a> {
    sku: &'a Sku,
    number: Number,
}

impl<'a> Call<'a> {
    /// It begins now.
    #[must_use]
    pub fn begin(sku: &'a Sku) -> Self {
        let number = BOARD.with_borrow_mut(|board| board.begin(sku));
        Self { sku, number }
    }

    /// Puts its answer on the board.
    pub fn answered(&self, shown: Shown, lifetime: Lifetime, now: Timestamp) {
        let told = Told { shown, number: self.number };
        BOARD.with_borrow_mut(|board| board.put(self.sku, told, lifetime, now));
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        BOARD.with_borrow_mut(|board| board.end(self.sku, self.number));
    }
}

/// Whether anybody here looked at a SKU lately: what nobody looks at need not be put up.
#[must_use]
pub fn is_shown(sku: &Sku, now: Timestamp) -> bool {
    BOARD.with_borrow_mut(|board| !matches!(board.told.get(sku, now), Found::Missing))
}

/// Puts up what an object has just committed.
pub fn put(sku: &Sku, shown: Shown, lifetime: Lifetime, now: Timestamp) {
    let told = Told { shown, number: 0 };
    BOARD.with_borrow_mut(|board| board.put(sku, told, lifetime, now));
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Lifetime = Lifetime { fresh_milliseconds: 1_000, stale_milliseconds: 60_000 };

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    fn told(version: i64, number: Number) -> Told {
        let level = Rc::new(StockLevel { version, ..StockLevel::stocked(5) });
        Told { shown: Shown { level, as_of: at(0) }, number }
    }

    fn version(found: &Found<Shown>) -> Option<i64> {
        match found {
            Found::Fresh(shown) | Found::Stale(shown) => Some(shown.level.version),
            Found::Missing => None,
        }
    }

    #[test]
    fn a_movement_is_seen_at_once_and_a_late_answer_does_not_undo_it() {
        let mut board = Board::new(10);
        let sku: Sku = "MUG".parse().unwrap();
        let call = board.begin(&sku);
        board.put(&sku, told(7, 0), LIFETIME, at(10));
        // The call was answered before the movement and arrives after it.
        board.put(&sku, told(6, call), LIFETIME, at(11));
        assert_eq!(version(&board.look(&sku, at(11), 500)), Some(7));
        board.put(&sku, told(7, call), LIFETIME, at(12));
        assert!(board.told_since(&sku, 0, at(12)).is_some());
        // An object that was put back to an earlier day is believed as soon as the memory is old.
        board.put(&sku, told(2, 0), LIFETIME, at(2_000));
        assert_eq!(version(&board.look(&sku, at(2_000), 500)), Some(2));
    }

    #[test]
    fn an_answer_is_good_for_those_who_asked_before_the_call_began() {
        let mut board = Board::new(10);
        let sku: Sku = "MUG".parse().unwrap();
        let early = board.draw();
        let call = board.begin(&sku);
        let late = board.draw();
        assert!(board.told_since(&sku, early, at(0)).is_none());
        board.put(&sku, told(1, call), LIFETIME, at(5));
        board.end(&sku, call);
        assert!(board.told_since(&sku, early, at(5)).is_some());
        assert!(board.told_since(&sku, late, at(5)).is_none());
        // The object's own word is no answer to a call: it is not yet known to be durable.
        board.put(&sku, told(2, 0), LIFETIME, at(6));
        assert!(board.told_since(&sku, early, at(6)).is_none());
    }

    #[test]
    fn a_call_that_began_later_stays_under_way_when_an_earlier_one_ends() {
        let mut board = Board::new(10);
        let sku: Sku = "MUG".parse().unwrap();
        let (first, second) = (board.begin(&sku), board.begin(&sku));
        board.end(&sku, first);
        assert_eq!(board.under_way.get(&sku), Some(&second));
        board.end(&sku, second);
        assert!(board.under_way.is_empty());
    }

    #[test]
    fn one_of_many_is_told_that_it_is_stale_and_nothing_is_shown_for_ever() {
        let mut board = Board::new(10);
        let sku: Sku = "MUG".parse().unwrap();
        board.put(&sku, told(1, 0), LIFETIME, at(0));
        assert!(matches!(board.look(&sku, at(999), 500), Found::Fresh(_)));
        assert!(matches!(board.look(&sku, at(1_000), 500), Found::Stale(_)));
        assert!(matches!(board.look(&sku, at(1_001), 500), Found::Fresh(_)));
        assert!(matches!(board.look(&sku, at(1_500), 500), Found::Stale(_)));
        assert!(matches!(board.look(&sku, at(61_000), 500), Found::Missing));
    }
}

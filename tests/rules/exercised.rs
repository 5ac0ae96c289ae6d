//! What a simulation exercised, counted: a world in which a thing never happens proves nothing of it.

use std::collections::BTreeMap;
use std::fmt;

/// How often each thing happened. What never happens proves nothing.
#[derive(Default)]
pub struct Exercised(BTreeMap<&'static str, u64>);

impl Exercised {
    pub fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// Everything that can happen did, many times.
    pub fn check(&self) {
        for what in EXPECTED {
            let times = self.0.get(what).copied().unwrap_or(0);
            assert!(times >= 20, "{what} happened {times} times: the simulation misses it");
        }
    }
}

impl fmt::Display for Exercised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, times)| writeln!(f, "{times:>9}  {what}"))
    }
}

const EXPECTED: &[&str] = &[
    "wrong amount reported",
    "money came late",
    "refund asked for",
    "refund refused",
    "money given back",
    "request lost",
    "request late",
    "answer lost",
    "answer late",
    "asked twice",
    "worker died",
    "alarm rang twice",
    "alarm was late",
    "clock went back",
    "a day passed at once",
    "list told late",
    "list told twice",
    "list passed over an older version",
    "units came back",
    "restocked",
    "channel order sold",
    "channel order short",
    "short order got its units",
    "set aside for a channel",
    "drawn on an allocation",
    "purchase received",
    "purchase ordered",
    "purchase closed or cancelled",
    "transfer shipped",
    "transfer received",
    "transfer closed or cancelled",
    "count approved",
    "count recorded or rejected",
    "document request lost",
    "document answer lost",
    "document request repeated",
    "document line refused",
    "time passed",
    "held",
    "committed",
    "released",
    "insufficient",
    "closed",
    "split over places",
    "back-ordered",
    "back-order filled",
    "change accepted",
    "change refused",
    "change repeated",
    "terms changed",
    "order paid",
    "order expired",
    "order cancelled",
    "order rejected",
    "paid without stock",
];

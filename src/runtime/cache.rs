//! What an isolate remembers: a bounded map whose entries grow stale.
//!
//! Two generations instead of a list of uses: when the young one is full the old one is dropped and
//! the young one becomes the old, and whatever is asked for while it is old becomes young again. So
//! what is in use stays, the size is bounded, and no operation looks at more than one entry.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use crate::domain::time::Timestamp;

/// How long an entry is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// For so long it is used without asking again.
    pub fresh_milliseconds: i64,
    /// For so much longer it may be used when asking again fails.
    pub stale_milliseconds: i64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<V> {
    /// Use it.
    Fresh(V),
    /// Ask again; use it if that fails.
    Stale(V),
    /// Ask.
    Missing,
}

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    fresh_until: Timestamp,
    usable_until: Timestamp,
}

/// A bounded map from keys to values that grow stale. Values are cloned out: keep them behind `Rc`.
#[derive(Debug)]
pub struct Cache<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
    generation: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// A map that holds at most about `capacity` entries.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let generation = capacity.div_euclid(2).max(1);
        Self { young: HashMap::new(), old: HashMap::new(), generation }
    }

    /// What is remembered under a key.
    pub fn get<Q>(&mut self, key: &Q, now: Timestamp) -> Found<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(entry) = self.young.get(key) {
            return entry.found(now);
        }
        let Some((key, entry)) = self.old.remove_entry(key) else {
            return Found::Missing;
        };
        let found = entry.found(now);
        if !matches!(found, Found::Missing) {
            self.keep(key, entry);
        }
        found
    }

    /// As [`Cache::get`], but whoever is told that an entry is stale has it to himself: for the time
    /// of the lease the others are told that it is fresh, so that one asks again and not all.
    pub fn get_leased<Q>(&mut self, key: &Q, now: Timestamp, lease_milliseconds: i64) -> Found<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let found = self.get(key, now);
        if matches!(found, Found::Stale(_))
            && let Some(entry) = self.young.get_mut(key)
        {
            entry.fresh_until = now.plus_milliseconds(lease_milliseconds);
        }
        found
    }

    /// Remembers a value under a key, in place of what was there.
    pub fn put(&mut self, key: K, value: V, lifetime: Lifetime, now: Timestamp) {
        let fresh_until = now.plus_milliseconds(lifetime.fresh_milliseconds);
        let usable_until = fresh_until.plus_milliseconds(lifetime.stale_milliseconds);
        self.old.remove(&key);
        self.keep(key, Entry { value, fresh_until, usable_until });
    }

    /// Forgets a key.
    pub fn forget<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.young.remove(key);
        self.old.remove(key);
    }

    fn keep(&mut self, key: K, entry: Entry<V>) {
        if self.young.len() >= self.generation && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }
}

impl<V: Clone> Entry<V> {
    fn found(&self, now: Timestamp) -> Found<V> {
        if now < self.fresh_until {
            Found::Fresh(self.value.clone())
        } else if now < self.usable_until {
            Found::Stale(self.value.clone())
        } else {
            Found::Missing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Lifetime = Lifetime { fresh_milliseconds: 10, stale_milliseconds: 100 };

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn an_entry_is_fresh_then_stale_then_gone() {
        let mut cache = Cache::new(10);
        cache.put("a", 1, LIFETIME, at(0));
        assert_eq!(cache.get("a", at(9)), Found::Fresh(1));
        assert_eq!(cache.get("a", at(10)), Found::Stale(1));
        assert_eq!(cache.get("a", at(109)), Found::Stale(1));
        assert_eq!(cache.get("a", at(110)), Found::Missing);
        assert_eq!(cache.get("b", at(0)), Found::Missing);
        cache.put("a", 2, LIFETIME, at(200));
        assert_eq!(cache.get("a", at(200)), Found::Fresh(2));
        cache.forget("a");
        assert_eq!(cache.get("a", at(200)), Found::Missing);
    }

    #[test]
    fn one_of_many_asks_again() {
        let mut cache = Cache::new(10);
        cache.put("a", 1, LIFETIME, at(0));
        assert_eq!(cache.get_leased("a", at(20), 5), Found::Stale(1));
        assert_eq!(cache.get_leased("a", at(24), 5), Found::Fresh(1));
        assert_eq!(cache.get_leased("a", at(25), 5), Found::Stale(1));
        assert_eq!(cache.get_leased("a", at(109), 500), Found::Stale(1));
        assert_eq!(cache.get_leased("a", at(110), 5), Found::Fresh(1));
        assert_eq!(cache.get_leased("b", at(0), 5), Found::Missing);
    }

    #[test]
    fn a_lifetime_of_zero_is_never_fresh() {
        let mut cache = Cache::new(10);
        let lifetime = Lifetime { fresh_milliseconds: 0, stale_milliseconds: 0 };
        cache.put("a", 1, lifetime, at(5));
        assert_eq!(cache.get("a", at(5)), Found::Missing);
    }

    #[test]
    fn what_is_in_use_outlives_a_flood_and_the_size_is_bounded() {
        let mut cache = Cache::new(100);
        cache.put(0, 0, LIFETIME, at(0));
        for key in 1..10_000 {
            cache.put(key, key, LIFETIME, at(0));
            assert_eq!(cache.get(&0, at(0)), Found::Fresh(0), "after {key}");
            assert!(cache.young.len() + cache.old.len() <= 100);
        }
        assert_eq!(cache.get(&1, at(0)), Found::Missing);
    }

    #[test]
    fn a_value_put_again_is_the_one_that_is_found() {
        let mut cache = Cache::new(2);
        cache.put("a", 1, LIFETIME, at(0));
        cache.put("b", 1, LIFETIME, at(0));
        cache.put("a", 2, LIFETIME, at(0));
        assert_eq!(cache.get("a", at(0)), Found::Fresh(2));
    }
}

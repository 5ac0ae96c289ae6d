//! I6: a key is one request's, and its answer never changes.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{Key, Rows};

/// Answers are kept for two days by a clock that a world may turn on by 25 hours in between.
const KEPT_MILLISECONDS: i64 = 22 * 3_600_000;

/// A key as it was seen last.
pub struct Seen {
    fingerprint: String,
    order: String,
    outcome: Option<String>,
    /// The last look at which it was not there yet.
    not_before: i64,
}

type Memory = BTreeMap<(&'static str, String, String), Seen>;

/// `before` is when was looked last.
pub fn stand(rows: &Rows, before: i64, memory: &mut Memory) {
    let mut asked_for = BTreeSet::new();
    for key in &rows.checkouts {
        let Key { key, order, .. } = key;
        assert!(rows.orders.contains_key(order), "I6: key {key} names {order}, which is not there");
        assert!(asked_for.insert(order), "I6: {order} was placed under two keys, one is {key}");
    }
    for key in &rows.movements {
        let Key { key, order, .. } = key;
        assert!(rows.orders.contains_key(order), "I6: key {key} moves money of {order}: not there");
    }
    compare("checkout", &rows.checkouts, (before, rows.now), memory);
    compare("movement", &rows.movements, (before, rows.now), memory);
}

fn compare(kind: &'static str, keys: &[Key], (before, now): (i64, i64), memory: &mut Memory) {
    let mut here = BTreeSet::new();
    for key in keys {
        let name = (kind, key.shard.clone(), key.key.clone());
        assert!(here.insert(name.clone()), "I6: {kind} key {} is there twice", key.key);
        if let Some(seen) = memory.get(&name) {
            let is_same = seen.order == key.order && seen.fingerprint == key.fingerprint;
            assert!(
                is_same,
                "I6: {kind} key {} was {}'s and is {}'s",
                key.key, seen.order, key.order
            );
            assert!(
                seen.outcome.is_none() || seen.outcome == key.outcome,
                "I6: the answer of {kind} key {} changed from {:?} to {:?}",
                key.key,
                seen.outcome,
                key.outcome
            );
        }
        let not_before = memory.get(&name).map_or(before, |seen| seen.not_before);
        memory.insert(
            name,
            Seen {
                fingerprint: key.fingerprint.clone(),
                order: key.order.clone(),
                outcome: key.outcome.clone(),
                not_before,
            },
        );
    }
    memory.retain(|name, seen| {
        let is_here = name.0 != kind || here.contains(name);
        let age = now - seen.not_before;
        assert!(
            is_here || age >= KEPT_MILLISECONDS,
            "I6: {kind} key {} of {} was forgotten after {} s",
            name.2,
            seen.order,
            age / 1_000
        );
        is_here
    });
}

//! I1 and I2: the units of a SKU, over all of the objects that have some of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::rows::{Rows, SKUS, StockObject, integer, json, list, number, text, word};
use crate::world::World;

const TOTALS: [&str; 7] = [
    "received",
    "adjusted",
    "transferred",
    "sold",
    "reserved",
    "back_ordered_held",
    "back_ordered_sold",
];
const PLACES: [&str; 4] = ["on_hand", "reserved", "damaged", "incoming"];

/// A ledger as far as it was read, and what its lines add up to.
#[derive(Default)]
pub struct Ledger {
    sequence: i64,
    hash: String,
    totals: BTreeMap<&'static str, i64>,
    places: BTreeMap<(String, &'static str), i64>,
    /// Units that came from other objects of the SKU, and those that went there, by what they are.
    spread: BTreeMap<&'static str, i64>,
    channels: BTreeMap<String, i64>,
    /// How many lines of each kind there are.
    pub kinds: BTreeMap<String, u64>,
}

impl Ledger {
    /// Reads the lines that came since, each of which must follow from the one before.
    fn read_on(&mut self, world: &World, object: &StockObject) {
        let name = &object.name;
        if self.hash.is_empty() {
            self.hash = "0".repeat(64);
        }
        let from = self.sequence;
        let query = format!(
            "SELECT sequence, entry, hash FROM ledger WHERE sequence > {from} ORDER BY sequence"
        );
        for row in world.look(SKUS, name, &query) {
            let (sequence, entry, hash) = (integer(&row[0]), text(&row[1]), text(&row[2]));
            let digest = Sha256::new().chain_update(&self.hash).chain_update(&entry).finalize();
            self.sequence += 1;
            let at = self.sequence;
            assert_eq!(sequence, at, "the ledger of {name} has line {sequence} in place of {at}");
            self.hash = hex::encode(digest);
            assert_eq!(hash, self.hash, "line {sequence} of {name} does not follow from before");
            self.add(name, &json(&entry));
        }
        let (at, head) = (self.sequence, object.ledger_sequence);
        assert_eq!(at, head, "the ledger of {name} ends at {at}, its head says {head}");
        assert_eq!(self.hash, object.ledger_hash, "the head of {name} has another hash");
    }

    fn add(&mut self, name: &str, entry: &Value) {
        let movement = &entry["movement"];
        let kind = word(movement, "kind");
        assert!(entry["opening"].is_null(), "{name} opens a ledger of before: none is here");
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        let of = |counter: &str| number(movement, counter);
        let supplied = of("on_hand") + of("sold") - of("back_ordered_sold");
        let to = match kind {
            "received" => "received",
            "transferred" => "transferred",
            _ => "adjusted",
        };
        *self.totals.entry(to).or_default() += supplied;
        *self.totals.entry("reserved").or_default() += of("reserved") + of("back_ordered_held");
        for counter in ["sold", "back_ordered_held", "back_ordered_sold"] {
            *self.totals.entry(counter).or_default() += of(counter);
        }
        if let Some(place) = movement["location"].as_str() {
            for counter in PLACES {
                *self.places.entry((place.to_owned(), counter)).or_default() += of(counter);
            }
        }
        if word(&entry["cause"], "kind") == "spread" {
            for counter in ["on_hand", "damaged"] {
                *self.spread.entry(counter).or_default() += of(counter);
            }
        }
        if let Some(channel) = movement["channel"].as_str() {
            *self.channels.entry(channel.to_owned()).or_default() += of("set_aside");
        }
    }
}

/// Everything of stock that must hold at any moment.
pub fn units_add_up(world: &World, rows: &Rows, ledgers: &mut BTreeMap<String, Ledger>) {
    for (sku, objects) in &rows.skus {
        if rows.changed.is_empty() && !objects.iter().any(|object| object.is_fresh) {
            continue;
        }
        for object in objects.iter().filter(|object| object.is_fresh) {
            let ledger = ledgers.entry(object.name.clone()).or_default();
            ledger.read_on(world, object);
            counters(object, ledger);
            claims(object);
        }
        the_whole(sku, objects, ledgers);
        orders(sku, objects, rows);
    }
}

/// The counters are what the lines of the ledger add up to, and no place has less than nothing.
fn counters(object: &StockObject, ledger: &Ledger) {
    let (name, level) = (&object.name, &object.level);
    for counter in TOTALS {
        let (own, lines) = (number(level, counter), ledger.totals.get(counter).copied());
        let lines = lines.unwrap_or(0);
        assert_eq!(own, lines, "I1: {name} has {own} {counter}, its ledger says {lines}");
    }
    let mut known = BTreeSet::new();
    for balance in list(level, "balances") {
        let place = word(balance, "location");
        known.insert(place);
        for counter in PLACES {
            let own = number(balance, counter);
            let lines = ledger.places.get(&(place.to_owned(), counter)).copied().unwrap_or(0);
            assert_eq!(own, lines, "I1: {name} has {own} {counter} at {place}, its ledger {lines}");
            assert!(own >= 0, "I1: {name} has {own} {counter} at {place}");
        }
        let (reserved, there) = (number(balance, "reserved"), number(balance, "on_hand"));
        assert!(reserved <= there, "I1: {name} reserves {reserved} of {there} at {place}");
    }
    for (place, counter) in ledger.places.keys().filter(|(place, _)| !known.contains(&**place)) {
        let lines = ledger.places[&(place.clone(), *counter)];
        assert_eq!(lines, 0, "I1: the ledger of {name} has {lines} {counter} at {place}");
    }
    for (channel, lines) in &ledger.channels {
        let own = number(&level["set_aside"], channel);
        assert_eq!(own, *lines, "{name} has {own} set aside for {channel}, its ledger {lines}");
        assert!(own >= 0, "{name} has {own} set aside for {channel}");
    }
}

/// I2: what claims hold is reserved, what they bought is sold.
fn claims(object: &StockObject) {
    let name = &object.name;
    for (state, counter) in [("held", "reserved"), ("committed", "sold")] {
        let of = object.claims.iter().filter(|claim| claim.state == state);
        let (claimed, own) =
            (of.map(|claim| claim.quantity).sum::<i64>(), number(&object.level, counter));
        assert_eq!(claimed, own, "I2: {name} has {own} {counter}, claims have {claimed} {state}");
    }
    for claim in &object.claims {
        let known = ["held", "committed", "released", "expired"].contains(&claim.state.as_str());
        let (order, state, units) = (&claim.order, &claim.state, claim.quantity);
        assert!(known && units >= 0, "I2: {order} has {units} {state} of {name}");
    }
}

/// Units that left one object and have not come to the other, by what they are.
fn under_way(objects: &[StockObject]) -> BTreeMap<&'static str, i64> {
    let mut units = BTreeMap::new();
    let main = objects.iter().find(|object| object.slice.is_none());
    let slice = |number| objects.iter().find(|object| object.slice == Some(number));
    let Some(main) = main else { return units };
    for (number_of, member) in &main.members {
        let own = slice(*number_of).and_then(|object| object.own.as_ref());
        let heard = own.map_or(0, |own| number(own, "taken"));
        let grant = &member["pending"];
        if number(grant, "number") > heard {
            let parts = list(grant, "parts").iter().map(|part| number(part, "quantity"));
            *units.entry("on_hand").or_default() += parts.sum::<i64>();
        }
        let back = own.map_or(&Value::Null, |own| &own["pending"]);
        if number(back, "number") > number(member, "taken") {
            for part in list(back, "parts") {
                *units.entry("on_hand").or_default() += number(part, "quantity");
                *units.entry("damaged").or_default() += number(part, "damaged");
            }
        }
    }
    units
}

/// I1 over all of a SKU's objects: nothing is sold that there never was.
fn the_whole(sku: &str, objects: &[StockObject], ledgers: &BTreeMap<String, Ledger>) {
    let all = |counter| objects.iter().map(|one| number(&one.level, counter)).sum::<i64>();
    let way = under_way(objects);
    for counter in ["on_hand", "damaged"] {
        let of = |one: &StockObject| ledgers[&one.name].spread.get(counter).copied().unwrap_or(0);
        let moved: i64 = objects.iter().map(of).sum();
        let way = way.get(counter).copied().unwrap_or(0);
        let lost = -(moved + way);
        assert_eq!(
            lost, 0,
            "I1: {lost} units ({counter}) of {sku} left an object and came to none"
        );
    }
    let supply = all("received") + all("adjusted") + all("transferred");
    let supply = supply + way.get("on_hand").copied().unwrap_or(0);
    let (sold, reserved) = (all("sold"), all("reserved"));
    let beyond = all("back_ordered_held") + all("back_ordered_sold");
    assert!(
        sold + reserved <= supply + beyond,
        "I1: {sku} is oversold: {supply} there ever were, {beyond} may be owed, {sold} are sold and \
         {reserved} reserved"
    );
    let owed = all("back_ordered_sold");
    assert!(sold <= supply + owed, "I1: {sold} of {sku} are sold, {supply} there ever were");
    let places = |one: &StockObject| {
        let terms = one.level["terms"]["locations"].as_object();
        terms
            .map_or(0, |terms| terms.values().map(|of| number(of, "back_order_limit")).sum::<i64>())
    };
    let limit = all("back_order_limit") + objects.iter().map(places).sum::<i64>();
    assert!(beyond <= limit, "I1: {beyond} of {sku} are promised beyond the shelf, {limit} may be");
}

/// Whoever has units of a SKU is an order that wants them, once.
fn orders(sku: &str, objects: &[StockObject], rows: &Rows) {
    let mut with_units = BTreeMap::new();
    for object in objects {
        for claim in &object.claims {
            let (id, units, name) = (&claim.order, claim.quantity, &object.name);
            let Some(order) = rows.orders.get(id) else {
                panic!("I2: {name} has {units} {} for {id}, which is not there", claim.state);
            };
            if !claim.has_units() {
                continue;
            }
            let wanted = order.units_wanted().get(sku).copied().unwrap_or(0);
            assert!(
                units <= wanted,
                "I2: {id} wants {wanted} of {sku}, and {name} has {units} of it"
            );
            let twice = with_units.insert(id, name);
            assert!(twice.is_none(), "I2: {id} has units of {sku} at {name} and at {twice:?}");
        }
    }
}

//! What is left when everything is at rest: no debts, no leaks; and what a world reached, counted.

use std::collections::BTreeMap;

use super::rows::{
    Claim, Order, Rows, SHARDS, SKUS, StockObject, has, integer, list, moment, word,
};
use super::stock::Ledger;
use crate::world::World;

/// How late an alarm may be before a debt counts as forgotten.
const LATE_MILLISECONDS: i64 = 120_000;

/// What says that a person was told that a payment's end is not known.
const DOUBTS: [&str; 3] = ["payment_unknown", "payment_refused", "payment_mismatch"];

pub fn nothing_is_owed(world: &World, rows: &Rows) {
    let queued = world.queued();
    assert_eq!(queued, 0, "I7: the queue came to rest with {queued} messages");
    for shard in world.objects(SHARDS) {
        if !has(world, SHARDS, &shard, "outbox") {
            continue;
        }
        let owed = world.look(SHARDS, &shard, "SELECT order_id, version FROM outbox");
        assert!(owed.is_empty(), "I7: shard {shard} came to rest and owes D1 {owed:?}");
        let wakes = rows.orders.values().filter(|order| order.shard == shard);
        if let Some(at) = wakes.filter_map(|order| order.wake_at).min() {
            alarm_serves(world, rows.now, SHARDS, &shard, at);
        }
    }
    for object in rows.skus.values().flatten() {
        let held = object.claims.iter().filter(|claim| claim.state == "held");
        if let Some(at) = held.map(|claim| claim.expires_at).min() {
            alarm_serves(world, rows.now, SKUS, &object.name, at);
        }
        for document in object.members.values().chain(&object.own) {
            let pending = &document["pending"];
            assert!(pending.is_null(), "I1: {} came to rest with {pending} under way", object.name);
        }
    }
    for (id, order) in &rows.orders {
        assert_ne!(order.status(), "placing", "{id} came to rest and is still being placed");
        operations_are_decided(world, rows.now, id, order);
    }
}

fn alarm_serves(world: &World, now: i64, binding: &'static str, name: &str, at: i64) {
    let late = now - at;
    assert!(
        late < LATE_MILLISECONDS,
        "{binding} {name} is {} s late with what is due",
        late / 1_000
    );
    let alarm = world.alarm(binding, name);
    assert!(
        alarm.is_some_and(|alarm| alarm <= at.max(now) + LATE_MILLISECONDS),
        "{binding} {name} has something to do at {at}, its alarm is {alarm:?}"
    );
}

/// Nothing is left without an answer, unless it is asked about at a known moment or a person was told.
fn operations_are_decided(world: &World, now: i64, id: &str, order: &Order) {
    for payment in order.payments() {
        for operation in list(payment, "operations") {
            let (kind, result) = (word(operation, "kind"), word(operation, "result"));
            if !["requested", "unknown"].contains(&result) {
                continue;
            }
            let told = order.is_flagged(&["payment_unknown"]);
            let asks = !payment["ask_again_at"].is_null() && moment(payment, "ask_again_at") > now;
            let waits = !operation["not_before"].is_null() && moment(operation, "not_before") > now;
            assert!(
                told || ((asks || waits) && order.wake_at.is_some()),
                "{id} came to rest with a {kind} that is {result}, and nobody is told"
            );
            let why = if told { "a person was told" } else { "it is asked about later" };
            world.note(format!("rest: a {kind} is {result}: {why}"));
        }
    }
}

/// Per order and SKU, what the SKU has is what the order has, and it is right for its state.
pub fn claims_are_the_orders(world: &World, rows: &Rows) {
    for (id, order) in &rows.orders {
        let kept = order.units_kept();
        for claim in list(&order.document, "claims") {
            let (sku, state) = (word(claim, "sku"), word(&claim["claim"], "state"));
            let found = claim_of(rows, sku, id);
            let there = found.map_or("nothing", |(_, found)| found.state.as_str());
            // Whether there is money nobody knows, and a person was told; the units went back meanwhile.
            let is_in_doubt = order.status() == "open" && order.is_flagged(&DOUBTS);
            match state {
                "held" if is_in_doubt && !order.is_secured() && there == "expired" => {
                    world.note("rest: units went back while an order's payment is in doubt");
                }
                "held" | "committed" => {
                    let units = found.filter(|(_, one)| one.state == state);
                    let units = units.map(|(_, one)| one.quantity);
                    let own = kept.get(sku).copied();
                    assert_eq!(
                        units,
                        own,
                        "I2: {id} ({}) has {own:?} of {sku} {state}, the SKU has {units:?} ({there})",
                        order.status()
                    );
                }
                _ => assert!(
                    !["held", "committed"].contains(&there),
                    "I2: {id} knows its claim on {sku} as {state}, the SKU as {there}"
                ),
            }
            right_for_its_state(world, id, order, sku, state);
        }
    }
    for (sku, objects) in &rows.skus {
        for claim in objects.iter().flat_map(|object| &object.claims) {
            let (order, now) = (&rows.orders[&claim.order], rows.now);
            if claim.state != "held" {
                continue;
            }
            let (id, units, status) = (&claim.order, claim.quantity, order.status());
            assert_eq!(status, "open", "I2: {sku} holds {units} for {id}, which is {status}");
            assert!(claim.expires_at > now, "I2: {sku} holds {units} for {id} beyond its time");
            assert!(!order.is_secured(), "I4: {sku} only holds the {units} that {id} has paid for");
            world.note("rest: units are held for an order that waits for its money");
        }
    }
}

fn claim_of<'a>(rows: &'a Rows, sku: &str, id: &str) -> Option<(&'a StockObject, &'a Claim)> {
    let objects = rows.skus.get(sku).into_iter().flatten();
    let all = objects.flat_map(|object| object.claims.iter().map(move |claim| (object, claim)));
    let mut own: Vec<_> = all.filter(|(_, claim)| claim.order == id).collect();
    own.sort_by_key(|(_, claim)| claim.has_units());
    own.pop()
}

/// I4: who has paid has the units, or a person was told; who was called off has none.
fn right_for_its_state(world: &World, id: &str, order: &Order, sku: &str, state: &str) {
    let status = order.status();
    if order.is_called_off() {
        let gave_back = ["released", "refused", "requested"].contains(&state);
        assert!(gave_back, "I2: {id} is {status} and has {sku} {state}");
        return;
    }
    if !order.is_secured() {
        // Its money was held, its units were sold to it, and the hold lapsed while another attempt's end is not
        // known: the units stay until a person, who was told of that, has found it out. What it was short of
        // then, of which a person was told as well, it is short of still.
        let lapsed = word(&order.document["payment"]["report"], "state") == "cancelled";
        let mut attempts = list(&order.document, "earlier_payments").iter();
        let is_unknown = |one: &serde_json::Value| word(one, "result") == "unknown";
        let open = attempts.any(|attempt| list(attempt, "operations").iter().any(is_unknown));
        let told = order.is_flagged(&["payment_unknown"]);
        let is_short = state == "short" && order.is_flagged(&["stock_gone"]);
        let waits = (state == "committed" || is_short) && lapsed && open && told;
        let right = state == "held" || waits;
        assert!(right, "I4: {id} is {status}, not paid, and its claim on {sku} is {state}");
        return;
    }
    let is_short = state == "short" && order.is_flagged(&["stock_gone"]);
    assert!(
        state == "committed" || is_short,
        "I4: {id} has its money and {sku} is {state}, and nobody is told"
    );
    if is_short {
        world.note("rest: a paid order is short, and a person was told");
    }
}

/// Where money of an order stands, by its operations alone.
pub fn payment_state(order: &Order) -> String {
    let payment = &order.document["payment"];
    if payment.is_null() {
        return "nothing to pay".to_owned();
    }
    let all = |kind: &str, result: &str| super::rows::sum(payment, kind, result);
    let open = |one: &&serde_json::Value| {
        word(one, "kind") == "chargeback" && !["succeeded", "failed"].contains(&word(one, "result"))
    };
    let is_disputed = list(payment, "operations").iter().any(|one| open(&one));
    let captured = all("capture", "succeeded");
    let (refunded, lost) = (all("refund", "succeeded"), all("chargeback", "succeeded"));
    let total = order.total_minor();
    let name = match () {
        () if is_disputed => "disputed",
        () if lost > 0 && refunded + lost >= captured => "charged_back",
        () if refunded > 0 && refunded >= captured => "refunded",
        () if refunded + lost > 0 => "partially_refunded",
        () if captured >= total => "paid",
        () if captured > 0 => "partially_paid",
        () => return format!("no money ({})", word(&payment["report"], "state")),
    };
    name.to_owned()
}

/// What this world reached.
pub fn count(world: &World, rows: &Rows, ledgers: &BTreeMap<String, Ledger>) {
    for order in rows.orders.values() {
        world.note(format!("reached: order {}, {}", order.status(), payment_state(order)));
        for operation in order.operations() {
            let (kind, result) = (word(operation, "kind"), word(operation, "result"));
            world.note(format!("reached: {kind} {result}"));
        }
        for claim in list(&order.document, "claims") {
            world.note(format!("reached: claim {}", word(&claim["claim"], "state")));
        }
        for attention in list(&order.document, "attention") {
            let is_open = attention["resolved"].is_null();
            let how = if is_open { "open" } else { "resolved" };
            world.note(format!("reached: attention {} {how}", word(attention, "code")));
        }
    }
    for ledger in ledgers.values() {
        for (kind, lines) in &ledger.kinds {
            (0..*lines).for_each(|_| world.note(format!("reached: ledger line {kind}")));
        }
    }
    for claim in rows.skus.values().flatten().flat_map(|object| &object.claims) {
        world.note(format!("reached: reservation {}", claim.state));
    }
    let restocked = rows.skus.values().flatten().map(|object| {
        let query = "SELECT COUNT(*) FROM returns";
        world.look(SKUS, &object.name, query).first().map_or(0, |row| integer(&row[0]))
    });
    if restocked.sum::<i64>() > 0 {
        world.note("reached: units were put back");
    }
}

//! I8: D1 has what the objects have, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::rest::payment_state;
use super::rows::{Order, Rows, SERIES, has, integer, list, moment, number, text, word};
use crate::world::World;

pub fn is_the_objects(world: &World, rows: &Rows) {
    orders(world, rows);
    movements(world, rows);
    attention(world, rows);
    stock(world, rows);
    invoices(world);
}

/// Whether lists show it: what was refused before any money was asked for, by any attempt, is nobody's
/// order.
fn is_listed(order: &Order) -> bool {
    let payment = &order.document["payment"];
    let mut attempts = list(&order.document, "earlier_payments").iter().chain([payment]);
    order.status() != "rejected"
        || payment.is_null()
        || attempts.any(|payment| !list(payment, "operations").is_empty())
}

fn by(rows: Vec<Map<String, Value>>, name: &str) -> BTreeMap<String, Map<String, Value>> {
    rows.into_iter().map(|row| (row[name].as_str().unwrap().to_owned(), row)).collect()
}

/// What only the buyer's browser may see stays in the object.
fn without_secrets(order: &Order) -> Value {
    let mut document = order.document.clone();
    let hide = |payment: &mut Value| {
        if payment.is_null() {
            return;
        }
        payment["method"] = Value::Null;
        if !payment["report"].is_null() {
            payment["report"]["action"] = Value::Null;
        }
    };
    hide(&mut document["payment"]);
    if let Some(earlier) = document.get_mut("earlier_payments").and_then(Value::as_array_mut) {
        earlier.iter_mut().for_each(hide);
    }
    document
}

fn orders(world: &World, rows: &Rows) {
    let mut copies = by(world.look_database("SELECT * FROM orders"), "id");
    for (id, order) in &rows.orders {
        let copy = copies.remove(id);
        if !is_listed(order) {
            assert!(copy.is_none(), "I8: D1 lists {id}, which no list shows");
            continue;
        }
        let copy = copy.unwrap_or_else(|| panic!("I8: D1 has no {id}"));
        let document = &order.document;
        let waits = list(document, "attention").iter().any(|one| one["resolved"].is_null());
        let columns = [
            ("version", json!(order.version)),
            ("status", json!(order.status())),
            ("email", json!(word(document, "email").to_lowercase())),
            ("currency", document["cart"]["currency"].clone()),
            ("total_minor", json!(order.total_minor())),
            ("needs_attention", json!(i64::from(waits))),
            ("invoice_number", document["invoice_number"].clone()),
            ("created_at", json!(moment(document, "created_at"))),
            ("updated_at", json!(moment(document, "updated_at"))),
        ];
        for (column, own) in columns {
            let theirs = &copy[column];
            assert_eq!(*theirs, own, "I8: D1 has {column} {theirs} of {id}, its shard {own}");
        }
        let (shown, own) = (copy["payment_status"].as_str().unwrap(), payment_state(order));
        let own = if own == "nothing to pay" { "paid".to_owned() } else { own };
        let before = ["unpaid", "action_required", "authorized", "failed", "unknown"];
        let is_same = shown == own || (own.starts_with("no money") && before.contains(&shown));
        assert!(is_same, "I8: D1 calls {id} {shown}, by its operations it is {own}");
        let shown = super::rows::json(copy["document"].as_str().unwrap());
        let own = without_secrets(order);
        assert_eq!(shown, own, "I8: D1 has another document of {id}");
    }
    let more: Vec<_> = copies.keys().collect();
    assert!(more.is_empty(), "I8: D1 has orders that no shard has: {more:?}");
}

/// Every movement of money, once.
fn movements(world: &World, rows: &Rows) {
    let mut own = BTreeSet::new();
    for (id, order) in rows.orders.iter().filter(|(_, order)| is_listed(order)) {
        for operation in order.operations() {
            let (kind, result) = (word(operation, "kind"), word(operation, "result"));
            let moved = match kind {
                "capture" => result == "succeeded",
                "refund" | "chargeback" => ["succeeded", "action_required"].contains(&result),
                _ => false,
            };
            if moved {
                let amount = number(operation, "amount_minor");
                let name = word(operation, "id");
                own.insert(format!("{id} {name} {kind} {result} {amount}"));
            }
        }
    }
    let query = "SELECT order_id || ' ' || operation_id || ' ' || kind || ' ' || result || ' ' || \
                 amount_minor AS line FROM money_movements";
    same("movements of money", &own, &lines(world, query));
}

fn attention(world: &World, rows: &Rows) {
    let mut own = BTreeSet::new();
    for (id, order) in rows.orders.iter().filter(|(_, order)| is_listed(order)) {
        for one in list(&order.document, "attention") {
            let is_open = one["resolved"].is_null();
            own.insert(format!("{id} {} {}", word(one, "code"), i64::from(is_open)));
        }
    }
    let query = "SELECT order_id || ' ' || code || ' ' || (resolved_at IS NULL) AS line \
                 FROM attention WHERE order_id IS NOT NULL";
    same("causes for attention", &own, &lines(world, query));
}

fn lines(world: &World, query: &str) -> BTreeSet<String> {
    let rows = world.look_database(query);
    rows.iter().map(|row| row["line"].as_str().unwrap().to_owned()).collect()
}

fn same(what: &str, own: &BTreeSet<String>, copied: &BTreeSet<String>) {
    let missing: Vec<_> = own.difference(copied).collect();
    let more: Vec<_> = copied.difference(own).collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "I8: of {what}, D1 misses {missing:?} and has {more:?} too many"
    );
}

/// D1 shows the whole of a SKU, however many objects have its units.
fn stock(world: &World, rows: &Rows) {
    let mut copies = by(world.look_database("SELECT * FROM stock_levels"), "sku");
    let counters = [
        "received",
        "adjusted",
        "sold",
        "reserved",
        "back_order_limit",
        "low_stock_threshold",
        "version",
    ];
    for (sku, objects) in &rows.skus {
        let copy = copies.remove(sku).unwrap_or_else(|| panic!("I8: D1 has no stock of {sku}"));
        for counter in counters {
            let own: i64 = objects.iter().map(|one| number(&one.level, counter)).sum();
            let theirs = copy[counter].as_i64().unwrap();
            assert_eq!(theirs, own, "I8: D1 has {counter} {theirs} of {sku}, its objects {own}");
        }
    }
    let more: Vec<_> = copies.keys().collect();
    assert!(more.is_empty(), "I8: D1 has stock of {more:?}, which no object has");
}

fn invoices(world: &World) {
    let mut own = BTreeSet::new();
    for series in world.objects(SERIES) {
        if !has(world, SERIES, &series, "documents") {
            continue;
        }
        let query = "SELECT number, kind, document, sha256 FROM documents";
        for row in world.look(SERIES, &series, query) {
            let document = super::rows::json(&text(&row[2]));
            let (at, total) = (integer(&row[0]), number(&document["amount"], "total_minor"));
            let (kind, hash) = (text(&row[1]), text(&row[3]));
            own.insert(format!("{series}-{at:06} {kind} {total} {hash}"));
        }
    }
    let query = "SELECT number || ' ' || kind || ' ' || total_minor || ' ' || sha256 AS line \
                 FROM invoices";
    same("invoices", &own, &lines(world, query));
}

//! What an order may never do from one moment to the next, and what it says of itself at any moment (I5).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::rows::{Order, Rows, list, number, sum, word};

/// An order as it was seen last.
pub struct Seen {
    version: i64,
    text: String,
    status: String,
    total_minor: i64,
    invoice: Option<String>,
    credit_notes: BTreeMap<String, String>,
    captured_minor: i64,
    operations: Vec<(String, String)>,
}

fn operations(order: &Order) -> Vec<(String, String)> {
    let named = |one: &Value| (word(one, "id").to_owned(), word(one, "kind").to_owned());
    order.operations().map(named).collect()
}

fn captured_minor(order: &Order) -> i64 {
    order.payments().iter().map(|payment| sum(payment, "capture", "succeeded")).sum()
}

impl Seen {
    fn of(order: &Order) -> Self {
        let noted = |refund: &Value| {
            let number = refund["credit_note_number"].as_str()?;
            Some((word(refund, "id").to_owned(), number.to_owned()))
        };
        Self {
            version: order.version,
            text: order.text.clone(),
            status: order.status().to_owned(),
            total_minor: order.total_minor(),
            invoice: order.document["invoice_number"].as_str().map(str::to_owned),
            credit_notes: list(&order.document, "refunds").iter().filter_map(noted).collect(),
            captured_minor: captured_minor(order),
            operations: operations(order),
        }
    }
}

/// Which status may follow which: what is closed stays closed.
fn may_follow(before: &str, after: &str) -> bool {
    match before {
        "placing" => after != "completed",
        "open" => after != "placing",
        closed => after == closed,
    }
}

pub fn never_go_back(
    rows: &Rows,
    memory: &mut BTreeMap<String, Seen>,
    acknowledged: &BTreeMap<String, i64>,
) {
    for id in memory.keys() {
        assert!(rows.orders.contains_key(id), "{id} was there and is lost");
    }
    for (id, total) in acknowledged {
        let order = rows.orders.get(id);
        let order = order.unwrap_or_else(|| panic!("{id} was answered 201 and is lost"));
        let own = order.total_minor();
        assert_eq!(own, *total, "{id} was answered 201 over {total}, it is over {own}");
        let status = order.status();
        assert_ne!(status, "placing", "{id} was answered 201 and is placed again");
    }
    for id in &rows.changed {
        let now = Seen::of(&rows.orders[id]);
        if let Some(before) = memory.get(id) {
            follows(id, before, &now);
        }
        memory.insert(id.clone(), now);
    }
}

fn follows(id: &str, before: &Seen, now: &Seen) {
    let (old, new) = (before.version, now.version);
    assert!(new >= old, "the version of {id} went back from {old} to {new}");
    assert!(new > old || before.text == now.text, "{id} changed and is still version {old}");
    let (old, new) = (&before.status, &now.status);
    assert!(may_follow(old, new), "{id} was {old} and is {new}");
    let (old, new) = (before.total_minor, now.total_minor);
    assert_eq!(new, old, "{id} was over {old} and is over {new}");
    let (old, new) = (&before.invoice, &now.invoice);
    assert!(old.is_none() || new == old, "{id} had invoice {old:?} and has {new:?}");
    for (refund, old) in &before.credit_notes {
        let new = now.credit_notes.get(refund);
        assert!(new == Some(old), "refund {refund} of {id} had {old} and has {new:?}");
    }
    let (old, new) = (before.captured_minor, now.captured_minor);
    assert!(new >= old, "{id} had {old} captured and has {new}: what was taken is undone");
    for operation in &before.operations {
        let (name, kind) = operation;
        assert!(now.operations.contains(operation), "{id} had {kind} {name} and has it no more");
    }
}

/// What an order says of itself.
pub fn add_up(rows: &Rows) {
    for id in &rows.changed {
        let order = &rows.orders[id];
        let inner = number(&order.document, "version");
        let version = order.version;
        assert_eq!(inner, version, "{id} says version {inner}, its row {version}");
        assert_eq!(word(&order.document, "id"), id, "{id} is called otherwise in its document");
        the_total(id, order);
        let mut names = BTreeSet::new();
        for operation in order.operations() {
            let name = word(operation, "id");
            assert!(names.insert(name), "{id} has two operations under {name}");
            let amount = number(operation, "amount_minor");
            assert!(amount >= 0, "{id} has {} of {amount}", word(operation, "kind"));
        }
        for payment in order.payments() {
            let asked = number(&payment["asked"], "amount");
            let total = order.total_minor();
            assert_eq!(asked, total, "I5: {id} asks {asked} for a total of {total}");
            let currency = word(&payment["asked"], "currency");
            let own = word(&order.document["cart"], "currency");
            assert_eq!(currency, own, "I5: {id} asks {currency} for a total in {own}");
            let captured = sum(payment, "capture", "succeeded");
            let refunded = sum(payment, "refund", "succeeded");
            assert!(captured <= asked, "I5: {id} has {captured} captured of {asked}");
            assert!(refunded <= captured, "I5: {id} has {refunded} refunded of {captured}");
        }
        stock_asked_for(id, order);
    }
}

fn the_total(id: &str, order: &Order) {
    let cart = &order.document["cart"];
    let all = |name: &str| list(cart, "lines").iter().map(|line| number(line, name)).sum::<i64>();
    let (net, off, tax) = (all("net_minor"), all("discount_minor"), all("tax_minor"));
    let shipping = number(&cart["shipping"], "net_minor") + number(&cart["shipping"], "tax_minor");
    let (parts, total) = (net - off + tax + shipping, order.total_minor());
    assert_eq!(parts, total, "the total of {id} is {total}, its parts make {parts}");
}

/// Its claims are what its lines take, once per SKU.
fn stock_asked_for(id: &str, order: &Order) {
    let wanted = order.units_wanted();
    let mut claimed = BTreeMap::new();
    for claim in list(&order.document, "claims") {
        let (sku, units) = (word(claim, "sku").to_owned(), number(claim, "quantity"));
        let twice = claimed.insert(sku.clone(), units);
        assert!(twice.is_none(), "{id} claims {sku} twice");
    }
    assert_eq!(&claimed, wanted, "{id} claims {claimed:?}, its lines take {wanted:?}");
}

//! Invoices and credit notes: numbers without gaps, each with its document, and their sums the money. Of a
//! refund that failed after its credit note another note takes back what did not move.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::rows::{Order, Rows, SERIES, has, integer, json, list, number, sum, text, word};
use crate::world::World;

/// A number that a series gave to a refund, or to what cancels the credit note of one.
struct Given {
    order: String,
    name: String,
}

/// What stands in a series' row of a note that leaves so much of another.
const DOWN_TO: &str = " down to ";

pub fn numbers_are_right(world: &World, rows: &Rows) {
    let mut invoices = BTreeMap::new();
    let mut credit_notes = BTreeMap::new();
    let mut amounts: BTreeMap<String, i64> = BTreeMap::new();
    for series in world.objects(SERIES) {
        if !has(world, SERIES, &series, "documents") {
            continue;
        }
        let look = |sql| world.look(SERIES, &series, sql);
        let name = |at: i64| format!("{series}-{at:06}");
        let mut numbers = Vec::new();
        for row in look("SELECT number, order_id FROM invoices") {
            let (at, order) = (integer(&row[0]), text(&row[1]));
            numbers.push(at);
            let twice = invoices.insert(order.clone(), name(at));
            assert!(twice.is_none(), "{order} has two invoices: {twice:?} and {}", name(at));
        }
        for row in look("SELECT number, refund_id, order_id FROM credit_notes") {
            let (at, refund, order) = (integer(&row[0]), text(&row[1]), text(&row[2]));
            numbers.push(at);
            let twice = credit_notes.insert(refund.clone(), Given { order, name: name(at) });
            assert!(twice.is_none(), "refund {refund} has two credit notes");
        }
        numbers.sort_unstable();
        let without_gap: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, without_gap, "series {series} has a gap, or a number twice");
        let documents = look("SELECT number, document, sha256 FROM documents ORDER BY number");
        let with: Vec<i64> = documents.iter().map(|row| integer(&row[0])).collect();
        assert_eq!(with, numbers, "series {series} gave other numbers than it has documents of");
        for row in documents {
            let (at, document) = (integer(&row[0]), text(&row[1]));
            let hash = hex::encode(Sha256::digest(&document));
            let own = name(at);
            assert_eq!(hash, text(&row[2]), "{own} is not what its hash says");
            let document = json(&document);
            assert_eq!(word(&document, "number"), own, "the document of {own} has another number");
            let sign = if word(&document, "kind") == "invoice" { 1 } else { -1 };
            let amount = sign * number(&document["amount"], "total_minor");
            *amounts.entry(word(&document, "order_id").to_owned()).or_default() += amount;
        }
    }
    for (id, order) in &rows.orders {
        of_order(world, id, order, invoices.remove(id), &mut credit_notes, amounts.remove(id));
    }
    assert!(invoices.is_empty(), "these have invoices and are not there: {invoices:?}");
    let lost: Vec<_> = credit_notes.values().map(|one| (&one.name, &one.order)).collect();
    assert!(lost.is_empty(), "these credit notes are for no refund: {lost:?}");
    assert!(amounts.is_empty(), "these have documents and are not there: {amounts:?}");
}

fn of_order(
    world: &World,
    id: &str,
    order: &Order,
    invoice: Option<String>,
    credit_notes: &mut BTreeMap<String, Given>,
    amount: Option<i64>,
) {
    let document = &order.document;
    let payment = &document["payment"];
    let captured = sum(payment, "capture", "succeeded");
    let refunded = sum(payment, "refund", "succeeded");
    let is_taken = word(&payment["report"], "state") == "captured" && captured > 0;
    let is_settled = payment.is_null() || is_taken || captured >= order.total_minor();
    let said = document["invoice_number"].as_str().map(str::to_owned);
    assert_eq!(said, invoice, "{id} says invoice {said:?}, the series {invoice:?}");
    let is_due = is_settled && !order.is_called_off() && document["channel"].is_null();
    assert!(invoice.is_some() || !is_due, "{id} has paid {captured} and has no invoice");
    assert!(invoice.is_none() || is_settled, "{id} has {invoice:?} and has not paid");
    let mut noted = 0;
    for refund in list(document, "refunds") {
        let name = word(refund, "id");
        let given = credit_notes.remove(name);
        let given = given.map(|given| {
            assert_eq!(given.order, id, "the credit note {} is for another order", given.name);
            given.name
        });
        let said = refund["credit_note_number"].as_str().map(str::to_owned);
        assert_eq!(said, given, "refund {name} of {id} says {said:?}, the series {given:?}");
        let parts = || {
            order
                .operations()
                .filter(|one| word(one, "refund_id") == name && word(one, "kind") == "refund")
        };
        let is = |one: &&Value, result: &str| word(one, "result") == result;
        let moved = parts().filter(|one| is(one, "succeeded"));
        let moved: i64 = moved.map(|one| number(one, "amount_minor")).sum();
        let asked = number(refund, "amount_minor");
        let is_due = invoice.is_some() && moved > 0 && moved >= asked;
        assert!(given.is_some() || !is_due, "refund {name} of {id} gave {moved} and has no note");
        let mut stands = if given.is_some() { asked } else { 0 };
        for one in list(refund, "credit_note_cancellations") {
            let of = given.as_deref().unwrap_or_default();
            stands -= number(one, "amount_minor");
            let by = credit_notes.remove(&[of, DOWN_TO, &stands.to_string()].concat());
            let by = by.map(|by| by.name);
            assert_eq!(by.as_deref(), one["number"].as_str(), "{id} has another that cancels {of}");
            world.note("rest: a credit note was cancelled, because its refund failed");
        }
        let is_over = parts().all(|one| is(&one, "succeeded") || is(&one, "failed"));
        if given.is_some() && is_over {
            assert_eq!(stands, moved, "refund {name} of {id} gave {moved}, its notes are {stands}");
        }
        noted += stands;
    }
    if invoice.is_some() {
        let amount = amount.unwrap_or(0);
        let money = captured - noted;
        assert_eq!(amount, money, "the documents of {id} come to {amount}, its money to {money}");
        if noted == refunded {
            return;
        }
        // A refund of which only a part has moved, or nobody knows.
        let told = order.is_flagged(&["payment_unknown", "payment_mismatch"]);
        let waits = list(document, "refunds").iter().any(|one| one["credit_note_number"].is_null());
        assert!(told || waits, "{id} gave {refunded} back, its credit notes are over {noted}");
        world.note("rest: a refund's money and its credit note differ, and a person was told");
    }
}

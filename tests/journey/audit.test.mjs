// The audit has teeth: of a store's books that agree it says nothing, and it finds each of the harms that the
// other journeys rely on it to find.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { audit } from "../support/audit.mjs";

const A = `ord_00${"a".repeat(32)}`;
const B = `ord_01${"b".repeat(32)}`;

/** Two orders: A is paid, B waits for its buyer. */
function books() {
  const paid = order(A, { status: "open", state: "captured", captured: 700, claim: "committed", invoice: "CW-000001" });
  const waiting = order(B, { status: "open", state: "action_required", captured: 0, claim: "held", invoice: null });
  const shard = (document) => ({
    orders: [{ id: document.id, document }],
    idempotency: [{ key: `key of ${document.id}`, order_id: document.id }],
    inbox: [],
    outbox: [],
  });
  const level = {
    received: 10, adjusted: 0, transferred: 0, sold: 2, reserved: 2, back_ordered_held: 0, back_ordered_sold: 0,
    back_order_limit: 0, low_stock_threshold: 0, version: 4, terms: {},
    balances: [{ location: "main", on_hand: 8, reserved: 2, damaged: 0, incoming: 0 }],
  };
  const ledger = ledgerOf([
    { kind: "received", on_hand: 10 },
    { kind: "reserved", reserved: 2 },
    { kind: "committed", on_hand: -2, reserved: -2, sold: 2 },
    { kind: "reserved", reserved: 2 },
  ]);
  const row = (document, payment_status) => ({
    id: document.id, version: 3, status: "open", payment_status, email: "ada@example.com", currency: "USD",
    total_minor: 700, needs_attention: 0, invoice_number: document.invoice_number, created_at: 1000, updated_at: 1000,
    document: structuredClone(document),
  });
  const document = kept({ number: "CW-000001", kind: "invoice", order_id: A, amount: { total_minor: 700 } });
  return {
    raw: {
      shards: new Map([["00", shard(paid)], ["01", shard(waiting)]]),
      skus: new Map([["MUG", {
        level: [{ document: JSON.stringify(level), ledger_sequence: 4, ledger_hash: ledger[3].hash }],
        reservations: [
          { order_id: A, state: "committed", quantity: 2, expires_at: 5000 },
          { order_id: B, state: "held", quantity: 2, expires_at: 5000 },
        ],
        ledger,
      }]]),
      series: new Map([["CW", { invoices: [{ number: 1, order_id: A }], credit_notes: [], documents: [document] }]]),
      d1: { orders: [row(paid, "paid"), row(waiting, "action_required")], stock_levels: [{ sku: "MUG", ...level }], invoices: [{ number: "CW-000001", sha256: document.sha256, total_minor: 700 }] },
    },
    payments: [
      { id: "p1", order_id: A, operation_id: "op_a", captured: 700, open: false },
      { id: "p2", order_id: B, operation_id: "op_b", captured: 0, open: true },
    ],
    acknowledged: [{ key: "k1", orderId: A, total: 700 }, { key: "k2", orderId: B, total: 700 }],
    now: 2000,
  };
}

/** Lines as a SKU's ledger keeps them, all at the main location. */
function ledgerOf(movements) {
  let hash = "0".repeat(64);
  return movements.map(({ cause = "person", ...movement }, index) => {
    const entry = JSON.stringify({ at: "2026-01-01T00:00:00.000Z", cause: { kind: cause }, movement: { location: "main", ...movement } });
    hash = createHash("sha256").update(hash).update(entry).digest("hex");
    return { sequence: index + 1, entry, hash };
  });
}

/** The same books with the mug in drop mode: its own object has sold to A, its slice holds for B. */
function spreadBooks() {
  const spread = books();
  const mug = spread.raw.skus.get("MUG");
  const [sold, held] = mug.reservations;
  const none = { received: 0, adjusted: 0, transferred: 0, sold: 0, reserved: 0, back_ordered_held: 0, back_ordered_sold: 0, back_order_limit: 0, low_stock_threshold: 0, terms: {} };
  const sent = { kind: "transferred", cause: "spread", on_hand: -5 };
  const own = stockOf(
    { ...none, received: 10, transferred: -5, sold: 2, version: 4, balances: [{ location: "main", on_hand: 3, reserved: 0, damaged: 0, incoming: 0 }] },
    [{ kind: "received", on_hand: 10 }, { kind: "reserved", reserved: 2 }, { kind: "committed", on_hand: -2, reserved: -2, sold: 2 }, sent],
    [sold],
  );
  const level = { ...none, transferred: 5, reserved: 2, version: 2, balances: [{ location: "main", on_hand: 5, reserved: 2, damaged: 0, incoming: 0 }] };
  const slice = stockOf(level, [{ ...sent, on_hand: 5 }, { kind: "reserved", reserved: 2 }], [held]);
  spread.raw.skus.set("MUG", { ...own, spread_members: [{ slice: 0, document: JSON.stringify({ pending: null, level }) }], slice: [] });
  spread.raw.skus.set("MUG~0", { ...slice, spread_members: [], slice: [{ document: JSON.stringify({ pending: null }) }] });
  spread.raw.d1.stock_levels = [{ sku: "MUG", ...none, received: 10, sold: 2, reserved: 2, version: 6 }];
  return spread;
}

function stockOf(level, movements, reservations) {
  const ledger = ledgerOf(movements);
  return { level: [{ document: JSON.stringify(level), ledger_sequence: ledger.length, ledger_hash: ledger.at(-1).hash }], reservations, ledger };
}

/** Changes a SKU's counters past its ledger. */
function bend(row, counters) {
  row.document = JSON.stringify({ ...JSON.parse(row.document), ...counters });
}

/** A document as its series keeps it. */
function kept(content) {
  const document = JSON.stringify(content);
  return { number: 1, kind: content.kind, document, sha256: createHash("sha256").update(document).digest("hex") };
}

function order(id, { status, state, captured, claim, invoice }) {
  const operations = [{ kind: "authorize", result: captured ? "succeeded" : "action_required", amount_minor: 700 }];
  if (captured) operations.push({ kind: "capture", result: "succeeded", amount_minor: captured });
  return {
    id, status, version: 3, email: "Ada@example.com", created_at: new Date(1000).toISOString(),
    updated_at: new Date(1000).toISOString(), attention: [], invoice_series: "CW", invoice_number: invoice,
    cart: {
      currency: "USD", tax_included: false,
      lines: [{ sku: "MUG", quantity: 2, unit_price_minor: 300, net_minor: 600, discount_minor: 0, tax_minor: 50, total_minor: 650 }],
      shipping: { net_minor: 50, tax_minor: 0, total_minor: 50 },
      totals: { subtotal_minor: 600, shipping_minor: 50, discount_minor: 0, tax_minor: 50, total_minor: 700 },
    },
    claims: [{ sku: "MUG", quantity: 2, claim: { state: claim } }],
    payment: { asked: { amount: 700, currency: "USD" }, operations, report: { state, captured_minor: captured, action: null } },
  };
}

const paidOrder = ({ raw }) => raw.shards.get("00").orders[0].document;
const openOrder = ({ raw }) => raw.shards.get("01").orders[0].document;
const mug = ({ raw }) => raw.skus.get("MUG");

/** What is done to the books, and what the audit must say of it. */
const HARMS = {
  "an acknowledged order is lost": [(b) => (b.acknowledged[0].orderId = `ord_00${"f".repeat(32)}`), /^lost: ord_00f/],
  "an order's total was another": [(b) => (b.acknowledged[0].total = 699), /told 699/],
  "two orders under one key": [(b) => (b.acknowledged[1].key = "k1"), /two orders under k1/],
  "two keys for one order": [(b) => b.raw.shards.get("00").idempotency.push({ key: "other", order_id: A }), /under two keys/],
  "a double charge": [(b) => b.payments.push({ id: "p3", order_id: A, operation_id: "op_c", captured: 700 }), /charged 2 times/],
  "a key used twice at the gateway": [(b) => (b.payments[1].operation_id = "op_a"), /made two payments/],
  "money for nobody": [(b) => (b.payments[0].order_id = `ord_00${"f".repeat(32)}`), /p1 is for ord_00f.*not there/],
  "money that the order does not know of": [(b) => (b.payments[1].captured = 700), /took 700, the order has 0/],
  "money that was never taken": [(b) => (b.payments[0].captured = 0), /700 booked, only 0 taken/],
  "closed and still payable": [(b) => (openOrder(b).status = "cancelled"), /can still be paid/],
  "paid and not sold": [(b) => (paidOrder(b).claims[0].claim.state = "released"), /is paid, MUG is released/],
  "a sum that is wrong": [(b) => (paidOrder(b).cart.lines[0].tax_minor = 51), /the parts make 701/],
  "oversold": [(b) => bend(mug(b).level[0], { received: 3 }), /oversold: MUG/],
  "a counter off its ledger": [(b) => bend(mug(b).level[0], { reserved: 1 }), /reserved is 1, the ledger says 2/],
  "sold without a claim": [(b) => mug(b).reservations.shift(), /2 sold, claims say 0/],
  "a claim beyond its time": [(b) => (b.now = 6000), /leaked: MUG holds 2/],
  "a claim of a closed order": [(b) => (openOrder(b).status = "expired"), /leaked: MUG holds 2 for .*expired/],
  "a claim of nobody": [(b) => (mug(b).reservations[1].order_id = `ord_02${"f".repeat(32)}`), /has 2 held for ord_02f/],
  "sold to who has not paid": [(b) => (mug(b).reservations[1].state = "committed"), /is sold to ord_01b.*not paid/],
  "a gap in the invoices": [(b) => (b.raw.series.get("CW").invoices[0].number = 2), /number 1 is missing/],
  "paid without an invoice": [(b) => b.raw.series.get("CW").invoices.pop(), /has no invoice number/],
  "an invoice for who has not paid": [
    (b) => b.raw.series.get("CW").invoices.push({ number: 2, order_id: B }),
    /is not paid and has invoice/,
  ],
  "a number without its document": [(b) => b.raw.series.get("CW").documents.pop(), /gave 1 and has documents of $/],
  "a document that was changed": [(b) => (b.raw.series.get("CW").documents[0].document += " "), /is not what its hash says/],
  "an invoice of another amount": [
    (b) => b.raw.series.get("CW").documents.splice(0, 1, kept({ number: "CW-000001", kind: "invoice", order_id: A, amount: { total_minor: 699 } })),
    /its documents come to 699, its money to 700/,
  ],
  "D1 misses an invoice": [(b) => b.raw.d1.invoices.pop(), /D1 does not list CW-000001/],
  "D1 misses an order": [(b) => b.raw.d1.orders.pop(), /D1 has no ord_01b/],
  "D1 is behind": [(b) => (b.raw.d1.orders[0].version = 2), /D1 has version 2/],
  "D1 differs in a document": [(b) => (b.raw.d1.orders[0].document.email = "eve@example.com"), /another document/],
  "D1 differs in a column": [(b) => (b.raw.d1.orders[0].status = "cancelled"), /D1 has status cancelled/],
  "D1 has stock of its own": [(b) => (b.raw.d1.stock_levels[0].sold = 1), /D1 has sold 1 of MUG/],
  "something is owed": [(b) => b.raw.shards.get("00").outbox.push({ order_id: A, version: 3 }), /still owes D1/],
  "an outcome nobody asks about": [
    (b) => (openOrder(b).payment.operations[0].result = "unknown"),
    /authorize is unknown/,
  ],
  "an order in another shard": [(b) => b.raw.shards.set("02", b.raw.shards.get("01")), /lies in shard 02/],
};

const slice = ({ raw }) => raw.skus.get("MUG~0");

/** The same for a SKU whose units are spread over several objects. */
const SPREAD_HARMS = {
  "D1 knows of the SKU's own object only": [(b) => (b.raw.d1.stock_levels[0].reserved = 0), /D1 has reserved 0 of MUG, its objects 2/],
  "D1 lists a slice": [(b) => b.raw.d1.stock_levels.push({ sku: "MUG~0" }), /D1 has stock of MUG~0, which no object owns/],
  "D1 misses it": [(b) => b.raw.d1.stock_levels.pop(), /D1 has no stock of MUG/],
  "a slice oversold": [(b) => bend(slice(b).level[0], { transferred: 1 }), /oversold: MUG~0/],
  "units that were lost on their way": [
    (b) => Object.assign(slice(b), stockOf(JSON.parse(slice(b).level[0].document), [{ kind: "received", on_hand: 5 }, { kind: "reserved", reserved: 2 }], slice(b).reservations)),
    /5 units \(on_hand\) left one of its objects and came to none/,
  ],
  "units on their way at rest": [
    (b) => (mug(b).spread_members[0].document = JSON.stringify({ ...JSON.parse(mug(b).spread_members[0].document), pending: { number: 1, parts: [] } })),
    /came to rest with .* on its way/,
  ],
  "an order that two objects serve": [(b) => mug(b).reservations.push({ ...slice(b).reservations[0] }), /has units of MUG twice: at MUG and at MUG~0/],
  "a slice's claim beyond its time": [(b) => (b.now = 6000), /leaked: MUG holds 2/],
  "a slice's claim of a closed order": [(b) => (openOrder(b).status = "expired"), /leaked: MUG holds 2 for .*expired/],
  "a slice that sold to nobody": [(b) => (slice(b).reservations[0].order_id = `ord_02${"f".repeat(32)}`), /has 2 held for ord_02f/],
  "paid, and no object has sold": [(b) => (mug(b).reservations[0].state = "released"), /is paid, MUG is not sold to it/],
  "a slice that was not heard": [(b) => bend(slice(b).level[0], { version: 3 }), /MUG~0 is at version 3, MUG has heard of 2/],
};

test("books that agree", () => assert.deepEqual(audit(books()), []));

test("books of a SKU in drop mode that agree", () => assert.deepEqual(audit(spreadBooks()), []));

for (const [harms, ofBooks, where] of [[HARMS, books, ""], [SPREAD_HARMS, spreadBooks, "in drop mode, "]]) {
  for (const [name, [harm, finding]] of Object.entries(harms)) {
    test(`finds: ${where}${name}`, () => {
      const harmed = ofBooks();
      harm(harmed);
      const findings = audit(harmed);
      assert.ok(findings.some((sentence) => finding.test(sentence)), `found only: ${findings.join("; ") || "nothing"}`);
    });
  }
}

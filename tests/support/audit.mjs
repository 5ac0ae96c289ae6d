// The audit: joins the gateway's book, every order, the stock and D1 as they lie on the disk, and says what
// does not agree. Written from DESIGN's invariants and the schema, apart from the product's Rust: it adds
// everything up by itself and trusts no derived field.

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { auditStock } from "./audit-stock.mjs";

/**
 * Findings as sentences; none if all is well. For a store at rest: nothing under way, windows over.
 *
 * - `raw`: what `readRawState` gave.
 * - `payments`: the gateways' statement, `{ id, order_id, operation_id, amount, currency, captured, open }` each,
 *   and `refunded` where a second charge may have been given back.
 * - `acknowledged`: what buyers were told, `{ key, orderId, total }` each: an answer 201, or a paid order seen.
 */
export function audit({ raw, payments, acknowledged = [], now = Date.now() }) {
  const findings = [];
  const say = (sentence) => findings.push(sentence);
  const orders = new Map();
  for (const [shard, tables] of raw.shards) {
    for (const row of tables.orders) {
      if (row.id.slice(4, 6) !== shard) say(`${row.id} lies in shard ${shard}`);
      orders.set(row.id, row);
    }
  }
  auditAcknowledged(acknowledged, orders, say);
  auditKeys(raw, orders, say);
  auditPayments(orders, payments, say);
  for (const { id, document } of orders.values()) auditOrder(id, document, say);
  auditInvoices(raw, orders, say);
  auditDocuments(raw, orders, say);
  auditRest(raw, orders, say);
  auditProjection(raw, orders, say);
  auditStock(raw, orders, now, say);
  return findings;
}

/** Every order that somebody was told of is there, once, over what they were told. */
function auditAcknowledged(acknowledged, orders, say) {
  const orderOfKey = new Map();
  for (const { key, orderId, total } of acknowledged) {
    const order = orders.get(orderId)?.document;
    if (!order) say(`lost: ${orderId} was acknowledged under ${key}`);
    else if (order.cart.totals.total_minor !== total) say(`${orderId}: told ${total}, is ${order.cart.totals.total_minor}`);
    if ((orderOfKey.get(key) ?? orderId) !== orderId) say(`two orders under ${key}: ${orderOfKey.get(key)}, ${orderId}`);
    orderOfKey.set(key, orderId);
  }
}

/** One key, one order; and every order was asked for. */
function auditKeys(raw, orders, say) {
  const seen = new Set();
  for (const [shard, { idempotency }] of raw.shards) {
    for (const { key, order_id: id } of idempotency) {
      if (!orders.has(id)) say(`shard ${shard}: key ${key.slice(0, 8)} names ${id}, which is not there`);
      if (seen.has(id)) say(`${id} was placed under two keys`);
      seen.add(id);
    }
  }
  for (const id of orders.keys()) if (!seen.has(id)) say(`${id} was placed under no key`);
}

const succeeded = (order, kind) =>
  (order.payment?.operations ?? [])
    .filter((operation) => operation.kind === kind && operation.result === "succeeded")
    .reduce((sum, operation) => sum + operation.amount_minor, 0);

/** All that will be taken was taken: the total, or less where the rest was let go. */
const isSettled = (order) =>
  isPaid(order) || (order.payment?.report?.state === "captured" && succeeded(order, "capture") > 0);

const moneyWentBack = (order) =>
  (order.payment?.operations ?? []).some(
    ({ kind, result }) => ["refund", "chargeback"].includes(kind) && ["succeeded", "action_required"].includes(result),
  );

export const isPaid = (order) => !order.payment || succeeded(order, "capture") >= order.cart.totals.total_minor;

/** Every charge is one order's, at most once, and the order knows of it. */
function auditPayments(orders, payments, say) {
  const byOrder = new Map();
  const byOperation = new Map();
  for (const payment of payments) {
    byOrder.set(payment.order_id, [...(byOrder.get(payment.order_id) ?? []), payment]);
    const known = byOperation.get(payment.operation_id);
    if (known) say(`operation ${payment.operation_id} made two payments: ${known}, ${payment.id}`);
    byOperation.set(payment.operation_id, payment.id);
    if (!orders.has(payment.order_id)) say(`payment ${payment.id} is for ${payment.order_id}, which is not there`);
  }
  for (const [id, { document: order }] of orders) {
    const own = byOrder.get(id) ?? [];
    const charges = own.filter((payment) => payment.captured > 0);
    const kept = charges.filter((payment) => payment.captured > (payment.refunded ?? 0));
    if (kept.length > 1) say(`${id} was charged ${kept.length} times: ${kept.map((p) => p.id).join(", ")}`);
    const taken = charges.reduce((sum, payment) => sum + payment.captured, 0);
    const booked = succeeded(order, "capture");
    const lookedAt = order.attention.length > 0;
    if (taken !== booked && !lookedAt) say(`${id}: the gateway took ${taken}, the order has ${booked}, and nobody is told`);
    if (booked > taken) say(`${id}: ${booked} booked, only ${taken} taken`);
    const total = order.cart.totals.total_minor;
    if (booked > total) say(`${id}: ${booked} booked of a total of ${total}`);
    if (succeeded(order, "refund") > booked) say(`${id}: more given back than taken`);
    const open = own.filter((payment) => payment.open);
    const closed = ["cancelled", "expired", "rejected"].includes(order.status);
    if (closed && open.length > 0 && !lookedAt) say(`${id} is ${order.status}, ${open[0].id} can still be paid`);
    if (closed && taken > 0 && !lookedAt) say(`${id} is ${order.status}, was paid, and nobody is told`);
  }
}

/** What one order says about itself adds up. */
function auditOrder(id, order, say) {
  const { lines, shipping, totals } = order.cart;
  const sum = (field) => lines.reduce((total, line) => total + line[field], 0);
  const expected = sum("net_minor") - sum("discount_minor") + sum("tax_minor") + shipping.net_minor + shipping.tax_minor;
  if (totals.total_minor !== expected) say(`${id}: the total is ${totals.total_minor}, the parts make ${expected}`);
  if (order.payment && order.payment.asked.amount !== totals.total_minor) say(`${id}: asks for another amount than its total`);
  for (const line of lines) {
    const shown = line.unit_price_minor * line.quantity;
    const charged = order.cart.tax_included ? line.total_minor : line.net_minor;
    if (line.discount_minor === 0 && shown !== charged) say(`${id}: ${line.sku} is shown for ${shown}, charged ${charged}`);
  }
  const paid = isPaid(order);
  const uncommitted = order.claims.filter((claim) => claim.claim.state !== "committed");
  if (paid && uncommitted.length > 0 && order.attention.length === 0) {
    say(`${id} is paid, ${uncommitted[0].sku} is ${uncommitted[0].claim.state}`);
  }
}

/** Numbers are 1, 2, 3…; each is one paid order's, and every paid order has one. */
function auditInvoices(raw, orders, say) {
  const numberOf = new Map();
  for (const [series, { invoices }] of raw.series) {
    const rows = [...invoices].sort((a, b) => a.number - b.number);
    rows.forEach((row, index) => {
      if (row.number !== index + 1) say(`series ${series}: number ${index + 1} is missing or ${row.number} is twice`);
      if (numberOf.has(row.order_id)) say(`${row.order_id} has two invoice numbers`);
      numberOf.set(row.order_id, `${series}-${String(row.number).padStart(6, "0")}`);
    });
  }
  for (const [id, { document: order }] of orders) {
    const number = numberOf.get(id);
    const due = isSettled(order) && order.status === "open" && !order.channel;
    if (due && !number) say(`${id} is paid and has no invoice number`);
    if (!isSettled(order) && number) say(`${id} is not paid and has invoice number ${number}`);
    if (order.invoice_number !== (number ?? null)) say(`${id} says invoice ${order.invoice_number}, the series ${number}`);
    numberOf.delete(id);
  }
  for (const [id, number] of numberOf) say(`invoice ${number} is for ${id}, which is not there`);
}

/**
 * Every number has its document, which is what its hash says and which D1 lists; and what an order's documents
 * come to is what was taken and given back.
 */
function auditDocuments(raw, orders, say) {
  const listed = new Map(raw.d1.invoices.map((row) => [row.number, row]));
  const comesTo = new Map();
  for (const [series, { invoices, credit_notes, documents }] of raw.series) {
    const numbers = [...invoices, ...credit_notes].map((row) => row.number).sort((a, b) => a - b);
    const kept = documents.map((row) => row.number).sort((a, b) => a - b);
    if (JSON.stringify(numbers) !== JSON.stringify(kept)) say(`series ${series} gave ${numbers} and has documents of ${kept}`);
    for (const row of documents) {
      const document = JSON.parse(row.document);
      const { number, order_id: id, kind, amount } = document;
      if (number !== `${series}-${String(row.number).padStart(6, "0")}`) say(`number ${row.number} of ${series} holds ${number}`);
      const sha256 = createHash("sha256").update(row.document).digest("hex");
      if (sha256 !== row.sha256) say(`${number} is not what its hash says`);
      const copy = listed.get(number);
      if (copy?.sha256 !== row.sha256 || copy?.total_minor !== amount.total_minor) say(`D1 does not list ${number} as it is`);
      comesTo.set(id, (comesTo.get(id) ?? 0) + (kind === "invoice" ? 1 : -1) * amount.total_minor);
      if (!orders.has(id)) say(`${number} is for ${id}, which is not there`);
    }
  }
  for (const [id, { document: order }] of orders) {
    const numbers = [order.invoice_number, ...(order.refunds ?? []).map((refund) => refund.credit_note_number)];
    if (numbers.some((number) => number == null)) continue;
    const moved = (kind) => (order.payment?.operations ?? [])
      .filter((one) => one.kind === kind && one.result === "succeeded")
      .reduce((total, one) => total + one.amount_minor, 0);
    const money = moved("capture") - moved("refund");
    if (comesTo.get(id) !== money) say(`${id}: its documents come to ${comesTo.get(id)}, its money to ${money}`);
  }
}

/** Nothing is owed any more. */
function auditRest(raw, orders, say) {
  for (const [shard, { outbox }] of raw.shards) {
    for (const row of outbox) say(`shard ${shard} still owes D1 version ${row.version} of ${row.order_id}`);
  }
  for (const [id, { document: order }] of orders) {
    if (order.status === "placing") say(`${id} is still being placed`);
    const waiting = (order.payment?.operations ?? []).filter((o) => ["requested", "unknown"].includes(o.result));
    if (waiting.length > 0 && order.attention.length === 0) say(`${id}: ${waiting[0].kind} is ${waiting[0].result}`);
  }
}

const isListed = (order) =>
  order.status !== "placing" &&
  (order.status !== "rejected" ||
    !order.payment ||
    [order.payment, ...(order.earlier_payments ?? [])].some((payment) => payment.operations.length > 0));

/** D1 has every order that lists show, exactly as it is, and no other. */
function auditProjection(raw, orders, say) {
  const rows = new Map(raw.d1.orders.map((row) => [row.id, row]));
  for (const [id, { document: order }] of orders) {
    const row = rows.get(id);
    rows.delete(id);
    if (!isListed(order)) {
      if (row) say(`D1 lists ${id}, which no list shows`);
      continue;
    }
    if (!row) {
      say(`D1 has no ${id}`);
      continue;
    }
    if (row.version !== order.version) say(`D1 has version ${row.version} of ${id}, the shard ${order.version}`);
    const columns = {
      status: order.status,
      email: order.email.toLowerCase(),
      currency: order.cart.currency,
      total_minor: order.cart.totals.total_minor,
      needs_attention: order.attention.some((one) => !one.resolved) ? 1 : 0,
      invoice_number: order.invoice_number,
      created_at: Date.parse(order.created_at),
      updated_at: Date.parse(order.updated_at),
    };
    for (const [name, value] of Object.entries(columns)) {
      if (row[name] !== value) say(`D1 has ${name} ${row[name]} of ${id}, the shard ${value}`);
    }
    if ((row.payment_status === "paid") !== (isPaid(order) && !moneyWentBack(order))) say(`D1 calls ${id} ${row.payment_status}, which it is not`);
    if (!isDeepStrictEqual(row.document, withoutAction(order))) say(`D1 has another document of ${id}`);
  }
  for (const id of rows.keys()) say(`D1 has ${id}, which no shard owns`);
}

/** What only the buyer's browser may see stays in the object. */
function withoutAction(order) {
  const copy = structuredClone(order);
  for (const payment of [copy.payment, ...(copy.earlier_payments ?? [])]) {
    if (!payment) continue;
    if ("method" in payment) payment.method = null;
    if (payment.report) payment.report.action = null;
  }
  return copy;
}

/** The statement of a sandbox, as the audit reads it. */
export const sandboxStatement = (payments) =>
  payments.map((payment) => ({
    ...payment,
    open: ["action_required", "processing", "authorized"].includes(payment.status),
  }));

/** The statement of the Stripe fake, as the audit reads it. */
export const stripeStatement = (intents) =>
  intents.map((intent) => ({
    id: intent.id,
    order_id: intent.metadata.order_id,
    operation_id: intent.metadata.operation_id,
    amount: intent.amount,
    currency: intent.currency.toUpperCase(),
    captured: intent.amount_received,
    open: !["succeeded", "canceled"].includes(intent.status),
  }));

// The books of the day: what every gateway says happened, against the ledger of every order, its stock, its invoice
// and its credit notes, to the cent. Sentences about what does not agree; none if all is well.

import { movementsOf } from "../ledger.mjs";
import { unitsPutBack } from "../units.mjs";

const moved = (payment, kind) =>
  (payment?.operations ?? [])
    .filter((one) => one.kind === kind && one.result === "succeeded")
    .reduce((sum, one) => sum + one.amount_minor, 0);

const KINDS = { captured: "capture", refunded: "refund", charged_back: "chargeback" };

const paymentsOf = (order) => [order.payment, ...(order.earlier_payments ?? [])].filter(Boolean);

/** `books`: by gateway the rows of its book; `orders`: every order's document. */
export function compareBooks(orders, books) {
  const findings = [];
  const byReference = new Map();
  for (const [gateway, rows] of Object.entries(books)) for (const row of rows) byReference.set(`${gateway} ${row.reference}`, row);
  for (const order of orders) {
    let kept = 0;
    for (const payment of paymentsOf(order)) {
      const reference = payment.report?.reference ?? payment.reference;
      const name = `${payment.gateway} ${reference}`;
      const row = byReference.get(name) ?? { captured: 0, refunded: 0, charged_back: 0 };
      byReference.delete(name);
      for (const [field, kind] of Object.entries(KINDS)) {
        const ours = moved(payment, kind);
        if (ours !== row[field]) findings.push(`${order.id}: ${name} has ${field} ${row[field]}, the ledger ${ours}`);
      }
      if (row.captured - row.refunded - row.charged_back > 0) kept += 1;
      if (row.captured > 0 && row.currency !== order.cart.currency) findings.push(`${order.id}: ${name} took ${row.currency}`);
    }
    if (kept > 1) findings.push(`${order.id}: the buyer has paid ${kept} times`);
  }
  for (const [name, row] of byReference) {
    if (row.captured > 0 || row.open) findings.push(`${name} of ${row.order_id} has ${JSON.stringify(row)} and no order knows it`);
  }
  return findings;
}

/** Sold is what paid orders took, less what refunds put back. */
export function compareStock(orders, skus) {
  const sold = new Map();
  const add = (sku, quantity) => sold.set(sku, (sold.get(sku) ?? 0) + quantity);
  for (const order of orders) {
    for (const claim of order.claims) {
      if (claim.claim.state === "committed") add(claim.sku, claim.quantity - unitsPutBack(order, claim.sku));
    }
  }
  // Of a SKU in drop mode, the units that left any of its objects.
  const left = new Map();
  for (const [name, { level: [counters], ledger }] of skus) {
    if (!counters) continue;
    const [sku] = name.split("~");
    left.set(sku, movementsOf(ledger).reduce((sum, one) => sum + one.sold, left.get(sku) ?? 0));
  }
  const differs = [...left].filter(([sku, units]) => units !== (sold.get(sku) ?? 0));
  return differs.map(([sku, units]) => `${sku}: ${units} have left the shelf, the orders have ${sold.get(sku) ?? 0}`);
}

/** By gateway and currency: invoices less credit notes are what was taken less what was given back. */
export function compareDocuments(orders, series) {
  const findings = [];
  const documents = new Map();
  for (const { documents: rows } of series.values()) {
    for (const row of rows) {
      const document = JSON.parse(row.document);
      documents.set(document.order_id, [...(documents.get(document.order_id) ?? []), document]);
    }
  }
  const sums = new Map();
  for (const order of orders) {
    if (!order.payment) continue;
    const captured = moved(order.payment, "capture");
    const own = documents.get(order.id) ?? [];
    const alive = ["open", "completed"].includes(order.status);
    const key = `${order.payment.gateway} ${order.cart.currency}`;
    const sum = sums.get(key) ?? { invoices: 0, notes: 0, captured: 0, refunded: 0 };
    sums.set(key, sum);
    for (const one of own) sum[one.kind === "invoice" ? "invoices" : "notes"] += one.amount.total_minor;
    if (!alive) {
      if (own.length > 0) findings.push(`${order.id} is ${order.status} and has ${own[0].number}`);
      continue;
    }
    sum.captured += captured;
    sum.refunded += moved(order.payment, "refund");
    const invoices = own.filter((one) => one.kind === "invoice").length;
    if (invoices !== (captured > 0 ? 1 : 0)) findings.push(`${order.id} took ${captured} and has ${invoices} invoices`);
    const settled = (order.refunds ?? []).filter((refund) => {
      const parts = order.payment.operations.filter((one) => one.refund_id === refund.id && one.result === "succeeded");
      return parts.reduce((total, one) => total + one.amount_minor, 0) >= refund.amount_minor;
    });
    const notes = own.length - invoices;
    if (notes !== settled.length) findings.push(`${order.id} has ${settled.length} refunds and ${notes} credit notes`);
  }
  for (const [key, sum] of sums) {
    if (sum.invoices - sum.notes !== sum.captured - sum.refunded) findings.push(`${key}: ${JSON.stringify(sum)}`);
  }
  return { findings, sums };
}

/** The day in figures, for whoever reads the test's output. */
export function table(counters, office, seen, orders) {
  const rows = {};
  for (const [name, counter] of Object.entries(counters)) {
    const own = orders.filter((order) => order.payment?.gateway === name);
    const unknown = [...seen.unknown.values()].filter((gateway) => gateway === name).length;
    rows[name] = {
      orders: own.length,
      paid: own.filter((order) => moved(order.payment, "capture") > 0).length,
      refunded: own.filter((order) => moved(order.payment, "refund") > 0).length,
      charged_back: own.filter((order) => moved(order.payment, "chargeback") > 0).length,
      unknown_resolved: unknown,
      found_by_poll: seen.foundByPoll[name] ?? 0,
      ...counter.counts,
      ...Object.fromEntries(Object.entries(office.counts[name] ?? {}).map(([what, count]) => [`webhook_${what}`, count])),
    };
  }
  const lines = Object.keys(rows[Object.keys(rows)[0]]);
  const cell = (text, width) => String(text).padStart(width);
  const names = Object.keys(rows);
  return [
    `${"".padEnd(20)}${names.map((name) => cell(name, 15)).join("")}`,
    ...lines.map((line) => `${line.padEnd(20)}${names.map((name) => cell(rows[name][line] ?? 0, 15)).join("")}`),
  ].join("\n");
}

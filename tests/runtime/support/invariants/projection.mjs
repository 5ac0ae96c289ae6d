// Invariant 8 and I7, I8 of FAULTS: at rest, nothing is owed to the queue, and D1 says of every order and SKU
// what its object says, and of no others.

import { isSlice, objectsOf, operations, total, versionOf, waitsForPerson } from "./raw.mjs";

/** What only the buyer's browser may see stays in the object. */
function withoutSecrets(document) {
  const copy = structuredClone(document);
  for (const payment of [copy.payment, ...(copy.earlier_payments ?? [])]) {
    if (!payment) continue;
    if ("method" in payment) payment.method = null;
    if (payment.report) payment.report.action = null;
  }
  return copy;
}

/** A checkout that was refused before any payment was asked for is not an order that anyone looks for. */
function isListed({ document }) {
  if (document.status === "placing") return false;
  return document.status !== "rejected" || document.payment === null || operations({ document }).length > 0;
}

export function projectionIsComplete(world, must) {
  for (const shard of world.shards) {
    const owed = shard.outbox.map((row) => row.sequence);
    must(owed.length === 0, `shard ${shard.name} came to rest with message(s) ${owed.join(", ")} in its outbox`);
  }
  for (const order of world.orders.values()) {
    const row = world.projected.orders.get(order.id);
    if (!must((row !== undefined) === isListed(order), `${order.id} (${order.document.status}) is ${row ? "" : "not "}in D1`)) continue;
    if (row) copyIsTrue(order, row, must);
  }
  for (const sku of world.skus.values()) levelIsTrue(sku, world, must);
  for (const sku of world.skus.values()) alertsAreTold(sku, world.projected.alerts.filter((row) => row.sku === sku.name), must);
}

/** Every crossing is one row of D1, numbered without a gap in the book; what is open there is open here. */
function alertsAreTold({ name, alerts, alertBook: [row] }, copies, must) {
  must(alerts.length === 0, `${name} came to rest with alert(s) ${alerts.map(({ sequence }) => sequence).join(", ")} untold`);
  const book = row ? JSON.parse(row.document) : { last_sequence: 0, open: [] };
  const open = (list) => list.map((one) => `${one.sequence} ${one.kind}`).sort().join(", ");
  const copied = copies.filter((one) => one.closed_at === null);
  must(open(book.open) === open(copied), `${name} has open alerts ${open(book.open)}, D1 has ${open(copied)}`);
  const numbers = new Set(copies.flatMap((one) => [one.sequence, one.last_sequence]));
  const whole = numbers.size === book.last_sequence && Math.max(0, ...numbers) === book.last_sequence;
  must(whole, `${name} told of ${book.last_sequence} crossings, D1 has ${[...numbers].join(", ")}`);
}

function copyIsTrue(order, row, must) {
  const { document } = order;
  must(row.version === document.version, `${order.id} is at version ${document.version}, D1 at ${row.version}`);
  const columns = {
    status: document.status,
    email: document.email.toLowerCase(),
    currency: document.cart.currency,
    total_minor: total(order),
    needs_attention: waitsForPerson(order) ? 1 : 0,
    invoice_number: document.invoice_number,
    created_at: Date.parse(document.created_at),
    updated_at: Date.parse(document.updated_at),
  };
  for (const [column, value] of Object.entries(columns)) {
    must(row[column] === value, `${order.id}: D1 has ${column} ${row[column]}, the order ${value}`);
  }
  const same = JSON.stringify(row.document) === JSON.stringify(withoutSecrets(document));
  must(same, `${order.id}: D1's document differs from the order's`);
}

/** Lists show the whole of a SKU, however many objects have its units; a slice tells the SKU's own object alone. */
function levelIsTrue(sku, world, must) {
  const { name, level } = sku;
  if (level === undefined) return;
  const row = world.projected.levels.get(name);
  const version = versionOf(sku);
  must(level.projected_version === version, `${name} is at version ${version}, others were told of ${level.projected_version}`);
  if (isSlice(sku)) {
    must(row === undefined, `${name} is a slice, and D1 knows it`);
    return;
  }
  must(row?.version === version, `${name}: D1 is at version ${row?.version}, the object at ${version}`);
  const whole = (column) => objectsOf(name, world).reduce((sum, one) => sum + (one.level?.[column] ?? 0), 0);
  for (const column of ["received", "adjusted", "sold", "reserved", "back_order_limit", "low_stock_threshold"]) {
    must(row?.[column] === whole(column), `${name}: D1 has ${column} ${row?.[column]}, its objects ${whole(column)}`);
  }
}

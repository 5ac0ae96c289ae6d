// Reads the world as it is stored, past all of the product's code.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { movementsOf } from "../../../support/ledger.mjs";
import { unitsPutBack } from "../../../support/units.mjs";
import { clock } from "../clock.mjs";
import { gateway } from "../gateway.mjs";
import { alarms, lives } from "../objects.mjs";
import { queue } from "../queue.mjs";
import { shop, stubOf } from "../shop.mjs";

const TABLES = {
  OrderShard: { orders: "orders", keys: "idempotency", inbox: "inbox", outbox: "outbox", requests: "movement_requests" },
  SkuInventory: {
    level: "level", reservations: "reservations", ledger: "ledger", returns: "returns", filled: "filled", alerts: "alert_outbox",
    alertBook: "alert_book", spread: "spread", members: "spread_members", slice: "slice", passedOn: "passed_on",
  },
  InvoiceSeries: { invoices: "invoices", credit_notes: "credit_notes", documents: "documents", projection: "projection" },
  Reconciler: { runs: "runs" },
  StockDocument: { documents: "document", keys: "keys" },
  ImportJob: { imports: "import" },
};

/** Everything that was written by this test: what other tests left in the same objects is not looked at. */
export async function readWorld() {
  const objects = await Promise.all([...lives.values()].map(readObject));
  const of = (className) => objects.filter((object) => object.className === className);
  const shards = of("OrderShard").map(ownRows);
  const skus = of("SkuInventory").filter(({ name }) => name.startsWith(`${shop.tag}-`)).map(({ level: [row], ...sku }) => ({
    ...sku, level: row && { ...row, document: JSON.parse(row.document) }, movements: movementsOf(sku.ledger),
  }));
  const orders = new Map(shards.flatMap((shard) => shard.orders).map((order) => [order.id, order]));
  return {
    now: clock.now(), shop, gateway, shards, orders,
    skus: new Map(skus.map((sku) => [sku.name, sku])),
    series: of("InvoiceSeries"),
    stockDocuments: of("StockDocument"),
    projected: await readProjection([...orders.keys()], ...[skus, of("InvoiceSeries"), of("StockDocument")].map(namesOf)),
    messages: queue.taken.map(parsed).filter((message) => message !== undefined),
  };
}

const namesOf = (objects) => objects.map(({ name }) => name);

const readObject = ({ className, name }) =>
  runInDurableObject(stubOf(className, name), async (_, state) => {
    const at = await state.storage.getAlarm();
    const object = { className, name, alarm: at === null ? undefined : at - alarms.shift() };
    for (const [as, table] of Object.entries(TABLES[className])) {
      object[as] = state.storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray();
    }
    return object;
  });

function ownRows({ orders, keys, ...shard }) {
  const documents = orders.map((row) => ({ ...row, document: JSON.parse(row.document) }));
  const own = documents.filter(({ document }) => document.cart.lines.some((line) => line.sku.startsWith(`${shop.tag}-`)));
  const ids = new Set(own.map((order) => order.id));
  return {
    ...shard,
    orders: own,
    keys: keys.filter((key) => ids.has(key.order_id)),
    requests: shard.requests.filter((request) => ids.has(request.order_id)),
    orphanKeys: keys.filter((key) => !orders.some((order) => order.id === key.order_id)),
  };
}

async function readProjection(orderIds, skus, series, stockDocumentIds) {
  const select = (table, column, values) =>
    env.DB.prepare(`SELECT * FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`)
      .bind(JSON.stringify(values)).all();
  const orders = (await select("orders", "id", orderIds)).results;
  const levels = (await select("stock_levels", "sku", skus)).results;
  const invoices = (await select("invoices", "series", series)).results;
  const alerts = (await select("stock_alerts", "sku", skus)).results;
  const stockDocuments = (await select("stock_documents", "id", stockDocumentIds)).results;
  return {
    alerts,
    stockDocuments: new Map(stockDocuments.map((row) => [row.id, row])),
    orders: new Map(orders.map((row) => [row.id, { ...row, document: JSON.parse(row.document) }])),
    levels: new Map(levels.map((row) => [row.sku, row])),
    invoices: new Map(invoices.map((row) => [row.number, row])),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// What the words of the invariants mean in an order's document.

export const sum = (numbers) => [...numbers].reduce((total, one) => total + one, 0);

/** Whether an object is one of those that a SKU's units are spread over. */
export const isSlice = ({ name }) => name.includes("~");
/** The SKU whose units an object has. */
export const skuOf = ({ name }) => name.split("~")[0];
/** Every object that has units of a SKU. */
export const objectsOf = (sku, world) => [...world.skus.values()].filter((one) => skuOf(one) === sku);
/** The version that others are told of: a SKU's own object counts what it heard of its slices. */
export const versionOf = ({ level, members }) =>
  (level?.version ?? 0) + sum(members.map(({ document }) => JSON.parse(document).level.version));
/** The object that decides an order's claim: the slice that it asks, unless that one passed the order on. */
export function deciderOf(order, claim, world) {
  const slice = claim.slice === undefined ? undefined : world.skus.get(`${claim.sku}~${claim.slice}`);
  const isPassedOn = slice?.passedOn.some((one) => one.order_id === order.id);
  return slice && !isPassedOn ? slice : world.skus.get(claim.sku);
}

/** The attempts to pay an order: the one that counts first. */
export const attempts = ({ document }) => [document.payment, ...(document.earlier_payments ?? [])].filter(Boolean);

/** Operations of a payment. */
export const operationsOf = (payment, kind, result) =>
  (payment?.operations ?? []).filter((one) => (!kind || one.kind === kind) && (!result || one.result === result));

/** Operations of all of an order's payments. */
export const operations = (order, kind, result) => attempts(order).flatMap((payment) => operationsOf(payment, kind, result));

const amounts = (list) => sum(list.map((one) => one.amount_minor));
/** Minor units of a payment that moved, by kind. */
export const moved = (payment, kind) => amounts(operationsOf(payment, kind, "succeeded"));
/** What the shop believes to have of a payment. */
export const keptOf = (payment) => moved(payment, "capture") - moved(payment, "refund") - moved(payment, "chargeback");
/** What was asked to go back and did not fail. */
export const leaving = (payment) =>
  amounts(operationsOf(payment, "refund").filter((one) => one.result !== "failed" && one.origin !== "gateway"));

/** What the payment that counts has taken, and given back. */
export const captured = (order) => moved(order.document.payment, "capture");
export const refunded = (order) => moved(order.document.payment, "refund");
/** Units of a SKU that were put back, with a refund or without one, in a bundle or by themselves. */
export const restocked = (order, sku) => unitsPutBack(order.document, sku);
export const total = (order) => order.document.cart.totals.total_minor;
/** A channel was paid for it: no money is here, and no invoice is ours. */
export const isSoldByChannel = (order) => Boolean(order.document.channel);
export const isPaid = (order) => isSoldByChannel(order) || captured(order) - refunded(order) >= total(order);
/** What will be taken was taken, whatever was given back since. */
export const isSettled = (order) =>
  isSoldByChannel(order) || captured(order) >= total(order) || (captured(order) > 0 && order.document.payment?.report?.state === "captured");
/** The money is on hold for the shop: it can still take it. */
export const isHeld = (order) => order.document.payment?.report?.state === "authorized";
export const hasAttention = (order) => order.document.attention.length > 0;
/** Something that nobody has dealt with. */
export const waitsForPerson = (order) => order.document.attention.some((one) => !one.resolved);
export const isTerminal = (order) => !["placing", "open"].includes(order.document.status);
export const isCalledOff = (order) => ["cancelled", "expired", "rejected"].includes(order.document.status);

// Reads the world as it is stored, past all of the product's code.

import { env } from "cloudflare:workers";
import { clock } from "../clock.mjs";
import { alarmOf } from "../drain.mjs";
import { gateway } from "../gateway.mjs";
import { lives } from "../objects.mjs";
import { queue } from "../queue.mjs";
import { inStorage, shop } from "../shop.mjs";

/** Everything that was written by this test: what other tests left in the same objects is not looked at. */
export async function readWorld() {
  const world = { now: clock.now(), shop, gateway, shards: [], skus: new Map(), series: [], orders: new Map() };
  for (const { className, name } of [...lives.values()]) {
    const rows = (statement) => inStorage(className, name, statement);
    const alarm = await alarmOf(className, name);
    if (className === "OrderShard") world.shards.push(await readShard(name, rows, alarm));
    if (className === "InvoiceSeries") {
      world.series.push({ name, invoices: await rows("SELECT * FROM invoices ORDER BY number") });
    }
    if (className === "SkuInventory") {
      const [level] = await rows("SELECT * FROM level");
      const reservations = await rows("SELECT * FROM reservations");
      world.skus.set(name, { name, alarm, level, reservations, movements: await rows("SELECT * FROM movements") });
    }
  }
  for (const shard of world.shards) for (const order of shard.orders) world.orders.set(order.id, order);
  world.projected = await readProjection([...world.orders.keys()], [...world.skus.keys()]);
  world.messages = queue.taken.map(parsed).filter((message) => message !== undefined);
  return world;
}

async function readShard(name, rows, alarm) {
  const keys = await rows("SELECT * FROM idempotency");
  const orders = (await rows("SELECT * FROM orders")).map((row) => ({
    ...row, shard: name, document: JSON.parse(row.document),
  }));
  const own = orders.filter((order) => order.document.cart.lines.some((line) => line.sku.startsWith(`${shop.tag}-`)));
  const ids = new Set(own.map((order) => order.id));
  return {
    name,
    alarm,
    orders: own,
    keys: keys.filter((key) => ids.has(key.order_id)),
    orphanKeys: keys.filter((key) => !orders.some((order) => order.id === key.order_id)),
    inbox: await rows("SELECT * FROM inbox"),
    outbox: await rows("SELECT * FROM outbox"),
  };
}

async function readProjection(orderIds, skus) {
  const select = (table, column, values) =>
    env.DB.prepare(`SELECT * FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`)
      .bind(JSON.stringify(values)).all();
  const orders = (await select("orders", "id", orderIds)).results;
  const levels = (await select("stock_levels", "sku", skus)).results;
  return {
    orders: new Map(orders.map((row) => [row.id, { ...row, document: JSON.parse(row.document) }])),
    levels: new Map(levels.map((row) => [row.sku, row])),
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

export const operations = (order, kind, result) =>
  (order.document.payment?.operations ?? []).filter(
    (operation) => (!kind || operation.kind === kind) && (!result || operation.result === result),
  );

export const captured = (order) => sum(operations(order, "capture", "succeeded").map((one) => one.amount_minor));
export const refunded = (order) => sum(operations(order, "refund", "succeeded").map((one) => one.amount_minor));
export const total = (order) => order.document.cart.totals.total_minor;
export const isPaid = (order) => captured(order) - refunded(order) >= total(order);
/** The money is on hold for the shop: it can still take it. */
export const isHeld = (order) => order.document.payment?.report?.state === "authorized";
export const hasAttention = (order) => order.document.attention.length > 0;
export const isTerminal = (order) => !["placing", "open"].includes(order.document.status);
export const isCalledOff = (order) => ["cancelled", "expired", "rejected"].includes(order.document.status);

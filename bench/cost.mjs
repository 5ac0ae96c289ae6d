// What one checkout costs on the platform: events of objects, rows written by SQLite and by D1, as the platform
// itself counts them (bench/counting.mjs), from the request until D1 has the paid order and the outbox is empty.

import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { repositoryRoot } from "../scripts/bootstrap.mjs";
import { startShop, stockShop } from "./instance.mjs";
import { runLoad } from "./load.mjs";
import { row } from "./report.mjs";

/** How long after a message was sent its arrival is looked for, as shipped: what is sent twice meanwhile is billed. */
const [, SHIPPED_CONFIRM] = /"PROJECTION_CONFIRM_MILLISECONDS",\s*([\d_]+),/.exec(
  readFileSync(path.join(repositoryRoot, "src", "runtime", "settings.rs"), "utf8"),
);
const CONFIRM_MS = Number(SHIPPED_CONFIRM.replaceAll("_", ""));
/** Longer than that, so that what confirming costs is counted. */
const REST_MS = CONFIRM_MS + 5_000;
const WARM_UP_ORDERS = 64;

export const OBJECT_ROWS_WRITTEN = /^(?!D1).* rows written$/;
export const OBJECT_ROWS_READ = /^(?!D1).* rows read$/;

/** Rows of the report for `orders` checkouts of so many lines at so many connections, the floor's beside them. */
export async function measureCost(plan) {
  const [ours, floor] = await counted(["counted", "counted-floor"], plan);
  return rowsOf(ours, floor, plan);
}

/** What one order adds to each counter, in a shop of each kind. They work in turn, and rest together. */
export async function counted(kinds, plan) {
  const shops = [];
  try {
    for (const kind of kinds) shops.push(await startShop(kind, { gatewayUrl: plan.gatewayUrl, vars: { PROJECTION_CONFIRM_MILLISECONDS: String(CONFIRM_MS) } }));
    // The first order of a shard pays for its tables, the first of an isolate for the catalogue.
    for (const shop of shops) await stockShop(shop, plan.skus);
    for (const shop of shops) await sell(shop, "warm", WARM_UP_ORDERS, WARM_UP_ORDERS, plan);
    await wait(REST_MS);
    const before = await Promise.all(shops.map((shop) => shop.get("/bench/counters")));
    for (const shop of shops) await sell(shop, "counted", plan.orders, WARM_UP_ORDERS + plan.orders, plan);
    await wait(REST_MS);
    const after = await Promise.all(shops.map((shop) => shop.get("/bench/counters")));
    return after.map((counters, index) =>
      Object.fromEntries(Object.keys(counters).map((name) => [name, (counters[name] - (before[index][name] ?? 0)) / plan.orders])),
    );
  } finally {
    await Promise.all(shops.map((shop) => shop.stop()));
  }
}

/** Sells, and waits until D1 has so many orders. */
async function sell(shop, run, limit, inAll, { skus, connections, lines = 1 }) {
  const requests = { kind: "checkouts", skus, run, lines };
  const { ok } = await runLoad({ port: shop.port, connections, seconds: 120, requests, limit });
  if (ok !== limit) throw new Error(`only ${ok} of ${limit} checkouts succeeded`);
  await shop.drained(inAll);
}

/** The sum of the counters whose name matches. */
export const sum = (counters, test) =>
  Object.entries(counters).reduce((total, [name, value]) => (test.test(name) ? total + value : total), 0);

/** What one order adds, ours and the floor's, as rows. */
export function rowsOf(ours, floor, { connections, lines = 1 }) {
  const carts = lines === 1 ? "" : `, ${lines} SKUs`;
  const at = `per order${carts}, ${connections} connection${connections === 1 ? "" : "s"}`;
  const of = (name, unit, test) => row(name, unit, sum(ours, test), sum(floor, test));
  return [
    of(`object requests ${at}`, "events", / fetch events$/),
    of(`  of the order's shard ${at}`, "events", /^OrderShard fetch events$/),
    of(`  of the SKU's object ${at}`, "events", /^SkuInventory fetch events$/),
    of(`  of the invoice series ${at}`, "events", /^InvoiceSeries fetch events$/),
    of(`alarms rung ${at}`, "events", / alarm events$/),
    of(`alarms set ${at}`, "rows", / alarms set$/),
    of(`object rows written ${at}`, "rows", OBJECT_ROWS_WRITTEN),
    of(`  by the order's shard ${at}`, "rows", /^OrderShard rows written$/),
    of(`  by the SKU's object ${at}`, "rows", /^SkuInventory rows written$/),
    of(`  by the invoice series ${at}`, "rows", /^InvoiceSeries rows written$/),
    of(`object rows read ${at}`, "rows", OBJECT_ROWS_READ),
    of(`statements ${at}`, "statements", / statements$/),
    of(`objects active ${at}`, "ms", / active milliseconds$/),
    of(`D1 rows written ${at}`, "rows", /^D1 rows written$/),
    of(`D1 rows read ${at}`, "rows", /^D1 rows read$/),
    of(`D1 requests ${at}`, "requests", /^D1 requests$/),
    of(`queue messages ${at}`, "messages", /^queue messages$/),
    of(`queue deliveries ${at}`, "batches", /^queue deliveries$/),
    of(`lines of the log ${at}`, "lines", /^log lines$/),
  ];
}

// What one checkout costs on the platform: events of objects, rows written by SQLite and by D1, as the platform
// itself counts them (bench/counting.mjs), from the request until D1 has the paid order and the outbox is empty.

import { setTimeout as wait } from "node:timers/promises";
import { startShop, stockShop } from "./instance.mjs";
import { runLoad } from "./load.mjs";
import { row } from "./report.mjs";

/** Longer than the confirmation of arrival, so that what it costs is counted. */
const REST_MS = 2_500;

/** Rows of the report for `orders` checkouts at so many connections. */
export async function measureCost({ gatewayUrl, skus, connections, orders }) {
  const shop = await startShop("counted", { gatewayUrl });
  try {
    await stockShop(shop, skus);
    // The first order of a shard pays for its tables, the first of an isolate for the catalogue.
    await load(shop, { skus, connections, orders: 64, run: "warm" });
    await shop.drained(64);
    await wait(REST_MS);
    const before = await shop.get("/bench/counters");
    const { ok } = await load(shop, { skus, connections, orders, run: "counted" });
    if (ok !== orders) throw new Error(`only ${ok} of ${orders} checkouts succeeded`);
    await shop.drained(64 + orders);
    await wait(REST_MS);
    const after = await shop.get("/bench/counters");
    return summed(after, before, orders, connections);
  } finally {
    await shop.stop();
  }
}

const load = (shop, { skus, connections, orders, run }) =>
  runLoad({ port: shop.port, connections, seconds: 60, requests: { kind: "checkouts", skus, run }, limit: orders });

function summed(after, before, orders, connections) {
  const per = (test) => {
    const names = Object.keys(after).filter((name) => test.test(name));
    return names.reduce((sum, name) => sum + after[name] - (before[name] ?? 0), 0) / orders;
  };
  const at = `per order, ${connections} connection${connections === 1 ? "" : "s"}`;
  return [
    row(`object requests ${at}`, "events", per(/ fetch events$/)),
    row(`  of the order's shard`, "events", per(/^OrderShard fetch events$/)),
    row(`  of the SKU's object`, "events", per(/^SkuInventory fetch events$/)),
    row(`  of the invoice series`, "events", per(/^InvoiceSeries fetch events$/)),
    row(`alarms rung ${at}`, "events", per(/ alarm events$/)),
    row(`alarms set ${at}`, "rows", per(/ alarms set$/)),
    row(`object rows written ${at}`, "rows", per(/ rows written$/) - per(/^D1 rows written$/)),
    row(`  by the order's shard`, "rows", per(/^OrderShard rows written$/)),
    row(`  by the SKU's object`, "rows", per(/^SkuInventory rows written$/)),
    row(`  by the invoice series`, "rows", per(/^InvoiceSeries rows written$/)),
    row(`object rows read ${at}`, "rows", per(/ rows read$/)),
    row(`statements ${at}`, "statements", per(/ statements$/)),
    row(`D1 rows written ${at}`, "rows", per(/^D1 rows written$/)),
    row(`D1 requests ${at}`, "requests", per(/^D1 requests$/)),
    row(`queue messages ${at}`, "messages", per(/^queue messages$/)),
  ];
}

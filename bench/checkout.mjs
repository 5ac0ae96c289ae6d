// `npm run bench`: how many checkouts a second one workerd takes, how long each takes, and what each costs.
//
// The shipped bundle and the floor (bench/floor) are measured in turn in the same run, on the same bindings and
// tables, with a gateway that takes no time. bench/README.md says what is measured and how to read it.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { diskSyncMilliseconds } = await import("./disk.mjs");
const { measureCost } = await import("./cost.mjs");
const { startInstantGateway } = await import("./gateway.mjs");
const { startShop, stockShop } = await import("./instance.mjs");
const { runLoad } = await import("./load.mjs");
const { median, printTable, row, writeReport } = await import("./report.mjs");

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1,32" },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    skus: { type: "string", default: "50" },
    "no-floor": { type: "boolean", default: false },
    "no-cost": { type: "boolean", default: false },
  },
});
const connections = values.connections.split(",").map(Number);
const [seconds, rounds, skuCount] = [values.seconds, values.rounds, values.skus].map(Number);

const SPREAD = Array.from({ length: skuCount }, (_, index) => `BENCH-${index}`);
const HOT = ["BENCH-HOT"];
const CARTS = { [`${skuCount} SKUs`]: SPREAD, "one hot SKU": HOT };

/** Checkouts before the clock starts: objects are created and code is compiled. */
const WARM_UP_SECONDS = 1.5;

const placed = new Map();

/** One run against one shop; when it is over, the shop is left to settle what it owes. */
async function measure(shop, skus, count, runSeconds, run) {
  const before = shop.processorTime();
  const load = await runLoad({ port: shop.port, connections: count, seconds: runSeconds, requests: { kind: "checkouts", skus, run } });
  if (Object.keys(load.refused).length > 0) console.warn(`${shop.kind}: refused ${JSON.stringify(load.refused)}`);
  placed.set(shop, (placed.get(shop) ?? 0) + load.ok);
  const drain = await shop.drained(placed.get(shop));
  const processor = (shop.processorTime() - before) / load.ok;
  return { ...load, settled: load.ok / (load.seconds + drain), processor };
}

/** Medians over the rounds, the shops taking turns. */
async function compare(shops, skus, count, name) {
  const runs = new Map(shops.map((shop) => [shop, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const shop of round % 2 === 0 ? shops : [...shops].reverse()) {
      const run = `${shop.kind}-${name}-${count}-${round}`.replaceAll(" ", "-");
      runs.get(shop).push(await measure(shop, skus, count, seconds, run));
    }
  }
  const of = (shop, figure) => shop && median(runs.get(shop).map((run) => run[figure]));
  const [ours, floor] = shops;
  const at = `${name}, ${count} connection${count === 1 ? "" : "s"}`;
  return [
    row(`checkouts, ${at}`, "1/s", of(ours, "perSecond"), of(floor, "perSecond")),
    row(`  until D1 has them, ${at}`, "1/s", of(ours, "settled"), of(floor, "settled")),
    row(`  processor time of workerd, ${at}`, "ms/order", of(ours, "processor"), of(floor, "processor")),
    row(`  p50, ${at}`, "ms", of(ours, "p50"), of(floor, "p50")),
    row(`  p99, ${at}`, "ms", of(ours, "p99"), of(floor, "p99")),
  ];
}

const gateway = await startInstantGateway();
const running = [];
const rows = [];
try {
  for (const kind of values["no-floor"] ? ["cartwright"] : ["cartwright", "floor"]) {
    const shop = await startShop(kind, { gatewayUrl: gateway.url });
    running.push(shop);
    await stockShop(shop, [...SPREAD, ...HOT]);
    await measure(shop, [...SPREAD, ...HOT], 16, WARM_UP_SECONDS, `warm-${kind}`);
  }
  const sync = diskSyncMilliseconds();
  rows.push(row("disk: one synced write of 4 KiB", "ms", sync));
  console.log(`one workerd, ${availableParallelism()} cores shared with load and gateway; ${rounds} rounds of ${seconds} s`);
  for (const [name, skus] of Object.entries(CARTS)) {
    for (const count of connections) rows.push(...(await compare(running, skus, count, name)));
  }
  while (running.length > 0) await running.pop().stop();
  if (!values["no-cost"]) {
    for (const count of connections) {
      rows.push(...(await measureCost({ gatewayUrl: gateway.url, skus: SPREAD, connections: count, orders: count === 1 ? 100 : 400 })));
    }
  }
  printTable(rows);
  writeReport(rows);
} finally {
  await Promise.all(running.map((shop) => shop.stop()));
  await gateway.stop();
}

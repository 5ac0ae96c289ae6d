// `npm run bench`: how many checkouts a second one workerd takes, how long each takes, and what each costs.
//
// The shipped bundle and the floor (bench/floor) are measured in turn in the same run, on the same bindings and
// tables, with a gateway that takes no time. bench/README.md says what is measured and how to read it.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { measureCost } = await import("./cost.mjs");
const { startInstantGateway } = await import("./gateway.mjs");
const { startShop, stockShop } = await import("./instance.mjs");
const { machineRows } = await import("./machine.mjs");
const { measureCheckouts } = await import("./measure.mjs");
const { atLeast, atLeastRatio, atMost, median, printTable, row, writeReport } = await import("./report.mjs");

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1,32" },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    skus: { type: "string", default: "50" },
    carts: { type: "string", default: "one,hot" },
    "no-floor": { type: "boolean", default: false },
    "no-cost": { type: "boolean", default: false },
  },
});
const connections = values.connections.split(",").map(Number);
const [seconds, rounds, skuCount] = [values.seconds, values.rounds, values.skus].map(Number);

const SPREAD = Array.from({ length: skuCount }, (_, index) => `BENCH-${index}`);
const HOT = ["BENCH-HOT"];

/** What is bought. The floor's goal is that of two SKUs; those of one line and of three are orders a second. */
const FLOOR = atLeastRatio(0.7);
const CARTS = {
  one: { name: `one line of ${skuCount} SKUs`, skus: SPREAD, lines: 1, goals: { 1: { p50: atMost(10), p99: atMost(30) }, 32: { perSecond: atLeast(310), p99: atMost(250) } } },
  two: { name: "two SKUs", skus: SPREAD, lines: 2, ratio: FLOOR, goals: {} },
  three: { name: "three SKUs", skus: SPREAD, lines: 3, goals: { 32: { perSecond: atLeast(150) } } },
  hot: { name: "one hot SKU", skus: HOT, lines: 1, goals: {} },
};

/** `one:1+32`: this cart at 1 and 32 connections, whatever `--connections` says. */
const carts = values.carts.split(",").map((cart) => {
  const [name, counts] = cart.split(":");
  return { ...CARTS[name], connections: counts?.split("+").map(Number) ?? connections };
});

/**
 * Checkouts before the clock starts: objects are created and code is compiled, which takes that of megabytes of
 * wasm longer than that of a page of JavaScript.
 */
const WARM_UP_SECONDS = 8;

/** Medians over the rounds, the shops taking turns. */
async function compare(shops, cart, count) {
  const { name, skus, lines } = cart;
  const runs = new Map(shops.map((shop) => [shop, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const shop of round % 2 === 0 ? shops : [...shops].reverse()) {
      const run = `${shop.kind}-${name}-${count}-${round}`;
      runs.get(shop).push(await measureCheckouts(shop, { skus, lines, connections: count, seconds, run }));
    }
  }
  const of = (shop, figure) => shop && median(runs.get(shop).map((run) => run[figure]));
  const [ours, floor] = shops;
  const at = `${name}, ${count} connection${count === 1 ? "" : "s"}`;
  const { perSecond, p50, p99 } = cart.goals[count] ?? {};
  const ratio = floor && cart.ratio;
  return [
    row(`checkouts, ${at}`, "1/s", of(ours, "perSecond"), of(floor, "perSecond"), undefined, perSecond ?? ratio),
    row(`  until D1 has them, ${at}`, "1/s", of(ours, "settled"), of(floor, "settled"), undefined, ratio),
    row(`  processor time of workerd, ${at}`, "ms/order", of(ours, "processor"), of(floor, "processor")),
    row(`  p50, ${at}`, "ms", of(ours, "p50"), of(floor, "p50"), undefined, p50),
    row(`  p99, ${at}`, "ms", of(ours, "p99"), of(floor, "p99"), undefined, p99),
  ];
}

const gateway = await startInstantGateway();
const running = [];
const rows = machineRows();
try {
  for (const kind of values["no-floor"] ? ["cartwright"] : ["cartwright", "floor"]) {
    const shop = await startShop(kind, { gatewayUrl: gateway.url });
    running.push(shop);
    await stockShop(shop, [...SPREAD, ...HOT]);
    await measureCheckouts(shop, { skus: [...SPREAD, ...HOT], connections: 16, seconds: WARM_UP_SECONDS, run: `warm-${kind}` });
  }
  console.log(`one workerd, ${availableParallelism()} cores shared with load and gateway; ${rounds} rounds of ${seconds} s`);
  for (const cart of carts) {
    for (const count of cart.connections) rows.push(...(await compare(running, cart, count)));
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

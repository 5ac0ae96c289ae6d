// `npm run bench -- webhook`: how fast a signed webhook is acknowledged, which is after it was stored. Each tells of
// the payment of an order of its own that waits for it, so each changes the order, stores the event, sets a timer
// and owes D1 a message. The floor verifies the same signature and does the same storage steps.

import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { sign } = await import("../sandbox/delivery.mjs");
const { SANDBOX_WEBHOOK_SECRET } = await import("../scripts/development-settings.mjs");
const { startInstantGateway } = await import("./gateway.mjs");
const { startShop, stockShop } = await import("./instance.mjs");
const { runLoad } = await import("./load.mjs");
const { machineRows } = await import("./machine.mjs");
const { atLeastRatio, median, printTable, row, writeReport } = await import("./report.mjs");

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1,32" },
    rounds: { type: "string", default: "5" },
    "per-connection": { type: "string", default: "12" },
    most: { type: "string", default: "400" },
  },
});
const connections = values.connections.split(",").map(Number);
const [rounds, perConnection, most] = [values.rounds, values["per-connection"], values.most].map(Number);

const SKUS = Array.from({ length: 50 }, (_, index) => `BENCH-${index}`);
const FLOOR = atLeastRatio(0.7);
const LIMIT_SECONDS = 120;
/** So many that several of the alarms' windows pass while they are measured, one at a time as well. */
const LEAST = 400;

const placed = new WeakMap();
let runs = 0;

/** Orders that wait for their payment, and the signed webhooks that say it was captured. */
async function webhooksFor(shop, gateway, count) {
  runs += 1;
  const requests = { kind: "checkouts", skus: SKUS, run: `waiting-${shop.kind}-${runs}`, method: "pending" };
  const { refused } = await runLoad({ port: shop.port, connections: 32, seconds: LIMIT_SECONDS, limit: count, requests });
  if (Object.keys(refused).length > 0) throw new Error(`${shop.kind} refused ${JSON.stringify(refused)}`);
  return (await gateway.open()).map((payment) => {
    const now = Date.now();
    const captured = { ...payment, status: "captured", captured: payment.amount, updated_at: now, refunds: [], disputes: [] };
    const body = JSON.stringify({ id: `evt_${payment.id.slice(4)}`, type: "payment.captured", created_at: now, payment: captured });
    return { body, signature: sign(body, SANDBOX_WEBHOOK_SECRET) };
  });
}

async function measure(shop, gateway, count) {
  const limit = Math.min(most, Math.max(LEAST, count * perConnection));
  const events = await webhooksFor(shop, gateway, limit);
  const before = shop.processorTime();
  const requests = { kind: "webhooks", events };
  const load = await runLoad({ port: shop.port, connections: count, seconds: LIMIT_SECONDS, limit: events.length, requests });
  if (load.ok !== events.length) throw new Error(`${shop.kind}: ${load.ok} of ${events.length} webhooks were taken: ${JSON.stringify(load.refused)}`);
  placed.set(shop, (placed.get(shop) ?? 0) + load.ok);
  const drain = await shop.drained(placed.get(shop));
  return { ...load, settled: load.ok / (load.seconds + drain), processor: (shop.processorTime() - before) / load.ok };
}

async function compare(shops, gateway, count) {
  const found = new Map(shops.map((shop) => [shop, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const shop of round % 2 === 0 ? shops : [...shops].reverse()) found.get(shop).push(await measure(shop, gateway, count));
  }
  const of = (shop, figure) => median(found.get(shop).map((run) => run[figure]));
  const [ours, floor] = shops;
  const at = `${count} connection${count === 1 ? "" : "s"}`;
  return [
    row(`webhooks acknowledged, ${at}`, "1/s", of(ours, "perSecond"), of(floor, "perSecond"), undefined, FLOOR),
    row(`  until D1 has the paid orders, ${at}`, "1/s", of(ours, "settled"), of(floor, "settled")),
    row(`  processor time of workerd, webhook and all that follows, ${at}`, "ms/order", of(ours, "processor"), of(floor, "processor")),
    row(`  webhook p50, ${at}`, "ms", of(ours, "p50"), of(floor, "p50")),
    row(`  webhook p99, ${at}`, "ms", of(ours, "p99"), of(floor, "p99")),
  ];
}

const gateway = await startInstantGateway();
const shops = [];
const rows = machineRows();
try {
  for (const kind of ["cartwright", "floor"]) {
    const shop = await startShop(kind, { gatewayUrl: gateway.url });
    shops.push(shop);
    await stockShop(shop, SKUS);
    await measure(shop, gateway, 16);
  }
  for (const count of connections) rows.push(...(await compare(shops, gateway, count)));
  printTable(rows);
  writeReport(rows);
} finally {
  await Promise.all(shops.map((shop) => shop.stop()));
  await gateway.stop();
}

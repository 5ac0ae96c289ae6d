// `npm run bench -- cost`: the size of the upload, how long a fresh workerd takes until it answers, what a checkout of
// two SKUs costs in processor time, requests and rows, and what a million of them come to at Cloudflare's
// published prices (bench/price.mjs).

import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { ensurePinnedNode, repositoryRoot } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { counted, OBJECT_ROWS_READ, OBJECT_ROWS_WRITTEN, rowsOf, sum } = await import("./cost.mjs");
const { startInstantGateway } = await import("./gateway.mjs");
const { startShop, stockShop } = await import("./instance.mjs");
const { machineRows } = await import("./machine.mjs");
const { measureCheckouts } = await import("./measure.mjs");
const { buildNoop } = await import("./noop.mjs");
const { ASSUMED, PLAN_DOLLARS, priceOf, usageOfOrder } = await import("./price.mjs");
const { median, printTable, row, writeReport } = await import("./report.mjs");

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1.5" },
    connections: { type: "string", default: "32" },
    orders: { type: "string", default: "400" },
    lines: { type: "string", default: "2" },
  },
});
const [rounds, seconds, connections, orders, lines] = ["rounds", "seconds", "connections", "orders", "lines"].map((name) => Number(values[name]));

const SKUS = Array.from({ length: 50 }, (_, index) => `BENCH-${index}`);
const MILLION = 1e6;

function sizes() {
  const file = (...names) => readFileSync(path.join(repositoryRoot, ...names));
  const [wasm, noop] = [file("build", "index_bg.wasm"), file("target", "noop", "index_bg.wasm")];
  const kib = (bytes) => bytes.length / 1024;
  const zipped = (bytes) => gzipSync(bytes, { level: 9 });
  return [
    row("size of the wasm", "KiB", kib(wasm), kib(noop), "beside it the no-op Worker of the same crate"),
    row("size of the wasm, gzip", "KiB", kib(zipped(wasm)), kib(zipped(noop))),
  ];
}

/** From nothing to the first answer of a fresh workerd, with the same bindings for all. */
async function coldStarts(gatewayUrl) {
  const kinds = ["cartwright", "noop-rust", "noop-javascript"];
  const found = new Map(kinds.map((kind) => [kind, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of round % 2 === 0 ? kinds : [...kinds].reverse()) {
      const shop = await startShop(kind, { gatewayUrl, firstRequest: "/v1/health" });
      await shop.stop();
      // The first of all finds no file in the system's cache.
      if (round > 0) found.get(kind).push(shop.answeredMilliseconds);
    }
  }
  const [ours, rust, javascript] = kinds.map((kind) => median(found.get(kind)));
  const note = "workerd's own start included";
  return [
    row("cold start to the first answer", "ms", ours, rust, `${note}; beside it the no-op Worker of the same crate`),
    row("cold start to the first answer, beside JavaScript", "ms", ours, javascript, `${note}; beside it a no-op in JavaScript`),
    row("cold start, what ours adds to a JavaScript no-op", "ms", ours - javascript),
  ];
}

async function processorTime(gatewayUrl) {
  const shop = await startShop("cartwright", { gatewayUrl });
  try {
    await stockShop(shop, SKUS);
    const run = (name) => measureCheckouts(shop, { skus: SKUS, lines, connections, seconds, run: name });
    await run("warm");
    const found = [];
    for (let round = 0; round < rounds; round += 1) found.push((await run(`cost-${round}`)).processor);
    return median(found);
  } finally {
    await shop.stop();
  }
}

/** The counters in the words of the price list. */
const inWords = (counters) => ({
  workerRequests: sum(counters, /^Worker requests$/),
  queueDeliveries: sum(counters, /^queue deliveries$/),
  objectRequests: sum(counters, / fetch events$/),
  alarmsRung: sum(counters, / alarm events$/),
  alarmsSet: sum(counters, / alarms set$/),
  activeMs: sum(counters, / active milliseconds$/),
  objectRowsRead: sum(counters, OBJECT_ROWS_READ),
  objectRowsWritten: sum(counters, OBJECT_ROWS_WRITTEN),
  d1RowsRead: sum(counters, /^D1 rows read$/),
  d1RowsWritten: sum(counters, /^D1 rows written$/),
  queueMessages: sum(counters, /^queue messages$/),
  logLines: sum(counters, /^log lines$/),
});

const dollars = (amount) => `$${amount.toFixed(2)}`;

function printPrice({ lines: parts, dollars: total, billed }) {
  console.log(`\nA million orders of ${lines} SKUs at Cloudflare's published prices`);
  const wide = Math.max(...parts.map(({ label }) => label.length)) + 2;
  console.log(`${"".padEnd(wide)}${"units".padStart(16)}${"cost".padStart(10)}${"included".padStart(16)}${"billed".padStart(10)}`);
  for (const part of parts) {
    const cells = [Math.round(part.units).toLocaleString("en").padStart(16), dollars(part.dollars).padStart(10)];
    cells.push(part.included.toLocaleString("en").padStart(16), dollars(part.billed).padStart(10));
    console.log(part.label.padEnd(wide) + cells.join(""));
  }
  console.log(`${"in all".padEnd(wide + 16)}${dollars(total).padStart(10)}${"".padEnd(16)}${dollars(billed).padStart(10)}`);
  console.log(`"billed" is after what one month of the plan (${dollars(PLAN_DOLLARS)}) includes. Assumed: ${JSON.stringify(ASSUMED)}`);
}

const gateway = await startInstantGateway();
try {
  await buildNoop();
  const rows = [...machineRows(), ...sizes(), ...(await coldStarts(gateway.url))];
  const processor = await processorTime(gateway.url);
  rows.push(row(`processor time of workerd per checkout of ${lines} SKUs`, "ms", processor, undefined, `${connections} connections`));
  const plan = { gatewayUrl: gateway.url, skus: SKUS, connections, orders, lines };
  const [ours, floor] = await counted(["counted", "counted-floor"], plan);
  rows.push(...rowsOf(ours, floor, plan));
  const price = priceOf(usageOfOrder(inWords(ours), processor), MILLION);
  for (const { label, units, dollars: cost } of price.lines) rows.push(row(`a million orders: ${label}`, "$", cost, undefined, `${Math.round(units)} units`));
  rows.push(row("a million orders, nothing included", "$", price.dollars));
  rows.push(row("a million orders in one month, after what the plan includes", "$", price.billed, undefined, `and ${dollars(PLAN_DOLLARS)} for the plan`));
  printTable(rows);
  printPrice(price);
  writeReport(rows);
} finally {
  await gateway.stop();
}

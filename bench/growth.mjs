// `npm run bench -- growth`: checkouts in shops with a past. The same load on shops that hold 1 thousand, 100 thousand
// and 1 million orders, and on one with 100 thousand SKUs, in turn in the same run; and how fast the lists of the
// admin are over all of those orders. bench/README.md says how such a past is made.

import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { startInstantGateway } = await import("./gateway.mjs");
const { growCatalogue } = await import("./growth/catalogue.mjs");
const { settleFiles } = await import("./growth/files.mjs");
const { livedFolder, SKUS } = await import("./growth/lived.mjs");
const { multiply } = await import("./growth/multiply.mjs");
const { listRows } = await import("./lists.mjs");
const { startShop } = await import("./instance.mjs");
const { machineRows } = await import("./machine.mjs");
const { storagePriceOf } = await import("./price.mjs");
const { measureCheckouts } = await import("./measure.mjs");
const { atLeastRatio, median, printTable, row, writeReport } = await import("./report.mjs");

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    connections: { type: "string", default: "32" },
    orders: { type: "string", default: "1000,100000,1000000" },
    "many-skus": { type: "string", default: "100000" },
    only: { type: "string", default: "objects,database,lists" },
  },
});
const [rounds, seconds] = [values.rounds, values.seconds].map(Number);
const connections = values.connections.split(",").map(Number);
const sizes = values.orders.split(",").map(Number);
const manySkus = Number(values["many-skus"]);
const only = new Set(values.only.split(","));

/** Within 15 % of the shop with the fewest orders. */
const FLAT = atLeastRatio(0.85);
const SOLD_SKUS = SKUS.length;
const MILLION = 1e6;

const words = (count) => (count >= 1e6 ? `${count / 1e6} million` : count >= 1e3 ? `${count / 1e3} thousand` : String(count));

/** Folders of shops, gone at the end whatever happens. */
const folders = new Set();

function copyOf(folder) {
  const copy = mkdtempSync(path.join(tmpdir(), "cartwright-bench-"));
  folders.add(copy);
  cpSync(path.join(folder, "v3"), path.join(copy, "v3"), { recursive: true });
  return { folder: copy, statePath: path.join(copy, "v3") };
}

function forget(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
}

/** Starts a shop per past and runs the same load on all of them in turn; the first is what others are measured by. */
async function compare(pasts, gatewayUrl) {
  const rows = [];
  const shops = [];
  try {
    for (const { name, folder, skus } of pasts) {
      const shop = await startShop("cartwright", { gatewayUrl, folder });
      shops.push({ name, skus, shop });
      await measureCheckouts(shop, { skus, connections: 16, seconds: 1, run: `warm-${name}` });
    }
    for (const count of connections) {
      const runs = new Map(shops.map(({ name }) => [name, []]));
      for (let round = 0; round < rounds; round += 1) {
        for (const { name, skus, shop } of round % 2 === 0 ? shops : [...shops].reverse()) {
          runs.get(name).push(await measureCheckouts(shop, { skus, connections: count, seconds, run: `${name}-${count}-${round}` }));
        }
      }
      rows.push(...rowsOf(runs, shops.map(({ name }) => name), count));
    }
  } finally {
    await Promise.all(shops.map(({ shop }) => shop.stop()));
    shops.forEach((_, index) => folders.delete(pasts[index].folder));
  }
  return rows;
}

function rowsOf(runs, [first, ...others], count) {
  const of = (name, figure) => median(runs.get(name).map((run) => run[figure]));
  const at = `${count} connection${count === 1 ? "" : "s"}`;
  return others.flatMap((name) => [
    row(`growth: checkouts, ${name}, ${at}`, "1/s", of(name, "perSecond"), of(first, "perSecond"), `beside it ${first}`, FLAT),
    row(`  growth: until D1 has them, ${name}, ${at}`, "1/s", of(name, "settled"), of(first, "settled"), "", FLAT),
    row(`  growth: p50, ${name}, ${at}`, "ms", of(name, "p50"), of(first, "p50")),
    row(`  growth: p99, ${name}, ${at}`, "ms", of(name, "p99"), of(first, "p99")),
  ]);
}

/** Bytes of all files of a state folder. */
function bytesOf(statePath) {
  const files = readdirSync(statePath, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((total, { parentPath, name }) => total + statSync(path.join(parentPath, name)).size, 0);
}

/** What a million orders take to store, from what these pasts took; the price is for a month. */
function storageRows({ objects, d1 }) {
  const rows = [];
  if (objects) rows.push(row("stored for a million orders, objects", "GB", (objects * MILLION) / 1e9, undefined, "shards and invoices; ledgers of SKUs apart"));
  if (d1) rows.push(row("stored for a million orders, D1", "GB", (d1 * MILLION) / 1e9, undefined, "a database may have 10 GB"));
  if (!objects || !d1) return rows;
  const dollars = storagePriceOf({ objectBytes: objects * MILLION, d1Bytes: d1 * MILLION });
  return [...rows, row("storing a million orders, nothing included", "$/month", dollars)];
}

async function grown(lived, name, { objects, d1, skus }) {
  const { folder, statePath } = copyOf(lived);
  const templatesFrom = path.join(lived, "v3");
  const before = bytesOf(statePath);
  if (objects) await multiply({ statePath, templatesFrom, orders: objects, into: "objects" });
  if (d1) await multiply({ statePath, templatesFrom, orders: d1, into: "d1" });
  const bytesPerOrder = (bytesOf(statePath) - before) / (objects ?? d1);
  const sold = skus ? growCatalogue(statePath, skus, SOLD_SKUS) : SKUS;
  return { name, folder, skus: sold, bytesPerOrder };
}

const gateway = await startInstantGateway();
const rows = [...machineRows()];
let lived;
try {
  lived = await livedFolder();
  settleFiles(path.join(lived, "v3"));
  folders.add(lived);
  const [least] = sizes;
  const most = Math.max(...sizes);
  const stored = {};
  if (only.has("objects")) {
    const pasts = [];
    for (const size of sizes) pasts.push(await grown(lived, `${words(size)} orders`, { objects: size }));
    // Larger ones have the documents of their last invoices only.
    stored.objects = pasts[0].bytesPerOrder;
    if (manySkus > 0) pasts.push(await grown(lived, `${words(manySkus)} SKUs`, { objects: least, skus: manySkus }));
    rows.push(...(await compare(pasts, gateway.url)));
  }
  if (only.has("database") || only.has("lists")) {
    const large = await grown(lived, `${words(most)} orders in D1`, { d1: most, skus: manySkus });
    stored.d1 = large.bytesPerOrder;
    if (only.has("lists")) rows.push(...(await listRows({ folder: large.folder, gatewayUrl: gateway.url, orders: most, rounds })));
    if (only.has("database")) {
      const small = await grown(lived, `${words(least)} orders in D1`, { d1: least });
      rows.push(...(await compare([small, large], gateway.url)));
    }
  }
  rows.push(...storageRows(stored));
  printTable(rows, "beside");
  writeReport(rows);
} finally {
  await gateway.stop();
  for (const folder of folders) forget(folder);
}

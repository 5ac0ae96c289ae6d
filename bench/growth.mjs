// `npm run bench -- growth`: checkouts in shops with a past. The same load on shops that hold 1 thousand, 100 thousand
// and 1 million orders, and on one with 100 thousand SKUs, in turn in the same run; and how fast the lists of the
// admin are over all of those orders. bench/README.md says how such a past is made.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { startInstantGateway } = await import("./gateway.mjs");
const { growCatalogue } = await import("./growth/catalogue.mjs");
const { livedFolder, SKUS } = await import("./growth/lived.mjs");
const { multiply } = await import("./growth/multiply.mjs");
const { listRows } = await import("./lists.mjs");
const { startShop } = await import("./instance.mjs");
const { machineRows } = await import("./machine.mjs");
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

async function grown(lived, name, { objects, d1, skus }) {
  const { folder, statePath } = copyOf(lived);
  const templatesFrom = path.join(lived, "v3");
  if (objects) await multiply({ statePath, templatesFrom, orders: objects, into: "objects" });
  if (d1) await multiply({ statePath, templatesFrom, orders: d1, into: "d1" });
  const sold = skus ? growCatalogue(statePath, skus, SOLD_SKUS) : SKUS;
  return { name, folder, skus: sold };
}

const gateway = await startInstantGateway();
const rows = [...machineRows()];
let lived;
try {
  lived = await livedFolder();
  folders.add(lived);
  const [least] = sizes;
  const most = Math.max(...sizes);
  if (only.has("objects")) {
    const pasts = [];
    for (const size of sizes) pasts.push(await grown(lived, `${words(size)} orders`, { objects: size }));
    if (manySkus > 0) pasts.push(await grown(lived, `${words(manySkus)} SKUs`, { objects: least, skus: manySkus }));
    rows.push(...(await compare(pasts, gateway.url)));
  }
  if (only.has("database") || only.has("lists")) {
    const large = await grown(lived, `${words(most)} orders in D1`, { d1: most, skus: manySkus });
    if (only.has("lists")) rows.push(...(await listRows({ folder: large.folder, gatewayUrl: gateway.url, orders: most, rounds })));
    if (only.has("database")) {
      const small = await grown(lived, `${words(least)} orders in D1`, { d1: least });
      rows.push(...(await compare([small, large], gateway.url)));
    }
  }
  printTable(rows, "beside");
  writeReport(rows);
} finally {
  await gateway.stop();
  for (const folder of folders) forget(folder);
}

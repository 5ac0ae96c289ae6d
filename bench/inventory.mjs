// `npm run bench:inventory`: what stock costs and how fast it is, each figure beside what it is measured against,
// in turn in the same run and the same workerd. bench/README.md says what is measured and how to read it.

import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { startInstantGateway } = await import("./gateway.mjs");
const { startShop, stockShop } = await import("./instance.mjs");
const { workersBeside } = await import("./inventory/beside.mjs");
const { fill } = await import("./inventory/long-ledger.mjs");
const { runLoad } = await import("./load.mjs");
const { machineRows } = await import("./machine.mjs");
const { atLeast, atLeastRatio, atMost, median, printTable, row, writeReport } = await import("./report.mjs");

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", default: "reservations,claims,hot,crowd,looks,fresh,ledger" },
    connections: { type: "string", default: "32" },
    buyers: { type: "string", default: "10000" },
    units: { type: "string", default: "1000" },
    "ledger-lines": { type: "string", default: "1000000" },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);
const [buyers, units, ledgerLines] = [values.buyers, values.units, values["ledger-lines"]].map(Number);
const only = new Set(values.only.split(","));

const COLD = Array.from({ length: 1_000 }, (_, index) => `COLD-${index}`);
const HOT = "HOT";
const SCARCE = "SCARCE";
const SOLD_SINGLY = "SINGLY";
/** Units of the SKU with a long ledger, by which its file is found, and of the one beside it. */
const [LONG, LONG_UNITS] = ["LONG", 900_000_001];
const [EMPTY, EMPTY_UNITS] = ["EMPTY", 900_000_002];
const [RESERVED, RESERVED_TOGETHER] = ["RESERVED", "TOGETHER"];
const PAGE = COLD.slice(0, 100);

const QUARTER = 0.25;
let runs = 0;

const at = (count) => `${count} connection${count === 1 ? "" : "s"}`;

const stockPath = (skus, more = "") => `/v1/stock?${skus.map((sku) => `sku=${sku}`).join("&")}${more}`;

/** Runs each of `sides` for each round, in turn, and gives the medians of their figures, by name of the side. */
async function alternate(sides, { warmUp = true } = {}) {
  const names = Object.keys(sides);
  const results = new Map(names.map((name) => [name, []]));
  if (warmUp) for (const name of names) await sides[name](Math.min(seconds, 1));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) results.get(name).push(await sides[name](seconds));
  }
  const figure = (list, key) => median(list.map((result) => result[key]));
  return Object.fromEntries(
    names.map((name) => {
      const list = results.get(name);
      return [name, Object.fromEntries(["perSecond", "p50", "p99", "value"].map((key) => [key, figure(list, key)]))];
    }),
  );
}

async function load(port, requests, { count = connections, forSeconds = seconds, limit } = {}) {
  const result = await runLoad({ port, connections: count, seconds: forSeconds, limit, requests: { ...requests, run: (runs += 1) } });
  const { refused } = result;
  if (Object.keys(refused).length > 0) throw new Error(`${JSON.stringify(requests)}: refused ${JSON.stringify(refused)}`);
  return result;
}

/** Reserve and commit on one SKU, ours and the minimal object. */
async function claims(shop) {
  const rows = [];
  for (const count of new Set([1, connections])) {
    const side = (name) => (forSeconds) =>
      load(shop.ports.driver, { kind: "drives", path: `/${name}/sale/${SOLD_SINGLY}` }, { count, forSeconds });
    const { ours, minimal } = await alternate({ ours: side("ours"), minimal: side("minimal") });
    const name = count === 1 ? "reserve + commit on one SKU, one at a time" : "reserve + commit on one SKU";
    rows.push(row(name, "1/s", ours.perSecond, minimal.perSecond, `${at(count)}; beside it the minimal JavaScript object`, atLeastRatio(0.8)));
  }
  return rows;
}

/** Reservations of one SKU, a call each and, as shards send them, sixteen to a call. */
async function reservations(shop) {
  const side = (path) => (forSeconds) => load(shop.ports.driver, { kind: "drives", path }, { forSeconds });
  const { single, minimal, together } = await alternate({
    single: side(`/ours/reserve/${RESERVED}`),
    minimal: side(`/minimal/reserve/${RESERVED}`),
    together: side(`/ours/together/${RESERVED_TOGETHER}`),
  });
  const wanted = atLeast(1_500);
  const beside = "beside it the minimal JavaScript object";
  return [
    row("reservations of one SKU, a call each", "1/s", single.perSecond, minimal.perSecond, `${at(connections)}; ${beside}`, wanted),
    row("reservations of one SKU, 16 to a call", "1/s", together.perSecond * 16, minimal.perSecond, `${at(connections)}; ${beside}`, wanted),
  ];
}

/** Checkouts on one SKU and on a thousand. */
async function hot(shop) {
  const side = (name, skus) => (forSeconds) => {
    runs += 1;
    const requests = { kind: "checkouts", skus, run: `${name}-${runs}` };
    return runLoad({ port: shop.port, connections, seconds: forSeconds, requests });
  };
  const { hot, cold } = await alternate({ hot: side("hot", [HOT]), cold: side("cold", COLD) });
  const note = `${at(connections)}; beside it checkouts over ${COLD.length} SKUs`;
  return [
    row("hot-sku checkout", "1/s", hot.perSecond, cold.perSecond, note, atLeastRatio(1)),
    row("hot-sku checkout, p99", "ms", hot.p99, cold.p99),
  ];
}

/** Many buyers, few units: exactly the units are sold and everybody else is told so soon. */
async function crowd(shop) {
  runs += 1;
  const requests = { kind: "checkouts", skus: [SCARCE], run: `crowd-${runs}` };
  const result = await runLoad({ port: shop.port, connections, seconds: 600, limit: buyers, requests });
  const others = Object.keys(result.refused).filter((status) => status !== "409");
  if (others.length > 0) throw new Error(`the crowd was refused ${JSON.stringify(result.refused)}`);
  if (result.ok !== units) throw new Error(`${result.ok} of ${units} units were sold`);
  const note = `${buyers} buyers, ${at(connections)}`;
  return [
    row("crowd: units sold", "units", result.ok, units, `${note}; beside it the units there were`),
    row("crowd: buyers refused", "buyers", result.refused[409], buyers - units),
    row("crowd: refusal, p50", "ms", result.refusals.p50),
    row("crowd: refusal, p99", "ms", result.refusals.p99, undefined, note, atMost(20)),
    row("crowd: answers", "1/s", buyers / result.seconds),
  ];
}

/** A cached look at one SKU, and Workers that do nothing. */
async function looks(shop) {
  const look = (port, path) => (forSeconds) => load(port, { kind: "looks", path }, { forSeconds });
  const result = await alternate({
    one: look(shop.port, stockPath([HOT])),
    page: look(shop.port, stockPath(PAGE)),
    rust: look(shop.ports["noop-rust"], "/"),
    javascript: look(shop.ports["noop-javascript"], "/"),
  });
  const one = result.one.perSecond;
  const note = `${at(connections)}; beside it a no-op Worker of the same crate`;
  return [
    row("cached stock check", "1/s", one, result.rust.perSecond, note, atLeastRatio(0.8)),
    row("cached stock check, beside JavaScript", "1/s", one, result.javascript.perSecond, "beside it a no-op JavaScript Worker"),
    row("cached stock check of 100 SKUs", "1/s", result.page.perSecond, result.rust.perSecond, note),
  ];
}

/** A hundred SKUs, asked of their objects. */
async function fresh(shop) {
  const rows = [];
  for (const count of [1, 16]) {
    const side = (forSeconds) => load(shop.port, { kind: "looks", path: stockPath(PAGE, "&fresh=true") }, { count, forSeconds });
    const { page } = await alternate({ page: side });
    const name = `100 SKUs fresh, ${at(count)}`;
    rows.push(row(`${name}, p99`, "ms", page.p99, undefined, undefined, atMost(50)), row(`${name}, p50`, "ms", page.p50), row(`${name}, answers`, "1/s", page.perSecond));
  }
  return rows;
}

/** A SKU with a long past beside one without, and how long each takes to wake up. */
async function ledger(gatewayUrl, beside) {
  let shop = await startShop("cartwright", { gatewayUrl, beside });
  await stockShop(shop, [EMPTY], EMPTY_UNITS);
  await stockShop(shop, [LONG], LONG_UNITS);
  await stockShop(shop, COLD.slice(0, 2));
  await wait(3_000);
  const folder = await shop.stopButKeep();
  try {
    fill(shop.statePath, LONG_UNITS, ledgerLines);
    const woken = { long: [], empty: [] };
    for (let round = 0; round < rounds; round += 1) {
      shop = await startShop("cartwright", { gatewayUrl, beside, folder });
      // The code is warm and the objects are not.
      for (const sku of COLD.slice(0, 2)) await load(shop.ports.driver, { kind: "drives", path: `/ours/read/${sku}` }, { count: 1, limit: 20 });
      for (const [name, sku] of round % 2 === 0 ? [["long", LONG], ["empty", EMPTY]] : [["empty", EMPTY], ["long", LONG]]) {
        const first = await load(shop.ports.driver, { kind: "drives", path: `/ours/read/${sku}` }, { count: 1, limit: 1 });
        woken[name].push(first.p50);
      }
      if (round < rounds - 1) await shop.stopButKeep();
    }
    const side = (work, sku) => (forSeconds) => load(shop.ports.driver, { kind: "drives", path: `/ours/${work}/${sku}` }, { count: 8, forSeconds });
    const reserve = await alternate({ long: side("reserve", LONG), empty: side("reserve", EMPTY) });
    const read = await alternate({ long: side("read", LONG), empty: side("read", EMPTY) });
    const note = `${ledgerLines} ledger lines and tombstones; beside it a SKU with none`;
    return [
      row("long ledger: reserve", "1/s", reserve.long.perSecond, reserve.empty.perSecond, note),
      row("long ledger: read", "1/s", read.long.perSecond, read.empty.perSecond),
      row("long ledger: cold start", "ms", median(woken.long), median(woken.empty), "the first read after workerd began", atMost(50)),
    ];
  } finally {
    await shop.stop().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const gateway = await startInstantGateway();
const rows = machineRows();
let shop;
try {
  const beside = await workersBeside();
  console.log(`one workerd, ${availableParallelism()} cores shared with load and gateway; medians of ${rounds} rounds of ${seconds} s`);
  const sections = { reservations, claims, hot, crowd, looks, fresh };
  const wanted = Object.keys(sections).filter((name) => only.has(name));
  if (wanted.length > 0) {
    shop = await startShop("cartwright", { gatewayUrl: gateway.url, beside });
    await stockShop(shop, [HOT, SOLD_SINGLY, RESERVED, RESERVED_TOGETHER, ...COLD]);
    await stockShop(shop, [SCARCE], units);
    await wait(QUARTER * 1_000);
    for (const name of wanted) {
      const found = await sections[name](shop);
      rows.push(...found);
      if (process.env.BENCH_PROGRESS) printTable(found);
      await wait(QUARTER * 4_000);
    }
    await shop.stop();
    shop = undefined;
  }
  if (only.has("ledger")) rows.push(...(await ledger(gateway.url, beside)));
  printTable(rows, "beside");
  writeReport(rows);
} finally {
  await shop?.stop();
  await gateway.stop();
}

// FAULTS 22: the shipped bundle in workerd under half of what it can do, for as long as told. Buyers go round and round
// over many SKUs, so that objects are woken, put to sleep and met again; what the runtime takes of the machine's memory
// is looked at every second, how long buyers wait window by window, and if wanted what the Worker's own isolate holds
// between two windows.

import { spawnSync } from "node:child_process";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { runLoad } from "../../bench/load.mjs";
import { eachAtOnce, eventually } from "../support/eventually.mjs";
import { WORKER } from "../../scripts/serve/worker-options.mjs";
import { openStore } from "../support/store.mjs";
import { measureIsolate } from "./isolate.mjs";
import { judge } from "./verdict.mjs";

const CONNECTIONS = 32;
const PART_OF_PEAK = 0.5;
const PEAK_SECONDS = 5;
const PEAK_ROUNDS = 3;
const SAMPLE_EVERY_MS = 1_000;
const WINDOWS = 20;
/** Enough for the longest run at the fastest rate, of each SKU. */
const UNITS = 10_000_000;
const VARIANTS_PER_PRODUCT = 50;
const AT_ONCE = 16;
const COPIED_WITHIN_MS = 60_000;

/**
 * `{ minutes, skus, most, inspect }`: at most so many orders a second; `inspect` has the isolate looked into. `tell` hears a
 * line now and then.
 */
export async function runSoak(options, { tell = () => undefined } = {}) {
  const { minutes, skus: count, most, inspect } = options;
  const store = await openStore({ autoMs: 0, inspect });
  try {
    const skus = Array.from({ length: count }, (_, n) => `SOAK-${String(n).padStart(5, "0")}`);
    await openShelves(store, skus);
    tell(`${count} SKUs are on the shelf`);
    const port = Number(new URL(store.url).port);
    let runs = 0;
    let placed = 0;
    const load = async (plan) => {
      runs += 1;
      // Each load goes on with the SKUs where the last one ended.
      const at = placed % skus.length;
      const requests = { kind: "checkouts", skus: [...skus.slice(at), ...skus.slice(0, at)], run: `soak-${runs}`, method: "instant" };
      const result = await runLoad({ port, connections: CONNECTIONS, requests, ...plan });
      placed += result.ok;
      return result;
    };
    const peaks = [];
    for (let round = 0; round <= PEAK_ROUNDS; round += 1) {
      const { perSecond, refused } = await load({ seconds: PEAK_SECONDS });
      if (Object.keys(refused).length > 0) throw new Error(`before it began, buyers were refused: ${JSON.stringify(refused)}`);
      // The first is for warming up.
      if (round > 0) peaks.push(perSecond);
    }
    const peak = peaks.sort((a, b) => a - b)[Math.floor(PEAK_ROUNDS / 2)];
    const perSecond = Math.max(1, Math.min(most, peak * PART_OF_PEAK));
    tell(`the peak is ${Math.round(peak)} orders a second; ${Math.round(perSecond)} from now on for ${minutes} minutes`);
    const windows = [];
    const seconds = (minutes * 60) / WINDOWS;
    const began = Date.now();
    for (let number = 1; number <= WINDOWS; number += 1) {
      const memory = watchMemory(store.workerdPid);
      const { ok, refused, p50, p99, perSecond: served } = await load({ seconds, perSecond });
      const rssBytes = await memory.median();
      const isolateBytes = inspect ? await measureIsolate(await store.inspectorUrl(), WORKER) : undefined;
      // An hour of log lines is more than this process wants to hold.
      store.logs.length = 0;
      windows.push({ ok, refused, p50, p99, per_second: served, rssBytes, isolateBytes });
      tell(`${number} of ${WINDOWS}: ${Math.round(served)} a second, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${mebibytes(rssBytes)} MiB${inspect ? `, of which the isolate holds ${mebibytes(isolateBytes)}` : ""}${Object.keys(refused).length > 0 ? `, refused ${JSON.stringify(refused)}` : ""}`);
    }
    const soaked = (Date.now() - began) / 1_000;
    const copied = await copiedOrders(store, placed);
    return {
      options, cores: availableParallelism(), load_average: loadavg(), peak_per_second: peak, per_second: perSecond,
      seconds: soaked, placed, windows, ...judge({ windows, placed, copied }),
    };
  } finally {
    await store.close();
  }
}

const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);

/** Products of many variants, each with more units than anybody can buy. */
async function openShelves(store, skus) {
  const products = Array.from({ length: Math.ceil(skus.length / VARIANTS_PER_PRODUCT) }, (_, n) =>
    skus.slice(n * VARIANTS_PER_PRODUCT, (n + 1) * VARIANTS_PER_PRODUCT));
  for (const [number, some] of products.entries()) {
    const variants = some.map((sku) => ({ sku, title: sku, prices: [{ amount: 1_000, currency: "USD" }] }));
    const product = { id: `soak-${number}`, title: `Soak ${number}`, status: "active", tax_category: "standard", variants };
    must(await store.admin.put(`/v1/admin/products/${product.id}`, product));
  }
  await eachAtOnce(skus, AT_ONCE, async (sku) => {
    const delivery = { kind: "received", quantity: UNITS, reason: "Soak" };
    must(await store.admin.post(`/v1/admin/inventory/${sku}/adjustments`, delivery, { headers: { "idempotency-key": `soak-${sku}` } }));
  });
}

function must({ status, text }) {
  if (status >= 300) throw new Error(`the shop could not be set up: ${status} ${text}`);
}

/** What a process has of the machine's memory, from now on every second until its median is wanted. */
function watchMemory(pid) {
  const seen = [residentBytes(pid)];
  let over = false;
  const watching = (async () => {
    while (!over) {
      await sleep(SAMPLE_EVERY_MS);
      seen.push(residentBytes(pid));
    }
  })();
  return {
    async median() {
      over = true;
      await watching;
      return seen.sort((a, b) => a - b)[Math.floor(seen.length / 2)];
    },
  };
}

function residentBytes(pid) {
  const kibibytes = Number(spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).stdout);
  if (!(kibibytes > 0)) throw new Error(`the runtime (${pid}) is gone`);
  return kibibytes * 1_024;
}

/** How many orders D1 has in the end: all of them, unless some were lost. */
async function copiedOrders(store, placed) {
  const database = await store.database();
  let copied = 0;
  const all = async () => {
    ({ n: copied } = await database.prepare("SELECT COUNT(*) AS n FROM orders").first());
    if (copied < placed) throw new Error("not yet");
  };
  await eventually(all, { within: COPIED_WITHIN_MS, every: 500 }).catch(() => undefined);
  return copied;
}

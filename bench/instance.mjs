// One shop under measurement: workerd with a state folder of its own, running the shipped bundle, the floor, or
// the shipped bundle with counters around it. The same bindings, schema and settings for all of them.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { repositoryRoot } from "../scripts/bootstrap.mjs";
import { developmentVars, SECRET_KEY } from "../scripts/development-settings.mjs";
import { applyD1Migrations } from "../scripts/serve/d1-migrations.mjs";
import { miniflareOptions, WORKER } from "../scripts/serve/worker-options.mjs";

/** Ends the runtime when this process is gone, and writes down its process id. */
const guardedWorkerd = fileURLToPath(new URL("../scripts/serve/workerd-with-guard.sh", import.meta.url));
const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));

const read = (...names) => readFileSync(path.join(repositoryRoot, ...names), "utf8");

/** Arrival in D1 is confirmed this long after a message was sent: within a run, and alike for both shops. */
const PROJECTION_CONFIRM_MILLISECONDS = "1000";
const DRAIN_LIMIT_MS = 60_000;

/** Only orders of this start are counted, by an index: a shop may have a million from before. */
const SETTLED = "SELECT COUNT(*) AS n FROM orders WHERE created_at >= ?1 AND invoice_number IS NOT NULL";

/** The floor's modules: its scripts and the schemas of the objects. */
function floorModules() {
  const schemas = ["order_shard.sql", "sku_inventory.sql", "invoice_series.sql"];
  const texts = schemas.map((name) => [name, { type: "text", contents: read("schema", "objects", name) }]);
  const scripts = ["worker", "projection"].map((name) => [`${name}.js`, { type: "esm", contents: read("bench", "floor", `${name}.mjs`) }]);
  return Object.fromEntries([...scripts, ...texts]);
}

/** Counters around a shop whose main module is `main`. */
const counted = (modules, main) => ({
  ...modules,
  "counting.js": { type: "esm", contents: read("bench", "counting.mjs") },
  "shop.js": { type: "esm", contents: `export * from "./${main}"; export { default } from "./${main}";` },
});

/** A no-op Worker in the shop's place: with the classes that its bindings name, which nobody ever asks. */
const idle = (modules, main) => ({
  ...modules,
  "idle.js": { type: "esm", contents: `export { default } from "./${main}";\n${CLASSES.map((name) => `export class ${name} {}`).join("\n")}` },
});
const CLASSES = ["OrderShard", "SkuInventory", "InvoiceSeries", "Reconciler", "StockDocument", "ImportJob"];

/** The no-op of bench/noop, as bench/noop.mjs has built it. */
const noopModules = () => ({
  "index.js": { type: "esm", contents: read("target", "noop", "index.js") },
  "index_bg.wasm": { type: "wasm", contents: readFileSync(path.join(repositoryRoot, "target", "noop", "index_bg.wasm")) },
});
const javascriptNoop = { "noop.js": { type: "esm", contents: `export default { fetch: () => new Response("{}") };` } };

/** The modules of a shop, given those of the shipped bundle. */
const SHOPS = {
  cartwright: (shipped) => shipped,
  counted: (shipped) => ({ ...shipped, mainModule: "counting.js", modules: counted(shipped.modules, "index.js") }),
  floor: (shipped) => ({ ...shipped, mainModule: "worker.js", modules: floorModules() }),
  "counted-floor": (shipped) => ({ ...shipped, mainModule: "counting.js", modules: counted(floorModules(), "worker.js") }),
  "noop-rust": (shipped) => ({ ...shipped, mainModule: "idle.js", modules: idle(noopModules(), "index.js") }),
  "noop-javascript": (shipped) => ({ ...shipped, mainModule: "idle.js", modules: idle(javascriptNoop, "noop.js") }),
};

/**
 * Starts a shop: `{ port, url, ports, folder, statePath, drained(orders), processorTime(), get(route), stop(), stopButKeep() }`.
 * `beside`: more Workers of the same workerd, as miniflare describes them; `ports` has theirs by name, for those
 * that want a socket. `folder`: the state of a shop before, left by `stopButKeep`.
 * With `firstRequest` the answer is `{ answeredMilliseconds, stop() }`: how long it took until that path was answered.
 */
export async function startShop(kind, { gatewayUrl, vars = {}, beside = [], firstRequest, folder = mkdtempSync(path.join(tmpdir(), "cartwright-bench-")) }) {
  const statePath = path.join(folder, "v3");
  const pidFile = path.join(folder, "workerd.pid");
  mkdirSync(statePath, { recursive: true });
  process.env.MINIFLARE_WORKERD_PATH = guardedWorkerd;
  const { options } = miniflareOptions({
    host: "127.0.0.1",
    port: 0,
    statePath,
    vars: { ...developmentVars(gatewayUrl), PROJECTION_CONFIRM_MILLISECONDS, ...vars },
    runtimeEnv: { CARTWRIGHT_WORKERD: require("workerd").default, CARTWRIGHT_WORKERD_PID_FILE: pidFile },
    log: new Log(LogLevel.NONE),
    handleLogs: () => undefined,
  });
  const [shop] = options.workers;
  shop.config.manifest = SHOPS[kind](shop.config.manifest);
  options.workers.push(...(beside.length > 0 ? convertV4MiniflareOptions({ workers: beside }).workers : []));
  const startedAt = Date.now();
  const begun = performance.now();
  const miniflare = new Miniflare(options);
  const stopButKeep = async () => {
    await miniflare.dispose();
    return folder;
  };
  const stop = async () => {
    await miniflare.dispose();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await miniflare.ready;
    const url = (await miniflare.unsafeGetDirectURL(WORKER)).origin;
    if (firstRequest) {
      await (await fetch(new URL(firstRequest, url))).text();
      return { answeredMilliseconds: performance.now() - begun, stop };
    }
    const database = await miniflare.getD1Database("DB", WORKER);
    await applyD1Migrations(database);
    const ports = {};
    for (const { name } of beside.filter((worker) => worker.unsafeDirectSockets)) {
      ports[name] = Number((await miniflare.unsafeGetDirectURL(name)).port);
    }
    return {
      kind,
      url,
      port: Number(new URL(url).port),
      ports,
      folder,
      statePath,
      stop,
      stopButKeep,
      processorTime: () => processorTime(Number(readFileSync(pidFile, "utf8"))),
      get: async (route) => (await fetch(new URL(route, url))).json(),
      /** Waits until so many orders since the start stand in D1 with their invoice; how long that took, in seconds. */
      async drained(orders) {
        const begun = Date.now();
        for (;;) {
          const { n } = await database.prepare(SETTLED).bind(startedAt).first();
          if (n >= orders) return (Date.now() - begun) / 1000;
          if (Date.now() - begun > DRAIN_LIMIT_MS) throw new Error(`${kind}: only ${n} of ${orders} orders are in D1`);
          await wait(50);
        }
      },
    };
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Milliseconds of processor that a process has used so far; NaN where the system does not say. */
function processorTime(pid) {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13);
    return (Number(user) + Number(system)) * 10;
  } catch {
    return NaN;
  }
}

/** Terms, one product per ten SKUs, and so many units of each: what both shops sell. */
export async function stockShop({ url, kind }, skus, units = 1_000_000) {
  if (kind.endsWith("floor")) return void (await send(url, "POST", "/bench/stock", { skus, units }));
  await send(url, "PUT", "/v1/admin/store", JSON.parse(read("schema", "demo", "settings.json")));
  for (let from = 0; from < skus.length; from += 10) {
    const id = `bench-${skus[from].toLowerCase()}`;
    const prices = [{ amount: 1800, currency: "USD" }];
    const variants = skus.slice(from, from + 10).map((sku) => ({ sku, title: sku, options: { sku }, prices }));
    const product = { id, title: "Bench mug", status: "active", tax_category: "standard", variants };
    await send(url, "PUT", `/v1/admin/products/${id}`, product);
    await Promise.all(variants.map(({ sku }) => receive(url, sku, units)));
  }
}

function receive(url, sku, units) {
  const delivery = { kind: "received", quantity: units, reason: "For the benchmark" };
  return send(url, "POST", `/v1/admin/inventory/${sku}/adjustments`, delivery, { "idempotency-key": `bench-${sku}` });
}

async function send(base, method, route, body, headers = {}) {
  const response = await fetch(new URL(route, base), {
    method,
    headers: { authorization: `Bearer ${SECRET_KEY}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${route} answered ${response.status}: ${text.slice(0, 500)}`);
}

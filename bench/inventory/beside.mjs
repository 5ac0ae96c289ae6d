// The Workers that stand beside the shop in one workerd, so that what is compared runs in the same process at the
// same time of day: the driver, the minimal object, and two Workers that do nothing.

import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { WORKER } from "../../scripts/serve/worker-options.mjs";
import { buildNoop } from "../noop.mjs";

const COMPATIBILITY_DATE = "2026-10-01";
const SOCKET = [{ host: "127.0.0.1", port: 0 }];

const script = (name) => readFileSync(fileURLToPath(new URL(name, import.meta.url)), "utf8");

/** Descriptions for miniflare. */
export async function workersBeside() {
  const noop = await buildNoop();
  return [
    {
      name: "driver",
      compatibilityDate: COMPATIBILITY_DATE,
      modules: true,
      script: script("driver.mjs"),
      unsafeDirectSockets: SOCKET,
      durableObjects: {
        OURS: { className: "SkuInventory", scriptName: WORKER, useSQLite: true },
        MINIMAL: { className: "MinimalSku", scriptName: "minimal", useSQLite: true },
      },
    },
    {
      name: "minimal",
      compatibilityDate: COMPATIBILITY_DATE,
      modules: true,
      script: script("minimal.mjs"),
      durableObjects: { MINIMAL: { className: "MinimalSku", useSQLite: true } },
    },
    {
      name: "noop-rust",
      compatibilityDate: COMPATIBILITY_DATE,
      modulesRoot: noop,
      modules: [
        { type: "ESModule", path: path.join(noop, "index.js"), contents: readFileSync(path.join(noop, "index.js"), "utf8") },
        { type: "CompiledWasm", path: path.join(noop, "index_bg.wasm") },
      ],
      unsafeDirectSockets: SOCKET,
    },
    {
      name: "noop-javascript",
      compatibilityDate: COMPATIBILITY_DATE,
      modules: true,
      script: `export default { fetch: () => new Response("{}") };`,
      unsafeDirectSockets: SOCKET,
    },
  ];
}

// Turns wrangler.toml into miniflare's options, by wrangler's own reading of the file, so that the laptop,
// the tests and production cannot disagree about a binding.
//
// Two things differ from what `wrangler dev` makes of it, both for speed. Requests come in on a socket of
// the Worker's own: miniflare's entry Worker in front of it costs two thirds of a no-op's throughput. And
// the static files are a Worker of their own behind the same ASSETS binding, because a Worker that has
// assets gets a router put in front. With `run_worker_first` neither can be told apart from outside.

import path from "node:path";
import { convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as readWorkerOptions } from "wrangler";
import { repositoryRoot } from "../bootstrap.mjs";

export const WORKER = "cartwright";
const ASSETS_WORKER = "cartwright-assets";
const configPath = path.join(repositoryRoot, "wrangler.toml");
const ownBuild = path.join(repositoryRoot, "build");

/** Named so that wrangler does not add what it finds in .dev.vars or .env: no test may depend on those. */
const noEnvFile = path.join(ownBuild, "no-env-file");

/**
 * Options for `new Miniflare(…)`, and the cron patterns of wrangler.toml, which miniflare never fires. `build`: the
 * folder of another build than the repository's. `inspect`: the isolates can be looked into with a debugger.
 */
export function miniflareOptions({ host, port, statePath, vars, runtimeEnv, log, handleLogs, build: buildFolder = ownBuild, inspect = false }) {
  const { workerOptions } = readWorkerOptions(configPath, undefined, { envFiles: [noEnvFile] });
  const { assets, ...worker } = workerOptions;
  const options = convertV4MiniflareOptions({
    // Only this process talks to miniflare's own entry, for the cron handler; see `workers[0]` for `port`.
    host: "127.0.0.1",
    port: 0,
    log,
    handleStructuredLogs: handleLogs,
    cf: false,
    logRequests: false,
    telemetry: { enabled: false },
    ...(inspect ? { inspectorPort: 0 } : {}),
    resourcePersistencePath: statePath,
    unsafeRuntimeEnv: runtimeEnv,
    unsafeTriggerHandlers: true,
    workers: [
      {
        ...worker,
        name: WORKER,
        unsafeDirectSockets: [{ host, port }],
        bindings: { ...worker.bindings, ...vars },
        serviceBindings: { ...worker.serviceBindings, [assets.binding]: ASSETS_WORKER },
        modulesRoot: buildFolder,
        modules: [
          { type: "ESModule", path: path.join(buildFolder, "index.js") },
          { type: "CompiledWasm", path: path.join(buildFolder, "index_bg.wasm") },
        ],
      },
      {
        name: ASSETS_WORKER,
        compatibilityDate: worker.compatibilityDate,
        modules: true,
        script: "export default { fetch: () => new Response(null, { status: 404 }) };",
        assets: {
          directory: assets.directory,
          assetConfig: assets.assetConfig,
          routerConfig: { has_user_worker: false },
        },
      },
    ],
  });
  return { options, crons: worker.cronTriggers ?? [] };
}

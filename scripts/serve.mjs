// Runs the built Worker on this machine: the real runtime (workerd) under miniflare, with the bindings of
// wrangler.toml and the state in a folder that outlives it. `npm start`, the journeys and the benchmark all
// come here. It is not `wrangler dev`, whose proxy in front costs most of the throughput.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare } from "miniflare";
import { repositoryRoot } from "./bootstrap.mjs";
import { developmentVars } from "./development-settings.mjs";
import { startCronClock } from "./serve/cron-clock.mjs";
import { applyD1Migrations } from "./serve/d1-migrations.mjs";
import { miniflareOptions, WORKER } from "./serve/worker-options.mjs";
import { SetupError } from "./setup/progress.mjs";

export const DEFAULT_PORT = 8787;
export const defaultStateDir = path.join(repositoryRoot, ".cartwright", "state");

const guardedWorkerd = fileURLToPath(new URL("./serve/workerd-with-guard.sh", import.meta.url));

/**
 * Starts the Worker and returns once it answers.
 *
 * - `port`: 0 takes a free one. `stateDir`: where databases and objects live; `wrangler … --local
 *   --persist-to <stateDir>` sees the same ones. A queue is held in memory only: what it had not yet
 *   delivered is gone after a stop, unlike in production.
 * - The variables are wrangler.toml's, then development-settings.mjs's, then `vars`; `sandboxUrl` is where
 *   the sandbox gateway listens, if one does.
 * - `quiet`: keeps the Worker's log from this terminal; `onLog({ level, message })` has every line anyway.
 * - `cron`: false leaves the cron handler to `runScheduled()`. `build`: the folder of another build.
 * - `inspect`: opens a debugger's port on loopback, which `inspectorUrl()` tells.
 *
 * The answer: `url`; `workerdPid` of the runtime at this moment (miniflare starts a new one when it
 * dies); `crash()`, which kills it as a power cut would and does not start another; `stop()`;
 * `runScheduled()`; `database()` for reading D1; `migrations`, the files applied now.
 */
export async function startServer(options = {}) {
  const { host = "127.0.0.1", port = DEFAULT_PORT, stateDir = defaultStateDir, vars = {} } = options;
  const { sandboxUrl, quiet = false, onLog, cron = true, build, inspect } = options;
  requireBuild();
  const statePath = path.join(path.resolve(stateDir), "v3");
  const pidFile = path.join(path.resolve(stateDir), "workerd.pid");
  mkdirSync(statePath, { recursive: true });
  process.env.MINIFLARE_WORKERD_PATH = guardedWorkerd;
  const configured = miniflareOptions({
    host,
    port,
    statePath,
    build,
    inspect,
    vars: { ...developmentVars(sandboxUrl), ...vars },
    runtimeEnv: { CARTWRIGHT_WORKERD: workerdProgram(), CARTWRIGHT_WORKERD_PID_FILE: pidFile },
    log: new Log(quiet ? LogLevel.NONE : LogLevel.WARN),
    handleLogs: (line) => {
      onLog?.(line);
      if (!quiet) process.stderr.write(`${line.message}\n`);
    },
  });
  const miniflare = new Miniflare(configured.options);
  let stopClock;
  const stop = async () => {
    stopClock?.();
    await miniflare.dispose();
  };
  try {
    const entry = await miniflare.ready;
    const database = () => miniflare.getD1Database("DB", WORKER);
    const migrations = await applyD1Migrations(await database());
    const runScheduled = (pattern) => fireCron(entry, pattern ?? configured.crons[0]);
    const onTime = (pattern) => void runScheduled(pattern).catch(onCronFailure);
    if (cron) stopClock = startCronClock(configured.crons, onTime);
    const url = (await miniflare.unsafeGetDirectURL(WORKER)).origin;
    const workerdPid = () => Number(readFileSync(pidFile, "utf8"));
    return {
      url,
      migrations,
      database,
      runScheduled,
      stop,
      inspectorUrl: () => miniflare.getInspectorURL(),
      get workerdPid() {
        return workerdPid();
      },
      async crash() {
        process.kill(workerdPid(), "SIGKILL");
        await stop();
      },
    };
  } catch (error) {
    // A miniflare that never started rejects its disposal with the same error.
    await stop().catch(() => undefined);
    throw error.code === "ERR_ADDRESS_IN_USE" ? addressInUse(host, port) : error;
  }
}

async function fireCron(entry, pattern) {
  const response = await fetch(new URL(`/cdn-cgi/local/scheduled?cron=${encodeURIComponent(pattern)}`, entry));
  const outcome = await response.text();
  if (!response.ok) throw new Error(`The cron handler ended with "${outcome}" (${response.status}).`);
}

function onCronFailure(error) {
  console.error(error.message);
}

function requireBuild() {
  if (existsSync(path.join(repositoryRoot, "build", "index_bg.wasm"))) return;
  throw new SetupError("The Worker is not built: run `npm run build` first (`npm start` does so by itself).");
}

function addressInUse(host, port) {
  return new SetupError(
    `Something already listens on ${host}:${port}, perhaps another \`npm start\`. ` +
      `Stop it, or choose another port: \`npm start -- --port ${port + 10}\`.`,
  );
}

/** The runtime's native program; the package's own entry may be a script that only finds it. */
function workerdProgram() {
  const require = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return require("workerd").default;
}

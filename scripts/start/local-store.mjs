// Brings up a whole store on this machine: tools, build, sandbox gateway, Worker, demo catalogue. Every part
// that is already in place costs nothing, so a second start takes seconds.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { repositoryRoot } from "../bootstrap.mjs";
import { buildWorker } from "../build.mjs";
import { SANDBOX_API_KEY, SANDBOX_WEBHOOK_PATH, SANDBOX_WEBHOOK_SECRET, SECRET_KEY } from "../development-settings.mjs";
import { catalogueHash, seedDemoStore } from "../seed.mjs";
import { startServer } from "../serve.mjs";
import { prepareToolchain } from "../setup/prepare.mjs";
import { SetupError, step } from "../setup/progress.mjs";

const SANDBOX_SERVER = path.join(repositoryRoot, "sandbox", "server.mjs");

/**
 * Starts everything and returns `{ url, stop(), showLog() }`; `options` is what `readOptions` returned. Until
 * `showLog` is called the Worker's log is kept to warnings and errors, so that seeding does not bury the steps.
 */
export async function startLocalStore(options) {
  await buildWorker(await prepareToolchain());
  const { stateDir, port } = options;
  const log = { levels: new Set(["warn", "error"]) };
  const onLog = ({ level, message }) => {
    if (!log.levels || log.levels.has(level)) process.stderr.write(`${message}\n`);
  };
  if (options.fresh) clearState(stateDir);
  mkdirSync(stateDir, { recursive: true });
  const running = [];
  const stop = async () => {
    while (running.length > 0) await running.pop().stop();
  };
  try {
    const sandboxUrl = options.gatewayUrl ?? (await startOwnSandbox(options, running));
    const { server } = await step("Store: Worker, databases, objects", async () => {
      const started = await startServer({ port, stateDir, sandboxUrl, quiet: true, onLog, vars: ownVars() });
      return { server: started, detail: appliedNow(started.migrations) };
    });
    running.push(server);
    if (options.seed) await seedOnce(server.url, stateDir);
    return { url: server.url, stop, showLog: () => void (log.levels = undefined) };
  } catch (error) {
    await stop();
    throw error;
  }
}

function appliedNow(migrations) {
  return migrations.length > 0 ? `applied ${migrations.join(", ")}` : "";
}

/** The developer's own variables, such as a Stripe test key; .dev.vars.example lists them. */
function ownVars() {
  const file = path.join(repositoryRoot, ".dev.vars");
  return existsSync(file) ? parseEnv(readFileSync(file, "utf8")) : {};
}

/** The sandbox listens on the port after the store's. */
async function startOwnSandbox({ stateDir, port }, running) {
  if (!existsSync(SANDBOX_SERVER)) return undefined;
  const sandbox = await step("Sandbox payment gateway", async () => {
    const { startSandbox } = await import(SANDBOX_SERVER);
    return startSandbox({
      port: port + 1,
      stateDir: path.join(stateDir, "sandbox"),
      webhookUrl: `http://127.0.0.1:${port}${SANDBOX_WEBHOOK_PATH}`,
      webhookSecret: SANDBOX_WEBHOOK_SECRET,
      apiKey: SANDBOX_API_KEY,
      quiet: true,
    });
  });
  running.push(sandbox);
  return sandbox.url;
}

/** Seeds unless this state was seeded from this very catalogue. */
async function seedOnce(baseUrl, stateDir) {
  const stamp = path.join(stateDir, "seeded-catalogue");
  const hash = catalogueHash();
  await step("Demo catalogue", async () => {
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return { detail: "already there" };
    const { products, stock } = await seedDemoStore({ baseUrl, secretKey: SECRET_KEY });
    writeFileSync(stamp, hash);
    return { detail: `${products} products, ${stock} stock levels` };
  });
}

/** Deletes a state folder, but never one that holds anything else. */
function clearState(stateDir) {
  if (!existsSync(stateDir)) return;
  const ours = new Set(["v3", "sandbox", "seeded-catalogue", "workerd.pid"]);
  const strange = readdirSync(stateDir).filter((name) => !ours.has(name));
  if (strange.length > 0) {
    throw new SetupError(
      `--fresh would delete ${stateDir}, which holds something that is no store's state (${strange[0]}). ` +
        `Name another folder with --state-dir, or delete it yourself.`,
    );
  }
  rmSync(stateDir, { recursive: true, force: true });
}

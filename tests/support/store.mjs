// A whole store for one test: the shipped bundle on workerd with the demo goods in it, a sandbox gateway
// beside it, everything in a folder of the system's temporary directory that is gone afterwards.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { startSandbox } from "../../sandbox/server.mjs";
import {
  PUBLISHABLE_KEY,
  SANDBOX_API_KEY,
  SANDBOX_WEBHOOK_PATH,
  SANDBOX_WEBHOOK_SECRET,
  SECRET_KEY,
} from "../../scripts/development-settings.mjs";
import { seedDemoStore } from "../../scripts/seed.mjs";
import { startServer } from "../../scripts/serve.mjs";
import { client } from "./client.mjs";

/** Arrival in D1 is looked for after this long: a crash loses what miniflare's queue holds in memory. */
const PROJECTION_CONFIRM_MILLISECONDS = "1000";

const TRIES_FOR_A_PORT = 3;

/**
 * Opens a store. `vars` are added to the development settings. `sandbox: false` leaves that gateway out;
 * `sandboxWebhookUrl` is where its webhooks go, if not straight to the store. `inspect` opens a debugger's port.
 *
 * - `url`, and callers for it: `storefront`, `admin`, `anyone`, `buyer(token)`.
 * - `sandbox.control`: the gateway's books and its bad days.
 * - `logs`: every line the Worker ever logged, as text.
 * - `crash()` kills the runtime, `stop()` ends it decently, `start()` brings it back on the same address
 *   and state (`start({ build })`: with the build in that folder); the gateway goes on meanwhile. `close()` ends
 *   everything and deletes the folder.
 */
export async function openStore(options = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await openOn(await freePort(), options);
    } catch (error) {
      // Between finding a free port and using it, somebody else may have taken it.
      if (tries === TRIES_FOR_A_PORT || !/already listens/.test(error.message)) throw error;
    }
  }
}

async function openOn(port, { vars = {}, sandbox: wantsSandbox = true, sandboxWebhookUrl, autoMs = 50, seed = true, inspect = false }) {
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-journey-"));
  const stateDir = path.join(folder, "store");
  const url = `http://127.0.0.1:${port}`;
  const logs = [];
  let sandbox;
  let server;

  async function start({ build } = {}) {
    server = await startServer({
      port,
      stateDir,
      build,
      inspect,
      quiet: true,
      cron: false,
      sandboxUrl: sandbox?.url,
      vars: { PROJECTION_CONFIRM_MILLISECONDS, ...vars },
      onLog: (line) => logs.push(line.message),
    });
  }

  async function stop() {
    await server?.stop();
    server = undefined;
  }

  async function close() {
    try {
      await stop();
    } finally {
      await sandbox?.stop();
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  try {
    mkdirSync(stateDir);
    if (wantsSandbox) {
      sandbox = await startSandbox({
        port: 0,
        stateDir: path.join(folder, "sandbox"),
        webhookUrl: sandboxWebhookUrl ?? `${url}${SANDBOX_WEBHOOK_PATH}`,
        webhookSecret: SANDBOX_WEBHOOK_SECRET,
        apiKey: SANDBOX_API_KEY,
        autoMs,
        quiet: true,
      });
    }
    await start();
    if (seed) await seedDemoStore({ baseUrl: url, secretKey: SECRET_KEY });
  } catch (error) {
    await close();
    const troubles = logs.filter((line) => !line.includes('"level":"info"')).slice(-5);
    if (troubles.length > 0) error.message += `\nThe Worker's last words:\n${troubles.join("\n")}`;
    throw error;
  }

  const admin = client(url, SECRET_KEY);
  return {
    url,
    folder,
    stateDir,
    logs,
    sandbox,
    anyone: client(url),
    storefront: client(url, PUBLISHABLE_KEY),
    admin,
    buyer: (token) => client(url, token),
    database: () => server.database(),
    runScheduled: () => server.runScheduled(),
    inspectorUrl: () => server.inspectorUrl(),
    get workerdPid() {
      return server.workerdPid;
    },
    start,
    stop,
    close,
    async crash() {
      const crashed = server;
      server = undefined;
      await crashed.crash();
    },
    /** Changes some of the store's terms, such as how long buyers have to pay. */
    async changeTerms(changes) {
      const { body: terms } = await admin.get("/v1/admin/store");
      const { status, text } = await admin.put("/v1/admin/store", { ...terms, ...changes });
      if (status !== 200) throw new Error(`the store's terms were refused: ${text}`);
    },
  };
}

async function freePort() {
  const probe = createServer();
  await new Promise((resolve, reject) => probe.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

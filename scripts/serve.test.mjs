// The server that journeys and the benchmark rely on: state outlives a crash, and no runtime outlives the
// process that started it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { startServer } from "./serve.mjs";

const folder = mkdtempSync(path.join(tmpdir(), "cartwright-serve-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const start = (name) => startServer({ port: 0, stateDir: path.join(folder, name), quiet: true, cron: false });

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Whether the process is gone within so many milliseconds. */
async function goneWithin(pid, limit) {
  const started = Date.now();
  while (isAlive(pid) && Date.now() - started < limit) await wait(50);
  return !isAlive(pid);
}

test("migrations are applied once and the database survives a crash", async () => {
  const first = await start("crash");
  const database = await first.database();
  await database.prepare("CREATE TABLE crash_probe (n INTEGER)").run();
  await database.prepare("INSERT INTO crash_probe VALUES (7)").run();
  const pid = first.workerdPid;
  await first.crash();
  assert.ok(await goneWithin(pid, 5000), "the runtime is still there after crash()");

  const second = await start("crash");
  assert.deepEqual(second.migrations, []);
  const row = await (await second.database()).prepare("SELECT n FROM crash_probe").first();
  assert.deepEqual(row, { n: 7 });
  await second.stop();
});

test("a port in use is refused with what to do", async () => {
  const server = await start("port");
  const port = Number(new URL(server.url).port);
  const again = startServer({ port, stateDir: path.join(folder, "port-2"), quiet: true });
  await assert.rejects(again, /already listens on .* --port/s);
  await server.stop();
});

test("the runtime dies with its starter, even one that is killed", async () => {
  const script = path.join(folder, "starter.mjs");
  writeFileSync(
    script,
    `const { startServer } = await import(${JSON.stringify(new URL("./serve.mjs", import.meta.url).href)});
    const stateDir = ${JSON.stringify(path.join(folder, "orphan"))};
    const server = await startServer({ port: 0, stateDir, quiet: true });
    console.log(server.workerdPid);`,
  );
  const starter = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(starter.stdout, "data");
  const pid = Number(String(line).trim());
  assert.ok(isAlive(pid));
  starter.kill("SIGKILL");
  assert.ok(await goneWithin(pid, 5000), "the runtime outlived its starter");
});

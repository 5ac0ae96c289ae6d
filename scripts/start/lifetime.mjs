// When a running store ends: on Ctrl-C or a signal, and when whatever started it is gone.

import { execFileSync } from "node:child_process";
import { relaunchedBy } from "../bootstrap.mjs";

/** Milliseconds between two looks at the process that started this one. */
const LOOK_MS = 1000;

/** From npm down to here there are a shell and, on a machine with another Node, the first Node. */
const GENERATIONS = 4;

/**
 * Calls `stop` once, on the first of SIGINT, SIGTERM, SIGHUP or the death of npm above this process, then
 * exits. A second Ctrl-C does not wait for it.
 */
export function stopWithStarter(stop) {
  let stopping = false;
  const end = async () => {
    if (stopping) process.exit(130);
    stopping = true;
    console.log("\nStopping…");
    await stop();
    process.exit(0);
  };
  // Whoever read the output may be gone before this process.
  process.stdout.on("error", () => undefined);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // Miniflare's own listeners would exit at once and leave the gateway no time to stop.
    process.removeAllListeners(signal);
    process.on(signal, () => void end());
  }
  // Started by hand without npm, a store may well be meant to outlive its shell.
  const starter = npmAbove() ?? relaunchedBy();
  if (starter === undefined) return;
  const timer = setInterval(() => {
    if (isAlive(starter)) return;
    clearInterval(timer);
    void end();
  }, LOOK_MS);
}

/** The process id of the npm that runs this script; undefined without one or without `ps`. */
function npmAbove() {
  if (!process.env.npm_lifecycle_event) return undefined;
  let pid = process.ppid;
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const [parent, ...name] = processInfo(pid);
    if (name.join(" ").startsWith("npm")) return pid;
    pid = Number(parent);
  }
  return undefined;
}

function processInfo(pid) {
  try {
    const columns = execFileSync("ps", ["-o", "ppid=,comm=", "-p", String(pid)], { encoding: "utf8" });
    return columns.trim().split(/\s+/);
  } catch {
    return [];
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

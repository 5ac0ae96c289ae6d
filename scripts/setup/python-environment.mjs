// A Python environment of locked packages, kept per user like the other tools and by its lock file's content, so
// that a change of the lock makes another one. Where there is no Python for it, that is an answer, not a failure.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { ask, run } from "./child-process.mjs";
import { fingerprint, toolCache } from "./tool-cache.mjs";

/** The oldest Python that the locked packages run on. */
const OLDEST = [3, 11];
const PROGRAMS = ["python3", "python3.15", "python3.14", "python3.13", "python3.12", "python3.11", "python"];
const INSTALL_LIMIT_MS = 240_000;
const ENDS_OF_OUTPUT = 3;

/**
 * Gives `{ python, version }`, the environment's interpreter, or `{ missing }`: why there is none here.
 *
 * Only what the lock names is installed, by its hashes. It is built in a folder of this process and moved into place whole, so that
 * two runs cannot clash; pip's programs name their interpreter by path, so they are run through it.
 */
export async function ensurePythonEnvironment(name, lockFile, { note = () => {} } = {}) {
  const interpreter = await findInterpreter();
  if (!interpreter) return { missing: `no Python ${OLDEST.join(".")} or newer answers here` };
  const lock = readFileSync(lockFile, "utf8");
  const folder = path.join(toolCache, `${name}-${fingerprint(lock, interpreter.version)}`);
  const installed = { python: path.join(folder, "bin", "python"), version: interpreter.version };
  if (existsSync(installed.python)) return installed;
  const staging = `${folder}.${process.pid}`;
  mkdirSync(toolCache, { recursive: true });
  note(`making a Python ${interpreter.version} environment`);
  const made = await run(interpreter.program, ["-m", "venv", staging], { limitMs: INSTALL_LIMIT_MS });
  const python = path.join(staging, "bin", "python");
  const packages = ["-m", "pip", "install", "--quiet", "--no-input", "--require-hashes", "--only-binary", ":all:", "-r", lockFile];
  const done = made.code === 0
    ? await run(python, packages, { limitMs: INSTALL_LIMIT_MS, onLine: note })
    : made;
  if (done.code !== 0) {
    rmSync(staging, { recursive: true, force: true });
    const told = done.output.trim().split("\n").slice(-ENDS_OF_OUTPUT).join(" | ");
    return { missing: `its packages could not be installed: ${told}` };
  }
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return installed;
}

async function findInterpreter() {
  for (const program of PROGRAMS) {
    const version = await ask(program, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
    const [major, minor] = (version ?? "0.0").split(".").map(Number);
    if (major === OLDEST[0] && minor >= OLDEST[1]) return { program, version };
  }
  return undefined;
}

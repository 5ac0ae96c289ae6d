// Makes `npm start` and `npm test` work on a fresh clone: installs the locked Node packages when they are
// missing or differ from package-lock.json, then runs the same script again under the pinned Node.
//
// This file must run on Node 20 with nothing installed, so it imports only what Node ships. It is the
// first import of every script that npm starts, and whatever needs a package is imported after it.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const repositoryRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** The oldest Node that wrangler and miniflare run on, for systems the pinned Node is not published for. */
const OLDEST_NODE = [22, 12];

/** Node's program for this system, as an npm package; package.json names the systems that have one. */
const PINNED_NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

const binFolder = path.join(repositoryRoot, "node_modules", ".bin");
const RELAUNCHED_BY = "CARTWRIGHT_RELAUNCHED_BY";

/** Environment that keeps every tool quiet, offline where it can be, and from asking questions. */
export const quietToolEnvironment = {
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_HIDE_BANNER: "true",
  npm_config_update_notifier: "false",
};

/**
 * Returns once this process runs the pinned Node with the locked packages. Where it does not yet, the
 * script is run again as a child that does, and this process ends with the child's exit code.
 */
export async function ensurePinnedNode(scriptUrl) {
  Object.assign(process.env, quietToolEnvironment);
  if (!installedPackagesMatchLock()) await installPackages();
  const pinned = path.join(repositoryRoot, "node_modules", PINNED_NODE_PACKAGE, "bin", "node");
  if (existsSync(pinned)) {
    linkAsProgram(pinned);
    if (realpathSync(pinned) === realpathSync(process.execPath)) return;
    await runAgainUnder(pinned, fileURLToPath(scriptUrl));
  }
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  console.error(
    `This system (${process.platform} ${process.arch}) has no pinned Node package, and Node ` +
      `${process.versions.node} is too old: install ${OLDEST_NODE.join(".")} or newer and run this again.`,
  );
  process.exit(1);
}

/** npm 10 leaves this one link out; without it wrangler would run under the system's Node. */
function linkAsProgram(pinned) {
  const link = path.join(binFolder, "node");
  if (!existsSync(link)) symlinkSync(path.relative(binFolder, pinned), link);
}

/** The process id of the older Node that ran this script again, if one did. */
export function relaunchedBy() {
  const pid = process.env[RELAUNCHED_BY];
  return pid && Number(pid) === process.ppid ? process.ppid : undefined;
}

/** Whether what npm recorded in node_modules is what the lock file asks for on this system. */
function installedPackagesMatchLock() {
  const installed = readPackages("node_modules/.package-lock.json");
  const locked = readPackages("package-lock.json");
  if (!installed || !locked) return false;
  const wanted = Object.entries(locked).filter(([name]) => name !== "");
  const present = ([name, entry]) =>
    installed[name] ? installed[name].version === entry.version : entry.optional === true;
  return wanted.every(present) && Object.keys(installed).every((name) => name in locked);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(path.join(repositoryRoot, file), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** No package needs its install script (binaries come as packages of their own), so none is run. */
async function installPackages() {
  const started = Date.now();
  console.log("▸ Node packages: npm ci (about 20 seconds)");
  const npmArguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const underNpm = process.env.npm_execpath;
  const [command, prefix] = underNpm?.endsWith(".js") ? [process.execPath, [underNpm]] : ["npm", []];
  const code = await runToEnd(command, [...prefix, ...npmArguments]);
  if (code !== 0) {
    console.error("✗ npm ci failed: its message is above. Is the npm registry in reach?");
    process.exit(code);
  }
  console.log(`✓ Node packages  ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

async function runAgainUnder(node, script) {
  const environment = {
    ...process.env,
    PATH: `${binFolder}${path.delimiter}${process.env.PATH ?? ""}`,
    [RELAUNCHED_BY]: String(process.pid),
  };
  process.exit(await runToEnd(node, [script, ...process.argv.slice(2)], environment));
}

/** Runs a command on this terminal, passes signals on to it, and returns its exit code. */
function runToEnd(command, commandArguments, environment = process.env) {
  const child = spawn(command, commandArguments, { cwd: repositoryRoot, stdio: "inherit", env: environment });
  // A terminal sends Ctrl-C to the child as well, so that one is only kept from ending this process first.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`✗ could not start ${command}: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

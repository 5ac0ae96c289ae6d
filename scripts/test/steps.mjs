// What `npm test` checks, in order: cheap and telling first. Each step has an id for --only and --skip and
// returns the counts of its test runner, if it has one.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";
import { compileWorker, finishWorkerBuild } from "../build.mjs";
import { run, runOrFail, TIMED_OUT } from "../setup/child-process.mjs";
import { ensureLintTools } from "../setup/lint-tools.mjs";
import { SetupError } from "../setup/progress.mjs";
import { WASM_TARGET } from "../setup/wasm-target.mjs";
import { runSchemathesis } from "../../tests/schemathesis/run.mjs";
import { cargoCounts, nodeCounts, vitestCounts } from "./counts.mjs";

/** A test that hangs must end before CI gives up on the whole run, which would say nothing. */
const RUNNER_LIMIT_MS = 25 * 60_000;

/** A file of `node --test` that hangs is ended and named, and the files after it still run. */
const NODE_TEST_LIMIT_MS = 8 * 60_000;
const RUNTIME_CONFIG = "tests/runtime/vitest.config.mjs";

export const steps = [
  { id: "fmt", name: "cargo fmt --check", run: formatting },
  { id: "clippy", name: "clippy, host, all targets", run: hostClippy },
  { id: "clippy-wasm", name: "clippy, wasm32, library", run: wasmClippy },
  { id: "rules", name: "cargo test", run: rules },
  { id: "scripts", name: "scripts and fakes (node --test)", run: scriptTests },
  { id: "build", name: "release build and its size", run: build, namesItsSteps: true },
  { id: "dry-run", name: "wrangler deploy --dry-run", run: deployDryRun },
  { id: "runtime", name: "tests in workerd (vitest)", run: runtimeTests, needsBuild: true },
  { id: "schemathesis", name: "requests made from the document", run: generatedRequests, needsBuild: true },
  { id: "journey", name: "server and journeys (node --test)", run: journeys, needsBuild: true },
];

async function formatting({ note }) {
  await ensureLintTools({ note });
  await runOrFail("cargo", ["fmt", "--check"], { advice: "`cargo fmt` mends it." });
}

async function hostClippy({ note }) {
  await ensureLintTools({ note });
  await lint(["clippy", "--locked", "--all-targets", "--", "-D", "warnings"], {}, note);
}

async function wasmClippy({ toolchain, note }) {
  await lint(["clippy", "--locked", "--lib", "--target", WASM_TARGET, "--", "-D", "warnings"], toolchain.wasmEnv, note);
}

/** Silent while it works; a finding is printed in full. */
async function lint(cargoArguments, env, note) {
  const { code, output } = await run("cargo", cargoArguments, { env, onLine: note });
  if (code === 0) return;
  process.stdout.write(output);
  throw failure(`clippy has something to say (above).`, code);
}

async function rules() {
  return testRun("cargo", ["test", "--locked"], cargoCounts);
}

async function scriptTests() {
  const scripts = ["scripts/serve", "scripts/supply-chain", "scripts/test"];
  const folders = ["bench", "sandbox", ...scripts, "tests/chaos", "tests/providers", "tests/soak", "tests/storage"];
  return nodeTests(folders.flatMap(testFiles));
}

/**
 * Begins the release build beside the steps before its own: its linker works on one core for minutes. Returns
 * what its step waits for, and how to end it when a step before has failed.
 */
export function beginBuild(toolchain) {
  const abandoned = new AbortController();
  const compiled = compileWorker(toolchain, { signal: abandoned.signal });
  // Its step hears of a failure; until then nobody listens, which must not end the process.
  compiled.catch(() => {});
  return { compiled, abandon: () => abandoned.abort() };
}

async function build({ building }) {
  await finishWorkerBuild(() => building.compiled);
}

async function deployDryRun() {
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-dry-run-"));
  try {
    await runOrFail(nodeProgram("wrangler"), ["deploy", "--dry-run", "--outdir", folder]);
    const uploaded = readdirSync(folder);
    if (!uploaded.some((name) => name.endsWith(".wasm"))) {
      throw new SetupError(`wrangler's bundle has no wasm in it: ${uploaded.join(", ")}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runtimeTests() {
  return testRun(nodeProgram("vitest"), ["run", "--config", RUNTIME_CONFIG], vitestCounts);
}

async function journeys() {
  return nodeTests(["scripts", "tests/api", "tests/journey"].flatMap(testFiles));
}

/** Needs Python and its index; where they are not, the run goes on and says so where nobody overlooks it. */
async function generatedRequests({ note }) {
  const found = await runSchemathesis({ bounded: true, note });
  if (found.skipped) {
    console.error(`\n!!! SKIPPED: requests made from the API document. ${found.skipped}.\n`);
    return {};
  }
  if (found.failed > 0) throw Object.assign(failure("schemathesis found something (above).", 1), { counts: found });
  return found;
}

/** One file after the other: each may start a store of its own, and two on two cores disturb each other. */
async function nodeTests(files) {
  const limit = `--test-timeout=${NODE_TEST_LIMIT_MS}`;
  const options = ["--test", "--test-concurrency=1", "--test-reporter=spec", limit];
  return testRun(process.execPath, [...options, ...files], nodeCounts);
}

function testFiles(folder) {
  const absolute = path.join(repositoryRoot, folder);
  const names = existsSync(absolute) ? readdirSync(absolute) : [];
  return names.filter((name) => name.endsWith(".test.mjs")).sort().map((name) => path.join(folder, name));
}

/** Runs a test runner with its output shown and an end to its patience. A failure carries its counts. */
async function testRun(command, commandArguments, readCounts) {
  const options = { show: true, env: { NO_COLOR: "1" }, limitMs: RUNNER_LIMIT_MS };
  const { code, output } = await run(command, commandArguments, options);
  const counts = readCounts(output);
  const program = path.basename(command);
  if (code === TIMED_OUT) throw failure(`${program} did not end within ${RUNNER_LIMIT_MS / 60_000} minutes.`, code);
  if (code !== 0) throw Object.assign(failure(`${program} failed (above).`, code), { counts });
  if (counts.passed === 0) throw failure(`${program} ran no test.`, 1);
  return counts;
}

function nodeProgram(name) {
  return path.join(repositoryRoot, "node_modules", ".bin", name);
}

function failure(message, exitCode) {
  return Object.assign(new SetupError(message), { exitCode });
}

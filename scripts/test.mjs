// `npm test`: everything that decides whether a change may land. Needs no account and no key, and no network
// but the package registries.
//
//   npm test -- --only=rules,runtime     runs these steps only (the set-up always runs)
//   npm test -- --skip=journey           leaves these out

import { parseArgs } from "node:util";
import { ensurePinnedNode } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { prepareToolchain } = await import("./setup/prepare.mjs");
const { reportFailure, seconds, SetupError, step } = await import("./setup/progress.mjs");
const { beginBuild, steps } = await import("./test/steps.mjs");

const started = Date.now();
const rows = [];
let building;

try {
  const chosen = chooseSteps(process.argv.slice(2));
  const toolchain = await timed({ name: "set-up" }, prepareToolchain);
  if (chosen.some(({ id }) => id === "build")) building = beginBuild(toolchain);
  for (const entry of chosen) await timed(entry, () => runStep(entry, toolchain));
} catch (error) {
  building?.abandon();
  reportFailure(error);
}
printSummary();

function runStep(entry, toolchain) {
  if (entry.namesItsSteps) return entry.run({ building });
  return step(entry.name, ({ note }) => entry.run({ toolchain, note }));
}

/** Runs one row of the final table; a failed row is kept before the failure goes on. */
async function timed({ name }, work) {
  const begun = Date.now();
  const row = { name, passed: 0, failed: 0 };
  rows.push(row);
  try {
    const result = await work();
    Object.assign(row, { passed: result?.passed ?? 0, failed: result?.failed ?? 0 });
    return result;
  } catch (error) {
    // A step without a count of its own still counts as one thing that failed.
    Object.assign(row, { passed: error.counts?.passed ?? 0, failed: error.counts?.failed || 1, broken: true });
    throw error;
  } finally {
    row.time = seconds(Date.now() - begun);
  }
}

function chooseSteps(commandArguments) {
  const list = { type: "string", multiple: true, default: [] };
  const { values } = parseArgs({ args: commandArguments, options: { only: list, skip: list } });
  const [only, skip] = [values.only, values.skip].map((names) => names.flatMap((name) => name.split(",")));
  const unknown = [...only, ...skip].find((name) => !steps.some(({ id }) => id === name));
  const known = steps.map(({ id }) => id).join(", ");
  if (unknown) throw new SetupError(`There is no step "${unknown}". The steps: ${known}.`);
  const named = steps.filter(({ id }) => (only.length === 0 || only.includes(id)) && !skip.includes(id));
  // Both kinds of end-to-end test run what was built.
  const build = steps.find(({ id }) => id === "build");
  const needsBuild = named.some((entry) => entry.needsBuild) && !named.includes(build) && !skip.includes("build");
  return needsBuild ? [build, ...named] : named;
}

function printSummary() {
  const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
  console.log(`\n${"step".padEnd(32)}${"time".padStart(10)}${"passed".padStart(9)}${"failed".padStart(9)}`);
  for (const row of rows) {
    const counts = row.passed + row.failed > 0 ? [row.passed, row.failed] : ["", ""];
    const [passed, failed] = counts.map((count) => String(count).padStart(9));
    console.log(`${row.broken ? "✗" : "✓"} ${row.name.padEnd(30)}${row.time.padStart(10)}${passed}${failed}`);
  }
  console.log(`${"  total".padEnd(32)}${seconds(Date.now() - started).padStart(10)}`);
  console.log(`${total("passed")} passed, ${total("failed")} failed`);
}

// `npm run bench`: every section, one after the other, in about fifteen minutes, and at the end what was promised and
// whether it was kept. `--full` takes an hour. `npm run bench -- growth …` runs one section with its own options,
// `npm run bench -- --only webhook,cost` some of them; options alone are those of the checkouts.

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ensurePinnedNode } from "../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { printGoals, REPORT } = await import("./report.mjs");

const SCRIPTS = { checkout: "checkout.mjs", webhook: "webhook.mjs", inventory: "inventory.mjs", growth: "growth.mjs", cost: "cost-run.mjs" };

/** How each section is run when all are: rounds are never fewer than five. */
const SHORT = {
  checkout: ["--carts", "one:1+32,two:1+8+32+128,three:32,hot:32", "--rounds", "5", "--seconds", "2", "--no-cost"],
  webhook: ["--connections", "1,32", "--rounds", "5"],
  inventory: ["--only", "reservations,claims,hot,looks,fresh", "--rounds", "5", "--seconds", "1"],
  growth: ["--rounds", "5", "--seconds", "1"],
  cost: ["--rounds", "5"],
};
const FULL = {
  checkout: ["--carts", "one,two,three,hot", "--connections", "1,8,32,128", "--rounds", "7", "--seconds", "10", "--no-cost"],
  webhook: ["--connections", "1,8,32,128", "--rounds", "7", "--most", "4000", "--per-connection", "60"],
  inventory: ["--only", "reservations,claims,hot,crowd,looks,fresh,ledger", "--rounds", "7", "--seconds", "5"],
  growth: ["--rounds", "7", "--seconds", "5", "--connections", "1,32"],
  cost: ["--rounds", "9", "--seconds", "5", "--orders", "2000"],
};

const given = process.argv.slice(2);

function run(name, options) {
  const script = fileURLToPath(new URL(SCRIPTS[name], import.meta.url));
  const begun = Date.now();
  const { status } = spawnSync(process.execPath, [script, ...options], { stdio: "inherit" });
  console.log(`${name}: ${Math.round((Date.now() - begun) / 1000)} s`);
  return status ?? 1;
}

function runSections(names, plans) {
  const unknown = names.find((name) => !Object.hasOwn(SCRIPTS, name));
  if (unknown) throw new Error(`there is no section ${unknown}: ${Object.keys(SCRIPTS).join(", ")}`);
  // A section that breaks takes nothing from the others.
  const broken = names.filter((name) => run(name, plans[name]) !== 0);
  printGoals();
  if (broken.length > 0) {
    console.error(`\nbroken: ${broken.join(", ")}`);
    process.exitCode = 1;
  }
}

const isFull = given.includes("--full");
const rest = given.filter((one) => one !== "--full");
if (Object.hasOwn(SCRIPTS, rest[0] ?? "")) {
  process.exitCode = run(rest[0], isFull ? [...FULL[rest[0]], ...rest.slice(1)] : rest.slice(1));
} else if (rest[0] === "--only") {
  runSections(rest[1].split(","), isFull ? FULL : SHORT);
} else if (rest.length > 0) {
  process.exitCode = run("checkout", rest);
} else {
  rmSync(REPORT, { force: true });
  runSections(Object.keys(SCRIPTS), isFull ? FULL : SHORT);
}

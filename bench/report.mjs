// What a run found, as a table for people and as target/bench.json for machines.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../scripts/bootstrap.mjs";

export const REPORT = path.join(repositoryRoot, "target", "bench.json");

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const rounded = (number) => (number === undefined ? undefined : Number(number.toPrecision(4)));

/** Goals: what a row's ratio, or its own figure, must be. */
export const atLeastRatio = (ratio) => ({ text: `ratio ≥ ${ratio}`, met: (found) => found.ratio >= ratio });
export const atLeast = (least) => ({ text: `≥ ${least}`, met: (found) => found.ours >= least });
export const atMost = (most) => ({ text: `≤ ${most}`, met: (found) => found.ours <= most });

/**
 * A row of the report; `reference` and `ratio` only where something was measured beside it, `note` where the name
 * does not say what it was, or how many connections there were; `goal` and `met` where something was promised.
 */
export function row(name, unit, ours, reference, note, goal) {
  const found = { name, unit, ours: rounded(ours), ...(note && { note }) };
  if (reference !== undefined) Object.assign(found, { reference: rounded(reference), ratio: rounded(ours / reference) });
  return goal ? { ...found, goal: goal.text, met: goal.met(found) } : found;
}

export function printTable(rows, reference = "floor") {
  const wide = Math.max(...rows.map(({ name }) => name.length)) + 2;
  const cell = (value) => String(value ?? "").padStart(11);
  console.log(`\n${"".padEnd(wide)}${"unit".padEnd(13)}${cell("ours")}${cell(reference)}${cell("ratio")}  goal`);
  for (const { name, unit, ours, reference, ratio, note, goal, met } of rows) {
    const verdict = goal ? `${met ? "✓" : "✗ MISSED"} ${goal}` : "";
    const end = [verdict, note].filter(Boolean).join("; ");
    console.log(`${name.padEnd(wide)}${unit.padEnd(13)}${cell(ours)}${cell(reference)}${cell(ratio)}${end ? `  ${end}` : ""}`);
  }
  const missed = rows.filter(({ met }) => met === false).length;
  if (missed > 0) console.log(`\n${missed} goal${missed === 1 ? "" : "s"} missed (✗ above)`);
}

/** Every row of the report that had a goal, in the order in which they were measured. */
export function printGoals() {
  console.log("\nWhat was promised");
  printTable(known().filter(({ goal }) => goal), "beside");
}

/** Puts the rows into the report, in place of those of the same names; those of other runs stay. */
export function writeReport(rows) {
  const names = new Set(rows.map(({ name }) => name));
  const merged = [...known().filter(({ name }) => !names.has(name)), ...rows];
  mkdirSync(path.dirname(REPORT), { recursive: true });
  writeFileSync(REPORT, `${JSON.stringify(merged, null, 2)}\n`);
  console.log(`\nwritten to ${path.relative(repositoryRoot, REPORT)}`);
}

function known() {
  try {
    return JSON.parse(readFileSync(REPORT, "utf8"));
  } catch {
    return [];
  }
}

// What a run found, as a table for people and as target/bench.json for machines.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../scripts/bootstrap.mjs";

const FILE = path.join(repositoryRoot, "target", "bench.json");

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const rounded = (number) => (number === undefined ? undefined : Number(number.toPrecision(4)));

/** A row of the report; `reference` and `ratio` only where something was measured beside it. */
export function row(name, unit, ours, reference) {
  const known = { name, unit, ours: rounded(ours) };
  return reference === undefined ? known : { ...known, reference: rounded(reference), ratio: rounded(ours / reference) };
}

export function printTable(rows) {
  const wide = Math.max(...rows.map(({ name }) => name.length)) + 2;
  const cell = (value) => String(value ?? "").padStart(11);
  console.log(`\n${"".padEnd(wide)}${"unit".padEnd(13)}${cell("ours")}${cell("floor")}${cell("ratio")}`);
  for (const { name, unit, ours, reference, ratio } of rows) {
    console.log(`${name.padEnd(wide)}${unit.padEnd(13)}${cell(ours)}${cell(reference)}${cell(ratio)}`);
  }
}

export function writeReport(rows) {
  mkdirSync(path.dirname(FILE), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(rows, null, 2)}\n`);
  console.log(`\nwritten to ${path.relative(repositoryRoot, FILE)}`);
}

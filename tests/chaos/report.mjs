// How the fault lab tells what came of it: one page of text, the whole as JSON, and an exit status.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Exit statuses: nothing was lost and everything was exercised, or not, or the lab could not run. */
export const EXIT = { good: 0, lost: 1, did_not_run: 2 };

const LISTED = 25;

/** Columns of `name count`, so many abreast. */
function columns(entries, abreast) {
  const cells = entries.map(([name, value]) => `${name.replaceAll("_", " ").padEnd(36)}${String(value).padStart(7)}`);
  const rows = Array.from({ length: Math.ceil(cells.length / abreast) }, (_, row) => cells.slice(row * abreast, (row + 1) * abreast));
  return rows.map((row) => `  ${row.join("    ")}`).join("\n");
}

export function pageOf(result) {
  const { power_cuts: cuts, timings, options } = result;
  const stages = Object.entries(cuts.stages).map(([stage, { cuts: times, orders }]) => `  ${stage.padEnd(48)}${String(orders).padStart(7)} orders in ${times} cuts`);
  return [
    `Fault lab: ${options.orders} checkouts, ${cuts.count} power cuts, ${options.atOnce} at once, ${result.cores} cores, seed ${result.seed}`,
    "",
    result.is_good ? "Nothing was lost." : `FAILED: ${result.findings.length} findings.`,
    columns(Object.entries(result.promises), 1),
    ...(result.is_good ? [] : ["", ...result.findings.slice(0, LISTED).map((sentence) => `  - ${sentence}`)]),
    "",
    "Orders",
    columns(Object.entries(result.orders), 2),
    "",
    "Where orders stood when the power went out (as it lay on the disk)",
    ...stages,
    `  in flight, over all cuts: ${Object.entries(cuts.in_flight).map(([what, number]) => `${number} ${what.replaceAll("_", " ")}`).join(", ")}`,
    "",
    "Exercised",
    columns(Object.entries(result.exercised), 2),
    "",
    "Asking again",
    columns(Object.entries(result.asking), 2),
    "",
    `Load ${timings.load_seconds} s; all at rest ${timings.at_rest_seconds_after_last_start} s after the last start; longest outage ${timings.longest_outage_seconds} s; ${timings.total_seconds} s in all.`,
    `Again: ${result.replay}`,
  ].join("\n");
}

/** Writes the result to `file`, prints the page, and gives the exit status. */
export function tellResult(result, { file, print }) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  print(pageOf(result));
  return result.is_good ? EXIT.good : EXIT.lost;
}

// `npm run soak`: exit status 0 only if memory and delay stayed flat and no buyer was refused.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePinnedNode, repositoryRoot } from "../../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const USAGE = `npm run soak -- [options]: half of the peak, for a while, on this machine alone

  --minutes N    how long, 1 to 240 (5)
  --skus N       how many SKUs, each an object, buyers go round, 10 to 20000 (1000; 10000 from 30 minutes on)
  --most N       at most so many orders a second, 1 to 2000 (500)
  --inspect      look into the Worker's isolate as well, by the debugger, after each of the 20 parts
  --json FILE    where the result goes (target/soak.json)`;

const text = { type: "string" };

function readOptions(given) {
  const { values } = parseArgs({ args: given, options: { minutes: text, skus: text, most: text, json: text, inspect: { type: "boolean", default: false }, help: { type: "boolean" } } });
  const number = (name, standard, least, most) => {
    const chosen = values[name] === undefined ? standard : Number(values[name]);
    if (!(chosen >= least && chosen <= most)) throw new Error(`--${name} must be ${least} to ${most}`);
    return chosen;
  };
  const minutes = number("minutes", 5, 1, 240);
  const skus = number("skus", minutes >= 30 ? 10_000 : 1_000, 10, 20_000);
  return { help: values.help, json: values.json, run: { minutes, skus, most: number("most", 500, 1, 2_000), inspect: values.inspect } };
}

function page(result) {
  const percent = (part) => `${(part * 100).toFixed(1)} %`;
  const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);
  const [first, last] = [result.windows[0], result.windows.at(-1)];
  return [
    `Soak: ${result.placed} orders in ${(result.seconds / 60).toFixed(1)} minutes at ${Math.round(result.per_second)} a second (peak ${Math.round(result.peak_per_second)}), ${result.options.skus} SKUs, ${result.cores} cores`,
    result.is_good ? "Flat, and nothing failed." : `FAILED: ${result.findings.join("; ")}.`,
    ...(result.figures.isolate_growth === undefined ? [] : [`  isolate  ${percent(result.figures.isolate_growth)} in the last half (less than 5 % passes); ${mebibytes(first.isolateBytes)} MiB in the first window, ${mebibytes(last.isolateBytes)} in the last`]),
    `  memory   ${percent(result.figures.memory_growth)} in the last half (less than 5 % passes); ${(first.rssBytes / 2 ** 20).toFixed(0)} MiB in the first window, ${(last.rssBytes / 2 ** 20).toFixed(0)} in the last`,
    `  p99      ${percent(result.figures.p99_drift)} in the last half (less than 20 % passes); ${first.p99.toFixed(1)} ms in the first window, ${last.p99.toFixed(1)} in the last`,
    `  errors   ${result.figures.errors}`,
  ].join("\n");
}

async function main() {
  const { help, json, run } = readOptions(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const { runSoak } = await import("./soak.mjs");
  const began = Date.now();
  const tell = (line) => console.error(`${String(Math.round((Date.now() - began) / 1_000)).padStart(5)} s  ${line}`);
  const result = await runSoak(run, { tell });
  const file = path.resolve(json ?? path.join(repositoryRoot, "target", "soak.json"));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  console.log(page(result));
  return result.is_good ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${error.stack}\n\n${USAGE}`);
  process.exitCode = 2;
}

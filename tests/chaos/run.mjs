// `npm run chaos`: the fault lab. Exit status 0 only if nothing was lost and every fault was exercised.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ensurePinnedNode, repositoryRoot } from "../../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { OptionError, readOptions, USAGE } = await import("./options.mjs");
const { runLab } = await import("./lab.mjs");
const { pageOf } = await import("./page.mjs");

/** Exit statuses: something was lost, and the lab could not run. */
const LOST = 1;
const DID_NOT_RUN = 2;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof OptionError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = DID_NOT_RUN;
}

async function main(commandArguments) {
  const { help, json, run } = readOptions(commandArguments);
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const began = Date.now();
  const tell = (line) => console.error(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${line}`);
  tell(`seed ${run.seed}: ${run.orders} checkouts, ${run.kills} power cuts`);
  const { result } = await runLab(run, { tell });
  const file = path.resolve(json ?? path.join(repositoryRoot, "target", "chaos.json"));
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(pageOf(result));
  return result.is_good ? 0 : LOST;
}

// `npm run chaos`: the fault lab. Exit status 0 only if nothing was lost and every fault was exercised.

import path from "node:path";
import { ensurePinnedNode, repositoryRoot } from "../../scripts/bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { OptionError, readOptions, USAGE } = await import("./options.mjs");
const { EXIT, tellResult } = await import("./report.mjs");

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof OptionError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = EXIT.did_not_run;
}

async function main(commandArguments) {
  const { help, json, run } = readOptions(commandArguments);
  if (help) {
    console.log(USAGE);
    return EXIT.good;
  }
  const began = Date.now();
  const tell = (line) => console.error(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${line}`);
  tell(`seed ${run.seed}: ${run.orders} checkouts, ${run.kills} power cuts`);
  const { runLab } = await import("./lab.mjs");
  const { result } = await runLab(run, { tell });
  const file = path.resolve(json ?? path.join(repositoryRoot, "target", "chaos.json"));
  return tellResult(result, { file, print: console.log });
}

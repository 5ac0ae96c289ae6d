// `npm run fuzz -- --seconds 30 --target imports --seed 7`: bytes changed at random to the readers that
// fuzz/targets.rs names, for so many seconds each. What breaks a promise is written to fuzz/corpus and fails the run.

import { parseArgs } from "node:util";
import { ensurePinnedNode } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { run } = await import("./setup/child-process.mjs");
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now()) },
    target: { type: "string" },
  },
});
const env = { FUZZ_SECONDS: values.seconds, FUZZ_SEED: values.seed, ...(values.target && { FUZZ_TARGET: values.target }) };
const chosen = ["--nocapture", "every_reader_keeps_its_promises_whatever_it_reads"];
const { code } = await run("cargo", ["test", "--locked", "--test", "fuzz", "--", ...chosen], { env, show: true });
process.exitCode = code;

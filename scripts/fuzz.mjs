// Bytes that nobody meant to send, to the readers that fuzz/targets names, for so many seconds each:
//
//   npm run fuzz -- [--seconds 30] [--target imports] [--guided | --random] [--seed 7] [--merge]
//
// Where a C++ compiler is at hand, libFuzzer changes them by what they reach in the program; elsewhere, and with
// `--random`, they are changed at random. What breaks a promise is made small, written to fuzz/corpus, where
// `cargo test` plays it for ever after, and fails the run. `--merge` takes into fuzz/corpus what reaches further
// than the files that are there.

import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePinnedNode, repositoryRoot } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { ask, run, runOrFail } = await import("./setup/child-process.mjs");

const folder = path.join(repositoryRoot, "fuzz");
const target = path.join(repositoryRoot, "target/guided");
/** What was found in runs before, by reader: the next run goes on from there. */
const found = path.join(target, "found");

/** Counts edges and hands over what is compared, which a stable compiler can do without a sanitizer. */
const INSTRUMENTED = [
  "--cfg fuzzing",
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
].join(" ");

const LONGEST_BYTES = 65_536;
/** The longest that a reader may take for one file, and the most memory. */
const LIMITS = ["-timeout=10", "-rss_limit_mb=3000"];
const MINIMISE_SECONDS = 30;
/** What is merged stops at so many files and bytes of a reader; tests/fuzz.rs allows some more. */
const MOST_FILES = 60;
const MOST_BYTES = 200 * 1024;
const SHOWN_LINES = 12;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    target: { type: "string" },
    guided: { type: "boolean", default: false },
    random: { type: "boolean", default: false },
    merge: { type: "boolean", default: false },
  },
});

function corpusOf(name) {
  return path.join(folder, "corpus", name);
}

async function random() {
  const env = { FUZZ_SECONDS: values.seconds, FUZZ_SEED: values.seed, ...(values.target && { FUZZ_TARGET: values.target }) };
  const chosen = ["--nocapture", "every_reader_keeps_its_promises_whatever_it_reads"];
  const { code } = await run("cargo", ["test", "--locked", "--test", "fuzz", "--", ...chosen], { env, show: true });
  return code === 0;
}

/** Builds the readers with libFuzzer; returns the program. */
async function build() {
  const host = (await ask("rustc", ["-vV"]))?.match(/^host: (.+)$/m)?.[1];
  const env = { RUSTFLAGS: INSTRUMENTED, CARGO_TARGET_DIR: target };
  const manifest = path.join(folder, "Cargo.toml");
  // Named, so that the compiler's own helpers are built without the instrumentation.
  const words = ["build", "--release", "--locked", "--manifest-path", manifest, "--target", host];
  await runOrFail("cargo", words, { env, show: true });
  return path.join(target, host, "release/guided");
}

/** Runs the program for one reader; its output is kept back. */
function play(program, name, words) {
  return run(program, words, { env: { FUZZ_TARGET: name, RUST_BACKTRACE: "0" } });
}

const hashed = (file) => createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 16);

/** Makes what broke a promise as small as it gets, and keeps it in the corpus. */
async function keep(program, name, broken) {
  const small = `${broken}-small`;
  const words = ["-minimize_crash=1", `-max_total_time=${MINIMISE_SECONDS}`, `-exact_artifact_path=${small}`, ...LIMITS];
  await play(program, name, [...words, broken]);
  const kept = existsSync(small) ? small : broken;
  const file = path.join(corpusOf(name), hashed(kept));
  copyFileSync(kept, file);
  return path.relative(repositoryRoot, file);
}

/** One reader for its time; whether every promise was kept. */
async function guide(program, name) {
  const own = path.join(found, name);
  const broken = path.join(target, "broken", name);
  mkdirSync(own, { recursive: true });
  rmSync(broken, { recursive: true, force: true });
  mkdirSync(broken, { recursive: true });
  const { code, output } = await play(program, name, [
    own,
    corpusOf(name),
    `-max_total_time=${values.seconds}`,
    `-seed=${values.seed}`,
    `-max_len=${LONGEST_BYTES}`,
    `-dict=${path.join(folder, "words.dict")}`,
    `-artifact_prefix=${broken}/`,
    "-print_final_stats=1",
    ...LIMITS,
  ]);
  const last = [...output.matchAll(/cov: (\d+) ft: (\d+) corp: (\d+)/g)].at(-1);
  const statistic = (key) => output.match(new RegExp(`stat::${key}:\\s+(\\d+)`))?.[1] ?? "?";
  const rate = statistic("average_exec_per_sec");
  const runs = statistic("number_of_executed_units");
  console.log(`${name}: ${runs} runs, ${rate}/s, ${last?.[1] ?? "?"} edges reached, by ${last?.[3] ?? "?"} inputs`);
  if (code === 0) {
    if (values.merge) await merge(program, name, own);
    return true;
  }
  const [artifact] = readdirSync(broken);
  const lines = output.trimEnd().split("\n");
  const cause = lines.findIndex((line) => /panicked at|ERROR: libFuzzer/.test(line));
  console.log(lines.slice(cause).slice(0, SHOWN_LINES).join("\n"));
  if (artifact) console.log(`${name}: ${await keep(program, name, path.join(broken, artifact))} breaks a promise`);
  return false;
}

/** Takes into the corpus what reaches edges that none of its files does, most edges first, while there is room. */
async function merge(program, name, own) {
  const corpus = corpusOf(name);
  const copy = path.join(target, "merged", name);
  const control = `${copy}.control`;
  [copy, control].forEach((old) => rmSync(old, { recursive: true, force: true }));
  cpSync(corpus, copy, { recursive: true });
  await play(program, name, ["-merge=1", `-merge_control_file=${control}`, `-max_len=${LONGEST_BYTES}`, ...LIMITS, copy, own]);
  const sizes = readdirSync(corpus).map((file) => statSync(path.join(corpus, file)).size);
  let [files, bytes] = [sizes.length, sizes.reduce((sum, size) => sum + size, 0)];
  for (const { file } of reaching(readFileSync(control, "utf8")).filter(({ file }) => path.dirname(file) === own)) {
    const { size } = statSync(file);
    if (files + 1 > MOST_FILES || bytes + size > MOST_BYTES) continue;
    copyFileSync(file, path.join(corpus, hashed(file)));
    [files, bytes] = [files + 1, bytes + size];
  }
  console.log(`${name}: ${files - sizes.length} files taken into the corpus, which has ${files} and ${bytes} bytes now`);
}

/**
 * The files of libFuzzer's protocol of a merge with how many edges each reached first. The protocol begins with two
 * counts and the names of all files; then come, by number, lines such as `COV 3 17 18`.
 */
function reaching(protocol) {
  const [count, , ...lines] = protocol.split("\n");
  const names = lines.slice(0, Number(count));
  return lines
    .slice(names.length)
    .filter((line) => line.startsWith("COV "))
    .map((line) => line.trim().split(" "))
    .map(([, number, ...edges]) => ({ file: names[Number(number)], edges: edges.length }))
    .filter(({ edges }) => edges > 0)
    .sort((left, right) => right.edges - left.edges);
}

async function guided() {
  const program = await build();
  const names = values.target ? [values.target] : readdirSync(path.join(folder, "corpus")).sort();
  const broken = [];
  for (const name of names) {
    if (!(await guide(program, name))) broken.push(name);
  }
  console.log(broken.length > 0 ? `broken: ${broken.join(", ")}` : `readers: ${names.length}, every promise kept (seed ${values.seed})`);
  return broken.length === 0;
}

const compiler = process.env.CXX ?? "c++";
const canBeGuided = !values.random && (await ask(compiler, ["--version"])) !== undefined;
if (values.guided && !canBeGuided) throw new Error(`--guided needs a C++ compiler, and ${compiler} is none`);
if (!values.random && !canBeGuided) {
  console.log(`No C++ compiler (${compiler}): bytes are changed at random and not guided by coverage.`);
}
process.exitCode = (await (canBeGuided ? guided() : random())) ? 0 : 1;

// Whether the simulations would find a defect: each of two lists is put into a copy of the sources, one at a time,
// and the simulation must fail on it. Usage:
//
//   npm run mutants -- [--only name] [--of rules|program] [--seconds 300]
//
// `rules` are the defects of `tests/rules/defects/defects.json`, in a copy of `src/domain` and `src/flows` alone, which
// builds in seconds. `program` are those of `tests/simulation/defects.json`, in a copy of everything that the Worker is
// made of. The copies stay in `target/mutants`, and what was built with them.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const BUILD_LIMIT_SECONDS = 3_600;
const MESSAGE_LENGTH = 90;

/** Built often and run for a minute: quick to build matters more than quick to run. */
const QUICK_BUILD = {
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "64",
  CARGO_PROFILE_RELEASE_INCREMENTAL: "true",
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
};

const MANIFEST = ["Cargo.toml", "Cargo.lock"];

/** What is copied, how it is built, and what must fail. */
const GROUNDS = {
  rules: {
    defects: "tests/rules/defects/defects.json",
    copied: [...MANIFEST, "src/domain", "src/flows", "tests/rules", "tests/simulation/chance.rs", "tests/simulation/defects.json"],
    library: ["domain", "flows"].map((name) => `pub mod ${name};\n`).join(""),
    built: ["test", "--no-run", "--release", "--test", "rules"],
    run: ["test", "--quiet", "--release", "--test", "rules", "every_seed", "--", "--nocapture"],
  },
  program: {
    defects: "tests/simulation/defects.json",
    copied: [...MANIFEST, ".cargo", "src", "schema", "tests/simulation", "examples/simulate"],
    built: ["build", "--release", "--example", "simulate"],
    run: ["run", "--quiet", "--release", "--example", "simulate", "--", "--seeds", "1500"],
  },
};

function prepare(name) {
  const target = path.join(root, "target/mutants", name);
  const tree = path.join(target, "tree");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  for (const part of GROUNDS[name].copied) {
    cpSync(path.join(root, part), path.join(tree, part), { recursive: true });
  }
  if (GROUNDS[name].library) writeFileSync(path.join(tree, "src/lib.rs"), `//! The rules alone.\n\n${GROUNDS[name].library}`);
  return { ...GROUNDS[name], target, tree };
}

function cargo({ tree, target }, words, seconds) {
  const env = { ...process.env, ...QUICK_BUILD, CARGO_TARGET_DIR: target, RUST_BACKTRACE: "0" };
  const options = { cwd: tree, env, encoding: "utf8", timeout: seconds * 1_000, killSignal: "SIGKILL", maxBuffer: 2 ** 28 };
  return spawnSync("cargo", words, options);
}

/** What the compiler has against the tree; undefined when it was built. */
function build(ground) {
  const built = cargo(ground, ground.built, BUILD_LIMIT_SECONDS);
  if (built.error) return built.error.message;
  return built.status === 0 ? undefined : (built.stderr.match(/^error.*$/m)?.[0] ?? built.stderr);
}

/** The broken promise, in one line. One that only prints an object is named by its assertion. */
function promise({ tree }, output) {
  const found = output.match(/panicked at ([^\n:]+):(\d+):\d+:\n([^\n]*)/);
  if (!found) return "no message";
  const [, file, line, first] = found;
  const message = first.replace(/^assertion .*? failed(: )?/, "").replace(/(^|:? )\w+ \{$/, "");
  const text = message === "" ? assertion(path.join(tree, file), Number(line)) : message;
  const short = text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;
  return `${short} (${path.basename(file)}:${line})`;
}

function assertion(file, line) {
  const lines = readFileSync(file, "utf8").split("\n").slice(line - 1);
  const end = lines.findIndex((text) => text.trimEnd().endsWith(";"));
  return lines.slice(0, end + 1).map((text) => text.trim()).join(" ");
}

/** What a defect changes, and what goes with it where one wall stands behind another. */
function changes({ tree }, defect) {
  return [defect, ...(defect.and ?? [])].map((change) => {
    const file = path.join(tree, change.file);
    const source = readFileSync(file, "utf8");
    return { file, source, fits: source.split(change.old).length === 2, spoilt: source.replace(change.old, () => change.new) };
  });
}

function judge(ground, defect, seconds) {
  const changed = changes(ground, defect);
  const astray = changed.find(({ fits }) => !fits);
  if (astray) return { error: `its text does not stand once in ${path.relative(ground.tree, astray.file)}` };
  for (const { file, spoilt } of changed) writeFileSync(file, spoilt);
  try {
    const error = build(ground);
    if (error) return { error };
    const run = cargo(ground, ground.run, seconds);
    const output = `${run.stdout}\n${run.stderr}`;
    if (run.status === 0) return { missed: "every seed passes" };
    const seed = output.match(/^seed (\d+) failed/m)?.[1];
    if (run.error && seed === undefined) return { missed: `nothing within ${seconds} s` };
    return { seed, steps: output.match(/^(\d+) of its \d+ steps/m)?.[1], message: promise(ground, output) };
  } finally {
    for (const { file, source } of changed) writeFileSync(file, source);
  }
}

function row(defect, judged) {
  if (judged.error) return `| ${defect.name} | ERROR OF THE LIST | | ${judged.error} |`;
  if (judged.missed) return `| ${defect.name} | NOT CAUGHT | | ${judged.missed} |`;
  // Without a seed, what failed is the count of what happened in all of them.
  return `| ${defect.name} | ${judged.seed ?? "all"} | ${judged.steps ?? ""} | ${judged.message} |`;
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    of: { type: "string", default: "rules,program" },
    seconds: { type: "string", default: "300" },
  },
});
let [caught, judgedInAll] = [0, 0];
for (const name of values.of.split(",")) {
  const listed = JSON.parse(readFileSync(path.join(root, GROUNDS[name].defects), "utf8"));
  const defects = listed.filter((defect) => values.only === undefined || defect.name === values.only);
  if (defects.length === 0) continue;
  const ground = prepare(name);
  const error = build(ground);
  if (error) {
    console.error(`the sources of ${name} without a defect can't be built: ${error}`);
    process.exit(2);
  }
  const sound = cargo(ground, ground.run, Number(values.seconds));
  if (sound.status !== 0) {
    console.error(`the sources of ${name} fail without a defect:\n${sound.stderr}`);
    process.exit(2);
  }
  console.log(`\nDefects of the ${name}:\n\n| defect | fails at seed | steps that are enough | broken promise |\n|---|---|---|---|`);
  for (const defect of defects) {
    const judged = judge(ground, defect, Number(values.seconds));
    caught += judged.message ? 1 : 0;
    judgedInAll += 1;
    console.log(row(defect, judged));
  }
}
if (judgedInAll === 0) {
  console.error(`no defect is called ${values.only}`);
  process.exit(2);
}
console.log(`\n${caught} of ${judgedInAll} defects are caught`);
process.exit(caught === judgedInAll ? 0 : 1);

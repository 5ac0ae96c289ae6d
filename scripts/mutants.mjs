// Whether the simulation would find a defect: each of `tests/simulation/defects/defects.json` is put into a
// copy of the sources, one at a time, and the simulator must fail on it. Usage:
//
//   npm run mutants -- [--only name] [--seeds 20000] [--seconds 120]
//
// The copy holds what is simulated and no more: the rules (`src/domain`, `src/flows`) under a `lib.rs` of
// their own, so that a defect is built in seconds. It stays in `target/mutants`, and what was built with it.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = path.join(root, "target/mutants");
const tree = path.join(target, "tree");
const simulator = path.join(target, "release/examples/simulate");

const COPIED = ["Cargo.toml", "Cargo.lock", "src/domain", "src/flows", "tests/simulation", "examples/simulate"];
const PURE_MODULES = ["domain", "flows"];
const BUILD_LIMIT_SECONDS = 1_800;
const MESSAGE_LENGTH = 90;

/** Built often and run for a minute: quick to build matters more than quick to run. */
const QUICK_BUILD = {
  CARGO_TARGET_DIR: target,
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  CARGO_PROFILE_RELEASE_INCREMENTAL: "true",
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
};

function copyTree() {
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(path.join(tree, "src"), { recursive: true });
  for (const name of COPIED) {
    cpSync(path.join(root, name), path.join(tree, name), { recursive: true });
  }
  const modules = PURE_MODULES.map((name) => `pub mod ${name};\n`).join("");
  writeFileSync(path.join(tree, "src/lib.rs"), `//! The rules alone.\n\n${modules}`);
}

/** What the compiler has against the tree; undefined when it was built. */
function build() {
  const built = spawnSync("cargo", ["build", "--quiet", "--release", "--example", "simulate"], {
    cwd: tree,
    env: { ...process.env, ...QUICK_BUILD },
    encoding: "utf8",
    timeout: BUILD_LIMIT_SECONDS * 1_000,
  });
  if (built.error) {
    return built.error.message;
  }
  return built.status === 0 ? undefined : (built.stderr.match(/^error.*$/m)?.[0] ?? built.stderr);
}

/** One thread: the first seed that fails is then the same in every run. */
function simulate(seeds, seconds) {
  const words = ["--seeds", String(seeds), "--threads", "1"];
  const options = { cwd: tree, encoding: "utf8", timeout: seconds * 1_000, killSignal: "SIGKILL" };
  const run = spawnSync(simulator, words, options);
  return { passed: run.status === 0, ended: run.error === undefined, ...run };
}

/** The broken promise, in one line. One that only prints an object is named by its assertion. */
function promise(stderr) {
  const found = stderr.match(/panicked at ([^\n:]+):(\d+):\d+:\n([^\n]*)/);
  if (!found) {
    return "no message";
  }
  const [, file, line, first] = found;
  const message = first.replace(/^assertion .*? failed(: )?/, "").replace(/(^|:? )\w+ \{$/, "");
  const text = message === "" ? assertion(file, Number(line)) : message;
  const short = text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;
  return `${short} (${path.basename(file)}:${line})`;
}

function assertion(file, line) {
  const lines = readFileSync(path.join(tree, file), "utf8").split("\n").slice(line - 1);
  const end = lines.findIndex((text) => text.trimEnd().endsWith(";"));
  return lines.slice(0, end + 1).map((text) => text.trim()).join(" ");
}

function judge(defect, { seeds, seconds }) {
  const file = path.join(tree, defect.file);
  const source = readFileSync(file, "utf8");
  if (source.split(defect.old).length !== 2) {
    return { error: `its text does not stand once in ${defect.file}` };
  }
  writeFileSync(file, source.replace(defect.old, () => defect.new));
  try {
    const error = build();
    if (error) {
      return { error };
    }
    const run = simulate(seeds, seconds);
    if (!run.ended) {
      return { missed: `nothing within ${seconds} s` };
    }
    if (run.passed) {
      return { missed: `nothing within ${seeds} seeds` };
    }
    const seed = run.stderr.match(/^seed (\d+) failed/m)?.[1];
    const steps = run.stderr.match(/^(\d+) of its \d+ steps/m)?.[1];
    return { seed, steps, message: promise(run.stderr) };
  } finally {
    writeFileSync(file, source);
  }
}

function row(defect, judged) {
  if (judged.error) {
    return `| ${defect.name} | ERROR OF THE LIST | | ${judged.error} |`;
  }
  if (judged.missed) {
    return `| ${defect.name} | NOT CAUGHT | | ${judged.missed} |`;
  }
  // Without a seed, what failed is the count of what happened in all of them.
  return `| ${defect.name} | ${judged.seed ?? "all"} | ${judged.steps ?? ""} | ${judged.message} |`;
}

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seeds: { type: "string", default: "20000" },
    seconds: { type: "string", default: "120" },
  },
});
const limits = { seeds: Number(values.seeds), seconds: Number(values.seconds) };
const listed = JSON.parse(readFileSync(path.join(root, "tests/simulation/defects/defects.json"), "utf8"));
const defects = listed.filter(({ name }) => values.only === undefined || name === values.only);
if (defects.length === 0) {
  console.error(`no defect is called ${values.only}`);
  process.exit(2);
}

copyTree();
const error = build();
if (error) {
  console.error(`the sources without a defect can't be built: ${error}`);
  process.exit(2);
}
const sound = simulate(limits.seeds, limits.seconds);
if (!sound.passed) {
  console.error(`the sources fail without a defect:\n${sound.ended ? sound.stderr : "not within the time"}`);
  process.exit(2);
}
console.log(`Without a defect: ${sound.stdout.trim().split("\n").at(-1)}\n`);
console.log("| defect | fails at seed | steps that are enough | broken promise |\n|---|---|---|---|");
let caught = 0;
for (const defect of defects) {
  const judged = judge(defect, limits);
  caught += judged.message ? 1 : 0;
  console.log(row(defect, judged));
}
console.log(`\n${caught} of ${defects.length} defects are caught`);
process.exit(caught === defects.length ? 0 : 1);

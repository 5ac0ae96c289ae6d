// `npm run two-versions -- --from <commit>`: builds that commit's Worker beside this one's and exchanges the two under
// load, over one state (tests/journey/two-versions.test.mjs). Both have to be built by then: `npm run build` makes this
// one's. The other's sources and build stay in target/two-versions, so that the same commit is not built twice.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ensurePinnedNode, repositoryRoot } from "./bootstrap.mjs";
import { reportFailure, SetupError } from "./setup/progress.mjs";

await ensurePinnedNode(import.meta.url);

const FOLDER = path.join(repositoryRoot, "target", "two-versions");

function run(command, words, options = {}) {
  const { status, stdout } = spawnSync(command, words, { cwd: repositoryRoot, stdio: "inherit", encoding: "utf8", ...options });
  if (status !== 0) throw new SetupError(`${command} ${words.join(" ")} failed.`);
  return stdout?.trim();
}

/** The build of a commit, made if it is not there yet. */
function buildOf(commit) {
  const done = path.join(FOLDER, commit);
  if (existsSync(done)) return done;
  const tree = path.join(FOLDER, "tree");
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const archive = path.join(FOLDER, "tree.tar");
  run("git", ["archive", "--output", archive, commit]);
  run("tar", ["-xf", archive, "-C", tree]);
  symlinkSync(path.join(repositoryRoot, "node_modules"), path.join(tree, "node_modules"));
  run(process.execPath, ["scripts/build.mjs"], { cwd: tree });
  cpSync(path.join(tree, "build"), `${done}.new`, { recursive: true });
  renameSync(`${done}.new`, done);
  return done;
}

function main() {
  const { values } = parseArgs({ options: { from: { type: "string", default: "HEAD~1" } } });
  const commit = run("git", ["rev-parse", "--verify", `${values.from}^{commit}`], { stdio: ["ignore", "pipe", "inherit"] });
  const env = { ...process.env, CARTWRIGHT_OTHER_BUILD: buildOf(commit) };
  const { status } = spawnSync(process.execPath, ["--test", "tests/journey/two-versions.test.mjs"], { cwd: repositoryRoot, stdio: "inherit", env });
  process.exitCode = status ?? 1;
}

try {
  main();
} catch (error) {
  reportFailure(error);
}

// Builds the no-op Worker (bench/noop) with the tools and the flags of the shipped one, into target/noop.

import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../scripts/bootstrap.mjs";
import { runOrFail } from "../scripts/setup/child-process.mjs";
import { prepareToolchain } from "../scripts/setup/prepare.mjs";

const crate = path.join(repositoryRoot, "bench", "noop");
const built = path.join(repositoryRoot, "target", "noop");
const SOURCES = ["Cargo.toml", "Cargo.lock", "src/lib.rs"];

const same = (file) => {
  const copy = path.join(built, "source", file);
  return existsSync(copy) && readFileSync(copy).equals(readFileSync(path.join(crate, file)));
};

/** The folder with `index.js` and `index_bg.wasm`. It takes a minute the first time and nothing afterwards. */
export async function buildNoop() {
  if (SOURCES.every(same)) return built;
  const { workerBuild, wasmEnv } = await prepareToolchain();
  // The same target folder, so that the crates which both use are compiled once.
  const env = { ...wasmEnv, CARGO_TARGET_DIR: path.join(repositoryRoot, "target") };
  await runOrFail(workerBuild, ["--release"], { cwd: crate, env, onLine: () => undefined });
  rmSync(built, { recursive: true, force: true });
  cpSync(path.join(crate, "build"), built, { recursive: true });
  rmSync(path.join(crate, "build"), { recursive: true, force: true });
  for (const file of SOURCES) cpSync(path.join(crate, file), path.join(built, "source", file), { recursive: true });
  return built;
}

// The two programs that turn compiled Rust into a Worker. They are compiled once per user and version, and
// cheaply: they run for a second per build, so time spent optimising them is never earned back.

import { existsSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";
import { runOrFail } from "./child-process.mjs";
import { toolCache } from "./tool-cache.mjs";

/** `wasm-bindgen` must be the version of the crate in Cargo.toml; its TLS is for a test runner we do not use. */
const TOOLS = [
  { crate: "wasm-bindgen-cli", program: "wasm-bindgen", version: "0.2.129", flags: ["--no-default-features"] },
  { crate: "worker-build", program: "worker-build", version: "0.8.7", flags: [] },
];

const CHEAP_COMPILE = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  CARGO_PROFILE_RELEASE_DEBUG: "0",
};

/** Installs what is missing. Returns the programs' paths and the environment that worker-build reads. */
export async function ensureCargoTools({ note }) {
  const missing = TOOLS.filter((tool) => !existsSync(programPath(tool)));
  // The two have half of their dependencies in common: one target folder compiles those once.
  const targetFolder = path.join(toolCache, "target");
  for (const tool of missing) await install(tool, targetFolder, note);
  if (missing.length > 0) rmSync(targetFolder, { recursive: true, force: true });
  return {
    detail: missing.length > 0 ? "compiled" : "",
    workerBuild: programPath(TOOLS[1]),
    env: {
      WASM_BINDGEN_BIN: programPath(TOOLS[0]),
      WASM_OPT_BIN: nodeProgram("binaryen", "wasm-opt"),
      ESBUILD_BIN: nodeProgram("esbuild", "esbuild"),
    },
  };
}

/** Installs into a folder of this process and moves it into place whole, so that two starts cannot clash. */
async function install(tool, targetFolder, note) {
  const folder = installFolder(tool);
  const staging = `${folder}.${process.pid}`;
  const what = ["install", tool.crate, "--version", tool.version, "--locked", "--bin", tool.program];
  await runOrFail("cargo", [...what, "--root", staging, ...tool.flags], {
    env: { ...CHEAP_COMPILE, CARGO_TARGET_DIR: targetFolder },
    onLine: (line) => note(`${tool.crate}: ${line}`),
    advice:
      "It needs Rust's package registry, a C compiler, pkg-config and OpenSSL's headers " +
      "(Debian: `apt-get install build-essential pkg-config libssl-dev`). Then run this again.",
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
}

function installFolder(tool) {
  return path.join(toolCache, `${tool.program}-${tool.version}`);
}

function programPath(tool) {
  return path.join(installFolder(tool), "bin", tool.program);
}

function nodeProgram(packageName, program) {
  return path.join(repositoryRoot, "node_modules", packageName, "bin", program);
}

// The set-up that every command shares, in order, each part a named step that costs nothing when done.

import { ensureCargoTools } from "./cargo-tools.mjs";
import { step } from "./progress.mjs";
import { ensureRust } from "./rust.mjs";
import { ensureWasmTarget } from "./wasm-target.mjs";

/**
 * Returns `{ wasmEnv, workerBuild }`: the environment for every cargo command that compiles for wasm32
 * (Debian's Rust may have to stand in there) and the path of worker-build, whose tools it names too.
 */
export async function prepareToolchain() {
  await step("Rust", ensureRust);
  const wasm = await step("Rust's wasm32-unknown-unknown target", ensureWasmTarget);
  const tools = await step("worker-build and wasm-bindgen (two minutes the first time)", ensureCargoTools);
  return { wasmEnv: { ...wasm.env, ...tools.env }, workerBuild: tools.workerBuild };
}

// Makes sure that this machine can compile Rust for wasm32-unknown-unknown, by compiling something.
//
// The ordinary way is `rustup target add`. Where rustup cannot download (a network that reaches package
// registries only), Debian's Rust and its own sources stand in: see debian-rust.mjs.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ask, run } from "./child-process.mjs";
import { debianRustEnvironment, installDebianRust, whyNotDebianRust } from "./debian-rust.mjs";
import { SetupError } from "./progress.mjs";
import { hasRustup } from "./rust.mjs";
import { fingerprint, toolCache } from "./tool-cache.mjs";

export const WASM_TARGET = "wasm32-unknown-unknown";

const TARGET_DOWNLOAD_LIMIT_MS = 120_000;

/** Returns `{ env, detail }`: the environment in which `cargo build --target wasm32-unknown-unknown` works. */
export async function ensureWasmTarget({ note }) {
  if (await compilesForWasm({})) return { env: {}, detail: "" };
  if (await hasRustup()) {
    note(`rustup target add ${WASM_TARGET}`);
    const added = await run("rustup", ["target", "add", WASM_TARGET], { limitMs: TARGET_DOWNLOAD_LIMIT_MS });
    if (added.code === 0 && (await compilesForWasm({}))) return { env: {}, detail: "added by rustup" };
  }
  const debian = await debianRustEnvironment();
  if (debian && (await compilesForWasm(debian))) return { env: debian, detail: "Debian's Rust" };
  const obstacle = await whyNotDebianRust();
  if (obstacle) {
    throw new SetupError(
      `Rust cannot compile for ${WASM_TARGET} here. Run \`rustup target add ${WASM_TARGET}\` where the ` +
        `network allows it, then run this again.\n(Debian's Rust was no way out: ${obstacle}.)`,
    );
  }
  const env = await installDebianRust({ note });
  if (await compilesForWasm(env)) return { env, detail: "Debian's Rust, its std built here" };
  throw new SetupError(
    `Debian's Rust is installed but a trivial crate still does not compile for ${WASM_TARGET}. ` +
      `Try \`rustup target add ${WASM_TARGET}\` by hand and run this again.`,
  );
}

/** Compiles a crate of a few lines with fat LTO, as the Worker is. A pass is remembered for this very std. */
async function compilesForWasm(env) {
  const sysroot = await ask("rustc", ["--print", "sysroot"], env);
  const library = sysroot && path.join(sysroot, "lib", "rustlib", WASM_TARGET, "lib");
  if (!library || !existsSync(library) || readdirSync(library).length === 0) return false;
  const version = await ask("rustc", ["-vV"], env);
  const stamp = path.join(toolCache, `wasm-target-${fingerprint(version, library, statSync(library).mtimeMs, env)}`);
  if (existsSync(stamp)) return true;
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-wasm-probe-"));
  try {
    writeProbeCrate(folder);
    const build = ["build", "--release", "--offline", "--quiet", "--target", WASM_TARGET];
    const targetFolder = { CARGO_TARGET_DIR: path.join(folder, "target") };
    const { code } = await run("cargo", build, { cwd: folder, env: { ...env, ...targetFolder } });
    if (code !== 0) return false;
    mkdirSync(toolCache, { recursive: true });
    writeFileSync(stamp, "");
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeProbeCrate(folder) {
  mkdirSync(path.join(folder, "src"));
  writeFileSync(
    path.join(folder, "Cargo.toml"),
    `[package]\nname = "probe"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n` +
      `[lib]\ncrate-type = ["cdylib"]\n\n[profile.release]\nlto = true\npanic = "abort"\n`,
  );
  writeFileSync(
    path.join(folder, "src", "lib.rs"),
    `#[no_mangle]\npub extern "C" fn probe(n: usize) -> usize {\n    format!("{n}").len()\n}\n`,
  );
}

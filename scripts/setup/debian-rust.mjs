// The way out where rustup cannot download the wasm32 target: Debian packages a newer Rust together with
// the sources of its standard library, from which the target's std is built once and installed beside it.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ask, run, runOrFail } from "./child-process.mjs";
import { hasRustup } from "./rust.mjs";

const WASM_TARGET = "wasm32-unknown-unknown";
const PACKAGES = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-22"];
const RUSTC = "/usr/bin/rustc";
const CARGO = "/usr/bin/cargo";
const LINKER = "wasm-ld-22";

/** Why Debian's Rust cannot be installed here, in words for a message; undefined when it can. */
export async function whyNotDebianRust() {
  if (!existsSync("/etc/debian_version")) return "this is not Debian";
  if (process.getuid?.() !== 0) return "installing packages needs root";
  return undefined;
}

/** The environment that selects Debian's Rust, or undefined where it is not installed. */
export async function debianRustEnvironment() {
  if (!existsSync(RUSTC) || !existsSync(CARGO)) return undefined;
  const linker = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: LINKER };
  if (!(await hasRustup())) return linker;
  const linked = await run("rustup", ["toolchain", "link", "debian", "/usr"], { limitMs: 20_000 });
  return linked.code === 0 ? { ...linker, RUSTUP_TOOLCHAIN: "debian" } : undefined;
}

/** Installs the packages, builds std for wasm32 and returns the environment that uses them. */
export async function installDebianRust({ note }) {
  const asRoot = { env: { DEBIAN_FRONTEND: "noninteractive" }, onLine: note };
  await runOrFail("apt-get", ["update"], asRoot);
  await runOrFail("apt-get", ["install", "-y", "--no-install-recommends", ...PACKAGES], {
    ...asRoot,
    advice: `Debian 12 with its security updates has these packages: ${PACKAGES.join(" ")}.`,
  });
  await buildStandardLibrary({ note });
  return debianRustEnvironment();
}

/**
 * Builds an empty crate with `-Zbuild-std` and keeps the libraries that came out of it. They carry LLVM
 * bitcode, without which a release build with `lto = true` fails much later.
 */
async function buildStandardLibrary({ note }) {
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-wasm-std-"));
  try {
    mkdirSync(path.join(folder, "src"));
    writeFileSync(path.join(folder, "src", "lib.rs"), "#![no_std]\n");
    writeFileSync(
      path.join(folder, "Cargo.toml"),
      `[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n\n` +
        `[profile.release]\npanic = "abort"\n`,
    );
    const build = ["build", "--release", "--target", WASM_TARGET, "-Zbuild-std=std,panic_abort"];
    await runOrFail(CARGO, build, {
      cwd: folder,
      onLine: note,
      env: {
        RUSTC,
        RUSTC_BOOTSTRAP: "1",
        RUSTFLAGS: "-Cembed-bitcode=yes",
        CARGO_TARGET_DIR: path.join(folder, "target"),
      },
    });
    const sysroot = await ask(RUSTC, ["--print", "sysroot"]);
    const library = path.join(sysroot, "lib", "rustlib", WASM_TARGET, "lib");
    const built = path.join(folder, "target", WASM_TARGET, "release", "deps");
    mkdirSync(library, { recursive: true });
    const libraries = readdirSync(built).filter((name) => name.endsWith(".rlib") && !name.startsWith("libempty-"));
    for (const name of libraries) copyFileSync(path.join(built, name), path.join(library, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Finds the Rust that builds the Worker and says what to install where there is none.

import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";
import { ask, run } from "./child-process.mjs";
import { SetupError } from "./progress.mjs";

const TOOLCHAIN_DOWNLOAD_LIMIT_MS = 300_000;

/** Checks that `cargo` and `rustc` answer and are new enough; a rustup without a toolchain is given one. */
export async function ensureRust({ note }) {
  let version = await rustVersion();
  if (!version && (await hasRustup())) {
    note("rustup toolchain install stable");
    const install = ["toolchain", "install", "stable", "--profile", "minimal", "-c", "clippy", "-c", "rustfmt"];
    await run("rustup", install, { limitMs: TOOLCHAIN_DOWNLOAD_LIMIT_MS });
    version = await rustVersion();
  }
  const oldest = oldestRust();
  if (!version) {
    throw new SetupError(
      `Rust is missing: \`cargo\` and \`rustc\` are not on PATH.\n` +
        `Install Rust ${oldest} or newer with rustup (https://rustup.rs), or on Debian with ` +
        `\`apt-get install rustc-web cargo-web rust-web-clippy\`, then run this again.`,
    );
  }
  if (isOlder(version, oldest)) {
    throw new SetupError(
      `Rust ${version} is too old: the crate needs ${oldest} or newer. ` +
        `With rustup: \`rustup update stable\`. Then run this again.`,
    );
  }
  return { detail: `rustc ${version}` };
}

export async function hasRustup() {
  return (await ask("rustup", ["--version"])) !== undefined;
}

async function rustVersion() {
  const [cargo, rustc] = await Promise.all([ask("cargo", ["--version"]), ask("rustc", ["--version"])]);
  return cargo && rustc?.match(/^rustc (\d+\.\d+\.\d+)/)?.[1];
}

/** The crate's own `rust-version`, so that the number stands in one place. */
function oldestRust() {
  const manifest = readFileSync(path.join(repositoryRoot, "Cargo.toml"), "utf8");
  return manifest.match(/^rust-version\s*=\s*"([^"]+)"/m)?.[1] ?? "1.85";
}

function isOlder(version, oldest) {
  const [a, b] = [version, oldest].map((text) => text.split(".").map(Number));
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}

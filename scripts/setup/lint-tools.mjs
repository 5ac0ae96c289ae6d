// clippy and rustfmt come with most Rust installations, but not with all of them.

import { existsSync } from "node:fs";
import { ask, run } from "./child-process.mjs";
import { SetupError } from "./progress.mjs";
import { hasRustup } from "./rust.mjs";

const DOWNLOAD_LIMIT_MS = 120_000;
const TOOLS = [
  { command: "clippy", component: "clippy", debianPackage: "rust-web-clippy" },
  { command: "fmt", component: "rustfmt", debianPackage: "rustfmt-web" },
];

/** Adds what is missing, by rustup or as root on Debian. Returns nothing; throws with what to install. */
export async function ensureLintTools({ note }) {
  for (const tool of TOOLS) {
    if (await answers(tool)) continue;
    note(`installing ${tool.component}`);
    if (await hasRustup()) {
      await run("rustup", ["component", "add", tool.component], { limitMs: DOWNLOAD_LIMIT_MS });
    } else if (existsSync("/etc/debian_version") && process.getuid?.() === 0) {
      await run("apt-get", ["update"], { limitMs: DOWNLOAD_LIMIT_MS });
      await run("apt-get", ["install", "-y", "--no-install-recommends", tool.debianPackage], {
        env: { DEBIAN_FRONTEND: "noninteractive" },
        limitMs: DOWNLOAD_LIMIT_MS,
      });
    }
    if (await answers(tool)) continue;
    throw new SetupError(
      `\`cargo ${tool.command}\` is missing. With rustup: \`rustup component add ${tool.component}\`; ` +
        `on Debian: \`apt-get install ${tool.debianPackage}\`. Then run this again.`,
    );
  }
}

async function answers(tool) {
  return (await ask("cargo", [tool.command, "--version"])) !== undefined;
}

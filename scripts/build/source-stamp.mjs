// Tells whether the Worker has to be built again: a hash over everything that goes into it.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";

/** Files and folders whose content ends up in `build/`. The lock files stand for the tools' versions. */
const INPUTS = [
  "Cargo.toml",
  "Cargo.lock",
  "package-lock.json",
  "src",
  "schema",
  "public",
  "scripts/build.mjs",
  "scripts/build",
  "scripts/setup/cargo-tools.mjs",
];

const OUTPUTS = ["build/index.js", "build/index_bg.wasm", "build/assets/docs/index.html"];
const STAMP = path.join(repositoryRoot, "build", ".source-stamp");

export function sourceHash() {
  const hash = createHash("sha256");
  for (const file of INPUTS.flatMap((input) => filesUnder(input))) {
    hash.update(`${file}\0`);
    hash.update(readFileSync(path.join(repositoryRoot, file)));
  }
  return hash.digest("hex");
}

export function isBuilt(hash) {
  const present = OUTPUTS.every((file) => existsSync(path.join(repositoryRoot, file)));
  return present && existsSync(STAMP) && readFileSync(STAMP, "utf8") === hash;
}

export function markBuilt(hash) {
  writeFileSync(STAMP, hash);
}

function filesUnder(relative) {
  const absolute = path.join(repositoryRoot, relative);
  if (!existsSync(absolute)) return [];
  if (!statSync(absolute).isDirectory()) return [relative];
  return readdirSync(absolute).sort().flatMap((name) => filesUnder(path.posix.join(relative, name)));
}

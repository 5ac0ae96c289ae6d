// What both lock files name: every crate and every npm package, with its licence, origin and checksum, and
// whether it is a part of what is deployed.

import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";
import { runOrFail } from "../setup/child-process.mjs";
import { WASM_TARGET } from "../setup/wasm-target.mjs";

/** Every crate of Cargo.lock but our own. Fails where the lock file does not fit Cargo.toml. */
export async function crates() {
  const { stdout } = await runOrFail("cargo", ["metadata", "--locked", "--format-version", "1"]);
  const shippedNames = await treeOf(["--target", WASM_TARGET, "--edges", "normal"]);
  const compiledNames = await treeOf(["--target", "all", "--edges", "normal,build,dev"]);
  const checksums = lockedChecksums();
  return JSON.parse(stdout)
    .packages.filter(({ source, name }) => source || name !== "cartwright")
    .map(({ name, version, license, source }) => ({
      ecosystem: "cargo",
      name,
      version,
      licence: license,
      source,
      checksum: checksums.get(`${name} ${version}`),
      shipped: shippedNames.has(`${name} ${version}`),
      compiled: compiledNames.has(`${name} ${version}`),
    }));
}

/** The crates that some system compiles; the lock file also names those of features that nothing turns on. */
async function treeOf(part) {
  const { stdout } = await runOrFail("cargo", ["tree", "--locked", ...part, "--prefix", "none", "--format", "{p}"]);
  return new Set(stdout.split("\n").map((line) => line.split(" ").slice(0, 2).join(" ").replace(" v", " ")));
}

function lockedChecksums() {
  const lock = readFileSync(path.join(repositoryRoot, "Cargo.lock"), "utf8");
  const entries = lock.matchAll(/name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([^"]+)"/g);
  return new Map([...entries].map(([, name, version, checksum]) => [`${name} ${version}`, checksum]));
}

/** Every package of package-lock.json. None of them is deployed but the files of `swagger-ui-dist`. */
export function nodePackages() {
  const lock = JSON.parse(readFileSync(path.join(repositoryRoot, "package-lock.json"), "utf8"));
  return Object.entries(lock.packages)
    .filter(([folder]) => folder !== "")
    .map(([folder, { version, license, resolved, integrity, os }]) => {
      const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
      const shipped = name === "swagger-ui-dist";
      return { ecosystem: "npm", name, version, licence: license, source: resolved, checksum: integrity, shipped, os };
    });
}

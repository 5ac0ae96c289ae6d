// The rules that deny.toml states, held against what the lock files name.

import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "smol-toml";
import { repositoryRoot } from "../bootstrap.mjs";
import { licenceAllows } from "./licences.mjs";

/** Licences of tools that build and test and are not handed on, beside those of deny.toml. */
const TOOL_LICENCES = ["0BSD", "CC0-1.0", "ISC", "LGPL-3.0-or-later", "MPL-2.0"];

/** Tools for systems whose packages the lock file was written without sight of: installed there, they are not checked. */
const UNCHECKED_SYSTEMS = ["darwin", "win32"];

export function readPolicy() {
  return parse(readFileSync(path.join(repositoryRoot, "deny.toml"), "utf8"));
}

/** What is against the policy, a sentence each. */
export function findings(policy, packages) {
  return [
    ...packages.flatMap((entry) => judge(policy, entry)),
    ...strangers(packages.filter(({ ecosystem }) => ecosystem === "cargo")),
    ...duplicates(policy, packages.filter(({ ecosystem }) => ecosystem === "cargo")),
  ];
}

/** One registry serves all crates: a name that comes from another is how a stranger gets in. */
function strangers(crates) {
  const [registry] = crates.map(({ source }) => source);
  const others = crates.filter(({ source }) => source !== registry);
  return others.map(({ name, version }) => `cargo ${name} ${version}: it comes from another registry than the rest`);
}

function judge(policy, entry) {
  const { ecosystem, name, version, licence, source, checksum, shipped, os } = entry;
  const found = [];
  const allowed = shipped || ecosystem === "cargo" ? policy.licenses.allow : [...policy.licenses.allow, ...TOOL_LICENCES];
  if (!licenceAllows(licence, allowed)) found.push(`the licence ${licence ?? "of none"} is not allowed`);
  if (ecosystem === "cargo" && !source?.startsWith("registry+https://")) found.push(`it comes from ${source ?? "a folder"}`);
  if (ecosystem === "npm" && source !== undefined && !/^https:\/\/[^/]+\/.+\.tgz$/.test(source)) {
    found.push(`it comes from ${source}`);
  }
  const unchecked = os !== undefined && [os].flat().every((system) => UNCHECKED_SYSTEMS.includes(system));
  if (!checksum && !unchecked) found.push("the lock file has no checksum of it");
  return found.map((what) => `${ecosystem} ${name} ${version}: ${what}`);
}

/** Two versions of a crate are twice the code; each older one needs a reason, and each reason a crate. */
function duplicates(policy, all) {
  const crates = all.filter(({ compiled }) => compiled);
  const versions = Map.groupBy(crates, ({ name }) => name);
  const present = new Set(crates.map(({ name, version }) => `${name}@${version}`));
  const excused = new Set(policy.bans.skip.map(({ crate }) => crate));
  const without = policy.bans.skip.filter(({ reason }) => !reason);
  return [
    ...[...versions].flatMap(([name, entries]) => {
      const open = entries.filter(({ version }) => !excused.has(`${name}@${version}`));
      return open.length > 1 ? [`cargo ${name}: ${open.map(({ version }) => version).join(" and ")} beside each other`] : [];
    }),
    ...[...excused].filter((crate) => !present.has(crate)).map((crate) => `deny.toml excuses ${crate}, which is not there`),
    ...without.map(({ crate }) => `deny.toml excuses ${crate} without a reason`),
  ];
}

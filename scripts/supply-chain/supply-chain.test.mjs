// What the lock files name keeps to deny.toml, and the check finds what does not.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { askAdvisories } from "./advisories.mjs";
import { billOfMaterials } from "./bill-of-materials.mjs";
import { licenceAllows } from "./licences.mjs";
import { crates, nodePackages } from "./packages.mjs";
import { findings, readPolicy } from "./policy.mjs";

const packages = [...(await crates()), ...nodePackages()];
const policy = readPolicy();

test("everything in the lock files is allowed, from the registry and with a checksum", () => {
  assert.ok(packages.length > 300);
  assert.deepEqual(findings(policy, packages), []);
});

test("what is against the rules is found", () => {
  const crate = packages.find(({ name }) => name === "serde");
  const found = (...changed) => findings(policy, [...packages, ...changed]).map((line) => line.replace(/^\S+ /, ""));
  assert.deepEqual(found({ ...crate, licence: "GPL-3.0-only" }).slice(0, 1), [
    `serde ${crate.version}: the licence GPL-3.0-only is not allowed`,
  ]);
  assert.match(found({ ...crate, source: "git+https://example.com/serde" })[0], /it comes from git/);
  assert.match(found({ ...crate, checksum: undefined })[0], /no checksum/);
  assert.deepEqual(found({ ...crate, version: "0.9.0" }), [`serde: ${crate.version} and 0.9.0 beside each other`]);
  const rest = packages.filter(({ name }) => name !== "syn");
  assert.match(findings(policy, rest)[0], /excuses syn@.*, which is not there/);
});

test("licence expressions", () => {
  const allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
  for (const expression of [
    "MIT",
    "MIT/Apache-2.0",
    "GPL-2.0-only OR MIT",
    "(MIT OR GPL-2.0-only) AND Apache-2.0",
    "GPL-2.0-only OR Apache-2.0 WITH LLVM-exception",
  ]) {
    assert.ok(licenceAllows(expression, allowed), expression);
  }
  for (const expression of [undefined, "", "GPL-2.0-only", "MIT AND GPL-2.0-only", "MIT WITH exception", "MIT)", "(MIT"]) {
    assert.equal(licenceAllows(expression, allowed), false, expression);
  }
});

test("the bill of materials names each package once, and what is deployed", () => {
  const { components } = billOfMaterials(packages);
  const addresses = new Set(components.map(({ purl }) => purl));
  assert.equal(addresses.size, new Set(packages.map(({ ecosystem, name, version }) => `${ecosystem} ${name} ${version}`)).size);
  const required = components.filter(({ scope }) => scope === "required").map(({ name }) => name);
  assert.ok(["worker", "serde_json", "hmac", "swagger-ui-dist"].every((name) => required.includes(name)));
  assert.ok(["proptest", "wrangler", "jsonschema"].every((name) => !required.includes(name)));
});

test("advisories are asked about where that is possible, and nothing is claimed where it is not", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-advisories-"));
  try {
    const env = { PATH: folder, CARGO_HOME: path.join(folder, "cargo") };
    assert.deepEqual(await askAdvisories(env), { asked: false, missing: "cargo-deny is not installed" });
    const program = path.join(folder, "cargo-deny");
    const answers = (status) => writeFileSync(program, `#!/bin/sh\necho "asked: $*"\nexit ${status}\n`);
    answers(0);
    chmodSync(program, 0o755);
    mkdirSync(path.join(env.CARGO_HOME, "advisory-dbs"), { recursive: true });
    assert.match((await askAdvisories(env)).missing, /has no database of advisories$/);
    writeFileSync(path.join(env.CARGO_HOME, "advisory-dbs", "one"), "");
    assert.deepEqual(await askAdvisories(env), { asked: true, good: true, output: "asked: --offline check advisories\n" });
    answers(1);
    assert.equal((await askAdvisories(env)).good, false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

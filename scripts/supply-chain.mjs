// `npm run supply-chain`: holds both lock files against deny.toml and writes the bill of materials to
// target/sbom.json. Advisories need a network and are not looked at here: `cargo deny check advisories` and
// `npm audit` do, where their databases can be reached.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ensurePinnedNode, repositoryRoot } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { billOfMaterials } = await import("./supply-chain/bill-of-materials.mjs");
const { crates, nodePackages } = await import("./supply-chain/packages.mjs");
const { findings, readPolicy } = await import("./supply-chain/policy.mjs");

const packages = [...(await crates()), ...nodePackages()];
const found = findings(readPolicy(), packages);
for (const finding of found) console.error(finding);

const file = path.join(repositoryRoot, "target", "sbom.json");
mkdirSync(path.dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(billOfMaterials(packages), undefined, 2)}\n`);
const shipped = packages.filter((entry) => entry.shipped).length;
console.log(`${packages.length} packages, ${shipped} of them deployed: target/sbom.json`);
console.log("Advisories were not looked at: `cargo deny check advisories` and `npm audit` need their databases.");
if (found.length > 0) process.exitCode = 1;

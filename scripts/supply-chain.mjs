// `npm run supply-chain`: holds both lock files against deny.toml and writes the bill of materials to
// target/sbom.json. Advisories are asked about where `cargo deny` and its database are on this machine; `cargo deny
// check advisories` and `npm audit` fetch what they need, where a network can be reached.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ensurePinnedNode, repositoryRoot } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { askAdvisories, COMMAND } = await import("./supply-chain/advisories.mjs");
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
const advisories = await askAdvisories();
if (advisories.asked) {
  console.log(advisories.output.trim());
  console.log("npm's advisories were not looked at: `npm audit` needs the network.");
} else {
  console.log(`Advisories were not looked at: ${advisories.missing}. \`${COMMAND}\` and \`npm audit\` do, with a network.`);
}
if (found.length > 0 || advisories.good === false) process.exitCode = 1;

// The bill of materials in the form of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/): what is deployed
// as `required`, what builds and tests it as `excluded`.

import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";

export function billOfMaterials(packages) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(repositoryRoot, "package.json"), "utf8"));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: { type: "application", name, version, licenses: [{ license: { id: license } }] },
    },
    components: packages.map(component),
  };
}

function component({ ecosystem, name, version, licence, checksum, shipped }) {
  const address = `pkg:${ecosystem}/${name.replace("@", "%40")}@${version}`;
  return {
    type: "library",
    "bom-ref": address,
    name,
    version,
    purl: address,
    scope: shipped ? "required" : "excluded",
    licenses: [{ expression: licence.replaceAll(/ ?\/ ?/g, " OR ") }],
    ...(checksum && { hashes: [hash(checksum)] }),
  };
}

/** Cargo writes SHA-256 in hexadecimal digits, npm the name of the function and Base64. */
function hash(checksum) {
  const [, digest] = checksum.match(/^sha512-(.+)$/) ?? [];
  if (digest) return { alg: "SHA-512", content: Buffer.from(digest, "base64").toString("hex") };
  return { alg: "SHA-256", content: checksum };
}

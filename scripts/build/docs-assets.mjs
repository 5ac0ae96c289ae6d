// Puts the API reference together: our page and Swagger UI's own files, served from our address. Nothing
// is loaded from elsewhere and no script is inline, so the strict policy in public/_headers holds.

import { copyFileSync, cpSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "../bootstrap.mjs";

const SWAGGER_UI_FILES = ["swagger-ui.css", "swagger-ui-bundle.js"];

export function copyDocsAssets() {
  const assets = path.join(repositoryRoot, "build", "assets");
  const docs = path.join(assets, "docs");
  rmSync(assets, { recursive: true, force: true });
  mkdirSync(docs, { recursive: true });
  cpSync(path.join(repositoryRoot, "public"), assets, { recursive: true });
  for (const file of SWAGGER_UI_FILES) {
    copyFileSync(path.join(repositoryRoot, "node_modules", "swagger-ui-dist", file), path.join(docs, file));
  }
}

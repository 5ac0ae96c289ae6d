// What a deploy uploads, per file and in all, and the limit it must stay under. A large Worker starts
// slowly everywhere, so growth has to be seen in the change that causes it.

import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { repositoryRoot } from "../bootstrap.mjs";
import { say, SetupError } from "../setup/progress.mjs";

// The smallest limit that the platform has had is 3 MB, gzipped: three quarters of it leave room to grow.
const LIMIT_KIB = 2_300;
const UPLOADED = ["build/index_bg.wasm", "build/index.js"];

/** Prints the table; throws when the total is over the limit. */
export function checkUploadSize() {
  const files = UPLOADED.map((file) => {
    const content = readFileSync(path.join(repositoryRoot, file));
    return { file, plain: content.length / 1024, gzip: gzipSync(content, { level: 9 }).length / 1024 };
  });
  const sum = (key) => files.reduce((total, file) => total + file[key], 0);
  const total = { file: `total (limit ${LIMIT_KIB} KiB gzip)`, plain: sum("plain"), gzip: sum("gzip") };
  say(`  ${"upload".padEnd(34)}${"KiB".padStart(9)}${"gzip".padStart(9)}`);
  for (const row of [...files, total]) {
    say(`  ${row.file.padEnd(34)}${row.plain.toFixed(1).padStart(9)}${row.gzip.toFixed(1).padStart(9)}`);
  }
  if (total.gzip > LIMIT_KIB) {
    throw new SetupError(
      `The Worker is ${total.gzip.toFixed(1)} KiB gzip, over the limit of ${LIMIT_KIB} KiB. ` +
        `Find what grew (a new dependency? a large table?) before you raise the limit in ` +
        `scripts/build/size-report.mjs.`,
    );
  }
  return total;
}

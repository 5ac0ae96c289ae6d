// How long the disk takes to make a write last. A checkout waits for several of them, one after the other, so a
// figure of this benchmark means little without it.

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { median } from "./report.mjs";

const WRITES = 200;

/** The median of synced appends where the shops keep their state. */
export function diskSyncMilliseconds() {
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-disk-"));
  try {
    const file = openSync(path.join(folder, "log"), "w");
    const page = Buffer.alloc(4096, 1);
    const times = Array.from({ length: WRITES }, () => {
      const begun = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - begun;
    });
    closeSync(file);
    return median(times);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Where programs and results that cost minutes are kept: per user and by version, never per checkout, so
// that a second clone on the same machine finds them.

import { createHash } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";

export const toolCache = path.join(
  process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"),
  "cartwright",
  "tools",
);

/** A short name for whatever decides that a kept result is still valid. */
export function fingerprint(...parts) {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

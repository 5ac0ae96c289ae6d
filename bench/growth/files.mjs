// The SQLite files that a stopped workerd leaves: those of objects by class and name, and that of D1.

import { readdirSync } from "node:fs";
import path from "node:path";
import { objectId } from "../../tests/support/raw-state.mjs";

const emitWarning = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes("SQLite is an experimental feature")) emitWarning.call(process, warning, ...rest);
};
const { DatabaseSync } = await import("node:sqlite");
process.emitWarning = emitWarning;

export { DatabaseSync };

const CACHE_KIB = 200_000;

function open(file) {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -${CACHE_KIB}`);
  return database;
}

export function objectFile(statePath, className, name) {
  const uniqueKey = `cartwright-${className}`;
  return path.join(statePath, "do", uniqueKey, `${objectId(uniqueKey, name)}.sqlite`);
}

export const openObject = (statePath, className, name) => open(objectFile(statePath, className, name));

export function openD1(statePath) {
  const folder = path.join(statePath, "d1", "miniflare-D1DatabaseObject");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  if (files.length !== 1) throw new Error(`${files.length} D1 databases below ${folder}`);
  return open(path.join(folder, files[0]));
}

/** Takes what stands in the logs beside the files into the files, so that their sizes say what is stored. */
export function settleFiles(statePath) {
  for (const entry of readdirSync(statePath, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".sqlite")) continue;
    const database = open(path.join(entry.parentPath, entry.name));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
  }
}

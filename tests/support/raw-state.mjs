// Reads what a stopped store left on the disk, without asking the store: the SQLite file of every object
// and of D1. The layout is workerd's and miniflare's; nothing here knows the product's code, only schema/.

import { createHash, createHmac } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const emitWarning = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes("SQLite is an experimental feature")) emitWarning.call(process, warning, ...rest);
};
const { DatabaseSync } = await import("node:sqlite");
process.emitWarning = emitWarning;

const WORKER = "cartwright";
/** The most objects that drop mode spreads one SKU over. */
const MAX_SLICES = 64;
const STOCK_TABLES = ["level", "reservations", "ledger", "spread_members", "slice"];

/**
 * `{ shards, skus, series, d1 }`: shards by number, SKUs and invoice series by name, each with its tables as
 * arrays of rows; `d1` with its tables. JSON documents are parsed. A file that belongs to no known name ends
 * the reading: the audit must see everything.
 */
export function readRawState(stateDir) {
  const root = path.join(stateDir, "v3");
  const copies = mkdtempSync(path.join(tmpdir(), "cartwright-audit-"));
  try {
    const d1 = readD1(path.join(root, "d1"), copies);
    const shardNames = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));
    const shards = readObjects(root, "OrderShard", shardNames, ["orders", "idempotency", "inbox", "outbox"], copies);
    for (const { orders } of shards.values()) for (const row of orders) row.document = JSON.parse(row.document);
    const skuNames = d1.variants.flatMap(({ sku }) => [sku, ...Array.from({ length: MAX_SLICES }, (_, n) => `${sku}~${n}`)]);
    const skus = readObjects(root, "SkuInventory", skuNames, STOCK_TABLES, copies);
    const terms = d1.store_settings.map((row) => JSON.parse(row.document));
    const used = [...[...shards.values()].flatMap(({ orders }) => orders.map((row) => row.document)), ...terms];
    const names = used.flatMap((one) => [one.invoice_series, one.credit_note_series ?? `${one.invoice_series}-CN`]);
    const series = readObjects(root, "InvoiceSeries", [...new Set(names)], ["invoices", "credit_notes", "documents"], copies);
    return { d1, shards, skus, series };
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

function readD1(folder, copies) {
  const [file] = sqliteFiles(path.join(folder, "miniflare-D1DatabaseObject"));
  if (!file) throw new Error(`no D1 database below ${folder}`);
  const tables = readTables(file, ["orders", "stock_levels", "variants", "invoices", "store_settings"], copies);
  for (const row of tables.orders) row.document = JSON.parse(row.document);
  return tables;
}

function readObjects(root, className, names, tables, copies) {
  const uniqueKey = `${WORKER}-${className}`;
  const nameOf = new Map(names.map((name) => [objectId(uniqueKey, name), name]));
  const objects = new Map();
  for (const file of sqliteFiles(path.join(root, "do", uniqueKey))) {
    const name = nameOf.get(path.basename(file, ".sqlite"));
    if (name === undefined) throw new Error(`${className}: nobody knows whose ${path.basename(file)} is`);
    objects.set(name, readTables(file, tables, copies));
  }
  return objects;
}

/** The id that the runtime derives from an object's name. */
export function objectId(uniqueKey, name) {
  const key = createHash("sha256").update(uniqueKey).digest();
  const half = (data) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
  const fromName = half(name);
  return Buffer.concat([fromName, half(fromName)]).toString("hex");
}

function sqliteFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite")
    .map((name) => path.join(folder, name));
}

function readTables(file, tables, copies) {
  return withCopy(file, copies, (database) => {
    const known = new Set(database.prepare("SELECT name FROM sqlite_master").all().map((row) => row.name));
    const rows = (table) => (known.has(table) ? database.prepare(`SELECT * FROM "${table}"`).all() : []);
    return Object.fromEntries(tables.map((table) => [table, rows(table)]));
  });
}

/** The rows that a question finds in all objects of a class. Objects that lack a table it names are passed over. */
export function askObjects(stateDir, className, table, question) {
  const copies = mkdtempSync(path.join(tmpdir(), "cartwright-look-"));
  try {
    const files = sqliteFiles(path.join(stateDir, "v3", "do", `${WORKER}-${className}`));
    return files.flatMap((file) => withCopy(file, copies, (database) => {
      const isThere = database.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
      return isThere ? database.prepare(question).all() : [];
    }));
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

/** Opens a copy, so that looking changes nothing: opening a database may fold its log into it. */
function withCopy(file, copies, look) {
  const copy = path.join(copies, path.basename(file));
  for (const suffix of ["", "-wal"]) {
    if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  }
  const database = new DatabaseSync(copy);
  try {
    return look(database);
  } finally {
    database.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(copy + suffix, { force: true });
  }
}

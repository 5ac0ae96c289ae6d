// Every question that the product asks of D1 is answered by an index: no table is read from end to end, and nothing
// is sorted that an index has in order already. The statements are those of the sources, the schema is that of
// the migrations, the judge is SQLite's own EXPLAIN QUERY PLAN.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../scripts/bootstrap.mjs";
import { statements } from "./statements.mjs";

const emitWarning = process.emitWarning;
process.emitWarning = (warning, ...rest) => {
  if (!String(warning).includes("SQLite is an experimental feature")) emitWarning.call(process, warning, ...rest);
};
const { DatabaseSync } = await import("node:sqlite");
process.emitWarning = emitWarning;

/** Tables that a merchant fills by hand, with tens of rows: reading all of one is what is asked for. */
const SMALL = new Set(["channels", "locations", "payment_settings", "store_settings"]);

/** What may be sorted or read through. */
const ALLOWED = new Map([
  // Tens of channels, few of them being introduced.
  ["channels::INTRODUCED_LEAST", ["USE TEMP B-TREE FOR ORDER BY"]],
  // Asked once, when a merchant closes a place: no index knows what a SKU's document says of its places.
  ["locations::SKUS_AT", ["SCAN stock_levels"]],
  // The crossings of one SKU are found by its key; they are few, and numbered in another order than listed.
  ["stock_alerts::LIST_OF_SKU", ["USE TEMP B-TREE FOR ORDER BY"]],
  // SKUs that may be low are few, found by their index by how scarce they are and listed by name.
  ["stock_levels::SCARCE", ["USE TEMP B-TREE FOR ORDER BY"]],
  // Open lines of the SKUs that were asked for, found by their index, then summed by place.
  ["stock_documents::OPEN", ["USE TEMP B-TREE FOR GROUP BY"]],
]);

function migrated() {
  const folder = path.join(repositoryRoot, "schema", "d1");
  const database = new DatabaseSync(":memory:");
  for (const name of readdirSync(folder).sort()) database.exec(readFileSync(path.join(folder, name), "utf8"));
  return database;
}

const database = migrated();
const tables = new Set(database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().map(({ name }) => name));
const all = statements();
const asks = all.filter(({ sql }) => /^\s*(SELECT|WITH)\b/i.test(sql));

/** Names by which a statement calls its tables. */
function tableOf(name, sql) {
  if (tables.has(name)) return name;
  return new RegExp(String.raw`\b(\w+) AS ${name}\b`, "i").exec(sql)?.[1];
}

function complaints(sql) {
  const found = [];
  for (const { detail } of database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()) {
    if (/USE TEMP B-TREE/.test(detail)) found.push(detail);
    const [, name, how = ""] = /^SCAN (\w+)(.*)$/.exec(detail) ?? [];
    const table = name && tableOf(name, sql);
    // Reading an index in its order until the page is full is how a list without a filter is answered.
    const isPage = /USING (COVERING )?INDEX/.test(how) && /\bLIMIT\b/.test(sql);
    if (table && tables.has(table) && !SMALL.has(table) && !isPage) found.push(detail);
  }
  return found;
}

test("the statements are found, and every one fits the schema", () => {
  assert.ok(all.length > 100, `only ${all.length} statements`);
  for (const needed of ["orders::BY_TIME", "orders::BY_CHANNEL", "attention::LIST_BY_CODE", "invoices::LIST_OF_CREDIT_NOTES"]) {
    assert.ok(asks.some(({ name }) => name === needed), needed);
  }
  for (const { name, sql } of all) assert.doesNotThrow(() => database.prepare(sql), name);
});

test("a table without an index for the question is noticed", () => {
  assert.deepEqual(complaints("SELECT id FROM orders WHERE total_minor = ?1 LIMIT 1"), ["SCAN orders"]);
  assert.deepEqual(complaints("SELECT id FROM orders WHERE email = ?1 ORDER BY total_minor"), ["USE TEMP B-TREE FOR ORDER BY"]);
});

for (const { name, sql } of asks) {
  test(`${name} is answered by an index`, () => {
    const found = complaints(sql).filter((detail) => !ALLOWED.get(name)?.includes(detail));
    assert.deepEqual(found, [], `${sql}\n${found.join("\n")}`);
  });
}

test("nothing is allowed that is not there", () => {
  for (const [name, details] of ALLOWED) {
    const known = asks.find((ask) => ask.name === name);
    assert.ok(known, name);
    for (const detail of details) assert.ok(complaints(known.sql).includes(detail), `${name}: ${detail}`);
  }
});

test("a list of orders by one column passes over the others within its index", () => {
  for (const [constant, index] of Object.entries({
    BY_TIME: "orders_by_time",
    BY_EMAIL: "orders_by_email",
    BY_CHANNEL: "orders_by_channel",
    BY_ATTENTION: "orders_needing_attention",
    BY_STATUS: "orders_not_open",
    BY_PAYMENT_STATUS: "orders_not_paid",
  })) {
    const { sql } = all.find(({ name }) => name === `orders::${constant}`);
    const [{ detail }] = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    assert.match(detail, new RegExp(String.raw`^SEARCH orders USING INDEX ${index} `), constant);
  }
});

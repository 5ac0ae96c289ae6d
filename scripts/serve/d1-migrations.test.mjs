// FAULTS 27 for D1: a database of any earlier version, with a row in every table, is migrated to the newest.
// Every row is what it was, and what code of that version writes is still taken, so old and new code can run
// beside each other while a deployment goes on.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../bootstrap.mjs";

const { DatabaseSync } = await quietly(() => import("node:sqlite"));

const FOLDER = path.join(repositoryRoot, "schema", "d1");
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith(".sql")).sort();

/** Without the word that this part of Node is new. */
async function quietly(load) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return await load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function migrate(database, from, to) {
  for (const name of FILES.slice(from, to)) database.exec(readFileSync(path.join(FOLDER, name), "utf8"));
}

/** Every table that takes rows; a CHECK that nothing passes ends a batch on purpose. */
const tablesOf = (database) =>
  database
    .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .all()
    .filter(({ sql }) => !sql.includes("CHECK (1 = 0)"));

/** What a table's rules let into a column: a value of its CHECK's list, else one that is made of the seed. */
function valueFor(table, { name, type }, seed, existing) {
  const list = new RegExp(`CHECK \\(${name} IN \\(([^)]*)\\)`).exec(table.sql)?.[1] ?? new RegExp(`CHECK \\(${name} = (\\d+)\\)`).exec(table.sql)?.[1];
  if (list) {
    const [first] = list.split(",").map((value) => value.trim());
    return first.startsWith("'") ? first.slice(1, -1) : Number(first);
  }
  const referenced = new RegExp(`${name}[^,]*REFERENCES (\\w+) \\((\\w+)\\)`).exec(table.sql);
  if (referenced) return existing.get(referenced[1])?.[referenced[2]];
  return type === "INTEGER" ? seed : `{"${name}":${seed}}`;
}

/** Writes a row into every table as code does that knows the columns of now, and gives the rows by table. */
function writeEverywhere(database, seed, tables = tablesOf(database)) {
  const rows = new Map();
  const later = [];
  const write = (table) => {
    const columns = table.columns ?? database.prepare(`SELECT name, type FROM pragma_table_info(?)`).all(table.name);
    table.columns = columns;
    const row = Object.fromEntries(columns.map((column) => [column.name, valueFor(table, column, seed, rows)]));
    const names = columns.map(({ name }) => name);
    database
      .prepare(`INSERT OR REPLACE INTO ${table.name} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`)
      .run(...names.map((name) => row[name]));
    rows.set(table.name, row);
  };
  for (const table of tables) (/REFERENCES/.test(table.sql) ? later.push(table) : write(table));
  later.forEach(write);
  return { rows, tables };
}

function assertKept(database, rows) {
  for (const [table, row] of rows) {
    const names = Object.keys(row);
    const found = database.prepare(`SELECT ${names.join(", ")} FROM ${table}`).all();
    const kept = found.some((one) => names.every((name) => one[name] === row[name]));
    assert.ok(kept, `${table} has lost ${JSON.stringify(row)}`);
  }
}

test("every migration keeps the rows that were there, and what old code writes", () => {
  assert.ok(FILES.length >= 11);
  for (let version = 1; version <= FILES.length; version += 1) {
    const database = new DatabaseSync(":memory:");
    database.exec("PRAGMA foreign_keys = ON");
    migrate(database, 0, version);
    const { rows, tables } = writeEverywhere(database, 7);
    assert.ok(rows.size >= 6, `${rows.size} tables`);
    migrate(database, version, FILES.length);
    assertKept(database, rows);
    // Code of the earlier version is still there, and writes what it knows.
    const again = writeEverywhere(database, 8, tables);
    assertKept(database, again.rows);
    assert.deepEqual(database.prepare("PRAGMA foreign_key_check").all(), []);
    database.close();
  }
});

test("a migration takes nothing away", () => {
  const adds = /^(CREATE (UNIQUE )?(TABLE|INDEX|TRIGGER)|ALTER TABLE \w+ ADD COLUMN|INSERT INTO)/;
  for (const name of FILES) {
    const text = readFileSync(path.join(FOLDER, name), "utf8").replace(/--.*$/gm, "");
    const statements = text.split(";").map((one) => one.trim()).filter(Boolean);
    for (const [at, statement] of statements.entries()) {
      // An index may be made anew under its name, in the same file and so in the same transaction; what it holds is
      // in its table.
      const index = /^DROP INDEX (\w+)$/.exec(statement)?.[1];
      if (index) {
        const again = statements.slice(at).some((later) => later.startsWith(`CREATE INDEX ${index} ON `));
        assert.ok(again, `${name} drops the index ${index}`);
      } else {
        assert.match(statement, adds, name);
      }
    }
  }
});

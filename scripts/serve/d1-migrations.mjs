// Applies schema/d1/*.sql to a local database, each file once and in order of its name. The record is the
// table that wrangler keeps, so `wrangler d1 migrations list` agrees with what was done here.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { unstable_splitSqlQuery as splitStatements } from "wrangler";
import { repositoryRoot } from "../bootstrap.mjs";
import { SetupError } from "../setup/progress.mjs";

const FOLDER = path.join(repositoryRoot, "schema", "d1");
const CREATE_RECORD =
  "CREATE TABLE IF NOT EXISTS d1_migrations(" +
  "id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, " +
  "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)";

/** Returns the names of the files that were applied now. A file and its record are one transaction. */
export async function applyD1Migrations(database) {
  await database.prepare(CREATE_RECORD).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const done = new Set(results.map((row) => row.name));
  const due = migrationFiles().filter((name) => !done.has(name));
  for (const name of due) {
    const statements = splitStatements(readFileSync(path.join(FOLDER, name), "utf8"));
    const record = database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
    try {
      await database.batch([...statements.map((sql) => database.prepare(sql)), record]);
    } catch (error) {
      throw new SetupError(
        `schema/d1/${name} failed and nothing of it was kept: ${error.message}\n` +
          `If you changed a migration that was applied before, start over with \`npm start -- --fresh\`; ` +
          `once it is on main, add a new file instead.`,
      );
    }
  }
  return due;
}

function migrationFiles() {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".sql")).sort();
}

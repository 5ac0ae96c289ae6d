// Known weaknesses of the crates: asked of `cargo deny` where it is installed and has its database on this machine. No
// network is used; where either is missing that is said, and nothing is claimed.

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { run } from "../setup/child-process.mjs";

/** What fetches the database, and asks. */
export const COMMAND = "cargo deny check advisories";

/** Where `cargo deny` keeps its databases, in the folder of cargo. */
const DATABASES = ["advisory-dbs", "advisory-db"];

/** `{ asked, good, output }`; without `asked`, `missing` says why not. */
export async function askAdvisories(env = process.env) {
  const programs = (env.PATH ?? "").split(path.delimiter).map((folder) => path.join(folder, "cargo-deny"));
  const program = programs.find((file) => existsSync(file));
  if (!program) return { asked: false, missing: "cargo-deny is not installed" };
  const cargo = env.CARGO_HOME ?? path.join(homedir(), ".cargo");
  const isThere = (name) => existsSync(path.join(cargo, name)) && readdirSync(path.join(cargo, name)).length > 0;
  if (!DATABASES.some(isThere)) return { asked: false, missing: `${cargo} has no database of advisories` };
  const { code, output } = await run(program, ["--offline", "check", "advisories"], { env });
  return { asked: true, good: code === 0, output };
}

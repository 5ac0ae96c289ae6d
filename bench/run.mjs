// `npm run bench`: checkouts, then stock. `npm run bench -- checkout …` and `npm run bench -- inventory …` run one of
// them, with its own options; options alone are those of the checkouts.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPTS = { checkout: "checkout.mjs", inventory: "inventory.mjs" };

const given = process.argv.slice(2);
const named = Object.hasOwn(SCRIPTS, given[0] ?? "");
const [names, options] = named ? [[given[0]], given.slice(1)] : [given.length > 0 ? ["checkout"] : Object.keys(SCRIPTS), given];
for (const name of names) {
  const script = fileURLToPath(new URL(SCRIPTS[name], import.meta.url));
  const { status } = spawnSync(process.execPath, [script, ...options], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

// `npm run deploy`: builds, applies the database migrations, uploads, and says which secrets are missing.
// Flags go on to `wrangler deploy`: `npm run deploy -- --dry-run` shows what would be uploaded, without an
// account and without touching anything.

import { readFileSync } from "node:fs";
import path from "node:path";
import { ensurePinnedNode, repositoryRoot } from "./bootstrap.mjs";

await ensurePinnedNode(import.meta.url);

const { buildWorker } = await import("./build.mjs");
const { run, runOrFail } = await import("./setup/child-process.mjs");
const { prepareToolchain } = await import("./setup/prepare.mjs");
const { reportFailure, SetupError, step } = await import("./setup/progress.mjs");

const wrangler = path.join(repositoryRoot, "node_modules", ".bin", "wrangler");
const PLACEHOLDER_DATABASE = "00000000-0000-0000-0000-000000000000";

try {
  await deploy(process.argv.slice(2));
} catch (error) {
  reportFailure(error);
}

async function deploy(flags) {
  await buildWorker(await prepareToolchain());
  if (flags.includes("--dry-run")) {
    await runOrFail(wrangler, ["deploy", ...flags], { show: true });
    return;
  }
  requireDatabase();
  const environment = environmentFlags(flags);
  await step("Database migrations", () =>
    runOrFail(wrangler, ["d1", "migrations", "apply", "DB", "--remote", ...environment], { show: true }),
  );
  await step("Upload", () => runOrFail(wrangler, ["deploy", ...flags], { show: true }));
  await reportMissingSecrets(environment);
}

/** The database is the operator's own; wrangler.toml ships with a placeholder in its place. */
function requireDatabase() {
  const config = readFileSync(path.join(repositoryRoot, "wrangler.toml"), "utf8");
  if (!config.includes(PLACEHOLDER_DATABASE)) return;
  throw new SetupError(
    `wrangler.toml names no database yet. Once per account:\n` +
      `  npx wrangler login\n` +
      `  npx wrangler d1 create cartwright       (put the id it prints into wrangler.toml as database_id)\n` +
      `  npx wrangler queues create events\n` +
      `  npx wrangler queues create events-dead\n` +
      `Then run this again.`,
  );
}

/** `--env` chooses the Worker whose secrets and database are meant. */
function environmentFlags(flags) {
  const index = flags.findIndex((flag) => flag === "--env" || flag === "-e");
  if (index >= 0) return flags.slice(index, index + 2);
  return flags.filter((flag) => flag.startsWith("--env="));
}

/** After the upload, because a Worker that does not exist yet has no secrets to list. */
async function reportMissingSecrets(environment) {
  const listed = await run(wrangler, ["secret", "list", "--format", "json", ...environment]);
  if (listed.code !== 0) {
    throw new SetupError(`The upload is done, but the secrets could not be listed:\n${listed.output}`);
  }
  const present = new Set(JSON.parse(listed.stdout).map((secret) => secret.name));
  const missing = documentedSecrets().filter(({ name }) => !present.has(name));
  for (const { name, required } of missing.toSorted((a, b) => b.required - a.required)) {
    const what = required ? "required" : "optional";
    console.log(`  ${what} secret ${name} is not set: npx wrangler secret put ${[name, ...environment].join(" ")}`);
  }
  if (missing.some(({ required }) => required)) {
    throw new SetupError("The Worker is uploaded but serves nothing until the required secrets above are set.");
  }
}

/** The names in .dev.vars.example. A name belongs to the comment above it, which says whether it is required. */
function documentedSecrets() {
  const lines = readFileSync(path.join(repositoryRoot, ".dev.vars.example"), "utf8").split("\n");
  let required = false;
  return lines.flatMap((line) => {
    if (line.startsWith("# required.")) required = true;
    if (line.startsWith("# optional.")) required = false;
    const name = line.match(/^([A-Z][A-Z0-9_]*)=/)?.[1];
    return name ? [{ name, required }] : [];
  });
}

// `npm run schemathesis`: requests generated from the API's document, right ones and wrong ones, sent to the shipped
// bundle with the sandbox gateway by every kind of caller. Fails on a 5xx, on a status, a header or a content type
// that the document does not have, and on an answer that does not fit its schema.
//
//   npm run schemathesis -- --examples=50 --seed=7      more of each operation; what else to try
//   npm run schemathesis -- --as=admin,buyer            these callers only
//   npm run schemathesis -- --bounded                   what `npm test` runs

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ensurePinnedNode } from "../../scripts/bootstrap.mjs";

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const LOCK = path.join(FOLDER, "requirements.txt");

const CHECKS = [
  "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
  "response_schema_conformance", "unsupported_method", "allow_header_conformance", "missing_required_header",
  "use_after_free", "ignored_auth",
];
const EVERYONE = ["admin", "storefront", "buyer", "nobody"];
const LIMIT_MS = 30 * 60_000;

/** How thoroughly each caller tries: `npm test` has little time, and most of it is the admin's, who gets furthest. */
const BOUNDED = {
  admin: { phases: "examples,fuzzing", examples: 4 },
  storefront: { phases: "examples", examples: 1 },
  buyer: { phases: "examples,fuzzing", examples: 10 },
  nobody: { phases: "examples", examples: 1 },
};

/**
 * Runs schemathesis by every caller and gives `{ passed, failed }`: callers whose run found nothing, or something.
 * `{ skipped }` where schemathesis can't be had. The bundle must be built.
 */
export async function runSchemathesis({ bounded = false, examples = 50, seed = 1, callers = EVERYONE, note } = {}) {
  const { ensurePythonEnvironment } = await import("../../scripts/setup/python-environment.mjs");
  const { say } = await import("../../scripts/setup/progress.mjs");
  const environment = await ensurePythonEnvironment("schemathesis", LOCK, { note });
  if (environment.missing) return { skipped: environment.missing };
  const { openStore } = await import("../support/store.mjs");
  const { callersWithDocuments } = await import("./documents.mjs");
  const { PUBLISHABLE_KEY, SECRET_KEY } = await import("../../scripts/development-settings.mjs");
  const folder = mkdtempSync(path.join(tmpdir(), "cartwright-schemathesis-"));
  const store = await openStore();
  const found = { passed: 0, failed: 0 };
  try {
    const everyone = await callersWithDocuments(store, { admin: SECRET_KEY, storefront: PUBLISHABLE_KEY });
    for (const caller of everyone.filter(({ name }) => callers.includes(name))) {
      const thorough = { phases: "examples,coverage,fuzzing,stateful", examples };
      const plan = bounded ? BOUNDED[caller.name] : thorough;
      const { code, sent, output } = await asCaller({ caller, plan, seed, store, folder, environment });
      say(`  schemathesis as ${caller.name}: ${sent} requests, ${code === 0 ? "nothing found" : "found something"}`);
      found[code === 0 ? "passed" : "failed"] += 1;
      if (code !== 0) process.stdout.write(output);
    }
    const errors = store.logs.filter((line) => line.includes('"level":"error"'));
    if (errors.length > 0) {
      process.stdout.write(`${errors.slice(0, 10).join("\n")}\n`);
      found.failed += 1;
    }
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return found;
}

async function asCaller({ caller, plan, seed, store, folder, environment }) {
  const { run } = await import("../../scripts/setup/child-process.mjs");
  const file = path.join(folder, `${caller.name}.json`);
  writeFileSync(file, JSON.stringify(caller.document));
  const commandArguments = [
    "-m", "schemathesis.cli", "run", file, "--url", store.url,
    ...(caller.credential ? ["--header", `Authorization: Bearer ${caller.credential}`] : []),
    "--checks", CHECKS.filter((check) => check !== "ignored_auth" || caller.credential).join(","),
    "--phases", plan.phases, "--max-examples", String(plan.examples), "--seed", String(seed),
    "--generation-database", "none", "--mode", "all", "--continue-on-failure", "--no-shrink", "--warnings", "off",
    "--request-timeout", "30",
  ];
  const env = { NO_COLOR: "1", PYTHONHASHSEED: "0", SCHEMATHESIS_HOOKS: "" };
  const { code, output } = await run(environment.python, commandArguments, { cwd: folder, env, limitMs: LIMIT_MS });
  const [, sent = "no"] = output.match(/(\d+) generated/) ?? [];
  // Without a request nothing was shown, whatever the exit code says.
  return { code: sent === "no" && code === 0 ? 1 : code, sent, output };
}

function optionsFrom(commandArguments) {
  const text = (value) => ({ type: "string", default: value });
  const options = { examples: text("50"), seed: text("1"), as: text(EVERYONE.join(",")), bounded: { type: "boolean", default: false } };
  const { values } = parseArgs({ args: commandArguments, options });
  const callers = values.as.split(",");
  const unknown = callers.find((name) => !EVERYONE.includes(name));
  if (unknown) throw new Error(`there is no caller "${unknown}"; there are: ${EVERYONE.join(", ")}`);
  return { bounded: values.bounded, examples: Number(values.examples), seed: Number(values.seed), callers };
}

async function main() {
  await ensurePinnedNode(import.meta.url);
  const options = optionsFrom(process.argv.slice(2));
  const { buildWorker } = await import("../../scripts/build.mjs");
  const { prepareToolchain } = await import("../../scripts/setup/prepare.mjs");
  await buildWorker(await prepareToolchain());
  const found = await runSchemathesis(options);
  if (found.skipped) console.error(`schemathesis was NOT run: ${found.skipped}`);
  process.exitCode = found.skipped || found.failed > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();

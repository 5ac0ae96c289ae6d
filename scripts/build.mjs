// `npm run build`: compiles the Worker into build/ and adds the API reference's files. Skipped when nothing
// that goes into it changed; the sizes are printed and checked either way.

import path from "node:path";
import { pathToFileURL } from "node:url";
import { ensurePinnedNode, repositoryRoot } from "./bootstrap.mjs";
import { copyDocsAssets } from "./build/docs-assets.mjs";
import { checkUploadSize } from "./build/size-report.mjs";
import { isBuilt, markBuilt, sourceHash } from "./build/source-stamp.mjs";
import { stripNames } from "./build/strip-names.mjs";
import { runOrFail } from "./setup/child-process.mjs";
import { prepareToolchain } from "./setup/prepare.mjs";
import { reportFailure, step } from "./setup/progress.mjs";

/** Builds if needed with the toolchain that `prepareToolchain` returned. */
export async function buildWorker(toolchain) {
  await finishWorkerBuild(({ note }) => compileWorker(toolchain, { onLine: note }));
}

/** Compiles if anything changed. `onLine` is told what the compiler says; an aborted `signal` ends it. */
export async function compileWorker(toolchain, { onLine, signal } = {}) {
  const hash = sourceHash();
  if (isBuilt(hash)) return { detail: "nothing changed" };
  await runOrFail(toolchain.workerBuild, ["--release"], { env: toolchain.wasmEnv, onLine, signal });
  stripNames(path.join(repositoryRoot, "build", "index_bg.wasm"));
  copyDocsAssets();
  markBuilt(hash);
  return {};
}

/** Shows a build as a step, whether it begins now or was begun before, and checks what came of it. */
export async function finishWorkerBuild(work) {
  await step("Worker: release build", work);
  checkUploadSize();
}

async function main() {
  await ensurePinnedNode(import.meta.url);
  await buildWorker(await prepareToolchain());
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main().catch(reportFailure);

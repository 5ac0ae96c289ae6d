// What a run was made on, as rows of its report: a figure of this benchmark means little without them.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg } from "node:os";
import path from "node:path";
import { repositoryRoot } from "../scripts/bootstrap.mjs";
import { isBuilt, sourceHash } from "../scripts/build/source-stamp.mjs";
import { diskSyncMilliseconds } from "./disk.mjs";
import { row } from "./report.mjs";

const require = createRequire(import.meta.url);
const miniflareRequire = createRequire(require.resolve("miniflare"));

const git = (...words) => spawnSync("git", words, { cwd: repositoryRoot, encoding: "utf8" }).stdout?.trim() ?? "";

/** Cores, versions and the disk; says so when `build/` is not of these sources. */
export function machineRows() {
  const commit = `${git("rev-parse", "--short", "HEAD") || "no commit"}${git("status", "--porcelain") ? " and changes" : ""}`;
  const workerd = readVersion(miniflareRequire.resolve("workerd/package.json"));
  const versions = `${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.versions.node}, workerd ${workerd}`;
  if (!isBuilt(sourceHash())) console.warn("build/ was made from other sources than these: `npm run build` first");
  return [
    row("machine", "cores", availableParallelism(), undefined, `${cpus()[0]?.model ?? "unknown processor"}; ${versions}`),
    row("other work on the machine when the run began", "load", loadavg()[0]),
    row("disk: one synced write of 4 KiB", "ms", diskSyncMilliseconds()),
  ];
}

const readVersion = (file) => JSON.parse(readFileSync(path.join(file), "utf8")).version;

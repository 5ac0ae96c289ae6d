// The runtime tier: the shipped build inside workerd, with the bindings of wrangler.toml and the variables
// that a laptop uses. Only three things are not the product's: the main module, which puts doors around the
// object classes so that a test can make them fail (support/objects.mjs), the queue and the gateway.

import { existsSync } from "node:fs";
import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { repositoryRoot as root } from "../../scripts/bootstrap.mjs";
import { developmentVars } from "../../scripts/development-settings.mjs";

/** Another build than the repository's, such as one of an older version. */
const build = path.resolve(root, process.env.CARTWRIGHT_BUILD ?? "build");
const shippedBuild = path.join(build, "index.js");
if (!existsSync(shippedBuild)) {
  throw new Error(`There is no build at ${shippedBuild}; \`npm run build\` makes one.`);
}

export default defineConfig({
  root,
  resolve: { alias: { "shipped-build": shippedBuild } },
  server: { fs: { allow: [root, build] } },
  plugins: [
    cloudflareTest({
      main: path.join(root, "tests/runtime/support/worker.mjs"),
      wrangler: { configPath: path.join(root, "wrangler.toml") },
      miniflare: {
        compatibilityFlags: ["nodejs_compat"],
        bindings: {
          ...developmentVars("https://gateway.test"),
          GATEWAY_TIMEOUT_MILLISECONDS: "300",
          PROJECTION_CONFIRM_MILLISECONDS: "2000",
          TEST_MIGRATIONS: await readD1Migrations(path.join(root, "schema/d1")),
        },
      },
    }),
  ],
  test: {
    include: ["tests/runtime/**/*.test.mjs"],
    setupFiles: ["tests/runtime/support/setup.mjs"],
    testTimeout: 60_000,
    maxWorkers: 2,
    // What the Worker logs belongs to the test that failed, and to nobody if none did.
    silent: "passed-only",
    // What a trap leaves behind in the isolate (trap.test.mjs). That there was none anywhere else is checked with
    // the invariants after every test.
    onUnhandledError: ({ message }) => !/Cannot invoke closure from previous WASM instance|unreachable: injected/.test(message),
  },
});

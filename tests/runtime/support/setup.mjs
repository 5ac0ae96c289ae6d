// Before every test: a fresh shop, gateway and queue, and a clock of our own. After every test: everything
// comes to rest, and the invariants are checked on the raw storage, whatever the test itself looked at.

import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, vi } from "vitest";
import { clock } from "./clock.mjs";
import { gateway } from "./gateway.mjs";
import { fresh, restAndCheck } from "./rounds.mjs";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

// For every event of every object, the pool asks Vite for the main module anew. It does not change here.
const runner = globalThis.__vitest_mocker__?.moduleRunner;
if (runner) {
  const load = runner.import.bind(runner);
  const loaded = new Map();
  runner.import = (specifier) => {
    if (!loaded.has(specifier)) loaded.set(specifier, load(specifier));
    return loaded.get(specifier);
  };
}

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(gateway.fetch);
  clock.start();
  fresh();
});

afterEach(async () => {
  try {
    await restAndCheck();
  } finally {
    clock.stop();
    vi.restoreAllMocks();
  }
});

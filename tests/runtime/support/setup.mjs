// Before every test: a fresh shop, gateway and queue, and a clock of our own. After every test: everything
// comes to rest, and the invariants are checked on the raw storage, whatever the test itself looked at.

import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, vi } from "vitest";
import { clock } from "./clock.mjs";
import { gateway } from "./gateway.mjs";
import { fresh, restAndCheck } from "./rounds.mjs";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

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

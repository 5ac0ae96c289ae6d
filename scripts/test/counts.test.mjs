// The last line of `npm test` is only as true as the reading of three runners' output.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cargoCounts, nodeCounts, vitestCounts } from "./counts.mjs";

test("cargo test: every binary counts", () => {
  const output = `
test result: ok. 57 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`;
  assert.deepEqual(cargoCounts(output), { passed: 61, failed: 2 });
});

test("vitest: with and without failures", () => {
  assert.deepEqual(vitestCounts(" Test Files  1 passed (1)\n      Tests  57 passed (57)\n"), { passed: 57, failed: 0 });
  assert.deepEqual(vitestCounts("      Tests  1 failed | 56 passed (57)\n"), { passed: 56, failed: 1 });
});

test("node --test: both reporters", () => {
  assert.deepEqual(nodeCounts("ℹ tests 14\nℹ pass 12\nℹ fail 1\nℹ cancelled 1\n"), { passed: 12, failed: 2 });
  assert.deepEqual(nodeCounts("# tests 3\n# pass 3\n# fail 0\n"), { passed: 3, failed: 0 });
});

test("output without a summary counts nothing", () => {
  for (const read of [cargoCounts, vitestCounts, nodeCounts]) {
    assert.deepEqual(read("error: could not compile"), { passed: 0, failed: 0 });
  }
});

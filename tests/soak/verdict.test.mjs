// The soak's verdict finds what grows, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./verdict.mjs";

const flat = (changes = () => ({})) =>
  Array.from({ length: 20 }, (_, n) => ({ ok: 100, refused: {}, p50: 5, p99: 20 + (n % 2), rssBytes: 200e6 + (n % 3) * 1e6, ...changes(n) }));
const told = (windows, { placed = 2_000, copied = placed } = {}) => judge({ windows, placed, copied }).findings.join("; ");

test("what is flat is good, whatever the first half was like", () => {
  assert.equal(told(flat()), "");
  assert.equal(told(flat((n) => (n < 10 ? { rssBytes: 50e6 + n * 15e6, p99: 90 - n * 7 } : {}))), "");
  assert.ok(judge({ windows: flat(), placed: 1, copied: 1 }).is_good);
});

test("what grows in the second half, fails or is lost is told", () => {
  assert.match(told(flat((n) => ({ rssBytes: 200e6 * 1.01 ** n }))), /^memory grew by 7\.2 % in the last half$/);
  assert.match(told(flat((n) => ({ isolateBytes: 3e6 + (n > 15 ? 1e6 : 0) }))), /^the isolate grew by 33\.3 % in the last half$/);
  assert.equal(told(flat(() => ({ isolateBytes: 3e6 }))), "");
  assert.match(told(flat((n) => ({ p99: 20 * 1.05 ** n }))), /^p99 rose by 40\.7 % in the last half$/);
  assert.match(told(flat((n) => (n === 0 ? { refused: { 503: 1 } } : {}))), /^1 answers were no success: {"503":1}$/);
  assert.match(told(flat(), { copied: 1_999 }), /^2000 orders were placed, D1 has 1999$/);
});

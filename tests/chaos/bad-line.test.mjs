// The bad line does what its faults are called, to calls that can have them, and the gateway behind it stays honest.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { seededRandom } from "../support/random.mjs";
import { LINE_FAULTS, openBadLine } from "./bad-line.mjs";

const SLOW_MS = 60;
const PATIENCE_MS = 200;

const seen = [];
let gateway;
before(async () => {
  gateway = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      seen.push(request.headers["idempotency-key"]);
      response.writeHead(200, { "content-type": "application/json" }).end('{"id":"p_1","amount":700,"status":"captured"}');
    });
  });
  await new Promise((resolve) => gateway.listen(0, "127.0.0.1", resolve));
});
after(() => (gateway.closeAllConnections(), gateway.close()));

async function openLine(t, share) {
  const line = await openBadLine({ random: seededRandom(5), share, slowMs: SLOW_MS });
  t.after(() => line.stop());
  line.to(`http://127.0.0.1:${gateway.address().port}`);
  return line;
}

/** What a caller sees of a call: `{status, body, ms}`, or `{failed}`. */
async function call(line, key, { method = "POST", route = "/v1/payments" } = {}) {
  const began = Date.now();
  try {
    const body = method === "POST" ? "{}" : undefined;
    const response = await fetch(line.url + route, { method, body, headers: { "idempotency-key": key }, signal: AbortSignal.timeout(PATIENCE_MS) });
    return { status: response.status, body: await response.text(), ms: Date.now() - began };
  } catch (error) {
    return { failed: error.name };
  }
}

/** Which fault a call met: the one whose count has grown. */
async function faultOf(line, work) {
  const before = { ...line.counts };
  const answer = await work();
  return { answer, kind: LINE_FAULTS.find((kind) => line.counts[kind] > before[kind]) };
}

const HONEST = '{"id":"p_1","amount":700,"status":"captured"}';
const EXPECTED = {
  timeout_before: ({ failed }, reached) => failed === "TimeoutError" && !reached,
  timeout_after: ({ failed }, reached) => failed === "TimeoutError" && reached,
  reset_after: ({ failed }, reached) => failed === "TypeError" && reached,
  "500_before": ({ status }, reached) => status === 500 && !reached,
  "500_after": ({ status }, reached) => status === 500 && reached,
  429: ({ status }, reached) => status === 429 && !reached,
  malformed_json: ({ status, body }, reached) => status === 200 && HONEST.startsWith(body) && body.length < HONEST.length && reached,
  html: ({ status, body }, reached) => status === 200 && body.startsWith("<!doctype") && reached,
  slow: ({ status, body, ms }, reached) => status === 200 && body === HONEST && ms >= SLOW_MS - 5 && reached,
  wrong_amount: ({ status, body }, reached) => status === 200 && JSON.parse(body).amount === 701 && reached,
};

test("one deck has every fault once, each as it is called", async (t) => {
  const line = await openLine(t, 1);
  const met = new Set();
  for (let n = 0; n < LINE_FAULTS.length; n += 1) {
    const { kind, answer } = await faultOf(line, () => call(line, `op_${n}`));
    assert.ok(EXPECTED[kind](answer, seen.includes(`op_${n}`)), `${kind}: ${JSON.stringify(answer)}`);
    assert.equal(line.hasReached(`op_${n}`), seen.includes(`op_${n}`), kind);
    met.add(kind);
  }
  assert.deepEqual([...met].sort(), [...LINE_FAULTS].sort());
});

test("a question and a later move are never told another amount; a calm line passes everything", async (t) => {
  const line = await openLine(t, 1);
  for (let n = 0; n < 12; n += 1) {
    await call(line, `ask_${n}`, { method: "GET", route: "/v1/payments/p_1" });
    await call(line, `move_${n}`, { route: "/v1/payments/p_1/capture" });
  }
  assert.equal(line.counts.wrong_amount, 0);
  assert.equal(Object.values(line.counts).reduce((sum, one) => sum + one, 0), 24);
  line.calm();
  const { status, body } = await call(line, "calm");
  assert.deepEqual([status, body, line.hasReached("calm")], [200, HONEST, true]);
});

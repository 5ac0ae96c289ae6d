import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";

import { startSandbox } from "./server.mjs";

async function start(t, options = {}) {
  const events = [];
  const endpoint = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => (events.push(JSON.parse(body)), response.writeHead(200).end()));
  });
  await new Promise((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  const webhookUrl = `http://127.0.0.1:${endpoint.address().port}/`;
  const sandbox = await startSandbox({ port: 0, quiet: true, webhookUrl, ...options });
  t.after(async () => {
    await sandbox.stop();
    endpoint.closeAllConnections();
    await new Promise((resolve) => endpoint.close(resolve));
  });
  let serial = 0;
  async function call(method, route, body, key = `key_${(serial += 1)}`) {
    const response = await fetch(sandbox.url + route, {
      method,
      headers: { authorization: "Bearer sandbox_key", ...(method === "POST" && { "idempotency-key": key }) },
      body: body && JSON.stringify(body),
    });
    return { status: response.status, json: await response.json() };
  }
  const pay = async (more = {}) => {
    serial += 1;
    const ids = { order_id: `ord_${serial}`, operation_id: `op_${serial}` };
    return (await call("POST", "/v1/payments", { amount: 1999, currency: "USD", method: "instant", ...ids, ...more })).json;
  };
  const refund = (payment, amount, operation_id, key = operation_id) =>
    call("POST", "/v1/refunds", { payment_id: payment.id, amount, currency: "USD", order_id: payment.order_id, operation_id }, key);
  const told = async (type) => {
    for (let n = 0; n < 300; n += 1) {
      const found = events.filter((event) => event.type === type);
      if (found.length > 0) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return assert.fail(`no ${type}`);
  };
  return { sandbox, events, call, pay, refund, told };
}

test("held money is taken in parts until the last one or until the rest is let go", async (t) => {
  const { call, pay } = await start(t);
  const payment = await pay({ capture: "manual" });
  assert.ok(payment.authorized_until > Date.now() + 6 * 86_400_000);
  const take = (amount, more = {}) => call("POST", `/v1/payments/${payment.id}/capture`, { amount, currency: "USD", ...more });
  const first = await take(1200, { final: false });
  assert.deepEqual([first.json.status, first.json.captured], ["authorized", 1200]);
  assert.equal((await take(800, { final: false })).json.error.code, "invalid_amount");
  const rest = await take(799, { final: false });
  assert.deepEqual([rest.json.status, rest.json.captured, rest.json.authorized_until], ["captured", 1999, null]);

  const other = await pay({ capture: "manual" });
  await call("POST", `/v1/payments/${other.id}/capture`, { amount: 500, currency: "USD", final: false });
  const cancelled = await call("POST", `/v1/payments/${other.id}/cancel`, {});
  assert.deepEqual([cancelled.json.status, cancelled.json.captured], ["captured", 500], "what was taken stays taken");
});

test("refunds: part, rest, never more than was taken, once under a key", async (t) => {
  const { call, pay, refund, told } = await start(t);
  const payment = await pay();
  const first = await refund(payment, 1200, "op_r1");
  assert.deepEqual([first.status, first.json.status, first.json.amount], [200, "succeeded", 1200]);
  assert.deepEqual(Object.keys(first.json), [
    "id", "payment_id", "order_id", "operation_id", "amount", "currency", "status", "reason", "created_at", "updated_at",
  ]);
  assert.deepEqual((await refund(payment, 1200, "op_r1")).json, first.json);
  assert.equal((await refund(payment, 800, "op_r2")).json.error.code, "refund_too_large");
  assert.equal((await refund(payment, 799, "op_r3")).json.status, "succeeded");
  const found = await call("GET", `/v1/refunds?payment_id=${payment.id}&operation_id=op_r1`);
  assert.deepEqual(found.json.items.map((item) => item.id), [first.json.id]);
  assert.deepEqual((await call("GET", `/v1/refunds?payment_id=${payment.id}&operation_id=op_none`)).json.items, []);
  const shown = await call("GET", `/v1/payments/${payment.id}`);
  assert.deepEqual(shown.json.refunds.map((item) => item.amount).sort(), [1200, 799]);
  assert.equal((await told("refund.succeeded"))[0].refund.payment_id, payment.id);
  const held = await pay({ capture: "manual" });
  assert.equal((await refund(held, 1, "op_r4")).json.error.code, "unexpected_state");
});

test("refunds that are pending are decided, and some fail", async (t) => {
  const { sandbox, pay, refund, told } = await start(t);
  const payment = await pay({ method: "refund_pending" });
  const { json } = await refund(payment, 1999, "op_p1");
  assert.equal(json.status, "pending");
  assert.equal((await refund(payment, 1, "op_p2")).json.error.code, "refund_too_large");
  assert.equal(sandbox.control.decideRefund(json.id, "failed").status, "failed");
  assert.throws(() => sandbox.control.decideRefund(json.id, "succeeded"), /already/);
  assert.equal((await refund(payment, 1999, "op_p3")).json.status, "pending", "what failed can be given back again");
  assert.equal((await told("refund.failed"))[0].refund.id, json.id);
  const failing = await pay({ method: "refund_fails" });
  assert.equal((await refund(failing, 5, "op_f1")).json.status, "failed");
});

test("refunds and disputes that began at the gateway name no order", async (t) => {
  const { call, pay, refund, told } = await start(t);
  const payment = await pay();
  const made = await call("POST", `/control/payments/${payment.id}/refund`, { amount: 500 });
  assert.deepEqual([made.json.order_id, made.json.operation_id, made.json.amount], [null, null, 500]);
  const opened = await call("POST", `/control/payments/${payment.id}/dispute`, { amount: 1000 });
  assert.equal(opened.json.status, "open");
  assert.equal((await refund(payment, 1, "op_d1")).json.error.code, "payment_disputed");
  const won = await call("POST", `/control/disputes/${opened.json.id}`, { status: "won" });
  assert.equal(won.json.status, "won");
  assert.equal((await call("POST", `/control/disputes/${opened.json.id}`, { status: "lost" })).status, 409);
  assert.equal((await call("POST", `/control/disputes/${opened.json.id}`, { status: "perhaps" })).status, 400);
  assert.equal((await call("POST", "/control/disputes/none", { status: "won" })).status, 404);
  for (const type of ["dispute.open", "dispute.won", "refund.succeeded"]) {
    const [event] = await told(type);
    assert.equal((event.dispute ?? event.refund).payment_id, payment.id);
  }
});

test("the books list what moved and stayed moved, page by page", async (t) => {
  const { sandbox, call, pay, refund } = await start(t, { pageLines: 2 });
  const from = Date.now();
  const held = await pay({ capture: "manual" });
  await call("POST", `/v1/payments/${held.id}/capture`, { amount: 1200, currency: "USD", final: false });
  await call("POST", `/v1/payments/${held.id}/capture`, { amount: 799, currency: "USD" });
  const paid = await pay();
  await refund(paid, 700, "op_b1");
  const lost = sandbox.control.dispute(held.id);
  sandbox.control.decideDispute(lost.id, "lost");
  const won = sandbox.control.dispute(paid.id);
  sandbox.control.decideDispute(won.id, "won");
  const pending = await pay({ method: "refund_pending" });
  await refund(pending, 10, "op_b2");
  const window = `from=${from}&to=${Date.now() + 1}`;
  const lines = [];
  for (let next = ""; next !== null; ) {
    const page = (await call("GET", `/v1/movements?${window}${next && `&cursor=${next}`}`)).json;
    assert.ok(page.items.length <= 2);
    lines.push(...page.items);
    next = page.next;
  }
  assert.deepEqual(
    lines.map((line) => `${line.kind} ${line.amount}`).sort(),
    ["capture 1200", "capture 1999", "capture 1999", "capture 799", "chargeback 1999", "refund 700"],
  );
  assert.equal(new Set(lines.map((line) => line.id)).size, lines.length);
  assert.deepEqual(Object.keys(lines[0]), [
    "id", "kind", "payment_id", "order_id", "operation_id", "amount", "currency", "moved_at",
  ]);
  assert.equal(lines.find((line) => line.kind === "refund").operation_id, "op_b1");
  assert.deepEqual((await call("GET", `/v1/movements?from=0&to=${from}`)).json, { items: [], next: null });
  for (const bad of ["", "from=1", "from=1&to=x", `${window}&cursor=../x`]) {
    assert.equal((await call("GET", `/v1/movements?${bad}`)).status, 400, bad);
  }
});

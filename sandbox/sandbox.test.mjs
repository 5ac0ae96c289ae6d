import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";

import { writtenAmount } from "./page.mjs";
import { sign, startSandbox } from "./server.mjs";

const directory = mkdtempSync(path.join(tmpdir(), "sandbox-test-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A shop's webhook endpoint that answers as `answer` says. */
async function shop(answer = () => 200) {
  const received = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const event = { ...JSON.parse(body), body, signature: request.headers["sandbox-signature"] };
      const status = answer(event, received);
      received.push({ ...event, status });
      response.writeHead(status).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    received,
    url: `http://127.0.0.1:${server.address().port}/webhooks/sandbox`,
    close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}

async function until(check, what, limit = 5000) {
  const end = Date.now() + limit;
  while (Date.now() < end) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`waited in vain for ${what}`);
}

async function start(t, options = {}) {
  const sandbox = await startSandbox({ port: 0, quiet: true, ...options });
  t.after(() => sandbox.stop());
  return sandbox;
}

let serial = 0;
const fields = (more = {}) => {
  serial += 1;
  return { amount: 1999, currency: "USD", order_id: `ord_${serial}`, operation_id: `op_${serial}`, ...more };
};

async function call(sandbox, method, route, body, key, headers = {}) {
  const response = await fetch(sandbox.url + route, {
    method,
    redirect: "manual",
    headers: {
      authorization: "Bearer sandbox_key",
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

const create = (sandbox, input) => call(sandbox, "POST", "/v1/payments", input, input.operation_id);

test("auto pays by itself and the webhook is signed", async (t) => {
  const endpoint = await shop();
  t.after(endpoint.close);
  const sandbox = await start(t, { webhookUrl: endpoint.url, webhookSecret: "whsec_x", autoMs: 30 });
  const created = await create(sandbox, fields());
  assert.equal(created.status, 200);
  assert.deepEqual([created.json.status, created.json.captured], ["processing", 0]);
  await until(() => endpoint.received.length === 1, "the webhook");
  const [event] = endpoint.received;
  assert.equal(event.type, "payment.captured");
  assert.deepEqual([event.payment.id, event.payment.captured], [created.json.id, 1999]);
  const seconds = Number(/^t=(\d+),/.exec(event.signature)[1]);
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 5);
  assert.equal(event.signature, sign(event.body, "whsec_x", seconds));
  assert.ok(event.payment.updated_at > created.json.updated_at);
});

test("the Worker's request is taken, and answers and webhooks have the shape that the Worker reads", async (t) => {
  const golden = (name) => readFileSync(new URL(`../tests/providers/golden/${name}`, import.meta.url), "utf8");
  const endpoint = await shop();
  t.after(endpoint.close);
  const sandbox = await start(t, { webhookUrl: endpoint.url });
  const started = await call(sandbox, "POST", "/v1/payments", golden("sandbox_start.json").trim(), "golden");
  assert.equal(started.status, 200, started.text);
  assert.equal(typeof started.json.redirect_url, "string");
  const shape = (payment) => Object.entries(payment).map(([name, value]) => `${name}: ${value === null ? null : typeof value}`);
  const paid = await create(sandbox, fields({ method: "instant" }));
  assert.deepEqual(shape(paid.json), shape(JSON.parse(golden("sandbox_payment.json"))));
  await until(() => endpoint.received.length === 1, "the webhook");
  const event = JSON.parse(endpoint.received[0].body);
  assert.deepEqual(Object.keys(event), ["id", "type", "created_at", "payment"]);
  assert.deepEqual(event.payment, paid.json);
  const declined = await create(sandbox, fields({ method: "decline" }));
  assert.deepEqual(Object.keys(declined.json.decline), ["code", "message"]);
});

test("methods end as they say", async (t) => {
  const sandbox = await start(t, { autoMs: 20 });
  const table = [
    [{ method: "instant" }, "captured", 1999, 1999],
    [{ method: "instant", capture: "manual" }, "authorized", 1999, 0],
    [{ method: "decline" }, "failed", 1999, 0],
    [{ method: "pending" }, "processing", 1999, 0],
    [{ method: "redirect" }, "action_required", 1999, 0],
    [{ method: "wrong_amount" }, "captured", 2000, 2000],
  ];
  for (const [input, status, amount, captured] of table) {
    const { json } = await create(sandbox, fields(input));
    assert.deepEqual([json.status, json.amount, json.captured], [status, amount, captured], JSON.stringify(input));
  }
  const declined = await create(sandbox, fields({ method: "decline" }));
  assert.equal(declined.json.decline.code, "card_declined");
});

test("a key is carried out once, however often and however close together", async (t) => {
  const sandbox = await start(t);
  const input = fields({ method: "instant" });
  const replies = await Promise.all(Array.from({ length: 50 }, () => create(sandbox, input)));
  assert.equal(new Set(replies.map((r) => r.text)).size, 1);
  assert.equal(replies.filter((r) => r.headers.get("idempotent-replayed") === "true").length, 49);
  assert.equal(sandbox.control.payments().length, 1);
  const other = await create(sandbox, { ...input, amount: 2000 });
  assert.deepEqual([other.status, other.json.error.code], [422, "idempotency_key_reused"]);
  const without = await call(sandbox, "POST", "/v1/payments", fields());
  assert.equal(without.status, 400);
});

test("what is wrong is refused, and does nothing", async (t) => {
  const sandbox = await start(t);
  const table = [
    [fields({ method: "magic" }), "unknown_method"],
    [fields({ method: null }), "unknown_method"],
    [fields({ amount: 0 }), "invalid_amount"],
    [fields({ amount: -1 }), "invalid_amount"],
    [fields({ amount: 1.5 }), "invalid_amount"],
    [fields({ amount: "1999" }), "invalid_amount"],
    [fields({ amount: 1e15 + 1 }), "invalid_amount"],
    [fields({ currency: "usd" }), "invalid_currency"],
    [fields({ capture: "later" }), "invalid_request"],
    [fields({ return_url: "javascript:alert(1)" }), "invalid_request"],
    [fields({ extra: 1 }), "invalid_request"],
    [fields({ order_id: undefined }), "invalid_request"],
    ["[]", "invalid_json"],
    ["{", "invalid_json"],
  ];
  for (const [input, code] of table) {
    const reply = await call(sandbox, "POST", "/v1/payments", input, `key_${code}_${Math.random()}`);
    assert.deepEqual([reply.status, reply.json.error.code], [400, code], JSON.stringify(input));
  }
  const large = await call(sandbox, "POST", "/v1/payments", "x".repeat(70_000), "large");
  assert.equal(large.status, 413);
  const noKey = await call(sandbox, "POST", "/v1/payments", fields(), "k", { authorization: "Bearer other" });
  assert.equal(noKey.status, 401);
  assert.equal((await call(sandbox, "GET", "/v1/payments/sbx_none")).status, 404);
  assert.equal((await call(sandbox, "GET", "/elsewhere")).status, 404);
  assert.equal(sandbox.control.payments().length, 0);
});

test("held money is captured in part or let go, once", async (t) => {
  const sandbox = await start(t);
  const held = async () => (await create(sandbox, fields({ method: "instant", capture: "manual" }))).json.id;
  const first = await held();
  const amount = { amount: 1500, currency: "USD" };
  const tooMuch = await call(sandbox, "POST", `/v1/payments/${first}/capture`, { amount: 2000, currency: "USD" }, "c0");
  assert.equal(tooMuch.json.error.code, "invalid_amount");
  const taken = await call(sandbox, "POST", `/v1/payments/${first}/capture`, amount, "c1");
  assert.deepEqual([taken.json.status, taken.json.captured], ["captured", 1500]);
  const again = await call(sandbox, "POST", `/v1/payments/${first}/capture`, amount, "c1");
  assert.equal(again.text, taken.text);
  const cancel = await call(sandbox, "POST", `/v1/payments/${first}/cancel`, {}, "c2");
  assert.deepEqual([cancel.status, cancel.json.error.code], [400, "unexpected_state"]);
  assert.equal(cancel.json.error.payment.captured, 1500);
  const second = await held();
  const gone = await call(sandbox, "POST", `/v1/payments/${second}/cancel`, {}, "c3");
  assert.deepEqual([gone.json.status, gone.json.captured], ["cancelled", 0]);
  const late = await call(sandbox, "POST", `/v1/payments/${second}/capture`, amount, "c4");
  assert.equal(late.json.error.payment.status, "cancelled");
});

test("cancelling a payment that is about to pay by itself keeps it from paying", async (t) => {
  const sandbox = await start(t, { autoMs: 40 });
  const { json } = await create(sandbox, fields());
  await call(sandbox, "POST", `/v1/payments/${json.id}/cancel`, {}, "x1");
  await new Promise((resolve) => setTimeout(resolve, 120));
  assert.deepEqual(sandbox.control.payments().map((p) => [p.status, p.captured]), [["cancelled", 0]]);
});

test("timeout charges and never answers; a repeat and a search find the charge", async (t) => {
  const sandbox = await start(t, { holdMs: 10_000 });
  const input = fields({ method: "timeout" });
  const first = fetch(`${sandbox.url}/v1/payments`, {
    method: "POST",
    body: JSON.stringify(input),
    headers: { authorization: "Bearer sandbox_key", "idempotency-key": input.operation_id },
    signal: AbortSignal.timeout(200),
  });
  await assert.rejects(first, { name: "TimeoutError" });
  const repeat = await create(sandbox, input);
  assert.deepEqual([repeat.json.status, repeat.json.captured], ["captured", 1999]);
  const search = await call(sandbox, "GET", `/v1/payments?operation_id=${input.operation_id}`);
  assert.deepEqual(search.json.items.map((p) => p.id), [repeat.json.id]);
  assert.equal(sandbox.control.payments().length, 1);
});

test("the page: approve, decline, forged and repeated choices", async (t) => {
  const sandbox = await start(t);
  const make = async (more) =>
    (await create(sandbox, fields({ method: "redirect", return_url: "https://shop.example/back?a=1", ...more }))).json;
  const press = (payment, choice, token = new URL(payment.redirect_url).searchParams.get("token")) =>
    call(sandbox, "POST", `/pay/${payment.id}`, new URLSearchParams({ token, choice }).toString(), undefined, {
      "content-type": "application/x-www-form-urlencoded",
    });

  const payment = await make({ description: '<script>alert("x")</script>' });
  const page = await call(sandbox, "GET", payment.redirect_url.slice(sandbox.url.length));
  assert.equal(page.status, 200);
  assert.match(page.text, /19\.99 USD/);
  assert.match(page.text, /Approve/);
  assert.doesNotMatch(page.text, /<script/);
  const policy = page.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /form-action 'self' https:\/\/shop\.example;/);

  assert.equal((await press(payment, "approve", "guess")).status, 404);
  assert.equal((await press(payment, "perhaps")).status, 400);
  const approved = await press(payment, "approve");
  assert.equal(approved.status, 303);
  assert.equal(approved.headers.get("location"), `https://shop.example/back?a=1&payment_reference=${payment.id}`);
  const changed = await press(payment, "decline");
  assert.match(changed.text, /The payment was made/);

  const second = await make({ return_url: undefined });
  const declined = await press(second, "decline");
  assert.match(declined.text, /The payment was declined/);
  const states = Object.fromEntries(sandbox.control.payments().map((p) => [p.id, [p.status, p.captured]]));
  assert.deepEqual(states, { [payment.id]: ["captured", 1999], [second.id]: ["failed", 0] });
});

test("webhooks: late, twice, out of order, held back", async (t) => {
  const endpoint = await shop();
  t.after(endpoint.close);
  const sandbox = await start(t, { webhookUrl: endpoint.url });
  const ids = () => endpoint.received.map((event) => event.id);

  await call(sandbox, "POST", "/control/delivery", { copies: 3, delay_ms: 150 });
  const sent = Date.now();
  await create(sandbox, fields({ method: "instant" }));
  await until(() => endpoint.received.length === 3, "three copies");
  assert.ok(Date.now() - sent >= 150);
  assert.equal(new Set(ids()).size, 1);

  await call(sandbox, "POST", "/control/delivery", { copies: 1, delay_ms: 0, paused: true });
  endpoint.received.length = 0;
  for (let n = 0; n < 20; n += 1) await create(sandbox, fields({ method: "instant" }));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(endpoint.received.length, 0);
  assert.equal((await call(sandbox, "GET", "/control/delivery")).json.pending, 20);
  await call(sandbox, "POST", "/control/delivery", { paused: false, shuffle: true });
  await until(() => endpoint.received.length === 20, "what was held back");
  const times = endpoint.received.map((event) => event.payment.created_at);
  assert.notDeepEqual(times, [...times].sort((a, b) => a - b));

  const wrong = await call(sandbox, "POST", "/control/delivery", { copies: "2" });
  assert.equal(wrong.status, 400);
});

test("a webhook is sent until it is taken, and across a restart", async (t) => {
  let ready = false;
  const endpoint = await shop((_, received) => (received.length < 3 ? 503 : ready ? 204 : 500));
  t.after(endpoint.close);
  const options = { webhookUrl: endpoint.url, stateDir: path.join(directory, "restart"), quiet: true, port: 0, autoMs: 60 };
  const first = await startSandbox(options);
  await create(first, fields({ method: "instant" }));
  const later = await create(first, fields());
  await until(() => endpoint.received.length >= 3, "three tries");
  await first.stop();
  ready = true;
  const second = await start(t, options);
  await until(() => endpoint.received.filter((e) => e.status === 204).length === 2, "both webhooks");
  assert.equal(second.control.payments().find((p) => p.id === later.json.id).status, "captured");
  await until(() => second.control.delivery().pending === 0, "nothing owed");
  const replay = await create(second, { ...fields(), ...{ operation_id: later.json.operation_id } });
  assert.equal(replay.json.error.code, "idempotency_key_reused");
});

test("control moves what is not final and refuses strangers", async (t) => {
  const sandbox = await start(t);
  const { json } = await create(sandbox, fields({ method: "pending" }));
  const route = `/control/payments/${json.id}`;
  assert.equal((await call(sandbox, "POST", route, { state: "rich" })).status, 400);
  assert.equal((await call(sandbox, "POST", route, { state: "captured" })).json.captured, 1999);
  assert.equal((await call(sandbox, "POST", route, { state: "failed" })).status, 409);
  assert.equal((await call(sandbox, "GET", "/control/payments", undefined, undefined, { authorization: "" })).status, 401);
  const list = await call(sandbox, "GET", "/control/payments");
  assert.deepEqual(
    list.json.items.map((p) => [p.idempotency_key, p.order_id, p.captured]),
    [[json.operation_id, json.order_id, 1999]],
  );
});

test("amounts are written with the currency's own digits", () => {
  assert.equal(writtenAmount(199900, "USD"), "1,999.00 USD");
  assert.equal(writtenAmount(5, "USD"), "0.05 USD");
  assert.equal(writtenAmount(1234567, "JPY"), "1,234,567 JPY");
  assert.equal(writtenAmount(1234, "KWD"), "1.234 KWD");
});

// The fake against Razorpay's own package: what the official client can do with it, that the client
// believes what it signs, and how it refuses and fails.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import http from "node:http";
import { test } from "node:test";

import Razorpay from "razorpay";
import { validatePaymentVerification } from "razorpay/dist/utils/razorpay-utils.js";

import { startRazorpayFake } from "../support/razorpay-fake.mjs";

const golden = JSON.parse(readFileSync(new URL("golden/razorpay.json", import.meta.url), "utf8"));

/** A shop that takes webhooks and remembers them. */
async function shop(t, { status = () => 200 } = {}) {
  const received = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const { "x-razorpay-signature": signature, "x-razorpay-event-id": id } = request.headers;
      received.push({ body, signature, id, kind: JSON.parse(body).event });
      response.writeHead(status(received.length)).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))));
  return { received, url: `http://127.0.0.1:${server.address().port}/webhooks/razorpay` };
}

async function start(t, options) {
  const fake = await startRazorpayFake(options);
  t.after(() => fake.stop());
  const client = new Razorpay({ key_id: fake.keyId, key_secret: fake.keySecret });
  Object.assign(client.api.rq.defaults, { baseURL: fake.url, timeout: 500 });
  const send = async (method, path, body, headers = {}) => {
    const basic = Buffer.from(`${fake.keyId}:${fake.keySecret}`).toString("base64");
    const response = await fetch(fake.url + path, {
      method,
      headers: { authorization: `Basic ${basic}`, "content-type": "application/json", ...headers },
      ...(body && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(500),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? JSON.parse(text) : null };
  };
  return { fake, client, send };
}

const notes = { order_id: "ord_1", operation_id: "op_1" };
const options = { automatic_expiry_period: 4_320, manual_expiry_period: 4_320, refund_speed: "normal" };
const ask = (more = {}) => ({
  amount: 1999, currency: "USD", receipt: "op_1", notes, payment: { capture: "automatic", capture_options: options }, ...more,
});
const held = (more = {}) => ask({
  payment: { capture: "manual", capture_options: { manual_expiry_period: 4_320, refund_speed: "normal" } }, ...more,
});

test("the official package believes the checkout's return and the webhooks, and no forgery of them", async (t) => {
  const { received, url } = await shop(t);
  const { fake, client } = await start(t, { webhookUrl: url });
  const order = await client.orders.create(ask());
  const back = fake.pay(order.id);
  const believes = (orderId, payment, signature) =>
    validatePaymentVerification({ order_id: orderId, payment_id: payment }, signature, fake.keySecret);
  assert.equal(back.razorpay_order_id, order.id);
  assert.ok(believes(order.id, back.razorpay_payment_id, back.razorpay_signature));
  assert.ok(!believes("order_other", back.razorpay_payment_id, back.razorpay_signature));
  assert.ok(!believes(order.id, "pay_other", back.razorpay_signature));
  await fake.settled();
  assert.deepEqual(received.map(({ kind }) => kind).sort(), ["order.paid", "payment.authorized", "payment.captured"]);
  for (const { body, signature, id } of received) {
    assert.ok(Razorpay.validateWebhookSignature(body, signature, fake.webhookSecret));
    assert.ok(!Razorpay.validateWebhookSignature(body, signature, "another"));
    assert.ok(!Razorpay.validateWebhookSignature(body.replace("1999", "1998"), signature, fake.webhookSecret));
    assert.match(id, /^[A-Za-z0-9]{14}$/);
  }
  assert.equal(new Set(received.map(({ id }) => id)).size, 3);
});

test("the official client orders, captures, gives back and reads the books", async (t) => {
  const { fake, client, send } = await start(t);
  const order = await client.orders.create(held());
  assert.deepEqual([order.status, order.amount_due, order.receipt], ["created", 1999, "op_1"]);
  const { razorpay_payment_id: id } = fake.pay(order.id);
  assert.equal((await client.payments.fetch(id)).status, "authorized");
  await assert.rejects(client.payments.capture(id, 1000, "USD"), { statusCode: 400 });
  assert.equal((await client.payments.capture(id, 1999, "USD")).status, "captured");
  await assert.rejects(client.payments.capture(id, 1999, "USD"), (error) => {
    assert.match(error.error.description, /already been captured/);
    return true;
  });
  const refund = await client.payments.refund(id, { amount: 500, receipt: "op_2", notes: { operation_id: "op_2" } });
  assert.deepEqual([refund.status, refund.payment_id, refund.receipt], ["processed", id, "op_2"]);
  await assert.rejects(client.payments.refund(id, { amount: 1500 }), { statusCode: 400 });
  assert.equal((await client.payments.fetchMultipleRefund(id)).items[0].id, refund.id);
  assert.equal((await client.orders.fetch(order.id)).status, "paid");
  assert.equal((await client.orders.fetchPayments(order.id)).items[0].amount_refunded, 500);
  assert.equal((await client.payments.all({ count: 1 })).items[0].id, id);
  assert.equal((await client.refunds.all()).items[0].id, refund.id);
  const found = await send("GET", "/v1/orders?receipt=op_1&expand%5B%5D=payments");
  assert.deepEqual(found.body.items.map(({ payments }) => payments.items[0].id), [id]);
  assert.equal((await send("GET", "/v1/orders?receipt=op_9&expand%5B%5D=payments")).body.count, 0);
  assert.deepEqual(fake.book(), [{
    payment: id, reference: order.id, order_id: "ord_1", operation_id: "op_1", status: "captured", currency: "USD",
    amount: 1999, captured: 1999, refunded: 500, charged_back: 0,
  }]);
  assert.equal(fake.captured("ord_1"), 1999);
});

test("attempts fail, come late, lapse, and a paid order can be paid again only on purpose", async (t) => {
  const { fake, client } = await start(t);
  const order = await client.orders.create(ask());
  const failed = fake.pay(order.id, { outcome: "failed" });
  assert.equal(failed.error.reason, "insufficient_funds");
  assert.equal((await client.orders.fetch(order.id)).status, "attempted");
  const late = fake.decide(failed.error.metadata.payment_id, "captured");
  assert.ok(late.razorpay_signature);
  assert.throws(() => fake.pay(order.id), /already paid/);
  fake.pay(order.id, { again: true });
  assert.equal(fake.captured("ord_1"), 3998, "the book tells of both");
  assert.equal(fake.order(order.id).amount_paid, 3998);

  const other = await client.orders.create(held({ receipt: "op_3", notes: { order_id: "ord_2" } }));
  const open = fake.attempt(other.id);
  assert.equal((await client.payments.fetch(open)).status, "created");
  fake.decide(open, "authorized");
  assert.equal(fake.lapse(open).captured, false);
  assert.equal(fake.captured("ord_2"), 0);
  assert.equal(fake.book().find(({ payment }) => payment === open).refunded, 0, "nothing was taken");
});

test("a refund under one key is made once", async (t) => {
  const { fake, client, send } = await start(t);
  const { razorpay_payment_id: id } = fake.pay((await client.orders.create(ask())).id);
  const key = { "x-refund-idempotency": "op_0123456789" };
  const once = { amount: 500, receipt: "op_0123456789" };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => send("POST", `/v1/payments/${id}/refund`, once, key)),
  );
  assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.equal(fake.book()[0].refunded, 500);
  const other = await send("POST", `/v1/payments/${id}/refund`, { ...once, amount: 600 }, key);
  assert.equal(other.status, 400);
  assert.match(other.body.error.description, /Idempotency/);
});

test("pending refunds, disputes and the dashboard are told by webhooks", async (t) => {
  const { received, url } = await shop(t);
  const { fake, client } = await start(t, { webhookUrl: url });
  const order = await client.orders.create(held());
  const { razorpay_payment_id: id } = fake.pay(order.id);
  fake.dashboardCapture(id);
  fake.refundsAre("pending");
  const first = fake.dashboardRefund(id, 500);
  fake.decideRefund(first.id, "failed");
  const second = fake.dashboardRefund(id, 700);
  fake.decideRefund(second.id, "processed");
  const won = fake.openDispute(id, { amount: 300 });
  fake.decideDispute(won.id, "under_review");
  fake.decideDispute(won.id, "won");
  const lost = fake.openDispute(id, { amount: 200 });
  fake.decideDispute(lost.id, "lost");
  assert.throws(() => fake.decideDispute(lost.id, "won"), /already/);
  await fake.settled();
  const kinds = received.map(({ kind }) => kind);
  for (const kind of ["refund.created", "refund.failed", "refund.processed", "payment.dispute.created",
    "payment.dispute.under_review", "payment.dispute.won", "payment.dispute.lost", "order.paid"]) {
    assert.ok(kinds.includes(kind), kind);
  }
  const dispute = JSON.parse(received.find(({ kind }) => kind === "payment.dispute.lost").body).payload;
  assert.deepEqual([dispute.dispute.entity.amount_deducted, dispute.payment.entity.order_id], [200, order.id]);
  const { captured, refunded, charged_back } = fake.book()[0];
  assert.deepEqual([captured, refunded, charged_back], [1999, 700, 200]);
});

test("webhooks come twice, late, out of order and again after a refusal", async (t) => {
  const { received, url } = await shop(t, { status: (n) => (n <= 2 ? 500 : 200) });
  const { fake, client } = await start(t, { webhookUrl: url });
  fake.delivery({ copies: 2, shuffle: true, paused: true });
  fake.pay((await client.orders.create(ask())).id);
  assert.equal(fake.delivery().pending, 6);
  assert.equal(received.length, 0);
  fake.delivery({ paused: false });
  await fake.settled();
  assert.equal(received.length, 8, "two were refused and came again");
  assert.equal(new Set(received.map(({ id }) => id)).size, 3);
  const [event] = fake.events;
  assert.equal(await fake.deliver(event), 200, "once more, by hand");
  assert.equal(received.at(-1).id, event.id);
  await fake.deliver(event, { secret: "old", id: "" });
  assert.equal(received.at(-1).id, undefined);
  assert.ok(Razorpay.validateWebhookSignature(event.body, received.at(-1).signature, "old"));
});

test("what is wrong is refused", async (t) => {
  const { fake, send } = await start(t);
  const create = (body, headers) => send("POST", "/v1/orders", body, headers);
  const refused = [
    [ask({ amount: "1999" }), /must be an integer/],
    [ask({ amount: 19.99 }), /must be an integer/],
    [ask({ amount: 0 }), /less than minimum/],
    [ask({ amount: 99, currency: "INR" }), /less than minimum/],
    [ask({ amount: 5_124, currency: "KWD" }), /last digit/],
    [ask({ currency: "usd" }), /not supported/],
    [ask({ receipt: "x".repeat(41) }), /40 characters/],
    [ask({ notes: { a: "x".repeat(257) } }), /256/],
    [ask({ notes: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [n, "x"])) }), /15/],
    [ask({ surprise: 1 }), /not required/],
    [ask({ payment: { capture: "later" } }), /automatic or manual/],
    [ask({ payment: { capture: "automatic", capture_options: { refund_speed: "normal" } } }), /12 minutes/],
    [ask({ payment: { capture: "manual", capture_options: { ...options, manual_expiry_period: 7_201 } } }), /out of range/],
  ];
  for (const [body, reason] of refused) {
    const { status, body: answer } = await create(body);
    assert.equal(status, 400, JSON.stringify(body));
    assert.match(answer.error.description, reason);
  }
  assert.equal((await create(ask(), { authorization: "Basic eDp5" })).status, 401);
  assert.equal((await create(ask(), { "content-type": "text/plain" })).status, 400);
  assert.match((await send("GET", "/v1/orders/order_none")).body.error.description, /does not exist/);
  assert.match((await send("DELETE", "/v1/orders/order_none")).body.error.description, /not found/);
  assert.equal((await send("GET", "/v1/payments?count=101")).status, 400);
  assert.equal(fake.book().length, 0);
});

test("it fails as it is told, before or after the change", async (t) => {
  const faults = ({ kind, n }) => (kind === "create_order" && n === 1 ? "500_before" : undefined);
  const { fake, send } = await start(t, { faults });
  const create = (receipt) => send("POST", "/v1/orders", ask({ receipt }));
  const orders = async (receipt) => (await send("GET", `/v1/orders?receipt=${receipt}`)).body.count;
  assert.equal((await create("op_a")).status, 500);
  assert.equal(await orders("op_a"), 0);
  const after = [
    ["500_after", (answer) => answer.then(({ status }) => assert.equal(status, 500))],
    ["html", (answer) => answer.then(({ text }) => assert.match(text, /^<!doctype html>/))],
    ["malformed_json", (answer) => assert.rejects(answer, SyntaxError)],
    ["timeout_after", (answer) => assert.rejects(answer, { name: "TimeoutError" })],
    ["reset_after", (answer) => assert.rejects(answer, TypeError)],
    ["slow", (answer) => answer.then(({ status }) => assert.equal(status, 200))],
    ["huge", (answer) => answer.then(({ text }) => assert.ok(text.length > 10_000_000))],
    ["wrong_id", (answer) => answer.then(({ body }) => assert.equal(body.receipt, null))],
  ];
  for (const [mode, expected] of after) {
    fake.failNext(mode, { on: "create_order", ms: 50 });
    await expected(create(`op_${mode}`));
    assert.equal(await orders(`op_${mode}`), 1, mode);
  }
  const before = [
    ["429", (answer) => answer.then(({ status, headers }) => assert.deepEqual([status, headers.get("retry-after")], [429, "1"]))],
    ["hang", (answer) => assert.rejects(answer, { name: "TimeoutError" })],
    ["reset_before", (answer) => assert.rejects(answer, TypeError)],
  ];
  for (const [mode, expected] of before) {
    fake.setFaults(({ kind }) => (kind === "create_order" ? { mode } : undefined));
    await expected(create(`op_${mode}`));
    fake.setFaults();
    assert.equal(await orders(`op_${mode}`), 0, mode);
  }
  assert.throws(() => fake.failNext("nonsense"), /unknown mode/);
});

test("what it writes has the fields that the shop's own tests read", async (t) => {
  const { fake, client, send } = await start(t);
  const kind = (value) => (value === null ? "null" : Array.isArray(value) ? "list" : typeof value);
  const alike = (given, wanted, name) => {
    assert.deepEqual(Object.keys(given).sort(), Object.keys(wanted).sort(), name);
    for (const [field, value] of Object.entries(wanted)) {
      const loose = field === "notes" || value === null || given[field] === null;
      if (!loose) assert.equal(kind(given[field]), kind(value), `${name}.${field}`);
    }
  };
  const order = await client.orders.create(ask());
  alike(order, golden.order, "order");
  const failed = fake.pay(order.id, { outcome: "failed" }).error.metadata.payment_id;
  const failure = await client.payments.fetch(failed);
  assert.deepEqual(Object.fromEntries(Object.keys(golden.failure).map((field) => [field, failure[field]])), golden.failure);
  const { razorpay_payment_id: id } = fake.pay(order.id);
  alike(await client.payments.fetch(id), golden.payment, "payment");
  alike(fake.dashboardRefund(id, 500), golden.refund, "refund");
  alike(fake.openDispute(id), golden.dispute, "dispute");
  for (const { body } of fake.events) alike(JSON.parse(body), golden.event, "event");
  alike((await send("GET", "/v1/orders/order_none")).body.error, golden.error.error, "error");
});

test("it takes the shop's own requests, to the byte", async (t) => {
  const { fake, send } = await start(t);
  const order = await send("POST", "/v1/orders", golden.requests.start);
  assert.deepEqual([order.status, order.body.notes], [200, golden.order.notes]);
  const { razorpay_payment_id: id } = fake.pay(order.body.id, { outcome: "authorized" });
  const captured = await send("POST", `/v1/payments/${id}/capture`, golden.requests.capture);
  assert.deepEqual([captured.status, captured.body.captured], [200, true]);
  const key = { "x-refund-idempotency": golden.refund.receipt };
  const refund = await send("POST", `/v1/payments/${id}/refund`, golden.requests.refund, key);
  assert.deepEqual([refund.status, refund.body.receipt], [200, golden.refund.receipt]);
  const [truth] = fake.book();
  assert.deepEqual([truth.order_id, truth.captured, truth.refunded], [golden.order.notes.order_id, 1999, 500]);
});

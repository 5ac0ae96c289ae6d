// The fake against Stripe's own client: what the official package can do with it, and how it refuses.

import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";

import Stripe from "stripe";

import { startStripeFake } from "../support/stripe-fake.mjs";

async function shop() {
  const received = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      received.push({ body, signature: request.headers["stripe-signature"] });
      response.writeHead(200).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    received,
    url: `http://127.0.0.1:${server.address().port}/webhooks/stripe`,
    close: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))),
  };
}

async function start(t, options) {
  const fake = await startStripeFake(options);
  t.after(() => fake.stop());
  const { hostname, port } = new URL(fake.url);
  const client = new Stripe(fake.secretKey, { host: hostname, port, protocol: "http", maxNetworkRetries: 0, timeout: 500 });
  return { fake, client };
}

const base = (more = {}) => ({
  amount: 1999,
  currency: "usd",
  automatic_payment_methods: { enabled: true },
  metadata: { order_id: "ord_1", operation_id: "op_1" },
  ...more,
});
const card = (payment_method = "pm_card_visa", more = {}) =>
  base({ confirm: true, payment_method, return_url: "https://shop.example/back", ...more });
const key = (idempotencyKey) => ({ idempotencyKey });

test("the official client pays, holds, captures in part, cancels, retrieves and searches", async (t) => {
  const { fake, client } = await start(t);
  const open = await client.paymentIntents.create(base(), key("k1"));
  assert.equal(open.status, "requires_payment_method");
  assert.match(open.client_secret, /^pi_.+_secret_/);
  const paid = await client.paymentIntents.create(card(), key("k2"));
  assert.deepEqual([paid.status, paid.amount_received], ["succeeded", 1999]);
  const held = await client.paymentIntents.create(card("pm_card_visa", { capture_method: "manual" }), key("k3"));
  assert.equal(held.status, "requires_capture");
  const taken = await client.paymentIntents.capture(held.id, { amount_to_capture: 500 }, key("k4"));
  assert.deepEqual([taken.status, taken.amount_received], ["succeeded", 500]);
  const gone = await client.paymentIntents.cancel(open.id, undefined, key("k5"));
  assert.equal(gone.status, "canceled");
  assert.equal((await client.paymentIntents.retrieve(paid.id)).status, "succeeded");
  const found = await client.paymentIntents.search({ query: "metadata['operation_id']:'op_1'" });
  assert.equal(found.data.length, 3);
  assert.equal(fake.captured("ord_1"), 2499);
  await assert.rejects(client.paymentIntents.cancel(paid.id, undefined, key("k6")), (error) => {
    assert.equal(error.code, "payment_intent_unexpected_state");
    assert.equal(error.payment_intent.status, "succeeded");
    return true;
  });
});

test("declines and actions are answered as Stripe answers them", async (t) => {
  const { fake, client } = await start(t);
  await assert.rejects(client.paymentIntents.create(card("pm_card_chargeDeclined"), key("k1")), (error) => {
    assert.deepEqual([error.statusCode, error.type, error.code], [402, "StripeCardError", "card_declined"]);
    assert.equal(error.payment_intent.status, "requires_payment_method");
    return true;
  });
  const action = await client.paymentIntents.create(card("pm_card_threeDSecure2Required"), key("k2"));
  assert.equal(action.status, "requires_action");
  assert.equal(action.next_action.type, "redirect_to_url");
  assert.equal(fake.buyer(action.id, "pay").status, "succeeded");
  assert.throws(() => fake.buyer(action.id, "pay"), /already/);
});

test("a key is carried out once", async (t) => {
  const { fake, client } = await start(t);
  const all = await Promise.all(Array.from({ length: 20 }, () => client.paymentIntents.create(card(), key("same"))));
  assert.equal(new Set(all.map((intent) => intent.id)).size, 1);
  assert.equal(fake.payments.length, 1);
  await assert.rejects(client.paymentIntents.create(card("pm_card_visa", { amount: 5 }), key("same")), {
    type: "StripeIdempotencyError",
  });
});

test("what is wrong is refused", async (t) => {
  const { fake } = await start(t);
  const good = { authorization: `Bearer ${fake.secretKey}`, "stripe-version": "2026-08-26.dahlia",
    "content-type": "application/x-www-form-urlencoded", "idempotency-key": "k" };
  const send = async (body, headers = good, path = "/v1/payment_intents") => {
    const response = await fetch(fake.url + path, { method: "POST", body, headers });
    return [response.status, (await response.json()).error];
  };
  const form = "amount=5&currency=usd&automatic_payment_methods[enabled]=true";
  const table = [
    [form.replace("usd", "USD"), /currency/],
    [form.replace("=5", "=5.5"), /integer/],
    [form.replace("=5", "=0"), /integer/],
    [`${form}&surprise=1`, /unknown parameter/],
    [`${form}&amount=6`, /twice/],
    [`${form}&description=`, /empty/],
    [`${form}&confirm=true`, /method is needed/],
    [`${form}&confirm=true&payment_method=pm_card_visa`, /return_url is needed/],
    [`${form}&payment_method=4242424242424242`, /No such PaymentMethod/],
  ];
  for (const [body, message] of table) {
    const [status, error] = await send(body);
    assert.equal(status, 400, body);
    assert.match(error.message, message);
  }
  const without = (name) => Object.fromEntries(Object.entries(good).filter(([header]) => header !== name));
  assert.equal((await send(form, without("authorization")))[0], 401);
  assert.match((await send(form, without("stripe-version")))[1].message, /Stripe-Version/);
  assert.match((await send(form, without("idempotency-key")))[1].message, /Idempotency-Key/);
  assert.match((await send("", { ...good, "content-type": "text/plain" }))[1].message, /content type/);
  assert.equal((await send(form, good, "/v1/charges"))[0], 404);
  assert.equal(fake.payments.length, 0);
});

test("every way of failing", async (t) => {
  const { fake, client } = await start(t);
  const create = (k) => client.paymentIntents.create(card(), key(k));
  // The official client tries once more after a reset connection, by itself.
  const times = (mode) => ({ times: mode.startsWith("reset") ? 2 : 1 });
  for (const mode of ["timeout_after", "reset_after", "500_after", "malformed_json", "html"]) {
    fake.failNext(mode, times(mode));
    await assert.rejects(create(mode), undefined, mode);
    assert.equal((await create(mode)).status, "succeeded", mode);
    assert.equal(fake.payments.filter((intent) => intent.idempotency_key === mode).length, 1, mode);
  }
  for (const mode of ["timeout_before", "reset_before", "500_before", "429"]) {
    fake.failNext(mode, times(mode));
    await assert.rejects(create(mode), undefined, mode);
    assert.equal(fake.payments.filter((intent) => intent.idempotency_key === mode).length, 0, mode);
  }
  fake.failNext("500_kept");
  await assert.rejects(create("kept"), { statusCode: 500 });
  await assert.rejects(create("kept"), { statusCode: 500 });
  fake.failNext("wrong_amount");
  assert.equal((await create("amount")).amount, 2000);
  fake.failNext("wrong_currency");
  assert.equal((await create("currency")).currency, "eur");
  fake.failNext("wrong_id");
  const stranger = await create("id");
  assert.ok(!fake.payments.some((intent) => intent.id === stranger.id));
  fake.failNext("huge", { on: "retrieve" });
  const small = await create("small");
  assert.equal((await client.paymentIntents.retrieve(small.id)).padding.length, 10 * 1024 * 1024);
  fake.failNext("decline");
  await assert.rejects(create("decline"), { statusCode: 402 });
  fake.failNext("requires_action");
  assert.equal((await create("action")).status, "requires_action");
  fake.failNext("slow", { ms: 100 });
  const before = Date.now();
  await create("slow");
  assert.ok(Date.now() - before >= 100);
  assert.throws(() => fake.failNext("nonsense"));
});

test("webhooks are signed so that the official package believes them", async (t) => {
  const endpoint = await shop();
  t.after(endpoint.close);
  const { fake, client } = await start(t, { webhookUrl: endpoint.url, webhookSecret: "whsec_x" });
  fake.delivery({ copies: 2, shuffle: true });
  await client.paymentIntents.create(card("pm_usBankAccount_success"), key("k1"));
  fake.buyer(fake.payments[0].id, "pay");
  await fake.settled();
  const kinds = endpoint.received.map(({ body, signature }) =>
    client.webhooks.constructEvent(body, signature, "whsec_x").type,
  );
  assert.deepEqual(kinds.sort(), [
    "payment_intent.created", "payment_intent.created", "payment_intent.processing", "payment_intent.processing",
    "payment_intent.succeeded", "payment_intent.succeeded",
  ]);
  assert.equal(await fake.deliver(fake.events[0]), 200);
  assert.throws(() => client.webhooks.constructEvent(endpoint.received[0].body, endpoint.received[0].signature, "whsec_y"));
});

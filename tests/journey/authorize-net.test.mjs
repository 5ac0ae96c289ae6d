// Money back through Authorize.net, where it depends on whether the payment has settled: before that the payment is
// voided, afterwards a refund is a transaction of its own. Whatever is lost on the way, it goes back once.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { startAuthorizeNetFake } from "../support/authorize-net-fake.mjs";
import { auditAtRest } from "../support/books.mjs";
import { eventually as within } from "../support/eventually.mjs";
import { cart } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

// What a webhook sets going and nobody waits for may wait for a lease.
const eventually = (look) => within(look, { within: 30_000 });

let fake;
let store;
const acknowledged = [];

before(async () => {
  fake = await startAuthorizeNetFake();
  store = await openStore({
    sandbox: false,
    vars: {
      AUTHORIZE_NET_BASE_URL: fake.url, AUTHORIZE_NET_LOGIN_ID: fake.loginId, AUTHORIZE_NET_TRANSACTION_KEY: fake.transactionKey,
      AUTHORIZE_NET_SIGNATURE_KEY: fake.signatureKey, GATEWAY_TIMEOUT_MILLISECONDS: "600",
    },
  });
  fake.setWebhookUrl(`${store.url}/webhooks/authorize_net`);
});
after(async () => {
  await store?.close();
  await fake?.stop();
});
afterEach(() => fake.clearFailures());

const read = async (id) => (await store.admin.get(`/v1/orders/${id}`)).body;
const booked = (id) => fake.book().find((one) => one.order_id === id);
const asked = (kind) => fake.requests.filter((one) => one.kind === kind).length;

/** A paid order that has heard of itself, and so knows that its payment has not settled. */
async function paid() {
  const details = asked("details");
  const key = randomUUID();
  const answer = await store.storefront.checkout(cart({ payment: { gateway: "authorize_net", method: fake.nonce("pay") } }), key);
  assert.equal(answer.status, 201, answer.text);
  const { order, order_token: token } = answer.body;
  acknowledged.push({ key, orderId: order.id, total: order.totals.total.amount });
  await fake.settled();
  await eventually(async () => {
    assert.equal((await read(order.id)).payment_status, "paid");
    assert.ok(asked("details") > details);
  });
  return { id: order.id, total: order.totals.total.amount, buyer: store.buyer(token) };
}

/** Asks for a refund, all of the order or so many minor units, and gives its status. */
async function refund(id, amount) {
  const body = amount === undefined ? {} : { amount_minor: amount };
  const answer = await store.admin.post(`/v1/admin/orders/${id}/refunds`, body, { headers: { "idempotency-key": randomUUID() } });
  assert.equal(answer.status, 201, answer.text);
  return (await read(id)).operations.find((one) => one.kind === "refund").result;
}

async function assertGivenBack({ id, buyer }, amount) {
  await eventually(async () => {
    await buyer.post(`/v1/orders/${id}/payment/sync`);
    const order = await read(id);
    assert.deepEqual(order.operations.filter((one) => one.kind === "refund").map((one) => [one.result, one.amount.amount]), [["succeeded", amount]]);
    assert.equal(order.payment.refunded.amount, amount);
  });
}

test("a part that was given back is found, though the payment has settled since the order last read it", async () => {
  const order = await paid();
  fake.settle();
  fake.failNext("timeout_after", { on: "refund" });
  assert.equal(await refund(order.id, 100), "unknown");
  await assertGivenBack(order, 100);
  assert.equal(booked(order.id).refunded_minor, 100);
  assert.equal(asked("refund"), 1);
});

test("a void whose answer was lost is found, and is no refund besides", async () => {
  const [order, refunds] = [await paid(), asked("refund")];
  fake.delivery({ paused: true });
  fake.failNext("timeout_after", { on: "void" });
  assert.equal(await refund(order.id), "unknown");
  // The webhook does not say whose the void was, and is heard before anybody has asked.
  fake.delivery({ paused: false });
  await fake.settled();
  await assertGivenBack(order, order.total);
  assert.equal(booked(order.id).status, "voided");
  assert.equal(asked("refund"), refunds);
});

test("where the payment stands is not told, and nothing is sent or taken for lost", async () => {
  const [order, refunds] = [await paid(), asked("refund")];
  fake.settle();
  fake.failNext("timeout_after", { on: "refund" });
  assert.equal(await refund(order.id, 100), "unknown");
  fake.failNext("500_before", { on: "details" });
  await order.buyer.post(`/v1/orders/${order.id}/payment/sync`);
  assert.equal((await read(order.id)).operations.at(-1).result, "unknown");
  await assertGivenBack(order, 100);
  assert.equal(booked(order.id).refunded_minor, 100);
  assert.equal(asked("refund"), refunds + 1);
});

test("the books agree", async () => {
  const payments = () =>
    fake.book().map((one) => ({ ...one, operation_id: one.invoice, captured: one.captured_minor, refunded: one.refunded_minor, open: false }));
  const { findings } = await auditAtRest(store, { payments, acknowledged, within: 15_000 });
  assert.deepEqual(findings, []);
});

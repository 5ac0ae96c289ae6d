// Money through PayPal: approved on its page and completed by us, after a decline, after a lost answer; given back
// from here and by hand. However it goes, the buyer pays once or not at all.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { eventually as within } from "../support/eventually.mjs";
import { openPaypalStore, paypalCart } from "../support/paypal-store.mjs";

// What a webhook sets going and nobody waits for may wait for a lease.
const eventually = (look) => within(look, { within: 30_000 });

let store;
let fake;
let close;

before(async () => ({ store, fake, close } = await openPaypalStore()));
after(() => close?.());
afterEach(() => {
  fake.clearFailures();
  fake.delivery({ delay_ms: 0, copies: 1, shuffle: false, paused: false });
});

async function place(payment) {
  const answer = await store.storefront.checkout(paypalCart({}, payment), randomUUID());
  assert.equal(answer.status, 201, answer.text);
  const { order, order_token: token, payment: told } = answer.body;
  const reference = fake.book().find((one) => one.orderId === order.id)?.reference;
  return { id: order.id, payment: told, reference, buyer: store.buyer(token) };
}

const read = async (id) => (await store.admin.get(`/v1/orders/${id}`)).body;
const book = (id) => fake.book().filter((one) => one.orderId === id);

/** What the merchant asks for: `captures`, `voids` or `refunds`. */
const move = ({ admin }, id, what, body) =>
  admin.post(`/v1/admin/orders/${id}/${what}`, body, { headers: { "idempotency-key": randomUUID() } });

async function assertStatus(id, status) {
  return eventually(async () => {
    const order = await read(id);
    assert.equal(order.payment_status, status);
    return order;
  });
}

async function assertPaidOnce(id) {
  const order = await assertStatus(id, "paid");
  assert.deepEqual(book(id).map((one) => one.captured), [order.totals.total.amount]);
  return order;
}

test("approved on PayPal's page: the webhook is believed by its certificate, and the order is paid", async () => {
  const { id, payment } = await place();
  assert.equal(payment.status, "action_required");
  assert.match(payment.action.url, new RegExp(`^${fake.url}/checkoutnow`));
  const page = await fetch(payment.action.url, { redirect: "manual" });
  assert.match(page.headers.get("location"), /^https:\/\/shop\.example\/back\?token=/);
  await assertPaidOnce(id);
  assert.equal(fake.counts.tokens, 1);
  assert.ok(fake.counts.certificates >= 1);
});

test("the browser is back before any webhook", async () => {
  fake.delivery({ paused: true });
  const { id, reference, buyer } = await place();
  fake.approve(reference);
  await buyer.post(`/v1/orders/${id}/payment/sync`);
  await assertPaidOnce(id);
});

test("declined, then approved anew with something better", async () => {
  const { id, reference } = await place();
  fake.approve(reference, "declined");
  await eventually(async () => assert.equal((await read(id)).payment_status, "failed"));
  // PayPal tells time in whole seconds, and no buyer agrees anew within the second of the decline.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  fake.approve(reference);
  await assertPaidOnce(id);
});

test("answers are lost at every step, and webhooks come twice", async () => {
  fake.delivery({ copies: 2 });
  fake.failNext("500_after", { on: "create" });
  fake.failNext("timeout_after", { on: "complete_capture" });
  const { id, buyer } = await place();
  const reference = await eventually(async () => {
    await buyer.post(`/v1/orders/${id}/payment/sync`);
    assert.equal((await read(id)).payment_status, "action_required");
    return book(id)[0].reference;
  });
  fake.approve(reference);
  await eventually(async () => {
    await buyer.post(`/v1/orders/${id}/payment/sync`);
    assert.equal((await read(id)).payment_status, "paid");
  });
  assert.equal(book(id).length, 1);
  await assertPaidOnce(id);
});

test("a token that PayPal forgot is got anew", async () => {
  fake.expireTokens();
  const { id, reference } = await place();
  fake.approve(reference);
  await assertPaidOnce(id);
});

test("money goes back from here, by hand at PayPal, and by a dispute that is lost", async () => {
  const { id, reference } = await place();
  fake.approve(reference);
  const order = await assertPaidOnce(id);
  const total = order.totals.total.amount;
  const capture = book(id)[0].captures[0].id;
  const answer = await move(store, id, "refunds", { amount_minor: 500, reason: "arrived broken" });
  assert.ok(answer.status < 300, answer.text);
  await eventually(async () => assert.equal(book(id)[0].refunded, 500));
  fake.refundInDashboard(capture, 300);
  const dispute = fake.openDispute(capture, { minor: 200 });
  fake.decideDispute(dispute, "lost");
  await fake.settled();
  await eventually(async () => {
    const seen = await read(id);
    const moved = (kind) =>
      seen.operations.filter((o) => o.kind === kind && o.result === "succeeded").map((o) => o.amount.amount).sort();
    assert.deepEqual([moved("refund"), moved("chargeback")], [[300, 500], [200]]);
  });
  const { refunded, chargedBack, captured } = book(id)[0];
  assert.deepEqual([refunded, chargedBack, captured], [800, 200, total]);
});

test("held first, and taken once the stock is committed", async (t) => {
  const shop = await openPaypalStore({ vars: { PAYMENT_CAPTURE: "after_stock_commit" } });
  t.after(shop.close);
  const { body } = await shop.store.storefront.checkout(paypalCart(), randomUUID());
  const { id, totals } = body.order;
  const its = () => shop.fake.book().find((one) => one.orderId === id);
  shop.fake.approve(its().reference);
  await eventually(async () => {
    const { body: seen } = await shop.store.admin.get(`/v1/orders/${id}`);
    assert.equal(seen.payment_status, "paid");
  });
  assert.deepEqual([its().captured, its().held, its().captures.length], [totals.total.amount, false, 1]);
  const kinds = shop.fake.requests.filter(({ method }) => method === "POST").map(({ kind }) => kind);
  assert.deepEqual(kinds, ["create", "complete_authorize", "capture"]);
});

test("a forged webhook changes nothing", async () => {
  fake.delivery({ paused: true });
  const { id, reference } = await place();
  const event = { id: "WH-forged", event_type: "CHECKOUT.ORDER.APPROVED", create_time: new Date().toISOString() };
  const body = JSON.stringify({ ...event, resource: { id: reference, status: "APPROVED" } });
  const headers = { ...fake.headers("{}") };
  assert.equal(await fake.deliver(body, { headers }), 401);
  assert.equal(await fake.deliver(body, { webhookId: "ANOTHER1" }), 401);
  assert.equal((await read(id)).payment_status, "action_required");
  assert.equal(book(id)[0].captured, 0);
});

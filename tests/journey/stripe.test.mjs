// Money through Stripe: paid at once, after 3-D Secure, after a decline, after a lost answer; called off; with
// webhooks early, doubled and out of order. However it goes, the buyer is charged once or not at all.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { eventually } from "../support/eventually.mjs";
import { openStripeStore, stripeCart } from "../support/stripe-store.mjs";

let store;
let fake;
let close;
const acknowledged = [];

before(async () => ({ store, fake, close } = await openStripeStore()));
after(() => close?.());
afterEach(() => {
  fake.clearFailures();
  fake.setDelay(0);
  fake.delivery({ delay_ms: 0, copies: 1, shuffle: false, paused: false });
});

async function place(method, changes) {
  const key = randomUUID();
  const answer = await store.storefront.checkout(stripeCart(method, changes), key);
  assert.equal(answer.status, 201, answer.text);
  const { order, order_token: token, payment } = answer.body;
  acknowledged.push({ key, orderId: order.id, total: order.totals.total.amount });
  return { id: order.id, token, payment, order, buyer: store.buyer(token) };
}

const read = async (id) => (await store.admin.get(`/v1/orders/${id}`)).body;
const intentOf = (id) => fake.payments.find((intent) => intent.metadata.order_id === id);
const sync = async ({ id, buyer }) => (await buyer.post(`/v1/orders/${id}/payment/sync`)).body;

/** Waits until the order is paid, its stock sold and its invoice numbered, and charged exactly once. */
async function assertPaidOnce(id) {
  const order = await eventually(async () => {
    const order = await read(id);
    assert.equal(order.payment_status, "paid");
    assert.deepEqual(order.claims.map((claim) => claim.state), ["committed"]);
    assert.match(order.invoice_number ?? "", /^CW-\d{6}$/);
    return order;
  });
  assert.equal(fake.captured(id), order.totals.total.amount);
  assert.equal(fake.payments.filter((intent) => intent.metadata.order_id === id).length, 1);
  assert.deepEqual(order.attention, []);
  return order;
}

test("a card that is good: paid in the answer, under the operation's own key", async () => {
  const { id, payment } = await place("pm_card_visa");
  assert.deepEqual(payment, { status: "paid", action: { type: "none" } });
  const order = await assertPaidOnce(id);
  const creates = fake.requests.filter(({ kind, body }) => kind === "create" && body.includes(id));
  assert.equal(creates.length, 1);
  assert.equal(creates[0].headers["idempotency-key"], order.operations[0].id);
  assert.match(creates[0].headers["stripe-version"], /^\d{4}-\d{2}-\d{2}/);
});

test("no method yet: the browser gets the client secret and pays", async () => {
  const { id, payment } = await place(undefined);
  assert.equal(payment.action.type, "client_secret");
  assert.equal(payment.action.client_secret, intentOf(id).client_secret);
  fake.buyer(intentOf(id).id, "pay");
  await assertPaidOnce(id);
});

test("3-D Secure: a redirect, then paid by webhook", async () => {
  const { id, payment, token } = await place("pm_card_threeDSecure2Required");
  assert.equal(payment.status, "action_required");
  assert.deepEqual(payment.action, { type: "redirect", url: `${fake.url}/3ds/${intentOf(id).id}` });
  const { body: seen } = await store.buyer(token).get(`/v1/orders/${id}`);
  assert.equal(seen.payment.action.url, payment.action.url, "a browser that lost the answer finds the way again");
  fake.buyer(intentOf(id).id, "pay");
  await assertPaidOnce(id);
});

test("3-D Secure: the browser is back before the webhook", async () => {
  const placed = await place("pm_card_threeDSecure2Required");
  fake.delivery({ paused: true });
  fake.buyer(intentOf(placed.id).id, "pay");
  assert.equal((await sync(placed)).payment_status, "paid");
  fake.delivery({ paused: false });
  await fake.settled();
  await assertPaidOnce(placed.id);
});

test("a decline tells why and leaves the order open for another card", async () => {
  const { id, payment } = await place("pm_card_chargeDeclined");
  assert.equal(payment.status, "failed");
  const order = await read(id);
  assert.equal(order.status, "open");
  assert.equal(order.payment.decline.code, "generic_decline");
  assert.deepEqual(order.claims.map((claim) => claim.state), ["held"]);
  assert.equal(fake.captured(id), 0);
  fake.buyer(intentOf(id).id, "pay");
  await assertPaidOnce(id);
});

test("a charge whose answer is lost is found again and not repeated", async () => {
  for (const mode of ["timeout_after", "reset_after", "500_after", "malformed_json", "html", "huge"]) {
    fake.delivery({ paused: true });
    fake.failNext(mode, { on: "create" });
    const placed = await place("pm_card_visa");
    assert.equal(placed.payment.status, "unknown", mode);
    assert.equal((await sync(placed)).payment_status, "paid", mode);
    fake.delivery({ paused: false });
    await fake.settled();
    await assertPaidOnce(placed.id);
  }
});

test("a charge whose answer is lost is found by its webhook alone", async () => {
  fake.delivery({ delay_ms: 900 });
  fake.failNext("timeout_after", { on: "create" });
  const { id, payment } = await place("pm_card_visa");
  assert.equal(payment.status, "unknown");
  await assertPaidOnce(id);
  assert.equal(fake.requests.filter(({ kind, body }) => kind === "create" && body.includes(id)).length, 1);
});

test("a request that never arrived is sent again under its key", async () => {
  for (const mode of ["timeout_before", "reset_before", "500_before", "429"]) {
    fake.failNext(mode, { on: "create" });
    const placed = await place("pm_card_visa");
    assert.equal(placed.payment.status, "unknown", mode);
    assert.equal(fake.captured(placed.id), 0, mode);
    await sync(placed);
    await assertPaidOnce(placed.id);
    const creates = fake.requests.filter(({ kind, body }) => kind === "create" && body.includes(placed.id));
    assert.equal(new Set(creates.map(({ headers }) => headers["idempotency-key"])).size, 1, mode);
    assert.equal(new Set(creates.map(({ body }) => body)).size, 1, mode);
  }
});

test("a webhook that comes before the reply", async () => {
  fake.setDelay(300);
  const before = fake.delivery().delivered;
  const { id, payment } = await place("pm_card_visa");
  assert.ok(fake.delivery().delivered > before, "the webhook was there first");
  assert.equal(payment.status, "paid");
  await assertPaidOnce(id);
});

test("webhooks three times over, late and in any order", async () => {
  fake.delivery({ copies: 3, shuffle: true, delay_ms: 100 });
  const placed = [];
  for (const method of ["pm_card_visa", "pm_usBankAccount_success", "pm_card_threeDSecure2Required", undefined]) {
    placed.push(await place(method));
  }
  for (const { id } of placed.slice(1)) fake.buyer(intentOf(id).id, "pay");
  for (const { id } of placed) await assertPaidOnce(id);
  await fake.settled();
  for (const { id } of placed) await assertPaidOnce(id);
});

test("a payment that contradicts the order pays nothing and asks for a person", async () => {
  for (const mode of ["wrong_amount", "wrong_currency"]) {
    fake.failNext(mode, { on: "create" });
    const { id, payment } = await place("pm_card_visa");
    assert.notEqual(payment.status, "paid", mode);
    await fake.settled();
    const order = await read(id);
    assert.notEqual(order.payment_status, "paid", mode);
    assert.deepEqual(order.attention.map(({ code }) => code), ["payment_mismatch"], mode);
    assert.deepEqual(order.claims.map((claim) => claim.state), ["held"], mode);
    assert.equal(order.invoice_number, null, mode);
  }
});

test("a buyer calls it off: Stripe first, then the stock", async () => {
  const { id, buyer } = await place("pm_card_threeDSecure2Required");
  const { status, body } = await buyer.post(`/v1/orders/${id}/cancel`);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(intentOf(id).status, "canceled");
  await eventually(async () => {
    const order = await read(id);
    assert.equal(order.status, "cancelled");
    assert.deepEqual(order.claims.map((claim) => claim.state), ["released"]);
  });
});

test("calling off loses against money that is already there", async () => {
  const { id, buyer } = await place("pm_card_threeDSecure2Required");
  fake.delivery({ paused: true });
  fake.buyer(intentOf(id).id, "pay");
  const { status, body } = await buyer.post(`/v1/orders/${id}/cancel`);
  assert.deepEqual([status, body.code], [409, "cannot_cancel"]);
  fake.delivery({ paused: false });
  const order = await assertPaidOnce(id);
  assert.equal(order.status, "open");
});

test("a refund that the bank sends back: its credit note is cancelled, and the next refund has its own", async () => {
  const { id, order, buyer } = await place("pm_card_visa");
  await assertPaidOnce(id);
  const total = order.totals.total.amount;
  const give = async (body) => {
    const headers = { "idempotency-key": randomUUID() };
    const answer = await store.admin.post(`/v1/admin/orders/${id}/refunds`, body, { headers });
    assert.equal(answer.status, 201, answer.text);
  };
  const refunds = (check) => eventually(async () => check((await read(id)).refunds));
  await give({ amount_minor: 500 });
  await refunds(([first]) => assert.match(first.credit_note_number ?? "", /^CW-CN-\d{6}$/));
  const [{ id: at }] = fake.refunds.filter((refund) => refund.payment_intent === intentOf(id).id);
  fake.decideRefund(at, "failed");
  const cancelled = await refunds(([first]) => {
    assert.equal(first.status, "failed");
    assert.equal(first.credit_note_cancellations?.length, 1);
    return first;
  });
  const [by] = cancelled.credit_note_cancellations;
  const { body: note } = await buyer.get(`/v1/orders/${id}/credit-notes/${by}`);
  assert.deepEqual([note.cancels, note.amount.total_minor], [cancelled.credit_note_number, -500]);
  const page = await store.admin.get(`/v1/admin/credit-notes/${by}/page`);
  assert.ok(page.text.includes(`Cancelled of credit note ${cancelled.credit_note_number}`));
  await give({});
  const [, whole] = await refunds((both) => {
    assert.match(both[1]?.credit_note_number ?? "", /^CW-CN-\d{6}$/);
    return both;
  });
  assert.deepEqual([whole.status, whole.amount.amount], ["succeeded", total]);
});

test("the payment window ends: called off at Stripe, then the stock is free", async () => {
  await store.changeTerms({ payment_window_seconds: 1, reservation_grace_seconds: 5 });
  const { id } = await place("pm_card_threeDSecure2Required");
  await store.changeTerms({ payment_window_seconds: 1800, reservation_grace_seconds: 300 });
  await eventually(async () => {
    const order = await read(id);
    assert.equal(order.status, "expired");
    assert.equal(order.close_reason, "payment_window_ended");
    assert.deepEqual(order.claims.map((claim) => claim.state), ["released"]);
  });
  assert.equal(intentOf(id).status, "canceled");
  const cancel = fake.requests.findLast(({ kind }) => kind === "cancel");
  assert.ok(cancel.path.includes(intentOf(id).id));
});

test("the books agree", async () => {
  await fake.settled();
  const raw = await assertBooksAgree(store, { acknowledged, intents: fake.payments });
  const paid = raw.d1.orders.filter((row) => ["paid", "refunded"].includes(row.payment_status)).length;
  assert.equal(raw.series.get("CW").invoices.length, paid);
});

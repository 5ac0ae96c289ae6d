// The fake's refunds, disputes and books, asked by Stripe's own client.

import assert from "node:assert/strict";
import { test } from "node:test";

import Stripe from "stripe";

import { startStripeFake } from "../support/stripe-fake.mjs";

async function start(t, options) {
  const fake = await startStripeFake(options);
  t.after(() => fake.stop());
  const { hostname, port } = new URL(fake.url);
  const client = new Stripe(fake.secretKey, { host: hostname, port, protocol: "http", maxNetworkRetries: 0, timeout: 500 });
  let serial = 0;
  const key = () => ({ idempotencyKey: `key_${(serial += 1)}` });
  const pay = (payment_method = "pm_card_visa", more = {}) =>
    client.paymentIntents.create(
      {
        amount: 1999, currency: "usd", automatic_payment_methods: { enabled: true }, confirm: true, payment_method,
        return_url: "https://shop.example/back", metadata: { order_id: "ord_1", operation_id: "op_1" }, ...more,
      },
      key(),
    );
  return { fake, client, key, pay };
}

const types = (fake) => fake.events.map((event) => event.type);

test("refunds: part, rest, never more, once under a key, found in the list", async (t) => {
  const { fake, client, key, pay } = await start(t);
  const intent = await pay();
  const part = { payment_intent: intent.id, amount: 1200, metadata: { order_id: "ord_1", operation_id: "op_5" } };
  const first = await client.refunds.create(part, { idempotencyKey: "r1" });
  assert.deepEqual([first.status, first.amount, first.payment_intent], ["succeeded", 1200, intent.id]);
  assert.equal((await client.refunds.create(part, { idempotencyKey: "r1" })).id, first.id);
  await assert.rejects(client.refunds.create({ payment_intent: intent.id, amount: 800 }, key()), /greater than unrefunded/);
  await client.refunds.create({ payment_intent: intent.id }, key());
  const again = client.refunds.create({ payment_intent: intent.id, amount: 1 }, key());
  await assert.rejects(again, { code: "charge_already_refunded" });
  const listed = await client.refunds.list({ payment_intent: intent.id, limit: 100 });
  assert.deepEqual(listed.data.map((refund) => [refund.amount, refund.metadata.operation_id]), [[799, undefined], [1200, "op_5"]]);
  assert.deepEqual(fake.book(), [
    { reference: intent.id, order_id: "ord_1", currency: "USD", captured: 1999, refunded: 1999, charged_back: 0 },
  ]);
  assert.equal(types(fake).filter((type) => type === "refund.created").length, 2);
  const held = await pay("pm_card_visa", { capture_method: "manual" });
  await assert.rejects(client.refunds.create({ payment_intent: held.id }, key()), /successful charge/);
});

test("refunds that are pending, that fail, and that the merchant makes", async (t) => {
  const { fake, client, pay } = await start(t);
  const slow = await pay("pm_card_pendingRefund");
  const pending = fake.dashboardRefund(slow.id, 500);
  assert.deepEqual([pending.status, pending.metadata], ["pending", {}]);
  assert.equal(fake.book()[0].refunded, 0);
  fake.decideRefund(pending.id, "succeeded");
  assert.equal(fake.book()[0].refunded, 500);
  const bad = await pay("pm_card_refundFail");
  const refund = fake.dashboardRefund(bad.id);
  assert.equal(refund.status, "succeeded");
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.equal(fake.refunds.find((one) => one.id === refund.id).status, "failed");
  assert.ok(types(fake).includes("refund.failed"));
  assert.equal((await client.refunds.list({ payment_intent: bad.id })).data[0].failure_reason, "expired_or_canceled_card");
});

test("held money names its end, and a part of it can be taken", async (t) => {
  const { fake, client, key, pay } = await start(t);
  const held = await pay("pm_card_visa", { capture_method: "manual", statement_descriptor_suffix: "ORDER 1" });
  const whole = await client.paymentIntents.retrieve(held.id, { expand: ["latest_charge.refunds"] });
  assert.ok(whole.latest_charge.payment_method_details.card.capture_before > Date.now() / 1000 + 6 * 86_400);
  assert.equal(typeof (await client.paymentIntents.retrieve(held.id)).latest_charge, "string");
  await client.paymentIntents.capture(held.id, { amount_to_capture: 1200 }, key());
  assert.equal(fake.book()[0].captured, 1200);
  fake.dashboardRefund(held.id, 200);
  const after = await client.paymentIntents.retrieve(held.id, { expand: ["latest_charge.refunds"] });
  assert.deepEqual(after.latest_charge.refunds.data.map((refund) => refund.amount), [200]);
  await assert.rejects(client.paymentIntents.retrieve(held.id, { expand: ["customer"] }), /expanded/);
  await assert.rejects(pay("pm_card_visa", { statement_descriptor_suffix: "x".repeat(23) }), /descriptor/);
});

test("disputes, and books with a line for each movement", async (t) => {
  const { fake, client, key, pay } = await start(t);
  const intent = await pay();
  const lost = await pay("pm_card_createDispute");
  const won = fake.openDispute(intent.id, { amount: 1000 });
  await assert.rejects(client.refunds.create({ payment_intent: intent.id }, key()), { code: "charge_disputed" });
  fake.decideDispute(won.id, "won");
  fake.decideDispute(fake.disputes[0].id, "lost");
  assert.throws(() => fake.decideDispute(won.id, "lost"), /already/);
  await client.refunds.create({ payment_intent: intent.id, amount: 300 }, key());
  const lines = [];
  const window = { created: { gte: 0, lt: Math.floor(Date.now() / 1000) + 1 }, limit: 2, expand: ["data.source"] };
  for await (const line of client.balanceTransactions.list(window)) lines.push(line);
  assert.deepEqual(
    lines.map((line) => [line.reporting_category, line.amount, line.source.payment_intent]),
    [
      ["refund", -300, intent.id],
      ["dispute_reversal", 1000, intent.id],
      ["dispute", -1000, intent.id],
      ["dispute", -1999, lost.id],
      ["charge", 1999, lost.id],
      ["charge", 1999, intent.id],
    ],
  );
  const book = Object.fromEntries(fake.book().map((one) => [one.reference, [one.captured, one.refunded, one.charged_back]]));
  assert.deepEqual(book, { [intent.id]: [1999, 300, 0], [lost.id]: [1999, 0, 1999] });
  const seen = types(fake);
  for (const type of ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed"]) {
    assert.ok(seen.includes(type), type);
  }
});

test("faults by callback strike the requests that they choose", async (t) => {
  const asked = [];
  const fault = (request) => {
    asked.push(request.kind);
    return request.kind === "refund" && asked.filter((kind) => kind === "refund").length === 1 ? "500_after" : undefined;
  };
  const { fake, client, pay } = await start(t, { fault });
  const intent = await pay();
  const refund = () => client.refunds.create({ payment_intent: intent.id, amount: 5 }, { idempotencyKey: "lost" });
  await assert.rejects(refund(), { statusCode: 500 });
  assert.equal(fake.book()[0].refunded, 5, "it was made, and the answer was lost");
  assert.equal((await refund()).amount, 5);
  assert.equal(fake.refunds.length, 1);
  fake.setFault(() => "429");
  await assert.rejects(refund(), { statusCode: 429 });
  assert.deepEqual(asked, ["create", "refund", "refund"]);
});

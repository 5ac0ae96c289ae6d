// Proves for several attempts to pay one order: the buyer pays once, whichever attempt brings money and when; the
// stock is held for as long as the order can be paid; nothing is tried while an outcome is unknown.

import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { GRACE, WINDOW, buy, checkout, deliver, inStorage, level, read, retry, shardOf, shop, stock } from "./support/shop.mjs";

const TOTAL = 1_400;
const FIVE = 5 * MINUTE;

async function declined() {
  await stock({ MUG: 1 });
  const { outcome } = await checkout({ shard: shop.shard(), method: "decline", keep_open: true });
  expect(outcome).toMatchObject({ outcome: "payment_declined", order: { status: "open", closing: null } });
  return { id: outcome.order.id };
}

async function waiting(method = "redirect") {
  await stock({ MUG: 1 });
  const order = await buy({ shard: shop.shard(), method, keep_open: true });
  return { id: order.id, first: gateway.paymentOf(order.id) };
}

const kept = (id) => gateway.paymentsOf(id).map((one) => one.captured - one.refunds.reduce((sum, { amount }) => sum + amount, 0));
const attention = async (id) => (await read(id)).attention.map(({ code }) => code);

async function isPaidOnce(id) {
  await drain({ within: 2 * MINUTE });
  const order = await read(id);
  expect(order).toMatchObject({ status: "open", closing: null, invoice_number: `${shop.series}-000001`, claims: [{ claim: { state: "committed" } }] });
  expect(kept(id).toSorted((a, b) => a - b).filter((one) => one !== 0)).toEqual([TOTAL]);
  expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  return order;
}

describe("another attempt", () => {
  test("after a decline pays the order, and the stock was kept for it", async () => {
    const { id } = await declined();
    const before = await read(id);
    await drain({ within: 10 * MINUTE });
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
    const { order } = await retry(id, { method: "redirect" });
    expect(Date.parse(order.payment_window_ends_at)).toBe(clock.now() + WINDOW * SECOND);
    expect(Date.parse(order.claims_expire_at)).toBe(clock.now() + (WINDOW + GRACE) * SECOND);
    const [row] = await inStorage("SkuInventory", shop.sku("MUG"), "SELECT expires_at FROM reservations WHERE state = 'held'");
    expect(row.expires_at).toBe(Date.parse(order.claims_expire_at));
    clock.reach(Date.parse(before.payment_window_ends_at) + MINUTE);
    await drain();
    expect(await read(id)).toMatchObject({ status: "open", closing: null });
    await deliver(gateway.move(gateway.paymentsOf(id)[1], "captured"));
    const paid = await isPaidOnce(id);
    expect(paid.earlier_payments).toMatchObject([{ report: { state: "failed" } }]);
    expect(paid.attention).toEqual([]);
  });

  test("calls off the one before it", async () => {
    const { id, first } = await waiting();
    await retry(id);
    await isPaidOnce(id);
    expect(first.status).toBe("cancelled");
  });

  test("fifty times at once under one key is one", async () => {
    const { id } = await declined();
    const answers = await Promise.all(Array.from({ length: 50 }, () => retry(id, {}, { key: "attempt-2" })));
    expect(answers.filter(({ answer, replayed }) => answer === "moved" && !replayed)).toHaveLength(1);
    expect(gateway.paymentsOf(id)).toHaveLength(2);
    await isPaidOnce(id);
    expect(await retry(id, {}, { key: "attempt-2", fingerprint: "other" })).toEqual({ answer: "key_reused" });
  });

  test("twenty at once under keys of their own end in one payment", async () => {
    const { id } = await declined();
    await Promise.all(Array.from({ length: 20 }, () => retry(id)));
    await isPaidOnce(id);
    expect(await attention(id)).toEqual([]);
  });

  test("is refused while the outcome of one is unknown, and once the order is paid or closed", async () => {
    await stock({ MUG: 2 });
    gateway.suffers("hang");
    const { id } = await buy({ keep_open: true });
    expect(await retry(id)).toMatchObject({ refusal: { refusal: "in_the_way", obstacle: "outcome_unknown" } });
    await drain({ within: 2 * MINUTE });
    expect(await retry(id)).toMatchObject({ refusal: { obstacle: "already_secured" } });
    const other = await buy({ method: "redirect" });
    await drain({ within: (WINDOW + 60) * SECOND });
    expect(await retry(other.id)).toMatchObject({ refusal: { refusal: "order_closed" } });
    expect(gateway.payments.size).toBe(2);
  });

  test("that finds the units gone calls the order off", async () => {
    const { id, first } = await waiting();
    await stock({ CUP: 1 });
    await inStorage("SkuInventory", shop.sku("MUG"), "UPDATE reservations SET expires_at = ?", clock.now());
    expect((await checkout()).outcome.outcome).toBe("placed");
    await retry(id);
    await drain({ within: 2 * MINUTE });
    expect(await read(id)).toMatchObject({ status: "rejected", closing: "insufficient_stock" });
    expect(first.status).toBe("cancelled");
    expect(gateway.paymentsOf(id)).toHaveLength(1);
  });

  test("whose answer is lost is found, and the one before it stays off", async () => {
    const { id } = await declined();
    gateway.suffers("hang", { of: "POST /v1/payments" });
    await retry(id);
    await isPaidOnce(id);
    expect(gateway.paymentsOf(id)).toHaveLength(2);
  });
});

describe("money of an attempt that was called off", () => {
  /** The gateway does not hear of the void before the buyer has paid after all. */
  async function late(method) {
    const { id, first } = await waiting();
    gateway.suffers("connection", { when: "before", of: `POST /v1/payments/${first.id}/cancel` });
    await retry(id, { method });
    return { id, first, second: gateway.paymentsOf(id)[1], event: gateway.move(first, "captured") };
  }

  test("goes back once, if the other has paid", async () => {
    const { id, first, event } = await late("instant");
    await Promise.all([deliver(event), deliver(event)]);
    await drain({ within: FIVE });
    const order = await isPaidOnce(id);
    expect(first.refunds).toMatchObject([{ amount: TOTAL, status: "succeeded" }]);
    expect(order.attention.map(({ code }) => code)).toContain("paid_twice");
  });

  test("pays the order, if the other has not; and the other is called off", async () => {
    const { id, first, second, event } = await late("redirect");
    await deliver(event);
    await isPaidOnce(id);
    expect([first.refunds, second.status]).toEqual([[], "cancelled"]);
  });

  test("goes back once, though its refund's answer is lost", async () => {
    const { id, first, event } = await late("instant");
    gateway.suffers("hang", { of: "POST /v1/refunds" });
    await deliver(event);
    await drain({ within: 10 * MINUTE });
    await isPaidOnce(id);
    expect(first.refunds).toHaveLength(1);
  });
});

describe("another attempt", () => {
  const story = (prepare) => ({
    prepare,
    act: ({ id }) => retry(id, {}, { key: "attempt-2" }),
    retry: ({ id }) => retry(id, {}, { key: "attempt-2" }),
    end: async ({ given: { id } }) => {
      await isPaidOnce(id);
      expect(gateway.paymentsOf(id)).toHaveLength(2);
    },
    within: 7 * MINUTE,
  });

  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("after a decline that %s any crossing pays once", async (_, fault) => {
    expect((await atEveryCrossing(fault, story(declined))).length).toBeGreaterThan(8);
  }, 180 * SECOND);

  test.each(Object.entries(CRASHES))("beside one that waits, that %s any crossing, pays once", async (_, fault) => {
    expect((await atEveryCrossing(fault, story(waiting))).length).toBeGreaterThan(8);
  }, 180 * SECOND);
});

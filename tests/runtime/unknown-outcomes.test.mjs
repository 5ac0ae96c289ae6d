// Proves FAULTS 4: whatever the gateway's answer to a charge suffers, the buyer is never charged twice, an order
// is never paid by a payment that contradicts it, and what is not known is asked again on the schedule (1 min,
// 5 min, 1 h, then daily) until it is known or a person is told.

import { describe, expect, test } from "vitest";
import { DAY, HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { WINDOW, buy, cancel, checkout, deliver, level, read, shop, stock, sync } from "./support/shop.mjs";

const POST = "POST /v1/payments";
const FOREVER = 1_000_000;

async function expectPaidOnce(id) {
  const order = await read(id);
  expect(order).toMatchObject({ status: "open", closing: null, payment: { report: { state: "captured" } } });
  expect([...gateway.payments.values()]).toMatchObject([{ status: "captured", captured: 1_400 }]);
  expect(new Set(gateway.requests(POST).map((call) => call.key)).size).toBe(1);
  expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  return order;
}

describe("the answer to a charge that was made", () => {
  const LOST = ["hang", "connection", "500", "409", "429", "html", "truncated", "huge", "wrong_operation"];

  test.each(LOST)("is lost (%s): it is found again after a minute and not charged twice", async (what) => {
    await stock({ MUG: 5 });
    const trouble = gateway.suffers(what);
    const order = await buy();
    expect(trouble.struck).toBe(1);
    expect(order.payment).toMatchObject({ report: null, operations: [{ kind: "authorize", result: "unknown" }] });
    await drain({ within: 59 * SECOND });
    expect(gateway.calls).toHaveLength(1);
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 1 });
    await drain({ within: 5 * SECOND });
    const paid = await expectPaidOnce(order.id);
    expect(paid.attention).toEqual([]);
    expect(gateway.calls).toHaveLength(2);
  });

  test("is lost, and the buyer comes back before the minute is over", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const { id } = await buy();
    await sync(id);
    await drain();
    await expectPaidOnce(id);
  });

  test("is lost, and the buyer tries again under the same key", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const same = { shard: shop.shard(), key: shop.key() };
    const [first, second] = [await checkout(same), await checkout(same)];
    expect(second).toEqual({ ...first, replayed: true });
    await drain({ within: 2 * MINUTE });
    await expectPaidOnce(first.outcome.order.id);
  });

  test("is lost, and its key forgotten, as when our clock was wrong by a day: it is found and not made again", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const { id } = await buy();
    gateway.answers.clear();
    await drain({ within: 2 * MINUTE });
    await expectPaidOnce(id);
  });

  test("is lost twice: the next question is after five minutes more", async () => {
    await stock({ MUG: 5 });
    // The charge, and the search for it.
    gateway.suffers("500", { times: 2 });
    const began = clock.now();
    const { id } = await buy();
    await drain({ within: 10 * MINUTE });
    await expectPaidOnce(id);
    expect(gateway.calls.map((call) => Math.round((call.at - began) / MINUTE))).toEqual([0, 1, 6]);
  });

  test.each(["hang", "connection", "500", "429", "html"])("is lost, and the search's too (%s), and its key forgotten: it is not made again", async (what) => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const { id } = await buy();
    gateway.answers.clear();
    const trouble = gateway.suffers(what, { of: "GET /v1/payments" });
    await drain({ within: 10 * MINUTE });
    expect(trouble.struck).toBe(1);
    await expectPaidOnce(id);
    expect(gateway.requests(POST)).toHaveLength(1);
  });

  test("is lost, and the gateway refuses to search: its key says that it is the same", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const { id } = await buy();
    gateway.suffers("400", { of: "GET /v1/payments" });
    await drain({ within: 2 * MINUTE });
    await expectPaidOnce(id);
    expect(gateway.requests(POST)).toHaveLength(2);
  });
});

describe("a charge that never reached the gateway", () => {
  test.each(["hang", "connection", "500", "409", "429"])("(%s) is made once, when it is asked again", async (what) => {
    await stock({ MUG: 5 });
    gateway.suffers(what, { when: "before" });
    const { id } = await buy();
    expect(gateway.payments.size).toBe(0);
    await drain({ within: 2 * MINUTE });
    await expectPaidOnce(id);
  });

  test("is given up three minutes after it was sent, though a search failed in between", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang", { when: "before" });
    const { id } = await buy();
    await cancel(id);
    clock.advance(2 * MINUTE);
    const trouble = gateway.suffers("500", { when: "before" });
    await sync(id);
    expect(trouble.struck).toBe(1);
    clock.advance(70 * SECOND);
    await sync(id);
    expect(await read(id)).toMatchObject({ payment: { operations: [{ result: "failed" }] } });
    await drain();
    expect(await read(id)).toMatchObject({ status: "cancelled" });
    expect(gateway.payments.size).toBe(0);
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });
});

describe("a payment that contradicts its order", () => {
  test.each(["wrong_amount", "wrong_currency"])("in the reply alone (%s) does not pay it; the truth does", async (what) => {
    await stock({ MUG: 5 });
    gateway.suffers(what);
    const order = await buy();
    expect(order.payment.report).toBeNull();
    expect(order.attention).toMatchObject([{ code: "payment_mismatch" }]);
    await drain({ within: 59 * SECOND });
    expect(await level("MUG")).toMatchObject({ sold: 0 });
    await drain({ within: 5 * SECOND });
    await expectPaidOnce(order.id);
  });

  test("at the gateway itself never pays the order, however often it is asked, and a person is told", async () => {
    await stock({ MUG: 5 });
    const order = await buy({ method: "wrong_amount" });
    await drain({ within: 40 * DAY });
    const after = await read(order.id);
    expect(after.attention.map(({ code }) => code)).toContain("payment_mismatch");
    expect(after.invoice_number).toBeNull();
    expect(after.payment.operations.filter(({ kind }) => kind === "capture")).toEqual([]);
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
    expect(gateway.payments.size).toBe(1);
  });

  test("by webhook, under another reference, does not pay it", async () => {
    await stock({ MUG: 5 });
    const order = await buy({ method: "pending" });
    const payment = gateway.paymentOf(order.id);
    const event = { id: "evt_forged", payment: { ...payment, id: "pay_other", status: "captured", captured: payment.amount } };
    await deliver(event);
    expect(await read(order.id)).toMatchObject({
      payment: { report: { reference: payment.id, state: "processing" } },
      attention: [{ code: "payment_mismatch" }],
    });
    await deliver(gateway.move(payment, "captured"));
    await drain();
    await expectPaidOnce(order.id);
  });
});

describe("a gateway that does not come back", () => {
  test("is asked on the schedule, then never again, and a person is told", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("500", { when: "before", times: FOREVER });
    const began = clock.now();
    const { id } = await buy();
    await drain({ within: 60 * DAY });
    const order = await read(id);
    expect(order.attention.map(({ code }) => code)).toEqual(["payment_unknown"]);
    // What it is asked in one turn, a search and the charge again, counts once.
    const turns = gateway.calls.map((call) => Math.round((call.at - began) / SECOND) * SECOND);
    const asked = [...new Set(turns)];
    // The window's end is one question more, and so moves those after it.
    expect(asked.slice(0, 4).map((at) => Math.round(at / SECOND))).toEqual([0, 60, 360, WINDOW]);
    const gaps = asked.slice(4).map((at, index) => at - asked[index + 3]);
    expect(gaps.length).toBeGreaterThanOrEqual(4);
    for (const gap of gaps) expect([HOUR, DAY].some((pause) => Math.abs(gap - pause) < MINUTE)).toBe(true);
    expect(asked.length).toBeLessThanOrEqual(10);
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });

  test("until the second day, and never had the charge: the order ends and nobody is charged", async () => {
    await stock({ MUG: 5 });
    const trouble = gateway.suffers("500", { when: "before", times: FOREVER });
    const { id } = await buy();
    await drain({ within: 2 * DAY });
    trouble.left = 0;
    await drain({ within: 2 * DAY });
    const order = await read(id);
    expect(order.status).toBe("expired");
    expect(gateway.payments.size).toBe(0);
    expect(gateway.requests("GET /v1/payments?operation_id=").length).toBeGreaterThan(0);
  });

  test("until the second day, and has the charge: it is found, and the stock is taken again", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const trouble = gateway.suffers("500", { when: "before", times: FOREVER });
    const { id } = await buy();
    await drain({ within: 2 * DAY });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
    trouble.left = 0;
    await drain({ within: 2 * DAY });
    await expectPaidOnce(id);
  });

  test("refuses new operations in the meantime: a cancel asks first what became of the charge", async () => {
    await stock({ MUG: 5 });
    gateway.suffers("hang");
    const trouble = gateway.suffers("500", { when: "before", times: FOREVER });
    const { id } = await buy();
    const { order } = await cancel(id);
    expect(order).toMatchObject({ status: "open", closing: "customer" });
    expect(gateway.requests("POST /v1/payments/")).toEqual([]);
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
    trouble.left = 0;
    await drain({ within: 10 * MINUTE });
    // The buyer's money was taken before anybody called the order off.
    await expectPaidOnce(id);
  });
});

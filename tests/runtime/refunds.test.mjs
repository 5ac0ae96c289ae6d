// Proves for money that goes back: never more than was taken, never twice, whatever answers are lost and whoever
// else gives back too; units that come back are on the shelf once; disputes are seen and not fought.

import { describe, expect, test } from "vitest";
import { DAY, MINUTE, SECOND } from "./support/clock.mjs";
import { plan } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { amountOf, buy, deliver, level, read, refund, shop, stock } from "./support/shop.mjs";

const TOTAL = 3_400;

async function paid(cart = {}) {
  await stock({ MUG: 5 });
  const order = await buy({ shard: shop.shard(), lines: [["MUG", 3]], ...cart });
  await drain();
  return { id: order.id, payment: gateway.paymentOf(order.id) };
}

const given = (payment) => payment.refunds.filter(({ status }) => status === "succeeded").reduce((sum, one) => sum + one.amount, 0);
const results = async (id, kind = "refund") =>
  (await read(id)).payment.operations.filter((one) => one.kind === kind).map((one) => [one.amount_minor, one.result]);
const attention = async (id) => (await read(id)).attention.map(({ code }) => code);
const sent = () => gateway.requests("POST /v1/refunds");
const line = (quantity, restock) => ({ of: "lines", lines: [{ sku: shop.sku("MUG"), quantity, restock }], shipping_minor: 0 });

describe("a refund", () => {
  test("of lines with units for the shelf, of shipping, and of everything that is left", async () => {
    const { id, payment } = await paid();
    await refund(id, line(2, 1));
    await refund(id, { of: "lines", lines: [], shipping_minor: 400 });
    await drain();
    expect(await results(id)).toEqual([[2_000, "succeeded"], [400, "succeeded"]]);
    expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
    expect(await refund(id, line(2, 0))).toMatchObject({ refusal: { refusal: "too_many_units", available: 1 } });
    expect(await refund(id, { of: "lines", lines: [], shipping_minor: 1 })).toMatchObject({ refusal: { available_minor: 0 } });
    await refund(id);
    expect(await refund(id)).toMatchObject({ refusal: { refusal: "nothing_to" } });
    await drain();
    expect(given(payment)).toBe(TOTAL);
    const { refunds, invoice_number: invoice } = await read(id);
    expect(refunds.map((one) => one.credit_note_number)).toEqual([1, 2, 3].map((n) => `${shop.series}-CN-00000${n}`));
    expect(invoice).toBe(`${shop.series}-000001`);
  });

  test("fifty times at once under one key is one refund", async () => {
    const { id, payment } = await paid();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refund(id, amountOf(500), { key: "refund-1" })));
    expect(answers.filter(({ answer, replayed }) => answer === "moved" && !replayed)).toHaveLength(1);
    expect(answers.filter(({ replayed }) => replayed)).toHaveLength(49);
    expect([given(payment), sent().length]).toEqual([500, 1]);
    expect(await refund(id, amountOf(500), { key: "refund-1", fingerprint: "other" })).toEqual({ answer: "key_reused" });
  });

  test("a hundred times at once, each of a tenth, gives back what was taken and no more", async () => {
    const { id, payment } = await paid();
    const answers = await Promise.all(Array.from({ length: 100 }, () => refund(id, amountOf(340))));
    expect(answers.filter(({ answer }) => answer === "moved")).toHaveLength(10);
    await drain();
    expect(given(payment)).toBe(TOTAL);
    expect(await results(id)).toEqual(Array(10).fill([340, "succeeded"]));
  });

  test("a hundred times at once, all of which fit, is done a hundred times and at once", async () => {
    const { id, payment } = await paid();
    const answers = await Promise.all(Array.from({ length: 100 }, () => refund(id, amountOf(34))));
    expect(answers.every(({ answer }) => answer === "moved")).toBe(true);
    expect(given(payment)).toBe(TOTAL);
    expect(sent()).toHaveLength(100);
  });
});

describe("a refund whose answer is lost", () => {
  test.each(["hang", "connection", "500", "409", "429", "html", "truncated", "huge"])("(%s) after it happened is found, and paid out once", async (what) => {
    const { id, payment } = await paid();
    gateway.suffers(what, { of: "POST /v1/refunds" });
    await refund(id, line(1, 1));
    expect(await results(id)).toEqual([[1_000, "unknown"]]);
    expect(await refund(id, amountOf(1))).toMatchObject({ refusal: { obstacle: "outcome_unknown" } });
    await drain({ within: 2 * MINUTE });
    expect(await results(id)).toEqual([[1_000, "succeeded"]]);
    expect([given(payment), payment.refunds.length]).toEqual([1_000, 1]);
    expect(await level("MUG")).toMatchObject({ sold: 2 });
    expect(await attention(id)).toEqual([]);
  });

  test.each(["hang", "connection", "500"])("(%s) and that never arrived is paid out once, later", async (what) => {
    const { id, payment } = await paid();
    gateway.suffers(what, { when: "before", of: "POST /v1/refunds", times: 2 });
    await refund(id, amountOf(1_000));
    await drain({ within: 10 * MINUTE });
    expect([given(payment), payment.refunds.length]).toEqual([1_000, 1]);
  });

  test("because its worker died is not sent as if it were new when another is asked for", async () => {
    const { id, payment } = await paid();
    plan({ at: "POST /v1/refunds", when: "after" });
    await expect(refund(id, amountOf(1_000))).rejects.toThrow(/injected/);
    expect(await refund(id, amountOf(100))).toMatchObject({ refusal: { obstacle: "outcome_unknown" } });
    expect(sent()).toHaveLength(1);
    await drain({ within: 2 * MINUTE });
    expect(await results(id)).toEqual([[1_000, "succeeded"]]);
    expect(payment.refunds).toHaveLength(1);
  });

  test("and its key forgotten, as when our clock was wrong by a day, is found and not paid out again", async () => {
    const { id, payment } = await paid();
    gateway.suffers("hang", { of: "POST /v1/refunds" });
    await refund(id, amountOf(1_000));
    gateway.answers.clear();
    await drain({ within: 2 * MINUTE });
    expect(await results(id)).toEqual([[1_000, "succeeded"]]);
    expect(payment.refunds).toHaveLength(1);
  });

  test.each(["hang", "500", "429"])("and the search's too (%s), and its key forgotten, is not paid out again", async (what) => {
    const { id, payment } = await paid();
    gateway.suffers("hang", { of: "POST /v1/refunds" });
    await refund(id, amountOf(1_000));
    gateway.answers.clear();
    const trouble = gateway.suffers(what, { of: "GET /v1/refunds" });
    await drain({ within: 10 * MINUTE });
    expect(trouble.struck).toBe(1);
    expect(await results(id)).toEqual([[1_000, "succeeded"]]);
    expect(payment.refunds).toHaveLength(1);
    expect(sent()).toHaveLength(1);
  });

  test("for days is looked for and not sent again, and a person is told at the end", async () => {
    const { id } = await paid();
    gateway.suffers("500", { when: "before", of: "", times: 1_000 });
    await refund(id, amountOf(1_000));
    await drain({ within: 20 * DAY });
    expect(await attention(id)).toEqual(["payment_unknown"]);
    expect(sent().length).toBeLessThanOrEqual(5);
    expect(gateway.requests("GET /v1/refunds").length).toBeGreaterThan(0);
  });
});

describe("a refund that the gateway", () => {
  test("refuses puts the order before a person and leaves the money refundable", async () => {
    const { id } = await paid();
    gateway.suffers("400", { when: "before", of: "POST /v1/refunds" });
    await refund(id, amountOf(1_000));
    expect(await results(id)).toEqual([[1_000, "failed"]]);
    expect(await attention(id)).toEqual(["refund_failed"]);
    await refund(id);
    expect(await results(id)).toEqual([[1_000, "failed"], [TOTAL, "succeeded"]]);
  });

  test("can't deliver does so too", async () => {
    const { id } = await paid({ method: "refund_fails" });
    await refund(id, amountOf(1_000));
    await drain();
    expect([await results(id), await attention(id)]).toEqual([[[1_000, "failed"]], ["refund_failed"]]);
  });

  test.each(["succeeded", "failed"])("takes its time with is %s by webhook, or when it is asked", async (end) => {
    const { id, payment } = await paid({ method: "refund_pending" });
    await refund(id, amountOf(1_000));
    await refund(id, amountOf(400));
    expect(await results(id)).toEqual([[1_000, "action_required"], [400, "action_required"]]);
    await deliver(gateway.decideRefund(payment.refunds[0], end));
    gateway.decideRefund(payment.refunds[1], end);
    await drain({ within: 2 * MINUTE });
    expect(await results(id)).toEqual([[1_000, end], [400, end]]);
  });

  test("takes back after its credit note has that one cancelled, and the next one has a note of its own", async () => {
    const { id, payment } = await paid();
    await refund(id, amountOf(1_000));
    await drain();
    await deliver(gateway.decideRefund(payment.refunds[0], "failed"));
    await drain();
    expect(await results(id)).toEqual([[1_000, "failed"]]);
    await refund(id);
    await drain();
    const number = (n) => `${shop.series}-CN-00000${n}`;
    expect((await read(id)).refunds).toMatchObject([
      { amount_minor: 1_000, credit_note_number: number(1), credit_note_cancellations: [{ number: number(2), amount_minor: 1_000 }] },
      { amount_minor: TOTAL, credit_note_number: number(3) },
    ]);
  });
});

describe("at the gateway", () => {
  test("a refund in the dashboard is written down, once, and has its credit note", async () => {
    const { id, payment } = await paid();
    const event = gateway.refund(payment, 1_400);
    await Promise.all([deliver(event), deliver(event), deliver(event)]);
    await drain();
    const order = await read(id);
    expect(await results(id)).toEqual([[1_400, "succeeded"]]);
    expect(order.payment.operations.at(-1)).toMatchObject({ origin: "gateway", reference: payment.refunds[0].id });
    expect(order.refunds).toMatchObject([{ amount_minor: 1_400, credit_note_number: `${shop.series}-CN-000001` }]);
    expect(await refund(id, amountOf(2_001))).toMatchObject({ refusal: { available_minor: 2_000 } });
    expect(sent()).toEqual([]);
  });

  test("a dispute stands in the way of refunds; won it is over, and a second one is lost", async () => {
    const { id, payment } = await paid();
    await deliver(gateway.dispute(payment));
    await drain();
    expect(await results(id, "chargeback")).toEqual([[TOTAL, "action_required"]]);
    expect(await attention(id)).toEqual(["disputed"]);
    expect(await refund(id)).toMatchObject({ answer: "movement_refused", refusal: { obstacle: "disputed" } });
    await deliver(gateway.decideDispute(payment.disputes[0], "won"));
    expect(await results(id, "chargeback")).toEqual([[TOTAL, "failed"]]);
    await deliver(gateway.dispute(payment, 1_000));
    await deliver(gateway.decideDispute(payment.disputes[1], "lost"));
    await drain();
    expect(await results(id, "chargeback")).toEqual([[TOTAL, "failed"], [1_000, "succeeded"]]);
    expect(await refund(id, amountOf(TOTAL))).toMatchObject({ refusal: { available_minor: TOTAL - 1_000 } });
  });
});

describe("a refund with units for the shelf", () => {
  const story = {
    prepare: paid,
    act: ({ id }) => refund(id, line(2, 2), { key: `${shop.tag}-refund` }),
    retry: ({ id }) => refund(id, line(2, 2), { key: `${shop.tag}-refund` }),
    end: async ({ given: { id, payment } }) => {
      expect(await results(id)).toEqual([[2_000, "succeeded"]]);
      expect([payment.refunds.length, payment.refunds[0].amount]).toEqual([1, 2_000]);
      expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
      expect((await read(id)).refunds[0].credit_note_number).toBe(`${shop.series}-CN-000001`);
    },
    within: 7 * MINUTE,
  };

  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("%s any crossing, and ends as it would have", async (_, fault) => {
    expect((await atEveryCrossing(fault, story)).length).toBeGreaterThan(8);
  }, 180 * SECOND);
});

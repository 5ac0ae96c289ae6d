// Proves for money that a merchant moves after it is held: taken in parts and let go, once per key, whatever the
// gateway's answers suffer; and that a hold does not lapse in silence.

import { describe, expect, test } from "vitest";
import { DAY, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { buy, capture, deliver, evictAll, inStorage, level, read, refund, shardOf, stock, sync, voidPayment } from "./support/shop.mjs";

const TOTAL = 2_400;

/** An order whose money is held until somebody asks for it. */
async function held(cart = {}) {
  await stock({ MUG: 5 });
  const order = await buy({ lines: [["MUG", 2]], capture: "on_request", ...cart });
  await drain();
  return { id: order.id, payment: gateway.paymentOf(order.id) };
}

const operations = async (id, kind) =>
  (await read(id)).payment.operations.filter((one) => one.kind === kind).map((one) => [one.amount_minor, one.result]);
const attention = async (id) => (await read(id)).attention.map(({ code }) => code);
const posts = (action) => gateway.requests("POST").filter(({ path }) => path.endsWith(`/${action}`));

describe("held money", () => {
  test("is taken in parts, and the rest is let go", async () => {
    const { id, payment } = await held();
    expect(payment).toMatchObject({ status: "authorized", captured: 0 });
    expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
    expect(await capture(id, 1_000, true)).toMatchObject({ answer: "moved", replayed: false });
    expect(await capture(id, 500, true)).toMatchObject({ answer: "moved" });
    expect(payment).toMatchObject({ status: "authorized", captured: 1_500 });
    expect(await capture(id, 901, true)).toMatchObject({ refusal: { refusal: "too_much", available_minor: 900 } });
    expect(await voidPayment(id)).toMatchObject({ answer: "moved" });
    expect(payment).toMatchObject({ status: "captured", captured: 1_500 });
    expect(await capture(id, 1)).toMatchObject({ answer: "movement_refused" });
    await drain();
    expect(await operations(id, "capture")).toEqual([[1_000, "succeeded"], [500, "succeeded"]]);
    expect(await read(id)).toMatchObject({ status: "open", attention: [], invoice_number: expect.any(String) });
  });

  test("is taken as a whole if nothing is said, and only once", async () => {
    const { id, payment } = await held();
    const answers = await Promise.all([capture(id), capture(id), capture(id)]);
    expect(answers.map(({ answer }) => answer).toSorted()).toEqual(["moved", "movement_refused", "movement_refused"]);
    expect(payment).toMatchObject({ status: "captured", captured: TOTAL });
    expect(posts("capture")).toHaveLength(1);
  });

  test("that is let go closes the order and gives its units back", async () => {
    const { id, payment } = await held();
    await voidPayment(id);
    await drain();
    expect(payment.status).toBe("cancelled");
    expect(await read(id)).toMatchObject({ status: "cancelled", closing: "merchant", attention: [] });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });

  test("is announced to the merchant a day before it lapses; then the gateway is asked", async () => {
    const { id, payment } = await held();
    clock.reach(payment.authorized_until - DAY - MINUTE);
    await drain({ within: 30 * SECOND });
    expect(await attention(id)).toEqual([]);
    await drain({ within: 2 * MINUTE });
    expect(await attention(id)).toEqual(["authorization_expiring"]);
    gateway.move(payment, "cancelled");
    await drain({ within: DAY });
    expect(await read(id)).toMatchObject({ status: "cancelled", closing: "cancelled_at_gateway" });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });

  test("that is taken in the gateway's dashboard is heard of by webhook", async () => {
    const { id, payment } = await held();
    await deliver(gateway.move(payment, "captured"));
    await drain();
    expect(await operations(id, "capture")).toEqual([[TOTAL, "succeeded"]]);
  });
});

describe("a key", () => {
  test("of fifty captures at once is one capture", async () => {
    const { id, payment } = await held();
    const options = { key: "capture-1" };
    const answers = await Promise.all(Array.from({ length: 50 }, () => capture(id, 1_000, true, options)));
    expect(answers.every(({ answer }) => answer === "moved")).toBe(true);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map((one) => one.operations.join())).size).toBe(1);
    expect(payment.captured).toBe(1_000);
    expect(posts("capture")).toHaveLength(1);
  });

  test("belongs to what was asked for: the same body asks for a refund as well", async () => {
    const { id } = await held();
    const options = { key: "one-key" };
    expect(await capture(id, null, false, options)).toMatchObject({ answer: "moved" });
    expect(await refund(id, undefined, options)).toEqual({ answer: "key_reused" });
    expect(await voidPayment(id, options)).toEqual({ answer: "key_reused" });
    expect(await capture(id, null, false, { ...options, fingerprint: "another" })).toEqual({ answer: "key_reused" });
  });
});

const LOST = ["hang", "connection", "500", "truncated", "wrong_reference"];

describe.each(LOST)("an answer that is lost after it happened (%s)", (what) => {
  test("of a capture is found and nothing is taken twice", async () => {
    const { id, payment } = await held();
    gateway.suffers(what, { of: "POST" });
    await capture(id, 1_000, true);
    expect(await operations(id, "capture")).toEqual([[1_000, "unknown"]]);
    expect(await capture(id, 1, true)).toMatchObject({ refusal: { refusal: "in_the_way", obstacle: "outcome_unknown" } });
    expect(await voidPayment(id)).toMatchObject({ refusal: { obstacle: "outcome_unknown" } });
    await drain({ within: 2 * MINUTE });
    expect(await operations(id, "capture")).toEqual([[1_000, "succeeded"]]);
    expect(payment.captured).toBe(1_000);
    expect(new Set(posts("capture").map(({ key }) => key)).size).toBe(1);
  });

  test("of a void is found", async () => {
    const { id, payment } = await held();
    gateway.suffers(what, { of: "POST" });
    await voidPayment(id);
    expect(await operations(id, "void")).toEqual([[TOTAL, "unknown"]]);
    expect(await level("MUG")).toMatchObject({ sold: 2 });
    await drain({ within: 2 * MINUTE });
    expect(payment.status).toBe("cancelled");
    expect(await read(id)).toMatchObject({ status: "cancelled", closing: "merchant" });
  });
});

describe("an account that is not set up any more", () => {
  test("moves nothing, says so, and loses nothing", async () => {
    const { id, payment } = await held();
    const statement = `UPDATE orders SET document = replace(document, '"gateway":"sandbox"', '"gateway":"stripe"')`;
    await inStorage("OrderShard", shardOf(id), statement);
    await evictAll();
    const calls = gateway.calls.length;
    expect(await capture(id)).toMatchObject({ refusal: { refusal: "not_supported", capability: "capture" } });
    expect(await refund(id)).toMatchObject({ refusal: { refusal: "not_supported", capability: "refund" } });
    expect(await sync(id)).toMatchObject({ status: "open", payment: { report: { state: "authorized" } } });
    expect(gateway.calls).toHaveLength(calls);
    await inStorage("OrderShard", shardOf(id), statement.replace("sandbox", "x").replace("stripe", "sandbox").replace('"gateway":"x"', '"gateway":"stripe"'));
    await evictAll();
    await sync(id);
    await capture(id);
    expect(payment).toMatchObject({ status: "captured", captured: TOTAL });
  });
});

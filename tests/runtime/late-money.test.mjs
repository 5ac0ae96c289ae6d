// Proves what the end of time does to an order: a reservation is void at its moment whether or not anybody
// noticed, the window's end calls the payment off before any stock is given back, and money that comes too late
// is either served or put before a person, never silent (FAULTS 6 and 11).

import { describe, expect, test } from "vitest";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { calm, drain, ring } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { GRACE, WINDOW, buy, cancel, checkout, claims, deliver, evictAll, level, read, shardOf, shop, stock, sync } from "./support/shop.mjs";

const windowEnd = (order) => Date.parse(order.payment_window_ends_at);
const claimsEnd = (order) => Date.parse(order.claims_expire_at);
const attention = async (id) => (await read(id)).attention.map(({ code }) => code);

describe("a reservation whose time is over", () => {
  test("frees its units at read time, with no alarm ever fired", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "pending" });
    expect(claimsEnd(order) - clock.now()).toBe((WINDOW + GRACE) * SECOND);
    clock.reach(claimsEnd(order) - 1);
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
    clock.reach(claimsEnd(order));
    expect(await level("MUG")).toMatchObject({ reserved: 0, sold: 0 });
  });

  test("is another buyer's at once, with no alarm ever fired", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "pending" });
    clock.reach(claimsEnd(order) - 1);
    expect((await checkout()).outcome.outcome).toBe("insufficient_stock");
    clock.reach(claimsEnd(order));
    expect((await checkout()).outcome.outcome).toBe("placed");
  });

  test("is taken again for a buyer whose money came late, if the units are still there", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "pending" });
    clock.reach(claimsEnd(order) + MINUTE);
    await deliver(gateway.move(gateway.paymentOf(order.id), "captured"));
    await drain();
    expect(await read(order.id)).toMatchObject({ status: "open", attention: [] });
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("that another buyer took in the meantime puts the paid order before a person", async () => {
    await stock({ MUG: 1 });
    const late = await buy({ method: "pending" });
    clock.reach(claimsEnd(late) + MINUTE);
    const quick = await buy();
    await deliver(gateway.move(gateway.paymentOf(late.id), "captured"));
    await drain();
    expect(await attention(late.id)).toEqual(["stock_gone"]);
    expect(await attention(quick.id)).toEqual([]);
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("and is short, gets the next units that come and is off the person's hands", async () => {
    await stock({ MUG: 2 });
    const late = await buy({ lines: [["MUG", 2]], method: "pending" });
    clock.reach(claimsEnd(late) + MINUTE);
    await buy();
    await deliver(gateway.move(gateway.paymentOf(late.id), "captured"));
    await drain();
    const [told] = (await read(late.id)).attention;
    expect(told).toMatchObject({ code: "stock_gone", detail: `${shop.sku("MUG")}: paid for 2, 1 left` });
    // One unit is too few, and nobody is told of that again.
    await drain({ within: 20 * MINUTE });
    expect(await read(late.id)).toMatchObject({ attention: [told], claims: [{ claim: { state: "short", available: 1 } }] });
    await stock({ MUG: 1 });
    await evictAll();
    await drain({ within: HOUR });
    const served = await read(late.id);
    expect(served).toMatchObject({ status: "open", claims: [{ claim: { state: "committed" } }], attention: [{ ...told, resolved: { by: "cartwright" } }] });
    expect(await level("MUG")).toMatchObject({ sold: 3, reserved: 0 });
    const asked = crossings.trace.length;
    await drain({ within: 2 * HOUR });
    expect(crossings.trace.slice(asked).filter((label) => label === "OrderShard asks SkuInventory")).toEqual([]);
  });
});

describe("the end of the payment window", () => {
  test("calls the payment off and gives the stock back, in that order", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "pending" });
    await drain();
    crossings.forget();
    await drain({ within: WINDOW * SECOND });
    expect(await read(order.id)).toMatchObject({ status: "expired", closing: "payment_window_ended" });
    expect(gateway.paymentOf(order.id).status).toBe("cancelled");
    expect(await level("MUG")).toMatchObject({ reserved: 0, sold: 0 });
    const calls = crossings.trace.filter((label) => /asks (the gateway.*cancel|SkuInventory)/.test(label));
    expect(calls).toEqual(["OrderShard asks the gateway, POST /v1/payments/{id}/cancel", "OrderShard asks SkuInventory"]);
  });

  test("does not come a moment early", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "redirect" });
    clock.reach(windowEnd(order) - 1);
    await ring("OrderShard", shardOf(order.id));
    await calm();
    expect(await read(order.id)).toMatchObject({ status: "open", closing: null });
    expect(gateway.requests("POST /v1/payments/")).toEqual([]);
    await deliver(gateway.move(gateway.paymentOf(order.id), "captured"));
    await drain({ within: HOUR });
    expect(await read(order.id)).toMatchObject({ status: "open", closing: null, attention: [] });
  });

  test("keeps the stock while the gateway does not say that the payment is off", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "redirect" });
    gateway.suffers("500", { when: "before", of: "POST /v1/payments/", times: 1 });
    clock.reach(windowEnd(order));
    await drain({ within: 10 * SECOND });
    expect(await read(order.id)).toMatchObject({ status: "open", closing: "payment_window_ended" });
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
    await drain({ within: 2 * MINUTE });
    expect(await read(order.id)).toMatchObject({ status: "expired" });
    expect(await level("MUG")).toMatchObject({ reserved: 0 });
  });

  test.each(["pending", "redirect"])("finds the money taken (%s, every webhook lost): the order is paid", async (method) => {
    await stock({ MUG: 1 });
    const order = await buy({ method });
    clock.reach(windowEnd(order) - 1);
    gateway.move(gateway.paymentOf(order.id), "captured");
    await drain({ within: MINUTE });
    expect(await read(order.id)).toMatchObject({ status: "open", closing: null, attention: [] });
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("an hour late: the SKU has freed the units by itself, and the payment is called off all the same", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "redirect" });
    clock.reach(windowEnd(order) + HOUR);
    expect(await level("MUG")).toMatchObject({ reserved: 0 });
    await drain();
    expect(await read(order.id)).toMatchObject({ status: "expired" });
    expect(gateway.paymentOf(order.id).status).toBe("cancelled");
  });

  test("that is over before a dead checkout is resumed starts no payment", async () => {
    await stock({ MUG: 1 });
    const shard = shop.shard();
    plan({ at: "asks SkuInventory" });
    await expect(checkout({ shard })).rejects.toThrow(/injected/);
    clock.advance((WINDOW + GRACE) * SECOND + HOUR);
    await drain();
    expect([...gateway.payments.values()]).toEqual([]);
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });
});

describe("a charge that never reached the gateway is not made any more", () => {
  /** The gateway never hears of the charge, and the shop can't know. */
  async function unheard() {
    await stock({ MUG: 1 });
    const trouble = gateway.suffers("connection", { when: "before", times: 1_000 });
    const order = await buy();
    expect(order.payment.operations).toMatchObject([{ kind: "authorize", result: "unknown" }]);
    return { order, trouble };
  }

  test("when the buyer has called the order off", async () => {
    const { order, trouble } = await unheard();
    trouble.left = 0;
    await cancel(order.id);
    await drain({ within: 2 * HOUR });
    expect([...gateway.payments.values()]).toEqual([]);
    expect(await read(order.id)).toMatchObject({ status: "cancelled" });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });

  test("when the payment window is over", async () => {
    const { order, trouble } = await unheard();
    clock.reach(windowEnd(order));
    trouble.left = 0;
    await drain({ within: 2 * HOUR });
    expect([...gateway.payments.values()]).toEqual([]);
    expect(await read(order.id)).toMatchObject({ status: "expired" });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });
});

describe("money that arrives after the order was closed", () => {
  async function closed() {
    await stock({ MUG: 1 });
    const order = await buy({ method: "redirect" });
    expect(await cancel(order.id)).toMatchObject({ answer: "order", order: { status: "cancelled" } });
    await drain();
    expect(await level("MUG")).toMatchObject({ reserved: 0 });
    // The gateway said that it had called the payment off, and took the money after all.
    const payment = gateway.paymentOf(order.id);
    payment.status = "processing";
    return { id: order.id, event: gateway.move(payment, "captured") };
  }

  test("by webhook puts the order before a person", async () => {
    const { id, event } = await closed();
    await deliver(event);
    await drain();
    expect(await attention(id)).toEqual(["paid_after_close"]);
    expect(await read(id)).toMatchObject({ status: "cancelled", invoice_number: null });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });

  test("by webhook, three times, is one attention", async () => {
    const { id, event } = await closed();
    for (let copy = 0; copy < 3; copy += 1) await deliver({ ...event, id: `${event.id}-${copy}` });
    await drain();
    expect(await attention(id)).toEqual(["paid_after_close"]);
  });
});

describe("a cancel", () => {
  test("is refused once the money is taken", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy();
    await drain();
    expect(await cancel(id)).toMatchObject({ answer: "cannot_cancel", order: { status: "open", closing: null } });
    expect(await level("MUG")).toMatchObject({ sold: 1 });
  });

  test("that the gateway answers with \"already paid\" leaves the order paid", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy({ method: "redirect" });
    gateway.move(gateway.paymentOf(id), "captured");
    expect(await cancel(id)).toMatchObject({ answer: "cannot_cancel", order: { status: "open", closing: null } });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("twice at once, and a sync between, is one cancel at the gateway", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy({ method: "redirect" });
    await Promise.all([cancel(id), sync(id), cancel(id)]);
    await drain();
    expect(await read(id)).toMatchObject({ status: "cancelled", attention: [] });
    expect(new Set(gateway.requests("POST /v1/payments/").map((call) => call.key)).size).toBe(1);
  });

  test("races with the webhook of the payment: the order is either paid or closed with a person told", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy({ method: "redirect" });
    const event = gateway.move(gateway.paymentOf(id), "captured");
    await Promise.all([cancel(id), deliver(event)]);
    await drain();
    expect(await read(id)).toMatchObject({ status: "open", closing: null, attention: [] });
  });
});

describe("a claim at the SKU", () => {
  const stranger = "ord_0000000000000070008000000000000000";
  const reserve = (quantity) => ({
    order_id: stranger, command: "reserve", quantity, expires_at: new Date(clock.now() + HOUR).toISOString(),
  });

  test("that comes after its release finds the tombstone, even if it was never made before", async () => {
    await stock({ MUG: 5 });
    expect(await claims("MUG", [{ order_id: stranger, command: "release" }])).toEqual([{ answer: "released" }]);
    expect(await claims("MUG", [reserve(1)])).toEqual([{ answer: "closed" }]);
    expect(await claims("MUG", [{ order_id: stranger, command: "commit", quantity: 1 }])).toEqual([{ answer: "closed" }]);
    expect(await level("MUG")).toMatchObject({ reserved: 0, sold: 0 });
  });

  test("that is made, released and made again stays released", async () => {
    await stock({ MUG: 5 });
    const answers = await claims("MUG", [reserve(2), { order_id: stranger, command: "release" }, reserve(2)]);
    expect(answers).toEqual([{ answer: "held" }, { answer: "released" }, { answer: "closed" }]);
    expect(await level("MUG")).toMatchObject({ reserved: 0 });
  });

  test("that is made again replaces and never adds", async () => {
    shop.strangers = new Set([stranger]);
    await stock({ MUG: 5 });
    expect(await claims("MUG", [reserve(2), reserve(2), reserve(5), reserve(3)])).toEqual(Array(4).fill({ answer: "held" }));
    expect(await level("MUG")).toMatchObject({ reserved: 3 });
    expect(await claims("MUG", [reserve(6)])).toEqual([{ answer: "insufficient", available: 5 }]);
    expect(await level("MUG")).toMatchObject({ reserved: 3 });
  });
});

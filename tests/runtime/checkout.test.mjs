// Proves what a checkout comes to when nothing goes wrong, and when the shop has to refuse it: what is asked of
// each SKU, of the gateway, and what the order says afterwards.

import { describe, expect, test } from "vitest";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { buy, checkout, level, read, shop, stock } from "./support/shop.mjs";

describe("an order that is paid at once", () => {
  test("is open and paid, its stock is sold and its invoice has a number", async () => {
    await stock({ MUG: 10, CUP: 3 });
    const { id } = await buy({ lines: [["MUG", 2], ["CUP", 1]] });
    await drain();
    expect(await read(id)).toMatchObject({
      status: "open",
      closing: null,
      attention: [],
      invoice_number: `${shop.series}-000001`,
      claims: [
        { sku: shop.sku("MUG"), quantity: 2, claim: { state: "committed" } },
        { sku: shop.sku("CUP"), quantity: 1, claim: { state: "committed" } },
      ],
    });
    expect(await level("MUG")).toMatchObject({ received: 10, sold: 2, reserved: 0 });
    expect(await level("CUP")).toMatchObject({ received: 3, sold: 1, reserved: 0 });
    expect(gateway.paymentOf(id)).toMatchObject({ status: "captured", captured: 3_400 });
  });

  test("is asked of the gateway once, under the id of the operation that was written down", async () => {
    await stock({ MUG: 1 });
    const order = await buy();
    const [authorize] = order.payment.operations;
    expect(gateway.calls).toMatchObject([
      {
        method: "POST", path: "/v1/payments", key: authorize.id, authorization: "Bearer sandbox_dev_api_key",
        body: { amount: 1_400, currency: "USD", order_id: order.id, operation_id: authorize.id },
      },
    ]);
  });

  test("holds its stock until it is paid when the gateway is still working on it", async () => {
    await stock({ MUG: 2 });
    const { id } = await buy({ method: "pending" });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 1 });
    expect(await read(id)).toMatchObject({ status: "open", invoice_number: null });
  });

  test("tells the buyer where to go when the gateway asks for it, and nobody else", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ method: "redirect" });
    const url = `https://gateway.test/pay/${gateway.paymentOf(order.id).id}`;
    expect(order.payment.report.action).toEqual({ type: "redirect", url });
    // The invariants look into D1 and the queue for it.
  });
});

describe("two lines of one SKU", () => {
  test("are one claim with their sum", async () => {
    await stock({ MUG: 5 });
    const { claims } = await buy({ lines: [["MUG", 2], ["MUG", 3]] });
    expect(claims).toMatchObject([{ sku: shop.sku("MUG"), quantity: 5 }]);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 5, reserved: 0 });
  });

  test("that are too many only together are refused", async () => {
    await stock({ MUG: 4 });
    const { outcome } = await checkout({ lines: [["MUG", 2], ["MUG", 3]] });
    expect(outcome).toEqual({
      outcome: "insufficient_stock",
      shortages: [{ sku: shop.sku("MUG"), requested: 5, available: 4, reason: "stock" }],
    });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });
});

describe("a refusal", () => {
  test("lists every SKU that falls short, gives the others back and asks nobody for money", async () => {
    await stock({ MUG: 5, CUP: 1 });
    const { outcome } = await checkout({ lines: [["MUG", 2], ["CUP", 2], ["JUG", 1]] });
    expect(outcome.outcome).toBe("insufficient_stock");
    expect(outcome.shortages).toEqual([
      { sku: shop.sku("CUP"), requested: 2, available: 1, reason: "stock" },
      { sku: shop.sku("JUG"), requested: 1, available: 0, reason: "stock" },
    ]);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
    expect(await level("CUP")).toMatchObject({ sold: 0, reserved: 0 });
    expect(gateway.calls).toEqual([]);
  });

  test("by the bank ends the order and frees its stock", async () => {
    await stock({ MUG: 2 });
    const { outcome } = await checkout({ method: "decline" });
    expect(outcome).toMatchObject({
      outcome: "payment_declined",
      order: { status: "rejected", payment: { report: { decline: { code: "card_declined" } } } },
    });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });

  test("by the gateway, which certainly did nothing, ends the order and frees its stock", async () => {
    await stock({ MUG: 2 });
    gateway.suffers("400", { when: "before" });
    const { outcome } = await checkout();
    expect(outcome).toMatchObject({ outcome: "payment_declined", order: { status: "rejected" } });
    expect(gateway.payments.size).toBe(0);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });
});

describe("other ways to pay", () => {
  test("nothing: an order without a price is placed without a gateway", async () => {
    await stock({ MUG: 1 });
    const order = await buy({ free: true });
    expect(order).toMatchObject({ status: "open", payment: null });
    expect(gateway.calls).toEqual([]);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("after the stock is committed: the money is held first and taken once", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy({ capture: "manual" });
    await drain();
    expect(gateway.paymentOf(id)).toMatchObject({ status: "captured", captured: 1_400 });
    expect(gateway.requests("POST").map((call) => call.path.replace(/pay_\d+/, "{id}"))).toEqual([
      "/v1/payments", "/v1/payments/{id}/capture",
    ]);
    const order = await read(id);
    expect(order.payment.operations.map(({ kind, result }) => `${kind} ${result}`)).toEqual([
      "authorize succeeded", "capture succeeded",
    ]);
    expect(order.claims).toMatchObject([{ claim: { state: "committed" } }]);
  });
});

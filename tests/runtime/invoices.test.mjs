// Proves that invoice numbers have no gap and no double under concurrency, repeats, lost replies, failed
// transactions and an object that is away: every paid order has exactly one (which every test here ends by
// checking), and no number is used up without an order.

import { describe, expect, test } from "vitest";
import { MINUTE } from "./support/clock.mjs";
import { plan } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { ask, attempt, buy, evictAll, inStorage, level, read, shop, stock } from "./support/shop.mjs";

const issued = async () => (await inStorage("InvoiceSeries", shop.series, "SELECT number FROM invoices ORDER BY number")).map(({ number }) => number);
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);
const orderId = (n) => `ord_00000000000000700080000000000000${String(n).padStart(2, "0")}`;

/** Asks the series itself, as a shard does; no order of the shop is meant. */
const number = (...orders) => ask("InvoiceSeries", shop.series, { series: shop.series, order_ids: orders.map(orderId) });
const text = (n) => `${shop.series}-${String(n).padStart(6, "0")}`;

describe("numbers", () => {
  test("of 60 orders paid at once in four shards are 1 to 60", async () => {
    await stock({ MUG: 60 });
    const shards = Array.from({ length: 4 }, () => shop.shard());
    await Promise.all(Array.from({ length: 60 }, (_, n) => buy({ shard: shards[n % 4] })));
    await drain();
    expect(await issued()).toEqual(upTo(60));
  });

  test("are used up by paid orders only", async () => {
    await stock({ MUG: 60 });
    for (const method of ["instant", "pending", "instant", "redirect", "instant"]) await buy({ method });
    await drain();
    expect(await issued()).toEqual(upTo(3));
  });

  test("are given once per order, however often and with whomever they are asked for", async () => {
    expect(await number(1, 2)).toEqual({ numbers: [text(1), text(2)] });
    expect(await number(2, 3, 1, 3)).toEqual({ numbers: [text(2), text(3), text(1), text(3)] });
    await evictAll();
    expect(await number(3, 4)).toEqual({ numbers: [text(3), text(4)] });
    expect(await number()).toEqual({ numbers: [] });
    expect(await issued()).toEqual(upTo(4));
  });

  test("of two series are counted apart", async () => {
    await stock({ MUG: 5 });
    const other = `${shop.tag}-CRN`;
    const first = await buy();
    const second = await buy({ invoice_series: other });
    await drain();
    expect((await read(first.id)).invoice_number).toBe(`${shop.series}-000001`);
    expect((await read(second.id)).invoice_number).toBe(`${other}-000001`);
  });

  test("that a transaction could not keep are not used up", async () => {
    expect(await number(1)).toEqual({ numbers: [text(1)] });
    for (const when of ["before", "inside"]) {
      const failing = plan({ at: "InvoiceSeries transaction", when, what: "fail" });
      expect(await attempt(number(2, 3))).toBeUndefined();
      expect(failing.struck).toBe(1);
    }
    expect(await issued()).toEqual([1]);
    expect(await number(3, 2)).toEqual({ numbers: [text(2), text(3)] });
  });

  test("of a list of which one id can't be read are not given at all", async () => {
    const ids = [orderId(1), "ord_nonsense", orderId(2)];
    expect(await attempt(ask("InvoiceSeries", shop.series, { series: shop.series, order_ids: ids }))).toBeUndefined();
    expect(await issued()).toEqual([]);
  });
});

describe("a series that is away", () => {
  test.each([["before", "crash"], ["after", "fail"], ["before", "fail"]])("(%s it is asked: %s) delays the number and nothing else", async (when, what) => {
    await stock({ MUG: 5 });
    plan({ at: "asks InvoiceSeries", when, what, times: 7 });
    const { id } = await buy();
    await drain({ within: 5 * MINUTE });
    expect(await read(id)).toMatchObject({ status: "open", invoice_number: text(1), attention: [] });
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
    expect(await issued()).toEqual([1]);
  });
});

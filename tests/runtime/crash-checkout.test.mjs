// Proves FAULTS 3 for the checkout: an object that dies at any crossing (each storage transaction, each call to
// a SKU, the gateway, the invoice series and the queue; before and after) is resumed by its alarm, and the
// buyer who tries again under the same key gets the one order.

import { describe, expect, test } from "vitest";
import { MINUTE } from "./support/clock.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { checkout, level, read, shop, stock } from "./support/shop.mjs";

const ONE = [["MUG", 2]];
const THREE = [["MUG", 2], ["CUP", 1], ["JUG", 3]];

/** A buyer whose card is charged in the gateway's answer. */
function buying(lines) {
  return {
    within: 10 * MINUTE,
    prepare: async () => {
      await stock(Object.fromEntries(lines.map(([name]) => [name, 5])));
      return { shard: shop.shard(), key: shop.key(), lines };
    },
    act: (given) => checkout(given),
    retry: (given) => checkout(given),
    end: async ({ given, told, answer }) => {
      expect(answer.outcome?.outcome).toBe("placed");
      const order = await read(answer.outcome.order.id);
      expect(order).toMatchObject({ status: "open", attention: [], invoice_number: `${shop.series}-000001` });
      if (told?.outcome) expect(told.outcome.order.id).toBe(order.id);
      expect([...gateway.payments.values()].map((payment) => payment.captured)).toEqual([order.cart.totals.total_minor]);
      for (const [name, quantity] of given.lines) {
        expect(await level(name)).toMatchObject({ sold: quantity, reserved: 0 });
      }
    },
  };
}

const EVERY_KIND_OF_CROSSING = [
  "OrderShard transaction",
  "OrderShard asks SkuInventory",
  "SkuInventory MUG transaction",
  "OrderShard asks the gateway, POST /v1/payments",
  "OrderShard asks InvoiceSeries",
  "InvoiceSeries transaction",
  "OrderShard sends to the queue",
  "SkuInventory MUG sends to the queue",
];

describe("a checkout of one SKU", () => {
  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("that %s any crossing ends as one paid order", async (_, fault) => {
    expect(await atEveryCrossing(fault, buying(ONE))).toEqual(expect.arrayContaining(EVERY_KIND_OF_CROSSING));
  });
});

describe("a checkout of three SKUs", () => {
  test.each(Object.entries(CRASHES))("that %s any crossing ends as one paid order", async (_, fault) => {
    expect(await atEveryCrossing(fault, buying(THREE))).toEqual(expect.arrayContaining(EVERY_KIND_OF_CROSSING));
  });
});

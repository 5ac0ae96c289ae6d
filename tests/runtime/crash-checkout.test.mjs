// Proves FAULTS 3 for the checkout: an object that dies at any crossing (each storage transaction, each call to
// a SKU, the gateway, the invoice series and the queue; before and after) is resumed by its alarm, and the
// buyer who tries again under the same key gets the one order.

import { describe, expect, test } from "vitest";
import { MINUTE } from "./support/clock.mjs";
import { atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { checkout, level, read, shop, stock } from "./support/shop.mjs";

const CARTS = {
  "one SKU": [["MUG", 2]],
  "three SKUs": [["MUG", 2], ["CUP", 1], ["JUG", 3]],
};

const FAULTS = {
  "dies before": { what: "crash", when: "before" },
  "dies after": { what: "crash", when: "after" },
  "hears of a failure before": { what: "fail", when: "before" },
  "loses the reply after": { what: "fail", when: "after" },
};

/** A buyer whose card is charged in the gateway's answer. */
function buying(lines) {
  return {
    within: 10 * MINUTE,
    prepare: async () => {
      await stock({ MUG: 5, CUP: 5, JUG: 5 });
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

describe.each(Object.entries(CARTS))("a checkout of %s", (_, lines) => {
  test.each(Object.entries(FAULTS))("that %s any crossing ends as one paid order", async (_, fault) => {
    const struck = await atEveryCrossing(fault, buying(lines));
    console.log(struck.length);
    expect(struck).toEqual(expect.arrayContaining([
      "OrderShard transaction",
      "OrderShard asks SkuInventory",
      "SkuInventory transaction",
      "OrderShard asks the gateway, POST /v1/payments",
      "OrderShard asks InvoiceSeries",
      "InvoiceSeries transaction",
      "OrderShard sends to the queue",
    ]));
  });
});

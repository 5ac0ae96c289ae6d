// Proves FAULTS 3 for checkouts that come to nothing, and for those whose money is taken only after the stock
// is committed: wherever an object dies, nothing stays held, nobody is charged for nothing, and a retry under
// the same key tells what came of the first try.

import { describe, expect, test } from "vitest";
import { MINUTE } from "./support/clock.mjs";
import { CRASHES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { checkout, level, read, shop, stock } from "./support/shop.mjs";

const buyer = (cart) => ({
  within: 10 * MINUTE,
  act: (given) => checkout(given),
  retry: (given) => checkout(given),
  prepare: async () => {
    await stock({ MUG: 5, CUP: 1 });
    return { shard: shop.shard(), key: shop.key(), ...cart };
  },
});

const STORIES = {
  "short of one of two SKUs": {
    ...buyer({ lines: [["MUG", 2], ["CUP", 3]] }),
    end: async ({ answer }) => {
      expect(answer.outcome).toEqual({
        outcome: "insufficient_stock",
        shortages: [{ sku: shop.sku("CUP"), requested: 3, available: 1, reason: "stock" }],
      });
      expect(gateway.calls).toEqual([]);
      expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
    },
  },
  "declined by the bank": {
    ...buyer({ lines: [["MUG", 2]], method: "decline" }),
    end: async ({ answer }) => {
      // An order whose answer was lost is placed first and rejected when the gateway is asked again.
      const order = await read(answer.outcome.order.id);
      expect(order).toMatchObject({ status: "rejected", attention: [] });
      expect(["payment_declined", "placed"]).toContain(answer.outcome.outcome);
      expect([...gateway.payments.values()]).toMatchObject([{ status: "failed", captured: 0 }]);
      expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
    },
  },
  "charged after the stock is committed": {
    ...buyer({ lines: [["MUG", 2]], capture: "manual" }),
    end: async ({ answer }) => {
      const order = await read(answer.outcome.order.id);
      expect(order).toMatchObject({ status: "open", attention: [] });
      expect([...gateway.payments.values()]).toMatchObject([{ status: "captured", captured: 2_400 }]);
      expect(order.payment.operations.map(({ kind, result }) => `${kind} ${result}`)).toEqual([
        "authorize succeeded", "capture succeeded",
      ]);
      expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
    },
  },
};

describe.each(Object.entries(STORIES))("a checkout %s", (_, story) => {
  test.each(Object.entries(CRASHES))("that %s any crossing ends as it would have", async (_, fault) => {
    expect((await atEveryCrossing(fault, story)).length).toBeGreaterThan(10);
  });
});

// Proves FAULTS 3 where many orders share one commit: six buyers at once in one shard, and the shard dies, or its
// transaction fails, at any crossing. Every buyer who tries again gets the one order that is theirs.

import { describe, expect, test } from "vitest";
import { MINUTE } from "./support/clock.mjs";
import { CRASHES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { attempt, checkout, level, read, shop, stock } from "./support/shop.mjs";

const BUYERS = 6;

const crowd = (given) => Promise.all(given.carts.map((cart) => attempt(checkout(cart))));

const STORY = {
  within: 7 * MINUTE,
  prepare: async () => {
    await stock({ MUG: 4, CUP: 9 });
    const shard = shop.shard();
    const lines = (buyer) => (buyer % 2 ? [["MUG", 1], ["CUP", 1]] : [["MUG", 1]]);
    return { carts: Array.from({ length: BUYERS }, (_, buyer) => ({ shard, key: shop.key(), lines: lines(buyer) })) };
  },
  act: crowd,
  retry: crowd,
  end: async ({ told, answer: answers }) => {
    const kinds = answers.map((answer) => answer.outcome?.outcome);
    expect(kinds.filter((kind) => kind === "placed")).toHaveLength(4);
    expect(kinds.filter((kind) => kind === "insufficient_stock")).toHaveLength(2);
    for (const [buyer, first] of told.entries()) {
      if (first?.outcome) expect(answers[buyer].outcome).toEqual(first.outcome);
    }
    const orders = answers.flatMap((answer) => answer.outcome.order?.id ?? []);
    for (const id of orders) expect(await read(id)).toMatchObject({ status: "open", attention: [] });
    expect([...gateway.payments.values()].map((payment) => payment.order_id).toSorted()).toEqual(orders.toSorted());
    expect(await level("MUG")).toMatchObject({ sold: 4, reserved: 0 });
  },
};

const FAULTS = { ...CRASHES, "fails in its transaction at": { what: "fail", when: "inside" } };

describe("a crowd in one shard", () => {
  test.each(Object.entries(FAULTS))("that %s any crossing of the shard ends with one order for each of four", async (_, fault) => {
    const of = fault.when === "inside" ? /transaction/ : /^OrderShard/;
    expect((await atEveryCrossing(fault, STORY, of)).length).toBeGreaterThan(4);
  });
});

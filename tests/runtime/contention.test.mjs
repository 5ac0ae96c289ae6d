// Proves FAULTS 1 and 5: however many want the same units at once, exactly as many are sold as there are, none
// is left over that somebody wanted, and one key is one order and one call to the gateway.

import { describe, expect, test } from "vitest";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { ask, attempt, checkout, draft, level, shop, stock } from "./support/shop.mjs";

const kinds = (answers) => {
  const count = {};
  for (const answer of answers) {
    const kind = answer?.outcome?.outcome ?? answer?.answer;
    count[kind] = (count[kind] ?? 0) + 1;
  }
  return count;
};

/** So many buyers at once, over so many shards. */
function rush(buyers, shards, cartOf) {
  const names = Array.from({ length: shards }, () => shop.shard());
  return Promise.all(
    Array.from({ length: buyers }, (_, buyer) => checkout({ shard: names[buyer % shards], ...cartOf(buyer) })),
  );
}

describe("scarce units", () => {
  test("1 unit and 1,000 concurrent buyers make exactly 1 order", async () => {
    await stock({ MUG: 1 });
    const answers = await rush(1_000, 16, () => ({}));
    expect(kinds(answers)).toEqual({ placed: 1, insufficient_stock: 999 });
    expect(gateway.calls).toHaveLength(1);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("100 units and 300 buyers make exactly 100 orders", async () => {
    await stock({ MUG: 100 });
    const answers = await rush(300, 8, () => ({}));
    expect(kinds(answers)).toEqual({ placed: 100, insufficient_stock: 200 });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 100, reserved: 0 });
  });

  test("10 units and 50 buyers of 1 to 3 each are sold to the last, and never beyond", async () => {
    await stock({ MUG: 10 });
    const quantity = (buyer) => 1 + (buyer % 3);
    const answers = await rush(50, 4, (buyer) => ({ lines: [["MUG", quantity(buyer)]] }));
    await drain();
    const { sold, reserved } = await level("MUG");
    const placed = answers.flatMap((answer, buyer) => (answer.outcome.outcome === "placed" ? [quantity(buyer)] : []));
    expect(placed.reduce((sum, units) => sum + units, 0)).toBe(sold);
    // Somebody wanted a single unit, so none may be left.
    expect({ sold, reserved }).toEqual({ sold: 10, reserved: 0 });
  });

  test("carts that want each other's units in opposite order end, and nothing stays held", async () => {
    await stock({ MUG: 10, CUP: 10 });
    const forth = [["MUG", 1], ["CUP", 1]];
    const answers = await rush(60, 6, (buyer) => ({ lines: buyer % 2 ? forth : [...forth].reverse() }));
    const { placed, insufficient_stock: refused } = kinds(answers);
    expect(placed + refused).toBe(60);
    expect(placed).toBeLessThanOrEqual(10);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: placed, reserved: 0 });
    expect(await level("CUP")).toMatchObject({ sold: placed, reserved: 0 });
  });

  test("units that a declined buyer gave back are sold to the next", async () => {
    await stock({ MUG: 1 });
    for (const method of ["decline", "decline", "instant"]) {
      await checkout({ method });
      await drain();
    }
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });
});

describe("one key", () => {
  test("100 simultaneous requests make one order and one call to the gateway", async () => {
    await stock({ MUG: 150 });
    const same = { shard: shop.shard(), key: shop.key() };
    const answers = await Promise.all(Array.from({ length: 100 }, () => checkout(same)));
    expect(kinds(answers)).toEqual({ placed: 100 });
    expect(new Set(answers.map((answer) => answer.outcome.order.id)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed)).toHaveLength(1);
    const texts = answers.map((answer) => JSON.stringify(answer.outcome));
    expect(new Set(texts).size).toBe(1);
    expect(gateway.calls).toHaveLength(1);
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
  });

  test("with another body is refused, before, during and after", async () => {
    await stock({ MUG: 5 });
    const first = { shard: shop.shard(), key: shop.key(), fingerprint: "one" };
    const other = { ...first, fingerprint: "other", lines: [["MUG", 2]] };
    const [placed, during] = await Promise.all([checkout(first), checkout(other)]);
    expect(kinds([placed, during])).toEqual({ placed: 1, key_reused: 1 });
    expect(await checkout(other)).toEqual({ answer: "key_reused" });
    expect(gateway.calls).toHaveLength(1);
  });

  test("a refusal for want of stock is told again, though there is stock by now", async () => {
    const same = { shard: shop.shard(), key: shop.key() };
    const first = await checkout(same);
    await stock({ MUG: 5 });
    const second = await checkout(same);
    expect(second).toEqual({ ...first, replayed: true });
    expect(first.outcome.outcome).toBe("insufficient_stock");
  });

  test("a stored answer is told, and only then, to an edge that would refuse the request itself", async () => {
    await stock({ MUG: 5 });
    const shard = shop.shard();
    const key = shop.key();
    const replay = (fingerprint) => ask("OrderShard", shard, { command: "replay", key, fingerprint });
    expect(await replay("body")).toEqual({ answer: "unplaced" });
    const placed = await checkout({ shard, key });
    expect(await replay("body")).toEqual({ ...placed, replayed: true });
    expect(await replay("another")).toEqual({ answer: "key_reused" });
  });

  test("100 keys in one shard at once make 100 orders", async () => {
    await stock({ MUG: 100 });
    const answers = await rush(100, 1, () => ({}));
    expect(kinds(answers)).toEqual({ placed: 100 });
    expect(new Set(answers.map((answer) => answer.outcome.order.id)).size).toBe(100);
  });

  test("a command that can't be read fails alone", async () => {
    await stock({ MUG: 5 });
    const shard = shop.shard();
    const bad = ["", "{}", "null", '{"command":"checkout"}', '{"command":"fly"}', "x".repeat(100_000)];
    const good = { command: "checkout", key: shop.key(), fingerprint: "body", draft: draft() };
    const answers = await Promise.all([...bad, JSON.stringify(good)].map((text) => attempt(ask("OrderShard", shard, text))));
    expect(kinds(answers)).toEqual({ undefined: bad.length, placed: 1 });
  });
});

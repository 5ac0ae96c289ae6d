// Proves what a SKU's object does with its counters: adjustments are made once per key and refused below what is
// claimed, a command that fails leaves nothing behind, and many claims in one call are each decided by itself.

import { describe, expect, test } from "vitest";
import { DAY, HOUR, clock } from "./support/clock.mjs";
import { plan } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { adjust, ask, attempt, buy, checkout, claims, evictAll, inStorage, level, shop, stock } from "./support/shop.mjs";

const MAX_UNITS = 1_000_000_000;
const TABLES = ["level", "reservations", "ledger", "changes"];

/** Everything that a SKU's object holds. */
async function dump(name) {
  const tables = TABLES.map((table) => inStorage("SkuInventory", shop.sku(name), `SELECT * FROM ${table}`));
  return Promise.all(tables);
}

const orderId = (n) => `ord_0000000000000070008000000000${String(n).padStart(6, "0")}`;
const reserve = (n, quantity) => ({
  order_id: orderId(n), command: "reserve", quantity, expires_at: new Date(clock.now() + HOUR).toISOString(),
});
const release = (n) => ({ order_id: orderId(n), command: "release" });

describe("an adjustment", () => {
  test("is made once per key, at once and after a restart, and told again", async () => {
    const key = shop.key();
    const change = { kind: "received", quantity_delta: 7 };
    const [first, second] = [await adjust("MUG", change, { key }), await adjust("MUG", change, { key })];
    expect(first).toMatchObject({ answer: "changed", replayed: false, level: { received: 7 } });
    expect(second).toEqual({ ...first, replayed: true });
    await stock({ MUG: 3 });
    await evictAll();
    expect(await adjust("MUG", change, { key })).toEqual({ ...first, replayed: true });
    expect(await level("MUG")).toMatchObject({ received: 10 });
    const at_once = await Promise.all(Array.from({ length: 20 }, () => adjust("MUG", change, { key })));
    expect(at_once.every((answer) => answer.replayed)).toBe(true);
    expect(await level("MUG")).toMatchObject({ received: 10 });
  });

  test("under a key that was used with another body is refused", async () => {
    const key = shop.key();
    await adjust("MUG", { quantity_delta: 7 }, { key, fingerprint: "one" });
    expect(await adjust("MUG", { quantity_delta: 8 }, { key, fingerprint: "two" })).toEqual({ answer: "key_reused" });
    expect(await level("MUG")).toMatchObject({ adjusted: 7 });
  });

  test("below what is held or sold is refused, to the unit", async () => {
    await stock({ MUG: 10 });
    await buy({ lines: [["MUG", 3]] });
    await buy({ lines: [["MUG", 2]], method: "pending" });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 3, reserved: 2 });
    expect(await adjust("MUG", { quantity_delta: -6 })).toEqual({
      answer: "refused", refusal: { refusal: "units_claimed", removable: 5 },
    });
    expect(await adjust("MUG", { quantity_delta: -5 })).toMatchObject({ answer: "changed" });
    expect((await checkout()).outcome.outcome).toBe("insufficient_stock");
  });

  test("beyond what can be counted is refused, and the bound itself is not", async () => {
    expect(await adjust("MUG", { quantity_delta: MAX_UNITS + 1 })).toEqual({ answer: "refused", refusal: { refusal: "out_of_range" } });
    expect(await adjust("MUG", { quantity_delta: MAX_UNITS })).toMatchObject({ answer: "changed", level: { adjusted: MAX_UNITS } });
    expect(await adjust("MUG", { quantity_delta: 1 })).toMatchObject({ answer: "refused" });
    expect(await adjust("MUG", { quantity_delta: -MAX_UNITS })).toMatchObject({ level: { adjusted: 0 } });
  });

  test("of the back-order limit lets units be sold that are not there, and can't be taken back below that", async () => {
    await stock({ MUG: 1 });
    await adjust("MUG", { back_order_limit: 2 });
    await buy({ lines: [["MUG", 3]] });
    await drain();
    expect(await level("MUG")).toMatchObject({ received: 1, sold: 3, reserved: 0 });
    expect(await adjust("MUG", { back_order_limit: 1 })).toMatchObject({ answer: "refused" });
    expect((await checkout()).outcome.outcome).toBe("insufficient_stock");
    await stock({ MUG: 2 });
    expect(await adjust("MUG", { back_order_limit: 0 })).toMatchObject({ answer: "changed" });
  });

  test("is remembered for a day at least", async () => {
    const key = shop.key();
    const change = { quantity_delta: 1 };
    await adjust("MUG", change, { key });
    clock.advance(DAY);
    await adjust("MUG", change);
    expect(await adjust("MUG", change, { key })).toMatchObject({ replayed: true });
    expect(await level("MUG")).toMatchObject({ adjusted: 2 });
  });
});

describe("a command that fails", () => {
  const change = () => claims("MUG", [reserve(1, 2), release(1), reserve(2, 1)]);

  test.each(["before", "inside"])("in its transaction (%s) leaves nothing", async (when) => {
    shop.strangers = new Set([orderId(2)]);
    await stock({ MUG: 5 });
    await drain();
    const whole = await dump("MUG");
    for (const command of [change, () => adjust("MUG", { quantity_delta: 3 })]) {
      const failing = plan({ at: "SkuInventory MUG transaction", when, what: "fail" });
      expect(await attempt(command())).toBeUndefined();
      expect(failing.struck).toBe(1);
      expect(await dump("MUG")).toEqual(whole);
    }
    await evictAll();
    expect(await change()).toEqual([{ answer: "held" }, { answer: "released" }, { answer: "held" }]);
  });

  test("because SQLite refuses its second statement leaves nothing of the first", async () => {
    shop.strangers = new Set([orderId(2)]);
    await stock({ MUG: 5 });
    await drain();
    const whole = await dump("MUG");
    const sql = (statement) => inStorage("SkuInventory", shop.sku("MUG"), statement);
    await sql("CREATE TRIGGER refuse BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
    expect(await attempt(change())).toBeUndefined();
    expect(await attempt(adjust("MUG", { quantity_delta: 3 }))).toBeUndefined();
    await sql("DROP TRIGGER refuse");
    expect(await dump("MUG")).toEqual(whole);
    await evictAll();
    expect(await change()).toEqual([{ answer: "held" }, { answer: "released" }, { answer: "held" }]);
  });

  test("because the counters would break their own rule leaves nothing", async () => {
    await stock({ MUG: 5 });
    await drain();
    const whole = await dump("MUG");
    const oversell = "UPDATE level SET document = json_set(document, '$.reserved', 6)";
    await expect(inStorage("SkuInventory", shop.sku("MUG"), oversell)).rejects.toThrow(/CHECK/);
    expect(await dump("MUG")).toEqual(whole);
  });

  test("because it can't be read changes nothing", async () => {
    await stock({ MUG: 5 });
    await drain();
    const whole = await dump("MUG");
    const bad = [
      "", "{}", '{"command":"claims"}', '{"command":"claims","claims":[{}]}',
      JSON.stringify({ command: "claims", claims: [reserve(1, 1), { ...reserve(2, 1), quantity: -1 }] }),
      JSON.stringify({ command: "claims", claims: [{ ...reserve(1, 1), quantity: 1.5 }] }),
      JSON.stringify({ command: "claims", claims: [{ ...reserve(1, 1), order_id: "ord_x" }] }),
    ];
    for (const command of bad) expect(await attempt(ask("SkuInventory", shop.sku("MUG"), command)), command).toBeUndefined();
    expect(await dump("MUG")).toEqual(whole);
  });
});

describe("200 claims in one call", () => {
  test("are answered each by itself and in their order", async () => {
    shop.strangers = new Set(Array.from({ length: 200 }, (_, n) => orderId(n)));
    await stock({ MUG: 100 });
    const answers = await claims("MUG", Array.from({ length: 200 }, (_, n) => reserve(n, 1)));
    expect(answers.map(({ answer }) => answer)).toEqual([...Array(100).fill("held"), ...Array(100).fill("insufficient")]);
    expect(await level("MUG")).toMatchObject({ reserved: 100 });
  });

  test("see the units that one before them gave back", async () => {
    shop.strangers = new Set([orderId(2)]);
    await stock({ MUG: 1 });
    const answers = await claims("MUG", [reserve(1, 1), reserve(2, 1), release(1), reserve(2, 1)]);
    expect(answers.map(({ answer }) => answer)).toEqual(["held", "insufficient", "released", "held"]);
  });
});

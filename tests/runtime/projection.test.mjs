// Proves FAULTS 10 and 12 and invariant 8: D1 and the queue may be down, refuse, lose, repeat and shuffle; a checkout
// never notices, nothing is lost, and at rest D1 equals the objects (which every test here ends by checking).

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { HOUR, MINUTE, SECOND } from "./support/clock.mjs";
import { database } from "./support/database.mjs";
import { drain } from "./support/drain.mjs";
import { queue } from "./support/queue.mjs";
import { buy, evictAll, level, read, shop, stock } from "./support/shop.mjs";

const rowOf = (id) => env.DB.prepare("SELECT * FROM orders WHERE id = ?").bind(id).first();
const rows = async (table) =>
  (await env.DB.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()).results;

describe("a database that is down", () => {
  test.each(["down", "loses replies"])("(%s) costs a checkout nothing but the delay of its copy", async (mode) => {
    await stock({ MUG: 5 });
    database.mode = mode;
    const { id } = await buy();
    await drain({ within: MINUTE });
    expect(await read(id)).toMatchObject({ status: "open", invoice_number: `${shop.series}-000001` });
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
    expect(database.troubles).toBeGreaterThan(0);
    if (mode === "down") expect(await rowOf(id)).toBeNull();
    database.mode = "up";
    await drain({ within: 10 * MINUTE });
    expect(await rowOf(id)).toMatchObject({ status: "open", payment_status: "paid", total_minor: 1_400 });
  });

  test("for an hour, with many orders, is caught up with", async () => {
    await stock({ MUG: 50 });
    database.mode = "down";
    const shards = [shop.shard(), shop.shard()];
    const bought = await Promise.all(Array.from({ length: 30 }, (_, n) => buy({ shard: shards[n % 2] })));
    await drain({ within: HOUR });
    database.mode = "up";
    await drain({ within: 10 * MINUTE });
    for (const { id } of bought) expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
  });
});

describe("a queue that refuses", () => {
  test("everything for a while delays the copy and nothing else", async () => {
    await stock({ MUG: 5 });
    queue.refuses = () => true;
    const { id } = await buy();
    await drain({ within: MINUTE });
    expect(await read(id)).toMatchObject({ status: "open", invoice_number: `${shop.series}-000001` });
    expect(queue.taken).toEqual([]);
    queue.refuses = () => false;
    await drain({ within: 10 * MINUTE });
    expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
  });

  test("one message delays that message only, however many travel with it", async () => {
    await stock({ MUG: 100 });
    const shard = shop.shard();
    const bought = await Promise.all(Array.from({ length: 60 }, () => buy({ shard })));
    const poisoned = bought[17].id;
    queue.refuses = (messages) => messages.some(({ body }) => body.includes(`"id":"${poisoned}"`));
    await drain({ within: MINUTE });
    for (const { id } of bought) expect((await rowOf(id)) !== null).toBe(id !== poisoned);
    queue.refuses = () => false;
    await drain({ within: 10 * MINUTE });
    expect(await rowOf(poisoned)).toMatchObject({ payment_status: "paid" });
  });
});

describe("a queue that takes messages and", () => {
  test("loses them: they are sent again until D1 has them", async () => {
    await stock({ MUG: 5 });
    const { id } = await buy();
    for (let round = 0; round < 3; round += 1) {
      queue.held = true;
      await drain({ within: 10 * SECOND });
      expect(queue.waiting.length).toBeGreaterThan(0);
      queue.waiting = [];
      expect(await rowOf(id)).toBeNull();
    }
    queue.held = false;
    await drain({ within: 10 * MINUTE });
    expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
  });

  test("delivers them in any order and five times each: D1 is the same", async () => {
    await stock({ MUG: 20, CUP: 20 });
    const shard = shop.shard();
    for (let n = 0; n < 5; n += 1) {
      await buy({ shard, lines: [["MUG", 1], ["CUP", 2]], method: n % 2 ? "instant" : "pending" });
      await drain();
    }
    const before = { orders: await rows("orders"), levels: await rows("stock_levels") };
    const all = queue.taken.map((body) => ({ body, attempts: 0, notBefore: 0 }));
    expect(all.length).toBeGreaterThan(10);
    const orders = [all, all.toReversed(), all.toSorted((a, b) => a.body.length - b.body.length)];
    for (const [round, order] of [...orders, all.toReversed(), all].entries()) {
      await queue.hand(order.map((one, index) => ({ ...one, id: `again-${round}-${index}` })));
    }
    expect({ orders: await rows("orders"), levels: await rows("stock_levels") }).toEqual(before);
  });

  test("holds them for an hour while the order moves on: the old copy never replaces the new one", async () => {
    await stock({ MUG: 5 });
    queue.held = true;
    const { id } = await buy();
    await drain({ within: 5 * SECOND });
    const old = queue.waiting.filter((one) => one.body.includes(id));
    queue.waiting = [];
    queue.held = false;
    await drain({ within: 10 * MINUTE });
    const now = await rowOf(id);
    await queue.hand(old);
    expect(await rowOf(id)).toEqual(now);
  });
});

describe("a message that can't be read", () => {
  const POISON = ["", "{", "null", "[]", "{}", '{"kind":"order"}', '{"kind":"unheard_of"}', '{"kind":"stock","sku":"X"}', "\u0000"];

  test("does not keep the 999 beside it from D1, and is given up in the end", async () => {
    await stock({ MUG: 300 });
    const shards = [shop.shard(), shop.shard()];
    queue.held = true;
    const bought = await Promise.all(Array.from({ length: 120 }, (_, n) => buy({ shard: shards[n % 2] })));
    await drain({ within: SECOND });
    queue.put(...POISON);
    queue.waiting.sort(() => (queue.waiting.length % 2 ? 1 : -1));
    queue.held = false;
    await drain({ within: MINUTE });
    for (const { id } of bought) expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
    await drain({ within: HOUR });
    expect(queue.dead.toSorted()).toEqual(POISON.toSorted());
    expect(queue.waiting).toEqual([]);
  });
});

describe("the platform's own queue", () => {
  test("carries an order to D1", async () => {
    await stock({ MUG: 5 });
    queue.real = true;
    const { id } = await buy();
    await drain({ within: SECOND });
    await expect.poll(() => rowOf(id), { timeout: 10_000, interval: 100 }).toMatchObject({ payment_status: "paid" });
    expect(queue.taken).toEqual([]);
    // From here on the tests' own queue: the invariants want to know everything that is told.
    queue.real = false;
    await env.DB.prepare("DELETE FROM orders WHERE id = ?").bind(id).run();
    await drain({ within: MINUTE });
    expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
  });
});

describe("an object that rests between its alarms", () => {
  test("tells lists of a change once, however often it is woken up", async () => {
    await stock({ MUG: 5 });
    await drain({ within: MINUTE });
    const before = queue.taken.length;
    await buy();
    for (let wakes = 0; wakes < 12; wakes += 1) {
      await evictAll();
      await drain({ within: 1.5 * SECOND });
    }
    const told = queue.taken.slice(before).map((body) => JSON.parse(body).kind);
    const times = (kind) => told.filter((one) => one === kind).length;
    // The shelf is told of units set aside and sold, which is one telling or two.
    expect(times("stock")).toBeLessThanOrEqual(2);
    expect(times("invoices")).toBe(1);
  });
});

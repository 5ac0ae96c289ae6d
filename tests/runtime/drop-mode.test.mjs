// Proves drop mode: a SKU's units spread over several objects are sold to the last one and never beyond, while
// buyers rush, objects die between any two steps, and drop mode is switched on and off; and that what is shown
// of the SKU is the whole. (The invariants of every runtime test hold for slices as well.)

import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { calm, drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { SECRET_KEY, openDoors, send } from "./support/http.mjs";
import { lives } from "./support/objects.mjs";
import {
  adjust, ask, attempt, buy, cancel, change, checkout, evictAll, inStorage, level, read, refund, shop, stock,
} from "./support/shop.mjs";

/** Sets drop mode, if settings are given, and reads it. */
const spread = async (name, settings = null) =>
  (await ask("SkuInventory", shop.sku(name), { command: "spread", settings })).report;
const on = (name, slices) => spread(name, { slices, automatic_above_per_second: null });
const off = (name) => spread(name, { slices: 0, automatic_above_per_second: null });

const available = ({ balances }) => balances.reduce((sum, one) => sum + one.on_hand - one.reserved, 0);
const kindOf = (answer) => answer?.outcome?.outcome ?? answer?.answer;
const count = (answers, kind) => answers.filter((answer) => kindOf(answer) === kind).length;

/** A slice's own counters, as they are stored. */
async function ownLevel(name, slice) {
  const [row] = await inStorage("SkuInventory", `${shop.sku(name)}~${slice}`, "SELECT document FROM level");
  return row ? JSON.parse(row.document) : { sold: 0, reserved: 0, balances: [] };
}
const ownLevels = (name, slices) => Promise.all(Array.from({ length: slices }, (_, slice) => ownLevel(name, slice)));

/** Shards that know that a SKU is spread: each has sold one unit of it. */
async function shardsThatKnow(name, number) {
  const shards = Array.from({ length: number }, () => shop.shard());
  await Promise.all(shards.map((shard) => buy({ shard, lines: [[name, 1]] })));
  return shards;
}

const carts = (shards, buyers, name = "MUG", more = {}) =>
  Array.from({ length: buyers }, (_, buyer) => ({ shard: shards[buyer % shards.length], key: shop.key(), lines: [[name, 1]], ...more }));
const rush = (list) => Promise.all(list.map((cart) => attempt(checkout(cart))));

/** Everybody asks until everybody has an answer that will not change. */
async function untilDecided(list, rounds = 6) {
  let answers = [];
  for (let round = 0; round < rounds; round += 1) {
    answers = await rush(list);
    if (answers.every((answer) => kindOf(answer) === "placed" || kindOf(answer) === "insufficient_stock")) return answers;
    await drain({ within: 30 * SECOND });
  }
  throw new Error(`not decided: ${JSON.stringify(answers.map(kindOf))}`);
}

describe("1,000 concurrent buyers", () => {
  test("of 200 units over 4 slices buy exactly 200", async () => {
    await stock({ MUG: 200 });
    await on("MUG", 4);
    const shards = await shardsThatKnow("MUG", 16);
    const answers = await rush(carts(shards, 1_000));
    expect(count(answers, "placed") + 16).toBe(200);
    expect(count(answers, "insufficient_stock")).toBe(1_000 - 184);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 200, reserved: 0 });
    const slices = await ownLevels("MUG", 4);
    expect(slices.every((slice) => slice.sold > 10)).toBe(true);
    expect(slices.every((slice) => available(slice) === 0)).toBe(true);
  });

  test("of 3 units over 8 slices buy exactly 3: too few to be dealt", async () => {
    await stock({ MUG: 3 });
    await on("MUG", 8);
    const answers = await rush(carts([shop.shard(), shop.shard()], 1_000));
    expect(count(answers, "placed")).toBe(3);
    expect(count(answers, "insufficient_stock")).toBe(997);
  });

  test("while it is switched on, to fewer slices, and off buy exactly 150", async () => {
    await stock({ MUG: 150 });
    const shards = Array.from({ length: 8 }, () => shop.shard());
    const list = carts(shards, 1_000);
    const answers = [];
    const parts = [list.slice(0, 40), list.slice(40, 80), list.slice(80, 120), list.slice(120, 160), list.slice(160)];
    const switches = [() => on("MUG", 6), () => on("MUG", 2), () => off("MUG"), () => on("MUG", 4)];
    for (const [n, part] of parts.entries()) {
      const rushing = rush(part);
      await switches[n]?.();
      answers.push(...(await rushing));
    }
    expect(count(answers, "placed")).toBe(150);
    expect(count(answers, "insufficient_stock")).toBe(850);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 150, reserved: 0 });
  });
});

describe("an object that dies, or loses a call, at any crossing of a rebalance", () => {
  const STORY = {
    within: 7 * MINUTE,
    prepare: async () => {
      await stock({ MUG: 16 });
      await on("MUG", 2);
      const shards = await shardsThatKnow("MUG", 2);
      await drain({ within: 3 * SECOND });
      // They forget it in a while; this renews it.
      await Promise.all(shards.map((shard) => buy({ shard })));
      return { list: carts(shards, 18) };
    },
    act: ({ list }) => rush(list),
    retry: async ({ list }) => {
      const answers = await untilDecided(list);
      // Whoever comes when all is calm gets what is left.
      for (let more = 0; more < 12; more += 1) answers.push(await checkout({ lines: [["MUG", 1]] }));
      return answers;
    },
    end: async ({ answer: answers }) => {
      expect(count(answers, "placed") + 4).toBe(16);
      expect(await level("MUG")).toMatchObject({ sold: 16, reserved: 0 });
    },
  };
  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("%s: 16 of 16 units are sold", async (_, fault) => {
    const labels = await atEveryCrossing(fault, STORY, /^SkuInventory MUG(~\d)? asks SkuInventory/);
    expect(labels.some((label) => label.startsWith("SkuInventory MUG asks"))).toBe(true);
    expect(labels.some((label) => label.startsWith("SkuInventory MUG~"))).toBe(true);
  }, 240_000);

  test.each([["dies before", "before"], ["dies after", "after"]])("%s a transaction: 16 of 16 units are sold", async (_, when) => {
    const labels = await atEveryCrossing({ what: "crash", when }, STORY, /^SkuInventory MUG(~0)? transaction/);
    expect(labels.length).toBeGreaterThan(6);
  }, 240_000);
});

describe("switched off", () => {
  test("slices keep the claims that they have, and what becomes free comes home", async () => {
    await stock({ MUG: 40 });
    await on("MUG", 2);
    const [shard] = await shardsThatKnow("MUG", 1);
    const held = [];
    for (let n = 0; n < 6; n += 1) held.push(await buy({ shard, lines: [["MUG", 2]], method: "pending" }));
    const paid = await buy({ shard, lines: [["MUG", 3]] });
    expect(held.every((order) => order.claims[0].slice !== undefined)).toBe(true);
    await drain({ within: 3 * SECOND });
    await off("MUG");
    await drain({ within: 3 * SECOND });
    let report = await spread("MUG");
    expect(report.members.every((member) => available(member.level) === 0)).toBe(true);
    expect(available(report.main)).toBe(40 - 1 - 12 - 3);
    // A new order asks the SKU's own object, once the shard has heard of it.
    await buy({ shard });
    expect((await buy({ shard })).claims[0].slice).toBeUndefined();
    // One is called off, one given back, the others' time runs out.
    await cancel(held[0].id);
    await refund(paid.id, { of: "lines", lines: [{ sku: shop.sku("MUG"), quantity: 3, restock: 3 }], shipping_minor: 0 });
    await drain({ within: 40 * MINUTE });
    report = await spread("MUG");
    expect(await level("MUG")).toMatchObject({ sold: 3, reserved: 0 });
    expect(available(report.main)).toBe(37);
    expect(available(report.whole)).toBe(37);
  });

  test("and asked by a shard that has not heard of it, a slice passes on what it is asked", async () => {
    await stock({ MUG: 20 });
    await on("MUG", 2);
    const [shard] = await shardsThatKnow("MUG", 1);
    await off("MUG");
    await calm();
    const order = await buy({ shard, method: "pending" });
    expect(order.claims[0].slice).toBeDefined();
    const name = `${shop.sku("MUG")}~${order.claims[0].slice}`;
    expect(await inStorage("SkuInventory", name, "SELECT order_id FROM passed_on")).toEqual([{ order_id: order.id }]);
    await cancel(order.id);
    await drain();
    expect(await read(order.id)).toMatchObject({ status: "cancelled", claims: [{ claim: { state: "released" } }] });
    expect(await level("MUG")).toMatchObject({ reserved: 0, sold: 1 });
  });
});

describe("the whole", () => {
  test("is what is shown and copied, and its version only grows", async () => {
    await stock({ MUG: 100 });
    const versions = [(await level("MUG")).version];
    await on("MUG", 4);
    const [shard] = await shardsThatKnow("MUG", 1);
    await Promise.all(carts([shard], 20).map((cart) => buy(cart)));
    versions.push((await level("MUG")).version);
    await drain({ within: 5 * SECOND });
    const shown = await level("MUG");
    versions.push(shown.version);
    expect(shown).toMatchObject({ received: 100, sold: 21, reserved: 0, transferred: 0 });
    expect(available(shown)).toBe(79);
    await off("MUG");
    await drain({ within: 5 * SECOND });
    versions.push((await level("MUG")).version);
    expect(available(await level("MUG"))).toBe(79);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  test("can be taken away from, and counted, as if it were in one place", async () => {
    await stock({ MUG: 100 });
    await on("MUG", 4);
    const [shard] = await shardsThatKnow("MUG", 1);
    for (let n = 0; n < 4; n += 1) await buy({ shard, lines: [["MUG", 2]], method: "pending" });
    await drain({ within: 3 * SECOND });
    expect(await adjust("MUG", { quantity_delta: -92 })).toMatchObject({ answer: "refused", refusal: { removable: 91 } });
    expect(await adjust("MUG", { quantity_delta: -41 })).toMatchObject({ answer: "changed" });
    await drain({ within: 3 * SECOND });
    expect(available(await level("MUG"))).toBe(50);
    // 58 are there, 8 of them set aside at slices: the count finds one more.
    const counted = await change("MUG", [{ change: "counted", location: "main", counted: 59 }]);
    expect(counted).toMatchObject({ answer: "changed" });
    expect(available(counted.level)).toBe(51);
    await drain({ within: 3 * SECOND });
    expect((await spread("MUG")).members.some((member) => member.is_open)).toBe(true);
  });

  test("has back-orders only when no slice has a unit left", async () => {
    await stock({ MUG: 40 });
    await adjust("MUG", { back_order_limit: 5 });
    await on("MUG", 4);
    const shards = await shardsThatKnow("MUG", 2);
    const answers = await rush(carts(shards, 60));
    expect(count(answers, "placed")).toBe(43);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 45, back_ordered_sold: 5 });
    await stock({ MUG: 50 });
    await drain();
    const after = await level("MUG");
    expect(after).toMatchObject({ sold: 45, back_ordered_sold: 0 });
    expect(available(after)).toBe(45);
  });
});

describe("a limit per customer", () => {
  test("is counted where the customer's orders meet", async () => {
    await stock({ MUG: 100 });
    await adjust("MUG", { low_stock_threshold: 1 });
    const terms = { how: "replace", back_order_limit: 0, low_stock_threshold: 0, terms: { customer_limit: 2 } };
    await change("MUG", [], { terms });
    await on("MUG", 8);
    const shards = await shardsThatKnow("MUG", 6);
    const claim_terms = { customer: "somebody" };
    const answers = await rush(carts(shards, 12, "MUG", { claim_terms }));
    expect(count(answers, "placed")).toBe(2);
    const asked = new Set(answers.flatMap((answer) => answer.outcome.order?.claims[0].slice ?? []));
    expect(asked.size).toBe(1);
  });
});

describe("by demand", () => {
  test("it switches itself on above the threshold, and off after a quiet minute", async () => {
    await stock({ MUG: 200 });
    const settings = { slices: 3, automatic_above_per_second: 20 };
    expect(await spread("MUG", settings)).toMatchObject({ settings, slices: 0, members: [] });
    const shards = [shop.shard(), shop.shard()];
    await rush(carts(shards, 10));
    expect((await spread("MUG")).slices).toBe(0);
    await rush(carts(shards, 40));
    expect((await spread("MUG")).slices).toBe(3);
    // Sent again it changes nothing.
    expect((await spread("MUG", settings)).slices).toBe(3);
    await drain({ within: 30 * SECOND });
    expect((await spread("MUG")).slices).toBe(3);
    await drain({ within: 90 * SECOND });
    const report = await spread("MUG");
    expect(report).toMatchObject({ settings, slices: 0 });
    expect(available(report.main)).toBe(150);
  });
});

describe("with every object evicted between any two steps", () => {
  test("units, claims and what is owed stay where they were", async () => {
    await stock({ MUG: 60 });
    await on("MUG", 3);
    await evictAll();
    const [shard] = await shardsThatKnow("MUG", 1);
    await evictAll();
    const pending = await buy({ shard, lines: [["MUG", 2]], method: "pending" });
    await evictAll();
    await rush(carts([shard], 30));
    await evictAll();
    await off("MUG");
    await evictAll();
    await cancel(pending.id);
    await evictAll();
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 31, reserved: 0 });
    expect(available((await spread("MUG")).main)).toBe(29);
  });
});

describe("an overloaded object", () => {
  test("is asked once and left alone for a moment; buyers are told to try again, and then served", async () => {
    await stock({ MUG: 30 });
    const shard = shop.shard();
    const overloaded = plan({ at: "OrderShard asks SkuInventory", what: "fail", says: "is overloaded", times: 1_000 });
    const list = carts([shard], 20);
    expect((await rush(list)).map(kindOf)).toEqual(Array(20).fill("try_again"));
    expect(overloaded.struck).toBe(1);
    crossings.withoutPlans();
    clock.advance(2 * SECOND);
    const answers = await untilDecided(list);
    expect(count(answers, "placed")).toBe(20);
  });

  test("does not keep the slices from selling what they have", async () => {
    await stock({ MUG: 80 });
    await on("MUG", 2);
    const [shard] = await shardsThatKnow("MUG", 1);
    await drain({ within: 2 * SECOND });
    await buy({ shard });
    plan({ at: (label) => /~\d asks SkuInventory/.test(label), what: "fail", says: "is overloaded", times: 1_000 });
    const answers = await rush(carts([shard], 60));
    expect(count(answers, "placed")).toBeGreaterThan(30);
    expect(count(answers, "placed") + count(answers, "try_again")).toBe(60);
  });
});

describe("over HTTP", () => {
  const admin = { key: SECRET_KEY };
  const path = (sku) => `/v1/admin/inventory/${sku}/drop-mode`;

  test("is set, shown and refused", async () => {
    await openDoors({ MUG: 90 });
    const sku = shop.sku("MUG");
    const body = { slices: 3, automatic_above_per_second: null };
    const first = await send("PUT", path(sku), { ...admin, body });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ sku, slices: 3, is_on: true, whole: { free: 90, sold: 0 } });
    expect(first.body.objects).toHaveLength(3);
    await calm();
    const again = await send("PUT", path(sku), { ...admin, body });
    expect(again.body).toMatchObject({ slices: 3, is_on: true, whole: { free: 90 }, main: { free: 24 } });
    expect(again.body.objects.map(({ is_open, units }) => [is_open, units.free])).toEqual(Array(3).fill([true, 22]));
    expect((await send("GET", path(sku), admin)).body).toMatchObject({ ...again.body, as_of: expect.any(String) });
    const shown = await send("GET", `/v1/admin/inventory/${sku}`, admin);
    expect(shown.body).toMatchObject({ on_hand: 90, available: 90 });
    for (const [bad, code] of [
      [{ slices: 1 }, "invalid_request"], [{ slices: 65 }, "invalid_request"], [{ slices: 0, automatic_above_per_second: 5 }, "invalid_request"],
    ]) {
      const answer = await send("PUT", path(sku), { ...admin, body: bad });
      expect([answer.status, answer.body.code]).toEqual([422, code]);
    }
    expect((await send("PUT", path("NO-SUCH"), { ...admin, body })).body.code).toBe("unknown_sku");
    expect((await send("GET", path("NO-SUCH"), admin)).body.code).toBe("unknown_sku");
    expect((await send("GET", path(sku), admin)).body).toMatchObject({ slices: 3 });
  });
});

describe("the ledger of a slice", () => {
  test("is read by its number, as long as that of the SKU's own object, and proves itself", async () => {
    await openDoors({ MUG: 90 });
    await on("MUG", 2);
    await calm();
    const shards = await shardsThatKnow("MUG", 12);
    await rush(carts(shards, 20));
    await drain();
    const page = async (more) => send("GET", `/v1/admin/inventory/${shop.sku("MUG")}/movements?limit=200&${more}`, { key: SECRET_KEY });
    const own = (await page("")).body.items;
    expect(own.map(({ kind }) => kind)).toContain("received");
    let sold = own.reduce((sum, { deltas }) => sum + deltas.sold, 0);
    for (const slice of [0, 1]) {
      const { status, body } = await page(`slice=${slice}&order=oldest`);
      expect(status).toBe(200);
      const rows = await inStorage("SkuInventory", `${shop.sku("MUG")}~${slice}`, "SELECT entry, hash FROM ledger ORDER BY sequence");
      expect(body.items.map(({ entry, hash }) => ({ entry, hash }))).toEqual(rows);
      expect(body.items.every(({ hash_before }, index) => index === 0 || hash_before === rows[index - 1].hash)).toBe(true);
      const units = body.items.reduce((sum, { deltas }) => sum + deltas.sold, 0);
      expect(units).toBeGreaterThan(0);
      sold += units;
    }
    expect(sold).toBe((await level("MUG")).sold);
    await off("MUG");
    await drain();
    expect((await page("slice=1")).body.items.length).toBeGreaterThan(0);
    expect((await page("slice=63")).body.items).toEqual([]);
    for (const bad of ["64", "-1", "x"]) expect((await page(`slice=${bad}`)).status, bad).toBe(422);
  });
});

describe("objects", () => {
  test("of a SKU that was never spread are one", async () => {
    await stock({ MUG: 5 });
    await buy();
    await drain();
    const names = [...lives.values()].filter((life) => life.className === "SkuInventory").map((life) => life.name);
    expect(names).toEqual([shop.sku("MUG")]);
  });
});

// Proves what storefronts are shown of stock: a movement at once where its object lives, no older than it says
// elsewhere, what is remembered while an object does not answer, no count where the store shows buckets, and a
// hundred SKUs in one look.

import { describe, expect, test } from "vitest";
import terms from "../../schema/demo/settings.json";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, cart, checkout, get, must, openDoors, send } from "./support/http.mjs";
import { change, claims, evictAll, inStorage, shop } from "./support/shop.mjs";

const FRESH = 1.5 * SECOND;
const TERMS_REMEMBERED = 6 * SECOND;

const look = (names, { key = PUBLISHABLE_KEY, more = "" } = {}) =>
  get(`/v1/stock?${names.map((name) => `sku=${shop.sku(name)}`).join("&")}${more}`, { key });

const item = async (name, options) => (await must(look([name], options))).body.items[0];

const orderId = (n) => `ord_0000000000000070008000000000${String(n).padStart(6, "0")}`;
const reserve = (n, quantity, expiresIn = HOUR) => ({
  order_id: orderId(n), command: "reserve", quantity, expires_at: new Date(clock.now() + expiresIn).toISOString(),
});

const asked = () => crossings.trace.filter((label) => label.startsWith("Worker asks SkuInventory")).length;

/** How many times objects were asked while something was done. */
async function askedDuring(work) {
  const before = asked();
  const result = await work();
  return [result, asked() - before];
}

/** A movement of which this isolate hears nothing: as in an object that lives elsewhere. */
async function moveElsewhere(name, n, quantity) {
  await change(name, [{ change: "adjusted", location: "main", quantity_delta: 0 }]);
  const [{ document }] = await inStorage("SkuInventory", shop.sku(name), "SELECT document FROM level");
  const level = JSON.parse(document);
  const [main] = level.balances;
  const moved = { ...level, version: level.version + n, balances: [{ ...main, on_hand: main.on_hand + quantity }] };
  return {
    begin: () => write(name, JSON.stringify({ ...moved, adjusted: level.adjusted + quantity })),
    undo: () => write(name, JSON.stringify({ ...level, version: level.version + 2 * n })),
    /** The object here forgets what it remembers, and tells of what was written past it. */
    async tell() {
      await evictAll();
      await change(name, [{ change: "adjusted", location: "main", quantity_delta: 0 }]);
    },
  };
}

const write = (name, document) => inStorage("SkuInventory", shop.sku(name), "UPDATE level SET document = ?", document);

describe("a movement", () => {
  test("is shown at once where its object lives, and nobody is asked for it", async () => {
    await openDoors({ MUG: 10 });
    expect(await item("MUG")).toMatchObject({ available: 10, status: "low_stock" });
    const [, first] = await askedDuring(() => claims("MUG", [reserve(1, 3)]));
    const [shown, more] = await askedDuring(() => item("MUG"));
    expect(shown).toMatchObject({ available: 7, as_of: new Date(clock.now()).toISOString() });
    expect([first, more]).toEqual([0, 0]);
    await claims("MUG", [reserve(2, 7)]);
    expect(await item("MUG")).toMatchObject({ available: 0, status: "out_of_stock" });
    await claims("MUG", [1, 2].map((n) => ({ order_id: orderId(n), command: "release" })));
    expect(await item("MUG")).toMatchObject({ available: 10 });
  });

  test("that failed to be written is not shown", async () => {
    await openDoors({ MUG: 10 });
    await item("MUG");
    plan({ at: "SkuInventory MUG transaction", when: "inside", what: "fail" });
    await claims("MUG", [reserve(1, 3)]).catch(() => undefined);
    expect(await item("MUG")).toMatchObject({ available: 10 });
  });

  test("elsewhere is shown to the second look after a second and a half, and to the first after ten", async () => {
    await openDoors({ MUG: 10 });
    const elsewhere = await moveElsewhere("MUG", 1, -4);
    expect(await item("MUG")).toMatchObject({ available: 10 });
    const known = clock.now();
    await elsewhere.begin();
    clock.advance(FRESH - 1);
    expect((await item("MUG")).available).toBe(10);
    clock.advance(1);
    // Shown as it was, and the object is asked behind the answer.
    expect(await item("MUG")).toMatchObject({ available: 10, as_of: new Date(known).toISOString() });
    await expect.poll(async () => (await item("MUG")).available).toBe(6);
    await elsewhere.undo();
    clock.advance(11 * SECOND);
    expect((await item("MUG")).available).toBe(10);
    await elsewhere.tell();
  });

  test("is seen by a fresh look wherever it was", async () => {
    await openDoors({ MUG: 10 });
    await item("MUG");
    const elsewhere = await moveElsewhere("MUG", 1, -4);
    await elsewhere.begin();
    expect((await item("MUG", { more: "&fresh=true" })).available).toBe(6);
    expect((await item("MUG")).available).toBe(6);
    await elsewhere.undo();
    expect((await item("MUG", { more: "&fresh=true" })).available).toBe(10);
    await elsewhere.tell();
  });

  test("that is only time is shown too: a reservation that is over", async () => {
    await openDoors({ MUG: 10 });
    await item("MUG");
    await claims("MUG", [reserve(1, 4, MINUTE)]);
    expect((await item("MUG")).available).toBe(6);
    clock.advance(MINUTE);
    expect((await item("MUG")).available).toBe(10);
  });
});

describe("an object that does not answer", () => {
  test("is stood in for, for a minute, with the time of what is shown", async () => {
    await openDoors({ MUG: 10 });
    await item("MUG");
    const known = new Date(clock.now()).toISOString();
    plan({ at: "Worker asks SkuInventory", what: "fail", times: 1_000 });
    for (const wait of [2, 9, 45]) {
      clock.advance(wait * SECOND);
      expect(await item("MUG")).toMatchObject({ available: 10, as_of: known });
    }
    expect((await look(["MUG"], { more: "&fresh=true" })).status).toBe(503);
    clock.advance(6 * SECOND);
    expect((await look(["MUG"])).status).toBe(503);
    crossings.withoutPlans();
    expect(await item("MUG")).toMatchObject({ available: 10, as_of: new Date(clock.now()).toISOString() });
  });
});

describe("a store of buckets", () => {
  const openBuckets = async (units, more = {}) => {
    await openDoors(units);
    await must(send("PUT", "/v1/admin/store", { key: SECRET_KEY, body: { ...terms, low_stock_threshold: 5, stock_display: "buckets", ...more } }));
    clock.advance(TERMS_REMEMBERED);
  };

  test("tells a storefront no count, wherever it looks, and its merchant every one", async () => {
    await openBuckets({ MUG: 437, LAST: 3, NONE: 0 });
    for (const more of ["", "&fresh=true", ""]) {
      const answer = await must(look(["MUG", "LAST", "NONE"], { more }));
      expect(answer.body.items.map(({ status }) => status)).toEqual(["in_stock", "low_stock", "out_of_stock"]);
      expect(answer.body.items.some((shown) => "available" in shown)).toBe(false);
      expect(answer.text).not.toContain("437");
    }
    const products = await must(get("/v1/products", { key: PUBLISHABLE_KEY }));
    expect(products.text).not.toContain("437");
    expect(await item("MUG", { key: SECRET_KEY })).toMatchObject({ available: 437, status: "in_stock" });
    const refused = await checkout(cart({ lines: [["MUG", 500]] }));
    expect([refused.status, refused.body.code]).toEqual([409, "insufficient_stock"]);
    expect(refused.body.shortages).toEqual([{ sku: shop.sku("MUG"), requested: 500, reason: "stock" }]);
    expect(refused.text).not.toContain("437");
  });

  test("may show a count up to a cap", async () => {
    await openBuckets({ MUG: 437, LAST: 3 }, { stock_display_cap: 10 });
    const { items } = (await must(look(["MUG", "LAST"]))).body;
    expect(items.map(({ available }) => available)).toEqual([10, 3]);
    const refused = await checkout(cart({ lines: [["MUG", 500]] }));
    expect(refused.body.shortages).toEqual([{ sku: shop.sku("MUG"), requested: 500, available: 10, reason: "stock" }]);
    const bad = await send("PUT", "/v1/admin/store", { key: SECRET_KEY, body: { ...terms, stock_display_cap: 0 } });
    expect([bad.status, bad.body.errors[0].pointer]).toEqual([422, "/stock_display_cap"]);
  });

  test("says when what can be ordered already will come", async () => {
    await openBuckets({ LATE: 0, SOON: 0 });
    const [expected, release] = [clock.now() + 24 * HOUR, clock.now() + 48 * HOUR].map((at) => new Date(at).toISOString());
    const replace = (given) => ({ terms: { how: "replace", back_order_limit: 5, low_stock_threshold: 0, terms: given } });
    await change("LATE", [], replace({ expected_at: expected }));
    await change("SOON", [], replace({ release_at: release }));
    const { items } = (await must(look(["LATE", "SOON"]))).body;
    expect(items).toMatchObject([
      { status: "back_order", expected_at: expected },
      { status: "pre_order", release_at: release },
    ]);
  });
});

describe("one look", () => {
  test("is at a hundred SKUs, in their order, each asked once; at a hundred and one it is refused", async () => {
    const names = Array.from({ length: 100 }, (_, n) => `N${n}`);
    await openDoors(Object.fromEntries(names.map((name, n) => [name, n === 99 ? 7 : 0])));
    const [shown, calls] = await askedDuring(() => must(look([...names, "N0"])));
    expect(shown.body.items.map(({ sku }) => sku)).toEqual(names.map((name) => shop.sku(name)));
    expect(shown.body.items[99]).toMatchObject({ available: 7, status: "low_stock" });
    // The one that was delivered to is remembered from then.
    expect(calls).toBeLessThanOrEqual(100);
    expect((await askedDuring(() => must(look(names))))[1]).toBe(0);
    const [fresh, again] = await askedDuring(() => must(look(names, { more: "&fresh=true" })));
    expect([fresh.body.items.length, again]).toEqual([100, 100]);
    const many = await look([...names, "ONE-MORE"]);
    expect([many.status, many.body.errors[0].pointer]).toEqual([422, "?sku"]);
  });

  test("shares its calls with others at the same time, and none that began before it asked", async () => {
    const names = Array.from({ length: 20 }, (_, n) => `N${n}`);
    await openDoors(Object.fromEntries(names.map((name) => [name, 1])));
    const looks = 12;
    const [answers, calls] = await askedDuring(() =>
      Promise.all(Array.from({ length: looks }, () => must(look(names, { more: "&fresh=true" })))));
    for (const { body } of answers) {
      expect(body.items.map(({ sku }) => sku)).toEqual(names.map((name) => shop.sku(name)));
      expect(body.items.every(({ available }) => available === 1)).toBe(true);
    }
    expect(calls).toBeLessThan((looks * names.length) / 2);
    expect(calls).toBeGreaterThanOrEqual(names.length);
  });
});

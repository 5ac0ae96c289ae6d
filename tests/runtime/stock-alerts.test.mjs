// Proves issue 4 on stock alerts: a line that is crossed is told once, whatever dies between the crossing and the list;
// holds of unpaid orders never make one flap; the list says what is so and what was.

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import terms from "../../schema/demo/settings.json";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { database } from "./support/database.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, get, must, putProduct, send } from "./support/http.mjs";
import { queue } from "./support/queue.mjs";
import { WINDOW, adjust, buy, cancel, change, evictAll, inStorage, level, refund, shop, stock } from "./support/shop.mjs";

const admin = { key: SECRET_KEY };
const SECONDS_TO_TELL = 5 * SECOND;
const list = async (query = "") => (await get(`/v1/admin/inventory/alerts?limit=100${query}`, admin)).body.items;
const ofSku = (name, query = "") => list(`&sku=${shop.sku(name)}${query}`);
/** Oldest first: the kind, `*` while it is so. */
const told = async (name, query) =>
  (await ofSku(name, query)).toReversed().map(({ kind, location, open }) => `${kind}${location ? ` ${location}` : ""}${open ? "*" : ""}`);
const settle = () => drain({ within: SECONDS_TO_TELL });
const threshold = (name, low_stock_threshold) => adjust(name, { low_stock_threshold });
const patch = (name, changes) => change(name, [], { terms: { how: "patch", ...changes } });

describe("a SKU that sells", () => {
  test("runs low, runs out and comes back: each is told once, and is open until its opposite", async () => {
    await threshold("MUG", 3);
    await stock({ MUG: 6 });
    await settle();
    expect(await told("MUG")).toEqual([]);
    await buy({ lines: [["MUG", 3]] });
    await settle();
    expect(await told("MUG")).toEqual(["low_stock*"]);
    await buy({ lines: [["MUG", 1]] });
    await settle();
    expect(await told("MUG")).toEqual(["low_stock*"]);
    await buy({ lines: [["MUG", 2]] });
    await settle();
    expect(await told("MUG")).toEqual(["low_stock*", "out_of_stock*"]);
    expect((await ofSku("MUG", "&kind=out_of_stock"))[0]).toMatchObject({ quantity: 0, threshold: 0, location: null, ended_at: null });
    await stock({ MUG: 4 });
    await settle();
    // Four are within the margin: low it is still.
    expect(await told("MUG")).toEqual(["low_stock*", "out_of_stock", "back_in_stock"]);
    await stock({ MUG: 1 });
    await settle();
    expect(await told("MUG")).toEqual(["low_stock", "out_of_stock", "back_in_stock"]);
    const [low] = await ofSku("MUG", "&kind=low_stock");
    expect(low).toMatchObject({ quantity: 3, threshold: 3, open: false, ended_quantity: 5 });
    expect(Date.parse(low.ended_at)).toBeGreaterThan(Date.parse(low.at));
  });

  test("does not flap while buyers come and go without paying", async () => {
    await threshold("MUG", 3);
    await stock({ MUG: 5 });
    for (let round = 0; round < 4; round += 1) {
      const { id } = await buy({ lines: [["MUG", 5]], method: "pending" });
      await settle();
      expect(await level("MUG")).toMatchObject({ reserved: 5 });
      if (round % 2) await cancel(id);
      else clock.advance(WINDOW * SECOND);
      await drain({ within: HOUR });
    }
    expect(await told("MUG")).toEqual([]);
    const sold = await buy({ lines: [["MUG", 5]] });
    await settle();
    expect(await told("MUG")).toEqual(["out_of_stock*", "low_stock*"]);
    await refund(sold.id, { of: "lines", lines: [{ sku: shop.sku("MUG"), quantity: 1, restock: 1 }], shipping_minor: 0 });
    await settle();
    const kinds = await told("MUG");
    // Whatever form a return takes, it may not tell of anything twice.
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  test("that never had stock is not out of it", async () => {
    await threshold("MUG", 0);
    await settle();
    await stock({ MUG: 1 });
    await settle();
    expect(await told("MUG")).toEqual([]);
  });
});

describe("a line", () => {
  test("of the store is every SKU's that has none of its own", async () => {
    await must(send("PUT", "/v1/admin/store", { key: SECRET_KEY, body: { ...terms, low_stock_threshold: 4 } }));
    clock.advance(2 * MINUTE);
    await stock({ MUG: 4, CUP: 4, POT: 5 });
    await threshold("CUP", 2);
    await settle();
    expect([await told("MUG"), await told("CUP"), await told("POT")]).toEqual([["low_stock*"], [], []]);
  });

  test("of a location is watched beside the SKU's", async () => {
    const locations = { north: { safety_stock: 1, low_stock_threshold: 2 } };
    const replace = { how: "replace", back_order_limit: 0, low_stock_threshold: 5, terms: { locations } };
    await change("MUG", [
      { change: "received", location: "main", quantity: 50 }, { change: "received", location: "north", quantity: 9 },
    ], { terms: replace });
    shop.supply.set("MUG", 59);
    await settle();
    expect(await told("MUG")).toEqual([]);
    // Three are left, one of them is kept.
    await change("MUG", [{ change: "adjusted", location: "north", quantity_delta: -6 }]);
    await settle();
    expect(await told("MUG")).toEqual(["low_stock north*"]);
    expect(await told("MUG", "&location=main")).toEqual([]);
    expect((await ofSku("MUG", "&location=north"))[0]).toMatchObject({ location: "north", quantity: 2, threshold: 2 });
  });

  test("for ordering counts what is announced", async () => {
    await patch("MUG", { reorder_point: 10 });
    await stock({ MUG: 12 });
    await settle();
    await buy({ lines: [["MUG", 4]] });
    await settle();
    expect(await told("MUG", "&kind=reorder_needed")).toEqual([expect.stringMatching("reorder_needed")]);
    await change("MUG", [{ change: "expected", location: "main", quantity_delta: 48 }]);
    await settle();
    const before = await told("MUG", "&kind=reorder_needed");
    await change("MUG", [{ change: "received", location: "main", quantity: 48, announced: 48 }]);
    shop.supply.set("MUG", 60);
    await settle();
    expect(before.at(-1)).toBe("reorder_needed");
    expect(await told("MUG", "&kind=reorder_needed")).toEqual(before);
  });
});

describe("between a crossing and the list", () => {
  const story = {
    prepare: async () => {
      await threshold("MUG", 3);
      await stock({ MUG: 5 });
      await drain({ within: 10 * SECOND });
    },
    act: async () => {
      await change("MUG", [{ change: "adjusted", location: "main", quantity_delta: -5 }], { key: "down" });
      await drain({ within: 20 * SECOND });
    },
    retry: async () => {
      await change("MUG", [{ change: "adjusted", location: "main", quantity_delta: -5 }], { key: "down" });
    },
    end: async () => {
      expect(await told("MUG")).toEqual(["out_of_stock*", "low_stock*"]);
      const { results } = await env.DB.prepare("SELECT sequence FROM stock_alerts WHERE sku = ? ORDER BY 1").bind(shop.sku("MUG")).all();
      expect(results).toEqual([{ sequence: 1 }, { sequence: 2 }]);
    },
    within: MINUTE,
  };

  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("the object %s any step: one row for each", async (_, fault) => {
    const labels = await atEveryCrossing(fault, story, /SkuInventory MUG/);
    expect(labels.filter((label) => label.includes("sends to the queue")).length).toBeGreaterThan(1);
    expect(labels.filter((label) => label.includes("asks D1")).length).toBeGreaterThan(0);
  }, 120_000);

  test("the object is evicted, and the queue loses what it took: it is told again", async () => {
    await threshold("MUG", 3);
    await stock({ MUG: 5 });
    await settle();
    await change("MUG", [{ change: "adjusted", location: "main", quantity_delta: -3 }]);
    for (let round = 0; round < 3; round += 1) {
      queue.held = true;
      await drain({ within: 3 * SECOND });
      expect(queue.waiting.length).toBeGreaterThan(0);
      queue.waiting = [];
      await evictAll();
    }
    expect(await told("MUG")).toEqual([]);
    queue.held = false;
    await drain({ within: MINUTE });
    expect(await told("MUG")).toEqual(["low_stock*"]);
    expect(await inStorage("SkuInventory", shop.sku("MUG"), "SELECT * FROM alert_outbox")).toEqual([]);
  });

  test("messages come in any order and many times: the list is the same", async () => {
    await threshold("MUG", 3);
    for (const units of [9, -8, 8, -9, 20]) {
      await change("MUG", [{ change: "adjusted", location: "main", quantity_delta: units }]);
      await settle();
    }
    const rows = () => env.DB.prepare("SELECT * FROM stock_alerts WHERE sku = ? ORDER BY sequence").bind(shop.sku("MUG")).all();
    const before = (await rows()).results;
    expect(before.length).toBe(4);
    const all = queue.taken.filter((body) => body.includes("stock_alerts")).map((body) => ({ body, attempts: 0, notBefore: 0 }));
    expect(all.length).toBeGreaterThan(2);
    await env.DB.prepare("DELETE FROM stock_alerts WHERE sku = ?").bind(shop.sku("MUG")).run();
    for (const [round, order] of [all.toReversed(), all, all.toReversed()].entries()) {
      for (const [n, one] of order.entries()) await queue.hand([{ ...one, id: `again-${round}-${n}` }]);
    }
    expect((await rows()).results).toEqual(before);
  });

  test("the database is down for an hour: nothing is lost", async () => {
    await stock({ MUG: 5 });
    await settle();
    database.mode = "down";
    await change("MUG", [{ change: "adjusted", location: "main", quantity_delta: -5 }]);
    await drain({ within: HOUR });
    database.mode = "up";
    await drain({ within: 10 * MINUTE });
    expect(await told("MUG", "&kind=out_of_stock")).toEqual(["out_of_stock*"]);
  });
});

describe("the list", () => {
  test("is paged, filtered, and the newest come first", async () => {
    for (const name of ["A", "B", "C"]) {
      await threshold(name, 3);
      await stock({ [name]: 2 });
      await settle();
    }
    await change("B", [{ change: "adjusted", location: "main", quantity_delta: 9 }]);
    await settle();
    const own = (items) => items.map(({ sku }) => sku).filter((sku) => sku.startsWith(`${shop.tag}-`));
    const [a, b, c] = ["A", "B", "C"].map((name) => shop.sku(name));
    expect(own(await list())).toEqual([c, b, a]);
    expect(own(await list("&open=true"))).toEqual([c, a]);
    expect(own(await list("&open=false"))).toEqual([b]);
    expect(own(await list("&kind=low_stock"))).toEqual([c, b, a]);
    expect(own(await list("&kind=out_of_stock"))).toEqual([]);
    const [{ at }] = await ofSku("B");
    expect(own(await list(`&since=${encodeURIComponent(at)}`))).toEqual([c, b]);
    const seen = [];
    let cursor = "";
    for (let pages = 0; pages < 500; pages += 1) {
      const { body } = await get(`/v1/admin/inventory/alerts?limit=1${cursor}`, admin);
      seen.push(...body.items);
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(new Set(seen.map(({ sku, sequence }) => `${sku} ${sequence}`)).size).toBe(seen.length);
    expect(own(seen)).toEqual([c, b, a]);
  });

  test("refuses what is no filter, and is for whoever may read the inventory", async () => {
    for (const query of ["kind=x", "open=maybe", "sku=a%20b", "since=monday", "limit=0", "cursor=00", "colour=red"]) {
      expect((await get(`/v1/admin/inventory/alerts?${query}`, admin)).status).toBe(422);
    }
    expect((await get("/v1/admin/inventory/alerts", { key: PUBLISHABLE_KEY })).status).toBe(403);
  });

  test("hides no SKU: its word can't name one", async () => {
    await must(send("PUT", "/v1/admin/store", { key: SECRET_KEY, body: terms }));
    await putProduct(["MUG"]);
    const product = (sku) => ({
      id: `${shop.tag}-x`, title: "X", status: "active", tax_category: "standard",
      variants: [{ sku, prices: [{ amount: 1, currency: "USD" }] }],
    });
    for (const word of ["alerts", "imports", "exports", "proofs"]) {
      const { status, body } = await send("PUT", `/v1/admin/products/${shop.tag}-x`, { key: SECRET_KEY, body: product(word) });
      expect([status, body.errors?.[0]?.pointer]).toEqual([422, "/variants/0/sku"]);
    }
    expect((await send("PUT", `/v1/admin/products/${shop.tag}-x`, { key: SECRET_KEY, body: product(`${shop.tag}-alerts`) })).status).toBe(200);
  });
});

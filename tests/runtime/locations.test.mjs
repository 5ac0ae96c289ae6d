// Where stock is: the registry of locations, which of them serves an order by the store's rule, what is shown of
// them, and the terms and adjustments of a SKU that name them.

import { beforeEach, describe, expect, test } from "vitest";
import terms from "../../schema/demo/settings.json";
import { drain } from "./support/drain.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, adjust, cart, checkout, get, must, openDoors, post, send } from "./support/http.mjs";
import { shop } from "./support/shop.mjs";

const admin = { key: SECRET_KEY };
const put = (path, body, headers = {}) => send("PUT", path, { ...admin, body, headers });
const putLocation = (id, more = {}) =>
  put(`/v1/admin/locations/${id}`, { id, name: `Place ${id}`, kind: "warehouse", ...more });
const problem = (answer) => `${answer.status} ${answer.body?.code}`;

/** The rule by which this store routes. */
const route = (routing) => must(put("/v1/admin/store", { ...terms, routing }));
const receive = (name, quantity, location) => adjust(name, { kind: "received", quantity, reason: "Delivery", location });

/** Where each SKU of a checkout is served from, as the merchant sees it: { MUG: { east: 2 } }. */
async function served(lines, more = {}) {
  const placed = await must(checkout(cart({ lines, ...more })));
  const { body: order } = await must(get(`/v1/orders/${placed.body.order.id}`, admin));
  const from = ({ served_from = [] }) => Object.fromEntries(served_from.map((part) => [part.location, part.quantity]));
  return Object.fromEntries(order.claims.map((claim) => [claim.sku.replace(`${shop.tag}-`, ""), from(claim)]));
}

// Every test finds the same places: east comes first, west is where the buyer is, the attic serves nobody.
beforeEach(async () => {
  await openDoors({ MUG: 0, CUP: 0 });
  await must(putLocation("east", { country: "US", region: "NY", priority: 10 }));
  await must(putLocation("west", { country: "US", region: "OR", priority: 20 }));
  await must(putLocation("attic", { priority: 1, fulfils_orders: false }));
});

describe("the registry", () => {
  test("has the main location from the beginning and keeps what is written", async () => {
    const { body } = await must(get("/v1/admin/locations", admin));
    expect(body.items.map(({ id }) => id)).toEqual(["attic", "east", "main", "west"]);
    expect((await must(get("/v1/admin/locations/east", admin))).body)
      .toEqual({ id: "east", name: "Place east", kind: "warehouse", country: "US", region: "NY", priority: 10, status: "active", fulfils_orders: true });
    expect(problem(await get("/v1/admin/locations/nowhere", admin))).toBe("404 location_not_found");
    expect(problem(await put("/v1/admin/locations/main", { id: "main", name: "Main", kind: "warehouse", status: "archived" }))).toBe("422 invalid_request");
    expect(problem(await put("/v1/admin/locations/east", { id: "west", name: "x", kind: "store" }))).toBe("422 invalid_request");
  });

  test("archives no location that has stock, and takes none there afterwards", async () => {
    await must(putLocation("pop-up"));
    await receive("MUG", 3, "pop-up");
    await drain();
    const refused = await putLocation("pop-up", { status: "archived" });
    expect(problem(refused)).toBe("409 location_in_use");
    expect(refused.body.skus).toEqual([shop.sku("MUG")]);
    await adjust("MUG", { quantity: -3, reason: "Moved out", location: "pop-up" });
    await drain();
    await must(putLocation("pop-up", { status: "archived" }));
    const late = await post(`/v1/admin/inventory/${shop.sku("MUG")}/adjustments`, { quantity: 1, reason: "x", location: "pop-up" }, {
      ...admin, headers: { "idempotency-key": shop.key() },
    });
    expect(problem(late)).toBe("422 unknown_location");
    expect(late.body.errors[0].pointer).toBe("/location");
  });

  test("keeps one location that serves orders", async () => {
    await must(putLocation("east", { fulfils_orders: false }));
    await must(putLocation("west", { fulfils_orders: false }));
    const main = { id: "main", name: "Main", kind: "warehouse", fulfils_orders: false };
    expect(problem(await put("/v1/admin/locations/main", main))).toBe("409 location_needed");
  });
});

describe("an order", () => {
  test("is served by priority, from one place if one has the line, else from as few as possible", async () => {
    await receive("MUG", 2, "east");
    await receive("MUG", 4, "west");
    await receive("MUG", 1, "main");
    expect(await served([["MUG", 2]])).toEqual({ MUG: { east: 2 } });
    await receive("MUG", 2, "east");
    expect(await served([["MUG", 3]])).toEqual({ MUG: { west: 3 } });
    // 2 in the east, 1 in the west, 1 in main.
    expect(await served([["MUG", 3]])).toMatchObject({ MUG: { east: 2 } });
  });

  test("is served from the nearest place if that is the rule", async () => {
    await route({ rule: "nearest" });
    await receive("MUG", 5, "east");
    await receive("MUG", 5, "west");
    expect(await served([["MUG", 1]])).toEqual({ MUG: { west: 1 } });
    const address = { name: "Ada", line1: "1 Main", city: "Albany", region: "NY", postal_code: "12207", country: "US" };
    expect(await served([["MUG", 1]], { shipping_address: address })).toEqual({ MUG: { east: 1 } });
  });

  test("stays whole if that is the rule and one place has all of it", async () => {
    await receive("MUG", 5, "east");
    await receive("MUG", 5, "west");
    await receive("CUP", 5, "west");
    expect(await served([["MUG", 1], ["CUP", 1]])).toEqual({ MUG: { east: 1 }, CUP: { west: 1 } });
    await route({ rule: "fewest_splits" });
    expect(await served([["MUG", 1], ["CUP", 1]])).toEqual({ MUG: { west: 1 }, CUP: { west: 1 } });
  });

  test("gets nothing of a place that serves no orders, and nobody is shown it", async () => {
    await receive("MUG", 5, "attic");
    const refused = await checkout(cart());
    expect(problem(refused)).toBe("409 insufficient_stock");
    const shown = (query = "") => get(`/v1/stock?sku=${shop.sku("MUG")}${query}`, { key: PUBLISHABLE_KEY });
    expect((await must(shown())).body.items[0]).toMatchObject({ available: 0, status: "out_of_stock" });
    expect((await must(shown("&location=attic"))).body.items[0]).toMatchObject({ available: 5, status: "low_stock" });
    expect(problem(await shown("&location=nowhere"))).toBe("422 unknown_location");
    expect((await must(get(`/v1/admin/inventory/${shop.sku("MUG")}`, admin))).body).toMatchObject({ on_hand: 5, available: 0 });
  });

  test("says what it waits for and until when", async () => {
    await receive("MUG", 1, "east");
    const at = "2031-05-01T00:00:00.000Z";
    await must(put(`/v1/admin/inventory/${shop.sku("MUG")}/terms`, { reason: "More are on their way", back_order_limit: 5, expected_at: at }, {
      "idempotency-key": shop.key(),
    }));
    const { body: placed } = await must(checkout(cart({ lines: [["MUG", 3]] })));
    const line = { back_ordered: 2, expected_at: at };
    expect(placed.order.lines[0]).toMatchObject(line);
    const { body: order } = await must(get(`/v1/orders/${placed.order.id}`, admin));
    expect(order.claims[0]).toMatchObject({ ...line, served_from: [{ location: "east", quantity: 1 }] });
    await receive("MUG", 2, "west");
    await drain();
    const { body: later } = await must(get(`/v1/orders/${placed.order.id}`, admin));
    expect(later.lines[0]).not.toHaveProperty("back_ordered");
    expect(later.claims[0].served_from).toEqual([{ location: "east", quantity: 1 }, { location: "west", quantity: 2 }]);
  });
});

describe("a person", () => {
  const inventory = (name) => get(`/v1/admin/inventory/${shop.sku(name)}`, admin).then(({ body }) => body);

  test("puts damaged units aside, takes some back and writes the rest off, where they are", async () => {
    await receive("MUG", 10, "east");
    const change = (kind, quantity) => adjust("MUG", { kind, quantity, reason: "Broken in the rain", location: "east" });
    await change("damaged", 4);
    await change("damaged", -1);
    await change("written_off", 2);
    const view = await inventory("MUG");
    expect(view.locations).toEqual([{ location: "east", on_hand: 7, reserved: 0, damaged: 1, incoming: 0, free: 7 }]);
    expect(view).toMatchObject({ received: 10, adjusted: -3, on_hand: 7 });
    await expect(change("written_off", 2)).rejects.toThrow(/409.*not_damaged/);
  });

  test("sets all of a SKU's terms once per key, and sees them", async () => {
    await receive("MUG", 10, "east");
    const path = `/v1/admin/inventory/${shop.sku("MUG")}/terms`;
    const wanted = { back_order_limit: 3, safety_stock: 2, reorder_point: 5, reorder_quantity: 20, customer_limit: 4, locations: { east: { safety_stock: 1 } } };
    const headers = { "idempotency-key": shop.key() };
    const first = await must(put(path, { reason: "Season", ...wanted }, headers));
    expect(first.body).toMatchObject({ available: 7 + 3, terms: wanted });
    const again = await must(put(path, { reason: "Season", ...wanted }, headers));
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect((await must(get(path, admin))).body).toMatchObject({ sku: shop.sku("MUG"), ...wanted, release_at: null });
    const unknown = await put(path, { reason: "x", locations: { nowhere: {} } }, { "idempotency-key": shop.key() });
    expect(problem(unknown)).toBe("422 unknown_location");
    await must(put(path, { reason: "Over" }, { "idempotency-key": shop.key() }));
    expect((await must(get(path, admin))).body).toMatchObject({ back_order_limit: 0, safety_stock: 0, locations: {} });
  });

  test("finds SKUs by status, location and beginning", async () => {
    await receive("MUG", 2, "east");
    await drain();
    const listed = async (query) => {
      const { body } = await must(get(`/v1/admin/inventory?q=${shop.tag}-&${query}`, admin));
      return body.items.map(({ sku }) => sku.replace(`${shop.tag}-`, ""));
    };
    expect(await listed("")).toEqual(["CUP", "MUG"]);
    expect(await listed("status=low")).toEqual(["MUG"]);
    expect(await listed("status=out")).toEqual(["CUP"]);
    expect(await listed("location=east")).toEqual(["MUG"]);
    expect(await listed("location=west")).toEqual([]);
    const page = await must(get(`/v1/admin/inventory?q=${shop.tag}-&limit=1`, admin));
    expect(page.body.items).toHaveLength(1);
    const next = await must(get(`/v1/admin/inventory?q=${shop.tag}-&limit=1&cursor=${page.body.next_cursor}`, admin));
    expect(next.body.items[0].sku).toBe(shop.sku("MUG"));
    expect(problem(await get("/v1/admin/inventory?status=lots", admin))).toBe("422 invalid_request");
    await receive("MUG", 50, "east");
    await drain();
    expect(await listed("status=low")).toEqual([]);
    expect(await listed("status=in_stock")).toEqual(["MUG"]);
  });
});

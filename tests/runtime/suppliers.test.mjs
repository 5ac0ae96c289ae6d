// Proves issue 4 on suppliers over HTTP: written and read as they are, one preferred supplier for a SKU, one currency for
// a supplier, every absurd field refused with nothing changed.

import { beforeEach, describe, expect, test } from "vitest";
import { PUBLISHABLE_KEY, SECRET_KEY, get, must, openDoors, send } from "./support/http.mjs";
import { shop } from "./support/shop.mjs";

const admin = { key: SECRET_KEY };
const named = (name) => `${shop.tag}-${name}`.toLowerCase();
const path = (name, rest = "") => `/v1/admin/suppliers/${named(name)}${rest}`;
const put = (url, body) => send("PUT", url, { ...admin, body });
const supplier = (name, more = {}) => ({ id: named(name), name: `The ${name}`, currency: "USD", lead_time_days: 14, ...more });
const item = (more = {}) => ({ unit_cost: { amount: 420, currency: "USD" }, ...more });
const itemPath = (name, sku) => path(name, `/items/${shop.sku(sku)}`);
const problem = ({ status, body }) => [status, body.code, body.errors?.map(({ pointer }) => pointer)];

beforeEach(() => openDoors({ MUG: 5, CUP: 0 }));

describe("a supplier", () => {
  test("is kept as it was written, and what was left out has its usual value", async () => {
    const whole = supplier("acme", {
      email: "orders@acme.example", minimum_order: { amount: 25_000, currency: "USD" }, status: "archived",
    });
    expect((await put(path("acme"), whole)).body).toEqual(whole);
    expect((await get(path("acme"), admin)).body).toEqual(whole);
    const plain = await must(put(path("acme"), supplier("acme")));
    expect(plain.body).toEqual({ ...supplier("acme"), status: "active" });
    expect((await get(path("acme"), admin)).body).toEqual(plain.body);
  });

  test("that can't be is refused, field by field, and nothing changes", async () => {
    await must(put(path("acme"), supplier("acme")));
    for (const [change, pointer] of [
      [{ id: "other" }, "/id"], [{ name: "" }, "/name"], [{ name: "a\nb" }, "/name"],
      [{ lead_time_days: 731 }, "/lead_time_days"],
      [{ minimum_order: { amount: 1, currency: "EUR" } }, "/minimum_order/currency"],
      [{ minimum_order: { amount: -1, currency: "USD" } }, "/minimum_order/amount"],
    ]) {
      expect(problem(await put(path("acme"), supplier("acme", change)))).toEqual([422, "invalid_request", [pointer]]);
    }
    for (const change of [{ lead_time_days: -1 }, { lead_time_days: 1.5 }, { currency: "XXX" }, { email: "nobody" }, { colour: "red" }]) {
      expect((await put(path("acme"), supplier("acme", change))).status).toBe(422);
    }
    expect((await get(path("acme"), admin)).body).toMatchObject(supplier("acme"));
    expect(problem(await get(path("nobody"), admin))).toEqual([404, "supplier_not_found", undefined]);
    expect((await get("/v1/admin/suppliers/a%20b", admin)).status).toBe(404);
  });

  test("keeps its currency while its items cost it", async () => {
    await must(put(path("acme"), supplier("acme")));
    await must(put(path("acme"), supplier("acme", { currency: "EUR" })));
    await must(put(path("acme"), supplier("acme")));
    await must(put(itemPath("acme", "MUG"), item()));
    const refused = await put(path("acme"), supplier("acme", { currency: "EUR" }));
    expect([refused.status, refused.body.code]).toEqual([409, "supplier_currency_in_use"]);
    expect((await get(path("acme"), admin)).body.currency).toBe("USD");
    await must(send("DELETE", itemPath("acme", "MUG"), admin));
    await must(put(path("acme"), supplier("acme", { currency: "EUR" })));
  });

  test("is listed by id, page by page, by status", async () => {
    for (const [name, status] of [["a", "active"], ["b", "archived"], ["c", "active"]]) {
      await must(put(path(name), supplier(name, { status })));
    }
    const all = async (query) => {
      const ids = [];
      let cursor = "";
      for (let pages = 0; pages < 100; pages += 1) {
        const { body } = await get(`/v1/admin/suppliers?limit=1${query}${cursor}`, admin);
        ids.push(...body.items.map(({ id }) => id));
        if (body.next_cursor === null) return ids.filter((id) => id.startsWith(named("")));
        cursor = `&cursor=${body.next_cursor}`;
      }
      throw new Error("no end");
    };
    expect(await all("")).toEqual(["a", "b", "c"].map(named));
    expect(await all("&status=active")).toEqual(["a", "c"].map(named));
    expect(await all("&status=archived")).toEqual([named("b")]);
    expect((await get("/v1/admin/suppliers?status=x", admin)).status).toBe(422);
  });
});

describe("what a supplier offers", () => {
  beforeEach(() => must(put(path("acme"), supplier("acme"))));

  test("is kept as it was written", async () => {
    const whole = item({ supplier_sku: "AC-1", pack_size: 12, minimum_quantity: 24, lead_time_days: 3, preferred: true });
    const view = { supplier_id: named("acme"), sku: shop.sku("MUG"), ...whole };
    expect((await put(itemPath("acme", "MUG"), whole)).body).toEqual(view);
    expect((await get(itemPath("acme", "MUG"), admin)).body).toEqual(view);
    expect((await get(path("acme", "/items"), admin)).body).toEqual({ items: [view], next_cursor: null });
    const plain = (await must(put(itemPath("acme", "MUG"), item()))).body;
    expect(plain).toMatchObject({ supplier_sku: "", pack_size: 1, minimum_quantity: 1, preferred: false });
    expect((await send("DELETE", itemPath("acme", "MUG"), admin)).status).toBe(204);
    expect(problem(await get(itemPath("acme", "MUG"), admin))).toEqual([404, "supplier_item_not_found", undefined]);
    expect((await send("DELETE", itemPath("acme", "MUG"), admin)).status).toBe(204);
    expect((await send("DELETE", itemPath("nobody", "MUG"), admin)).status).toBe(404);
  });

  test("that can't be is refused and nothing changes", async () => {
    await must(put(itemPath("acme", "MUG"), item()));
    for (const [change, pointer] of [
      [{ unit_cost: { amount: 1, currency: "EUR" } }, "/unit_cost/currency"],
      [{ unit_cost: { amount: -1, currency: "USD" } }, "/unit_cost/amount"],
      [{ pack_size: 0 }, "/pack_size"], [{ minimum_quantity: 100_001 }, "/minimum_quantity"],
      [{ lead_time_days: 9_999 }, "/lead_time_days"], [{ supplier_sku: "x".repeat(101) }, "/supplier_sku"],
    ]) {
      expect(problem(await put(itemPath("acme", "MUG"), item(change)))).toEqual([422, "invalid_request", [pointer]]);
    }
    for (const change of [{ pack_size: 1.5 }, { pack_size: "12" }, { unit_cost: 420 }, { colour: "red" }]) {
      expect((await put(itemPath("acme", "MUG"), item(change))).status).toBe(422);
    }
    expect((await get(itemPath("acme", "MUG"), admin)).body).toMatchObject(item());
    expect(problem(await put(itemPath("nobody", "MUG"), item()))).toEqual([404, "supplier_not_found", undefined]);
    expect(problem(await put(itemPath("acme", "NOTHING"), item()))).toEqual([404, "unknown_sku", undefined]);
  });

  test("is preferred at one supplier at most, whoever says so at once", async () => {
    const names = ["b", "c", "d"];
    for (const name of names) await must(put(path(name), supplier(name)));
    await must(put(itemPath("acme", "MUG"), item({ preferred: true })));
    await must(put(itemPath("b", "MUG"), item({ preferred: true })));
    expect((await get(itemPath("acme", "MUG"), admin)).body.preferred).toBe(false);
    await Promise.all(names.map((name) => put(itemPath(name, "MUG"), item({ preferred: true }))));
    const views = await Promise.all(["acme", ...names].map((name) => get(itemPath(name, "MUG"), admin)));
    expect(views.filter(({ body }) => body.preferred)).toHaveLength(1);
    // Of another SKU, another one may be.
    await must(put(itemPath("acme", "CUP"), item({ preferred: true })));
    expect((await Promise.all(["acme", ...names].map((name) => get(itemPath(name, "MUG"), admin)))).filter(({ body }) => body.preferred)).toHaveLength(1);
  });
});

test("only a key for purchasing reads and writes them", async () => {
  const key = async (scopes) => (await must(send("POST", "/v1/admin/api-keys", { ...admin, body: { name: "buyer", kind: "secret", scopes }, headers: { "idempotency-key": shop.key() } }))).body.key;
  const reads = await key(["purchasing:read"]);
  const writes = await key(["purchasing:write"]);
  const other = await key(["inventory:read", "inventory:write"]);
  expect((await send("PUT", path("acme"), { key: writes, body: supplier("acme") })).status).toBe(200);
  expect((await get(path("acme"), { key: reads })).status).toBe(200);
  for (const [method, url, given] of [
    ["PUT", path("acme"), reads], ["GET", path("acme"), writes], ["GET", path("acme"), other],
    ["GET", "/v1/admin/suppliers", PUBLISHABLE_KEY], ["GET", "/v1/admin/reorder-proposals", other],
  ]) {
    const body = method === "PUT" ? supplier("acme") : undefined;
    expect((await send(method, url, { key: given, body })).status).toBe(403);
  }
});

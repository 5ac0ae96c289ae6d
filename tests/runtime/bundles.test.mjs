// Proves of bundles what a merchant and a buyer rely on: they are sold as their components or not at all, what comes
// back is put back once, and the catalogue can't be written so that a bundle is inside itself or lacks a part. And of
// limits: nobody empties a shelf by opening checkouts.

import { describe, expect, test } from "vitest";
import terms from "../../schema/demo/settings.json";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, cart, checkout, get, must, openDoors, post, productId, send } from "./support/http.mjs";
import { ask, level, read, shop } from "./support/shop.mjs";

const admin = (key = shop.key()) => ({ key: SECRET_KEY, headers: { "idempotency-key": key } });
const refunds = (id, body, key) => post(`/v1/admin/orders/${id}/refunds`, body, admin(key));
const returns = (id, body, key) => post(`/v1/admin/orders/${id}/returns`, body, admin(key));
const sku = (name) => shop.sku(name);
const price = { amount: 5_000, currency: "USD" };

/** Writes a product of bundles: put({ SET: { MUG: 2 } }). */
function put(bundles, { id = `${productId()}-sets`, status = "active", ...more } = {}) {
  const variants = Object.entries(bundles).map(([name, parts]) => ({
    sku: sku(name), prices: [price], ...more,
    components: Object.entries(parts).map(([part, quantity]) => ({ sku: sku(part), quantity })),
  }));
  const product = { id, title: "Sets", status, tax_category: "standard", variants };
  return send("PUT", `/v1/admin/products/${id}`, { key: SECRET_KEY, body: product });
}

/** The shop's first product, written anew. */
const rewrite = (names, status = "active") =>
  send("PUT", `/v1/admin/products/${productId()}`, {
    key: SECRET_KEY,
    body: {
      id: productId(), title: "Ware", status, tax_category: "standard",
      variants: names.map((name) => ({ sku: sku(name), prices: [price] })),
    },
  });

/** A set of two mugs and one tea; and a box of two sets and a mug. */
async function openWithSets(units = { MUG: 20, TEA: 10 }) {
  await openDoors(units);
  await must(put({ SET: { MUG: 2, TEA: 1 } }));
  await must(put({ BOX: { SET: 2, MUG: 1 } }, { id: `${productId()}-boxes` }));
}

const stockOf = async (...names) => {
  const { body } = await must(get(`/v1/stock?fresh=true&${names.map((name) => `sku=${sku(name)}`).join("&")}`, { key: PUBLISHABLE_KEY }));
  return body.items.map(({ available, status }) => [available, status]);
};

async function bought(lines, more = {}) {
  const { body } = await must(checkout(cart({ lines, ...more })));
  await drain();
  return body.order.id;
}

describe("a bundle", () => {
  test("is sold as its components, over all depths and lines", async () => {
    await openWithSets({ MUG: 200, TEA: 41 });
    expect(await stockOf("BOX", "SET", "MUG")).toEqual([[20, "low_stock"], [41, "in_stock"], [200, "in_stock"]]);
    const id = await bought([["BOX", 1], ["SET", 1], ["MUG", 1]]);
    expect((await read(id)).claims.map(({ sku: name, quantity }) => [name, quantity])).toEqual([[sku("MUG"), 5 + 2 + 1], [sku("TEA"), 3]]);
    expect(await level("MUG")).toMatchObject({ sold: 8, reserved: 0 });
    expect(await level("TEA")).toMatchObject({ sold: 3, reserved: 0 });
    expect(await level("SET")).toMatchObject({ version: 0 });
    expect(await stockOf("BOX", "SET")).toEqual([[19, "low_stock"], [38, "in_stock"]]);
    const { body: order } = await get(`/v1/orders/${id}`, { key: SECRET_KEY });
    expect(order.lines[0]).toMatchObject({ sku: sku("BOX"), components: [{ sku: sku("MUG"), quantity: 5 }, { sku: sku("TEA"), quantity: 2 }] });
    expect(order.lines[2].components).toBeUndefined();
    const { body: product } = await get(`/v1/products/${productId()}-sets`, { key: PUBLISHABLE_KEY });
    expect(product.variants[0]).toMatchObject({ components: [{ sku: sku("MUG"), quantity: 2 }, { sku: sku("TEA"), quantity: 1 }] });
  });

  test("of which one component is short is not sold at all, and the answer says which and for what", async () => {
    await openWithSets({ MUG: 20, TEA: 1 });
    const refused = await checkout(cart({ lines: [["SET", 1], ["BOX", 1]] }));
    expect(refused).toMatchObject({ status: 409, body: { code: "insufficient_stock" } });
    expect(refused.body.shortages).toEqual([{
      sku: sku("TEA"), requested: 3, available: 1, reason: "stock",
      bundles: [{ sku: sku("SET"), quantity: 1, units_each: 1 }, { sku: sku("BOX"), quantity: 1, units_each: 2 }],
    }]);
    await drain();
    for (const name of ["MUG", "TEA"]) expect(await level(name)).toMatchObject({ sold: 0, reserved: 0 });
    await bought([["SET", 1]]);
    expect(await stockOf("SET", "BOX")).toEqual([[0, "out_of_stock"], [0, "out_of_stock"]]);
  });

  test("and its component by itself, wanted by a crowd: each of them gets all of it or nothing, to the last unit", async () => {
    await openWithSets({ MUG: 11, TEA: 40 });
    const lines = [[["SET", 1]], [["MUG", 1]], [["SET", 1], ["MUG", 1]]];
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => checkout(cart({ lines: lines[n % 3] }))));
    await drain();
    const placed = answers.filter(({ status }) => status === 201);
    const mugs = placed.flatMap(({ body }) => body.order.lines).reduce((sum, line) => sum + line.quantity * (line.components?.[0].quantity ?? 1), 0);
    expect(answers.every(({ status }) => [201, 409].includes(status))).toBe(true);
    expect(mugs).toBeGreaterThanOrEqual(9);
    expect(await level("MUG")).toMatchObject({ sold: mugs, reserved: 0 });
    const sets = placed.flatMap(({ body }) => body.order.lines).filter((line) => line.sku === sku("SET")).length;
    expect(await level("TEA")).toMatchObject({ sold: sets, reserved: 0 });
  });

  test("has no stock to adjust, and a SKU with stock does not become one", async () => {
    await openWithSets();
    const adjustment = { kind: "received", quantity: 1, reason: "Delivery" };
    expect(await post(`/v1/admin/inventory/${sku("SET")}/adjustments`, adjustment, admin()))
      .toMatchObject({ status: 409, body: { code: "sku_is_bundle", skus: [sku("SET")] } });
    await drain();
    const becomes = await send("PUT", `/v1/admin/products/${productId()}`, {
      key: SECRET_KEY,
      body: {
        id: productId(), title: "Ware", status: "active", tax_category: "standard",
        variants: [{ sku: sku("MUG"), prices: [price] }, { sku: sku("TEA"), prices: [price], components: [{ sku: sku("MUG"), quantity: 1 }] }],
      },
    });
    expect(becomes).toMatchObject({ status: 409, body: { code: "bundle_has_stock", skus: [sku("TEA")] } });
  });

  test("is neither bought, moved, counted nor imported: its components are", async () => {
    await openWithSets();
    const supplier = `${productId()}-mill`;
    const terms = { id: supplier, name: "Mill", currency: "USD", lead_time_days: 3 };
    await must(send("PUT", `/v1/admin/suppliers/${supplier}`, { key: SECRET_KEY, body: terms }));
    const place = { id: "store-2", name: "Store 2", kind: "store" };
    await must(send("PUT", "/v1/admin/locations/store-2", { key: SECRET_KEY, body: place }));
    const documents = (lines) => [
      ["purchase-orders", { supplier, lines: lines.map((name) => ({ sku: sku(name), quantity: 1 })) }],
      ["transfers", { from: "main", to: "store-2", lines: lines.map((name) => ({ sku: sku(name), quantity: 1 })) }],
      ["counts", { lines: lines.map((name) => ({ sku: sku(name) })) }],
    ];
    for (const [kind, body] of documents(["MUG", "SET"])) {
      expect(await post(`/v1/admin/${kind}`, body, admin()), kind).toMatchObject({ status: 409, body: { code: "sku_is_bundle", skus: [sku("SET")] } });
    }
    for (const [kind, body] of documents(["MUG", "TEA"])) expect((await post(`/v1/admin/${kind}`, body, admin())).status, kind).toBe(201);
    const made = await must(post("/v1/admin/imports", { kind: "levels", format: "csv", reason: "Stock-taking" }, admin()));
    const file = { key: SECRET_KEY, body: `sku,quantity\n${sku("SET")},7\n${sku("TEA")},8\n`, headers: { "content-type": "text/csv" } };
    await must(send("PUT", `/v1/admin/imports/${made.body.id}/parts/1`, file));
    await must(post(`/v1/admin/imports/${made.body.id}/start`, { parts: 1 }, admin()));
    await drain();
    const { body: errors } = await must(get(`/v1/admin/imports/${made.body.id}/errors`, admin()));
    expect(errors.items.map(({ line, column, code }) => [line, column, code])).toEqual([[2, "sku", "sku_is_bundle"]]);
    expect([await level("SET"), await level("TEA")]).toMatchObject([{ version: 0 }, { received: 10, adjusted: -2 }]);
  });

  test("is shown to its merchant as its components allow, now and in the past", async () => {
    await openWithSets({ MUG: 20, TEA: 10 });
    const before = new Date(clock.now()).toISOString();
    clock.advance(MINUTE);
    await bought([["SET", 4]]);
    const show = async (name, more = "") => (await must(get(`/v1/admin/inventory/${sku(name)}${more}`, admin()))).body;
    expect(await show("BOX")).toMatchObject({
      available: 2, status: "low_stock", on_hand: 0, sold: 0,
      components: [{ sku: sku("MUG"), quantity: 5, available: 12 }, { sku: sku("TEA"), quantity: 2, available: 6 }],
    });
    expect(await show("BOX", `?at=${before}`)).toMatchObject({ available: 4, components: [{ available: 20 }, { available: 10 }], as_of: before });
    expect((await show("MUG")).components).toBeUndefined();
    expect(await get(`/v1/admin/inventory/${sku("BOX")}/explain`, admin())).toMatchObject({
      status: 409, body: { code: "sku_is_bundle", skus: [sku("BOX")], components: [{ sku: sku("MUG"), available: 12 }, { sku: sku("TEA"), available: 6 }] },
    });
    await drain();
    const { body: page } = await must(get(`/v1/admin/inventory?q=${shop.tag}-`, admin()));
    expect(page.items.map((item) => item.sku)).toEqual([sku("MUG"), sku("TEA")]);
  });

  test("that changed since it was bought gives back what it was made of then", async () => {
    await openWithSets();
    const id = await bought([["SET", 2]]);
    await must(put({ SET: { MUG: 1 } }));
    await must(refunds(id, { lines: [{ sku: sku("SET"), quantity: 2, restock: 2 }] }));
    await drain();
    expect([await level("MUG"), await level("TEA")]).toMatchObject([{ sold: 0 }, { sold: 0 }]);
    await bought([["SET", 1]]);
    expect([await level("MUG"), await level("TEA")]).toMatchObject([{ sold: 1 }, { sold: 0 }]);
  });
});

describe("the catalogue", () => {
  test("refuses bundles that can't be put together, where they can't", async () => {
    await openWithSets();
    const draft = `${productId()}-draft`;
    await must(put({ DRAFT: { MUG: 1 } }, { id: draft, status: "draft" }));
    for (const [parts, code, pointer, more] of [
      [{ BOX: 1 }, "bundle_cycle", "/variants/0/components/0/sku", { cycle: [sku("SET"), sku("BOX"), sku("SET")] }],
      [{ SET: 1 }, "invalid_request", "/variants/0/components/0/sku"],
      [{ MUG: 1, NOWHERE: 1 }, "unknown_sku", "/variants/0/components/1/sku"],
      [{ MUG: 0 }, "invalid_request", "/variants/0/components/0/quantity"],
      [{ MUG: 1_001 }, "invalid_request", "/variants/0/components/0/quantity"],
      [{ MUG: -1 }, "invalid_request", "/variants/0/components/0/quantity"],
      [{ MUG: 1e9 }, "invalid_request", "/variants/0/components/0/quantity"],
      [{ DRAFT: 1 }, "product_not_active", "/variants/0/components/0/sku"],
      // The box has two of these, each of a thousand of a thousand.
      [{ MUG: 1_000, TEA: 1_000, MORE: 1_000 }, "unknown_sku", "/variants/0/components/2/sku"],
    ]) {
      const refused = await put({ SET: parts });
      expect(refused, JSON.stringify(parts)).toMatchObject({ status: 422, body: { code, errors: [{ pointer }], ...more } });
    }
    await must(put({ CRATE: { MUG: 900 } }, { id: `${productId()}-crate` }));
    expect(await put({ PALLET: { CRATE: 12 } }, { id: `${productId()}-pallet` })).toMatchObject({ status: 422, body: { code: "bundle_too_large" } });
    await must(put({ PALLET: { CRATE: 11 } }, { id: `${productId()}-pallet` }));
    const grown = await put({ CRATE: { MUG: 1_000 } }, { id: `${productId()}-crate` });
    expect(grown).toMatchObject({ status: 422, body: { code: "bundle_too_large", bundle: sku("PALLET") } });
    expect(await put({ SET: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`P${n}`, 1])) }))
      .toMatchObject({ status: 422, body: { errors: [{ pointer: "/variants/0/components" }] } });
    expect(await stockOf("SET")).toEqual([[10, "low_stock"]]);
  });

  test("does not let a component go while a bundle needs it", async () => {
    await openWithSets();
    for (const refused of [await rewrite(["MUG"]), await rewrite(["MUG", "TEA"], "archived"), await rewrite(["MUG", "TEA"], "draft")]) {
      expect(refused).toMatchObject({ status: 409, body: { code: "sku_in_bundle" } });
      expect(refused.body.bundles).toContain(sku("SET"));
      expect(refused.body.skus).toContain(sku("TEA"));
    }
    expect(await stockOf("SET")).toEqual([[10, "low_stock"]]);
    expect(await put({ SET: { MUG: 2, TEA: 1 } }, { status: "archived" })).toMatchObject({ status: 409, body: { bundles: [sku("BOX")] } });
    await must(put({ BOX: { SET: 2, MUG: 1 } }, { id: `${productId()}-boxes`, status: "archived" }));
    await must(put({ SET: { MUG: 2, TEA: 1 } }, { status: "archived" }));
    await must(rewrite(["MUG"]));
    expect(await put({ SET: { MUG: 2, TEA: 1 } })).toMatchObject({ status: 422, body: { code: "unknown_sku" } });
  });

  test("written by two at once never has a bundle without its component, nor one inside itself", async () => {
    await openDoors({ MUG: 5, TEA: 5 });
    for (let round = 0; round < 6; round += 1) {
      const [bundle, removal] = await Promise.all([put({ SET: { TEA: 1 } }), rewrite(["MUG"])]);
      expect([bundle.status, removal.status].filter((status) => status === 200).length).toBeLessThanOrEqual(1);
      await must(put({ SET: { MUG: 1 } }));
      await must(rewrite(["MUG", "TEA"]));
    }
    const id = (name) => `${productId()}-${name.toLowerCase()}`;
    for (let round = 0; round < 6; round += 1) {
      await must(put({ A: { MUG: 1 } }, { id: id("A") }));
      await must(put({ B: { MUG: 1 } }, { id: id("B") }));
      const both = await Promise.all([put({ A: { B: 1 } }, { id: id("A") }), put({ B: { A: 1 } }, { id: id("B") })]);
      expect(both.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
      await must(put({ A: { MUG: 1 } }, { id: id("A") }));
    }
  });
});

describe("what comes back", () => {
  test("with a refund are the components, once, good or damaged", async () => {
    await openWithSets();
    const id = await bought([["SET", 3], ["MUG", 1]]);
    const key = shop.key();
    const body = { lines: [{ sku: sku("SET"), quantity: 1, restock: 1 }, { sku: sku("MUG"), quantity: 1, restock: 1 }] };
    await must(refunds(id, body, key));
    await must(refunds(id, body, key));
    await drain();
    expect([await level("MUG"), await level("TEA")]).toMatchObject([{ sold: 4 }, { sold: 2 }]);
    const damaged = { lines: [{ sku: sku("SET"), quantity: 1, restock: 1, restock_condition: "damaged" }] };
    const { body: answer } = await must(refunds(id, damaged));
    expect(answer.order.refunds[1].lines[0]).toMatchObject({ restock: 1, restock_condition: "damaged" });
    await drain();
    const [mug] = (await level("MUG")).balances;
    expect([mug, await level("MUG")]).toMatchObject([{ on_hand: 20 - 4, damaged: 2 }, { sold: 2 }]);
    expect((await level("TEA")).balances[0]).toMatchObject({ on_hand: 10 - 2, damaged: 1 });
  });

  test("without one is noted under a key, in its condition, and no more than was sold", async () => {
    await openWithSets();
    const id = await bought([["SET", 2]]);
    await must(send("PUT", "/v1/admin/locations/workshop", { key: SECRET_KEY, body: { id: "workshop", name: "Workshop", kind: "warehouse" } }));
    const key = shop.key();
    const body = { lines: [{ sku: sku("SET"), quantity: 1 }, { sku: sku("MUG"), quantity: 1, condition: "damaged", location: "workshop" }], reason: "exchanged" };
    const answers = await Promise.all(Array.from({ length: 10 }, () => returns(id, body, key)));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(new Set(answers.map((one) => one.body.return_id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true")).toHaveLength(9);
    await drain();
    expect([await level("MUG"), await level("TEA")]).toMatchObject([{ sold: 1 }, { sold: 1 }]);
    expect((await level("MUG")).balances).toMatchObject([{ location: "main", on_hand: 18 }, { location: "workshop", on_hand: 0, damaged: 1 }]);
    const { body: order } = await get(`/v1/orders/${id}`, { key: SECRET_KEY });
    expect(order.returns).toMatchObject([{ reason: "exchanged", lines: [{ sku: sku("SET"), quantity: 1, condition: "sellable", restocked: true }, { sku: sku("MUG"), condition: "damaged", location: "workshop", restocked: true }] }]);
    expect(await returns(id, { ...body, reason: "other" }, key)).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    expect(await refunds(id, body, key)).toMatchObject({ status: 422 });
    expect(await returns(id, { lines: [{ sku: sku("SET"), quantity: 1 }] })).toMatchObject({
      status: 422, body: { code: "units_too_many", line: { sku: sku("SET"), available: 0 } },
    });
    expect(await refunds(id, { lines: [{ sku: sku("SET"), quantity: 1, restock: 1 }] })).toMatchObject({ status: 422, body: { code: "units_too_many" } });
    expect(await returns(`ord_00${"0".repeat(32)}`, body)).toMatchObject({ status: 404 });
    expect(gateway.paymentOf(id).refunds).toEqual([]);
  });

  test("at once by many hands is what was sold and no more", async () => {
    await openWithSets();
    const id = await bought([["SET", 3]]);
    const one = { lines: [{ sku: sku("SET"), quantity: 1 }] };
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) =>
      n % 2 ? returns(id, one) : refunds(id, { lines: [{ ...one.lines[0], restock: 1 }] })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    await drain();
    expect([await level("MUG"), await level("TEA")]).toMatchObject([{ sold: 0 }, { sold: 0 }]);
  });

  const story = {
    prepare: async () => {
      await openWithSets();
      return bought([["SET", 2]]);
    },
    act: ({ id = shop.order }) => returns(id, { lines: [{ sku: sku("SET"), quantity: 1, condition: "damaged" }] }, `${shop.tag}-back`),
  };

  test.each(Object.entries(CRASHES))("is put back once though objects %s any crossing", async (_, fault) => {
    const crossings = await atEveryCrossing(fault, {
      prepare: story.prepare,
      act: (id) => story.act({ id }),
      retry: (id) => story.act({ id }),
      end: async ({ given: id }) => {
        expect((await read(id)).returns).toMatchObject([{ lines: [{ restocked: true }] }]);
        expect(await level("MUG")).toMatchObject({ sold: 2, balances: [{ damaged: 2 }] });
        expect(await level("TEA")).toMatchObject({ sold: 1, balances: [{ damaged: 1 }] });
      },
      within: HOUR,
    });
    expect(crossings.length).toBeGreaterThan(4);
  }, 180 * SECOND);
});

describe("a limit", () => {
  const unpaid = (more, options) => checkout(cart({ method: "pending", ...more }), options);
  const openWithLimit = async (units, limit) => {
    await openDoors(units);
    await must(send("PUT", "/v1/admin/store", { key: SECRET_KEY, body: { ...terms, unpaid_units_per_buyer: limit } }));
  };
  const from = (address, key = PUBLISHABLE_KEY) => ({ key, headers: { "cf-connecting-ip": address } });

  test("per order counts units within bundles", async () => {
    await openWithSets();
    await must(put({ SET: { MUG: 2, TEA: 1 } }, { max_per_order: 3 }));
    expect(await checkout(cart({ lines: [["SET", 4]] }))).toMatchObject({
      status: 422, body: { code: "quantity_limit", limit: { sku: sku("SET"), limit: 3, requested: 4 }, errors: [{ pointer: "/lines/0/quantity" }] },
    });
    expect(await checkout(cart({ lines: [["SET", 2], ["BOX", 1]] }))).toMatchObject({ status: 422, body: { code: "quantity_limit", errors: [{ pointer: "/lines/1/quantity" }] } });
    expect(await checkout(cart({ lines: [["SET", 1], ["BOX", 1]] }))).toMatchObject({ status: 201 });
  });

  test("per customer holds over orders and bundles, however the e-mail is written", async () => {
    await openWithSets();
    const change = {
      command: "change", key: shop.key(), fingerprint: "terms", changes: [],
      terms: { how: "replace", back_order_limit: 0, low_stock_threshold: 0, terms: { customer_limit: 3 } },
      cause: { kind: "person", actor: "key_test", reason: "rare" },
    };
    expect(await ask("SkuInventory", sku("MUG"), change)).toMatchObject({ answer: "changed" });
    const id = await bought([["SET", 1]], { email: "Ada@Example.com" });
    const refused = await checkout(cart({ lines: [["SET", 1]], email: "ada@example.com" }));
    expect(refused).toMatchObject({ status: 409, body: { code: "quantity_limited" } });
    expect(refused.body.shortages).toEqual([{
      sku: sku("MUG"), requested: 2, available: 1, reason: "customer_limit", bundles: [{ sku: sku("SET"), quantity: 1, units_each: 2 }],
    }]);
    await bought([["MUG", 1]], { email: "ADA@example.com" });
    expect(await checkout(cart({ email: "ada@example.com" }))).toMatchObject({ status: 409, body: { code: "quantity_limited", shortages: [{ available: 0 }] } });
    expect(await checkout(cart({ email: "bob@example.com" }))).toMatchObject({ status: 201 });
    await must(returns(id, { lines: [{ sku: sku("SET"), quantity: 1 }] }));
    await drain();
    expect(await checkout(cart({ email: "ada@example.com" }))).toMatchObject({ status: 201 });
    const kept = JSON.stringify(await read(id));
    expect(kept).not.toContain("203.0.113");
  });

  test("of what is held unpaid keeps one address from emptying the shelf, with many keys and e-mails", async () => {
    await openWithLimit({ MUG: 20 }, 3);
    const keys = [PUBLISHABLE_KEY];
    for (let n = 0; n < 3; n += 1) {
      const { body } = await must(post("/v1/admin/api-keys", { name: `Front ${n}`, kind: "publishable" }, { key: SECRET_KEY }));
      keys.push(body.key);
    }
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) =>
      unpaid({ email: `bot${n}@example.com` }, from("203.0.113.7", keys[n % keys.length]))));
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answers.length - refused.length).toBe(3);
    for (const one of refused) {
      expect(one).toMatchObject({ status: 409, body: { code: "quantity_limited", shortages: [{ requested: 1, available: 0, reason: "unpaid_limit" }] } });
    }
    expect(await level("MUG")).toMatchObject({ reserved: 3 });
    expect(await unpaid({ lines: [["MUG", 4]] }, from("198.51.100.1"))).toMatchObject({
      status: 409, body: { code: "quantity_limited", shortages: [{ requested: 4, available: 3 }] },
    });
    expect(await unpaid({ lines: [["MUG", 2]] }, from("198.51.100.1"))).toMatchObject({ status: 201 });
    expect(await unpaid({ lines: [["MUG", 3]] }, from("2001:db8:1:2::1"))).toMatchObject({ status: 201 });
    expect(await unpaid({}, from("2001:db8:1:2:ffff::9"))).toMatchObject({ status: 409 });
    // What is paid counts no more, and what nobody pays is free again when its window ends.
    const paid = await bought([["MUG", 1]], {});
    expect((await read(paid)).claims[0].claim).toMatchObject({ state: "committed" });
    await drain({ within: HOUR });
    expect(await unpaid({ lines: [["MUG", 3]] }, from("203.0.113.7"))).toMatchObject({ status: 201 });
  });

  test("of what is held unpaid goes by the address that a merchant's server names, else by its key", async () => {
    await openWithLimit({ MUG: 20 }, 2);
    const server = { key: SECRET_KEY, headers: { "cf-connecting-ip": "203.0.113.7" } };
    expect(await unpaid({ lines: [["MUG", 2]], buyer_address: "198.51.100.1" }, server)).toMatchObject({ status: 201 });
    expect(await unpaid({ buyer_address: "198.51.100.1" }, server)).toMatchObject({ status: 409, body: { code: "quantity_limited" } });
    expect(await unpaid({ lines: [["MUG", 2]], buyer_address: "198.51.100.2" }, server)).toMatchObject({ status: 201 });
    expect(await unpaid({ lines: [["MUG", 2]] }, server)).toMatchObject({ status: 201 });
    expect(await unpaid({}, server)).toMatchObject({ status: 409 });
    expect(await unpaid({}, from("203.0.113.7"))).toMatchObject({ status: 201 });
    for (const [body, options] of [[{ buyer_address: "somewhere" }, server], [{ buyer_address: "198.51.100.1" }, from("203.0.113.7")]]) {
      expect(await unpaid(body, options)).toMatchObject({ status: 422, body: { errors: [{ pointer: "/buyer_address" }] } });
    }
  });
});

// Proves issue 4 on reordering: what is proposed follows from terms, sales and what is coming; purchase orders of one need
// are made once, however runs repeat, overlap, fail or die; a need without a supplier is said, never dropped.

import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import terms from "../../schema/demo/settings.json";
import { DAY, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { SECRET_KEY, get, must, openDoors, post, send } from "./support/http.mjs";
import { ask, buy, change, shop } from "./support/shop.mjs";
import worker from "./support/worker.mjs";

const admin = { key: SECRET_KEY };
const named = (name) => `${shop.tag}-${name}`.toLowerCase();
const settle = () => drain({ within: 10 * SECOND });

async function supplier(name, skus, { lead_time_days = 14, ...more } = {}) {
  const body = { id: named(name), name, currency: "USD", lead_time_days, ...more };
  await must(send("PUT", `/v1/admin/suppliers/${named(name)}`, { ...admin, body }));
  for (const [sku, item] of Object.entries(skus)) {
    const offered = { unit_cost: { amount: 100, currency: "USD" }, ...item };
    await must(send("PUT", `/v1/admin/suppliers/${named(name)}/items/${shop.sku(sku)}`, { ...admin, body: offered }));
  }
}

const reorder = (name, reorder_point, reorder_quantity) =>
  change(name, [], { terms: { how: "patch", reorder_point, reorder_quantity } });

/** What is proposed of this test's SKUs, over all pages. */
async function proposed(query = "") {
  const items = [];
  let cursor = "";
  for (let pages = 0; pages < 200; pages += 1) {
    const { body } = await must(get(`/v1/admin/reorder-proposals?limit=2${query}${cursor}`, admin));
    items.push(...body.items);
    if (body.next_cursor === null) return items.filter(({ sku }) => sku.startsWith(`${shop.tag}-`));
    cursor = `&cursor=${body.next_cursor}`;
  }
  throw new Error("no end");
}

const order = (body = {}, key = shop.key()) =>
  post("/v1/admin/reorder-proposals/purchase-orders", body, { ...admin, headers: { "idempotency-key": key } });

/** The purchase orders of this test's suppliers, as their objects have them. */
async function drafts() {
  const { results } = await env.DB.prepare("SELECT id FROM reorder_plans WHERE document ->> '$.supplier' GLOB ? ORDER BY id")
    .bind(`${named("")}*`).all();
  const read = await Promise.all(results.map(({ id }) => ask("StockDocument", id, { command: "read" })));
  return read.filter(({ answer }) => answer === "document").map(({ document }) => document);
}

const units = (documents) => documents.flatMap(({ body }) => body.lines).reduce((sum, { quantity }) => sum + quantity, 0);

const cron = () => worker.scheduled(createScheduledController({ cron: "*/15 * * * *" }), env, createExecutionContext());

/** Cron comes: so few SKUs are one piece of a day's work. */
async function day() {
  await cron();
  await settle();
}

const store = (more) => must(send("PUT", "/v1/admin/store", { ...admin, body: { ...terms, ...more } }));

describe("a proposal", () => {
  test("follows from the merchant's point and quantity, with every number that led to it", async () => {
    await openDoors({ MUG: 8, CUP: 50 });
    await supplier("acme", { MUG: { pack_size: 12, minimum_quantity: 24 }, CUP: {} });
    await reorder("MUG", 10, 20);
    await reorder("CUP", 10, 20);
    await settle();
    const [mug, ...rest] = await proposed();
    expect(rest).toEqual([]);
    expect(mug).toMatchObject({
      sku: shop.sku("MUG"), supplier_id: named("acme"), problem: null, quantity: 24, unit_cost: { amount: 100, currency: "USD" },
      why: {
        quantity: 24, needed: 20, unsold: 8, owed: 0, incoming: 0, drafted: 0, position: 8, reorder_point: 10,
        reorder_point_origin: "merchant", target: 28, reorder_quantity: 20, lead_time_days: 14, review_days: 7,
        pack_size: 12, minimum_quantity: 24, demand: { units: 0, days: 28 },
      },
    });
    await change("MUG", [{ change: "expected", location: "main", quantity_delta: 3 }]);
    await settle();
    expect(await proposed()).toEqual([]);
  });

  test("follows from what was sold of late, if the merchant said nothing", async () => {
    await openDoors({ MUG: 40 });
    await supplier("acme", { MUG: {} });
    await settle();
    await day();
    expect(await proposed()).toEqual([]);
    await buy({ lines: [["MUG", 21]] });
    await settle();
    // 21 in 7 days at least: 3 a day, 42 until an order arrives, 63 until the one after it.
    expect((await proposed())[0]).toMatchObject({
      quantity: 44, why: { demand: { units: 21, days: 7 }, reorder_point: 42, reorder_point_origin: "derived", target: 63, position: 19 },
    });
    clock.advance(20 * DAY);
    await day();
    // 21 days are known by now: one a day, 14 until it arrives.
    expect(await proposed()).toEqual([]);
    await buy({ lines: [["MUG", 5]] });
    await settle();
    expect((await proposed())[0]).toMatchObject({ why: { demand: { units: 26, days: 21 }, reorder_point: 18, target: 26 }, quantity: 12 });
    expect((await proposed("&review_days=14"))[0].why.target).toBe(35);
    clock.advance(DAY);
    await day();
    clock.advance(59 * DAY);
    await day();
    // Nothing was sold for two months.
    expect(await proposed()).toEqual([]);
    await buy({ lines: [["MUG", 10]] });
    await settle();
    expect((await proposed())[0].why.demand).toEqual({ units: 10, days: 28 });
    expect((await proposed("&days=90"))[0].why.demand).toEqual({ units: 36, days: 81 });
    const { count } = await env.DB.prepare("SELECT COUNT(*) AS count FROM stock_snapshots WHERE sku = ?").bind(shop.sku("MUG")).first();
    expect(count).toBe(3);
  });

  test("without a supplier is said, and so is one whose only supplier is archived", async () => {
    await openDoors({ MUG: 1, CUP: 1 });
    await supplier("gone", { CUP: { preferred: true } }, { status: "archived" });
    await reorder("MUG", 5, 10);
    await reorder("CUP", 5, 10);
    await settle();
    expect(await proposed()).toMatchObject([
      { sku: shop.sku("CUP"), supplier_id: null, problem: "no_supplier", quantity: 10, why: { lead_time_days: null } },
      { sku: shop.sku("MUG"), supplier_id: null, problem: "no_supplier", quantity: 10 },
    ]);
    const { body } = await must(order());
    expect(body.without_supplier).toEqual(expect.arrayContaining([shop.sku("CUP"), shop.sku("MUG")]));
    expect(await drafts()).toEqual([]);
  });

  test("is refused nonsense", async () => {
    for (const query of ["days=6", "days=366", "review_days=0", "days=x", "limit=0", "colour=red"]) {
      expect((await get(`/v1/admin/reorder-proposals?${query}`, admin)).status).toBe(422);
    }
    for (const body of [{ days: 6 }, { review_days: 91 }, { cursor: "zz" }, { colour: "red" }, { supplier_id: "a b" }, { supplier_id: "nobody" }]) {
      expect((await order(body)).status).toBe(422);
    }
    const keyless = await post("/v1/admin/reorder-proposals/purchase-orders", {}, admin);
    expect([keyless.status, keyless.body.code]).toEqual([400, "idempotency_key_required"]);
  });
});

describe("purchase orders", () => {
  beforeEach(async () => {
    await openDoors({ MUG: 2, CUP: 2, POT: 2 });
    await supplier("acme", { MUG: { pack_size: 12, preferred: true }, POT: { unit_cost: { amount: 30, currency: "USD" } } }, {
      minimum_order: { amount: 5_000, currency: "USD" },
    });
    await supplier("bits", { MUG: {}, CUP: {} }, { lead_time_days: 2 });
    for (const name of ["MUG", "CUP", "POT"]) await reorder(name, 10, 20);
    await settle();
  });

  const own = ({ body }) => body.purchase_orders.filter(({ supplier_id }) => supplier_id.startsWith(named("")));

  test("are drafts, one for each supplier, and their units count as coming", async () => {
    const answer = await must(order());
    const [acme, bits] = own(answer);
    expect(acme).toMatchObject({ supplier_id: named("acme"), line_count: 2, units: 44, total: { amount: 3_000, currency: "USD" }, below_minimum: { amount: 5_000 } });
    expect(bits).toMatchObject({ supplier_id: named("bits"), line_count: 1, units: 20, below_minimum: null });
    const documents = await drafts();
    const of = (id) => documents.find((document) => document.id === id).body;
    expect(of(acme.id)).toMatchObject({ type: "purchase_order", status: "draft", origin: "proposal", supplier: named("acme"), location: "main" });
    expect(of(acme.id).lines).toMatchObject([
      { sku: shop.sku("MUG"), quantity: 24, unit_cost: { amount: 100, currency: "USD" } }, { sku: shop.sku("POT"), quantity: 20 },
    ]);
    expect(Date.parse(of(bits.id).expected_at)).toBe(clock.now() + 2 * DAY);
    // At once, before any list was told of them.
    expect(await proposed()).toEqual([]);
    expect(own(await must(order()))).toEqual([]);
    await settle();
    expect(await proposed()).toEqual([]);
    expect(own(await must(order()))).toEqual([]);
    expect(units(await drafts())).toBe(64);
  });

  test("of one key are made once, and told again", async () => {
    const key = shop.key();
    const first = await must(order({}, key));
    const second = await must(order({}, key));
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    const other = await order({ days: 30 }, key);
    expect([other.status, other.body.code]).toEqual([422, "idempotency_key_reused"]);
    expect(units(await drafts())).toBe(64);
  });

  test("of many who ask at once are made once", async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => order()));
    for (const answer of answers.filter(({ status }) => status !== 200)) expect(answer.body.code).toBe("try_again");
    await settle();
    await must(order());
    expect(units(await drafts())).toBe(64);
  });

  test("of one supplier leave the others alone", async () => {
    expect(own(await must(order({ supplier_id: named("bits") }))).map(({ supplier_id }) => supplier_id)).toEqual([named("bits")]);
    expect((await proposed()).map(({ sku }) => sku)).toEqual([shop.sku("MUG"), shop.sku("POT")]);
    expect(own(await must(order())).map(({ units }) => units)).toEqual([44]);
  });

  test("that are called off are needed again; those that are ordered are not", async () => {
    const [acme, bits] = own(await must(order()));
    const act = (id, action) => ask("StockDocument", id, { command: "act", key: `${id}-act`, fingerprint: "x", action, note: null, by: "key_test" });
    expect((await act(acme.id, { action: "cancel" })).answer).toBe("document");
    expect((await act(bits.id, { action: "order" })).answer).toBe("document");
    await settle();
    expect((await proposed()).map(({ sku }) => sku)).toEqual([shop.sku("MUG"), shop.sku("POT")]);
  });

  test.each([
    ["fails before", "asks StockDocument", "before"], ["fails after", "asks StockDocument", "after"],
    ["fails before", "asks D1", "before"], ["fails after", "asks D1", "after"],
  ])("are made once where a step %s (%s)", async (_, at, when) => {
    const key = shop.key();
    let struck = 0;
    for (let nth = 0; nth < 12; nth += 1) {
      const fault = plan({ at: `Worker ${at}`, nth, when, what: "fail" });
      const answer = await order({}, key);
      struck += fault.struck;
      if (answer.status === 200 && fault.struck === 0) break;
    }
    expect(struck).toBeGreaterThan(0);
    crossings.withoutPlans();
    await settle();
    await must(order({}, key));
    await must(order());
    await settle();
    expect(units(await drafts())).toBe(64);
  });

  test("that nobody came to make are made by the next run of the day", async () => {
    plan({ at: "Worker asks StockDocument", what: "fail", when: "before", times: 100 });
    expect((await order()).status).toBe(503);
    expect(await drafts()).toEqual([]);
    crossings.withoutPlans();
    await day();
    expect(units(await drafts())).toBe(64);
  });
});

describe("the daily job", () => {
  test("makes them only where the store lets it, and once a day", async () => {
    await openDoors({ MUG: 2 });
    await supplier("acme", { MUG: {} });
    await reorder("MUG", 10, 20);
    await settle();
    await day();
    expect(await drafts()).toEqual([]);
    expect((await proposed()).length).toBe(1);
    await store({ propose_purchase_orders: true });
    clock.advance(DAY);
    await day();
    const made = await drafts();
    expect(made).toMatchObject([{ created_by: "reorder_proposals", body: { status: "draft", origin: "proposal" } }]);
    await day();
    clock.advance(DAY);
    await day();
    expect(await drafts()).toEqual(made);
    // It is told twice and goes on from where it was when a run of it was lost.
    await ask("StockDocument", made[0].id, { command: "act", key: "x", fingerprint: "x", action: { action: "cancel" }, note: null, by: "key_test" });
    await settle();
    clock.advance(DAY);
    for (const when of ["before", "after"]) {
      for (const at of ["Worker asks D1", "Worker asks StockDocument"]) {
        for (let nth = 0; nth < 5; nth += 1) {
          plan({ at, nth, when, what: "fail" });
          await cron();
          crossings.withoutPlans();
        }
      }
    }
    await day();
    clock.advance(MINUTE);
    expect(units(await drafts())).toBe(40);
    await store({});
  });
});

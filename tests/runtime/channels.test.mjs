// Proves of sales channels: nobody gets what is set aside for another, however many ask at once; a connector that
// follows the feed misses nothing and can drop what is stale; an order that a channel has sold is brought in once,
// whoever dies meanwhile, and is short rather than refused or oversold.

import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { DAY, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { database } from "./support/database.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, cart, checkout as buyOverHttp, get, must, openDoors, post, send } from "./support/http.mjs";
import { queue } from "./support/queue.mjs";
import {
  ask, cancel, change, checkout, draft, evictAll, inStorage, level, read, shardOf, shop, stock,
} from "./support/shop.mjs";
import worker from "./support/worker.mjs";

const admin = { key: SECRET_KEY };
const put = (path, body) => send("PUT", path, { ...admin, body });
const channelOf = () => `market-${shop.tag}`;
const setUp = (settings = {}, id = channelOf()) =>
  must(put(`/v1/admin/channels/${id}`, { name: "Market", kind: "marketplace", ...settings }));

/** What a channel may have of a SKU, over HTTP. */
const putTerms = (name, terms, channel = channelOf()) => put(`/v1/admin/inventory/${shop.sku(name)}/channels/${channel}`, terms);
const termsOf = async (name) => (await must(get(`/v1/admin/inventory/${shop.sku(name)}/channels`, admin))).body;
/** The same below HTTP. */
const setTerms = (name, terms, channel = channelOf()) => change(name, [], { terms: { how: "channel", channel, terms } });

async function feed(after, { channel = channelOf(), limit = 100 } = {}) {
  const path = `/v1/admin/channels/${channel}/availability?limit=${limit}${after === undefined ? "" : `&after=${after}`}`;
  return (await must(get(path, admin))).body;
}
const told = ({ items }) => items.map(({ sku, available }) => [sku.split("-").at(-1), available]);

/** An order as a connector sends it. */
const sale = (order_id, { lines = [["MUG", 1]], ...more } = {}) => ({
  channel: channelOf(), order_id, currency: "USD",
  lines: lines.map(([name, quantity, unit_price_minor]) => ({ sku: shop.sku(name), quantity, unit_price_minor })),
  shipping_address: cart().shipping_address, shipping_method: "standard", shipping_price_minor: 0, ...more,
});
const bring = (body, headers = {}) => post("/v1/admin/channel-orders", body, { ...admin, headers });

/** The same below HTTP, to a shard. */
const sold = ({ shard, order_id, fingerprint = "body", ...more }) =>
  ask("OrderShard", shard, {
    command: "channel_order", key: `${channelOf()} ${order_id}`, sold: { channel: channelOf(), order_id, fingerprint },
    draft: { ...draft(more), claim_terms: { channel: channelOf() } },
  });

/** D1 says of the channel what the SKU's object last told, and that is what it may have. */
async function feedIsTrue(name, channel = channelOf()) {
  const [row] = await inStorage("SkuInventory", shop.sku(name), "SELECT * FROM channel_availability WHERE channel = ?", channel);
  const copy = await env.DB.prepare("SELECT * FROM channel_availability WHERE channel = ? AND sku = ?").bind(channel, shop.sku(name)).first();
  expect(row.stage).toBe("arrived");
  expect(copy).toMatchObject({ available: row.available, version: row.version, as_of: row.as_of });
  return row.available;
}

describe("terms of a channel", () => {
  test("are set, shown with what they leave for each, and taken away", async () => {
    await openDoors({ MUG: 10 });
    await setUp();
    const set = await putTerms("MUG", { allocation: 6, buffer: 1, cap: 8 });
    expect(set).toMatchObject({ status: 200, body: { left: 6, available: 8, terms: { allocation: 6, buffer: 1, cap: 8 } } });
    expect(await putTerms("MUG", { allocation: 6, buffer: 1, cap: 8 })).toMatchObject({ status: 200, body: { left: 6 } });
    const { shared, items } = await termsOf("MUG");
    expect(shared).toBe(4);
    expect(items).toMatchObject([
      { channel: channelOf(), left: 6, available: 8 },
      { channel: "storefront", terms: null, left: 0, available: 4 },
    ]);
    const stockShown = await get(`/v1/stock?sku=${shop.sku("MUG")}`, { key: PUBLISHABLE_KEY });
    expect(stockShown.body.items[0]).toMatchObject({ sku: shop.sku("MUG") });
    expect(await putTerms("MUG", null)).toMatchObject({ status: 200, body: { terms: null, left: 0, available: 10 } });
    expect((await termsOf("MUG")).shared).toBe(10);
  });

  test("beyond what is free, of nobody, or of an archived channel are refused and change nothing", async () => {
    await openDoors({ MUG: 3 });
    await setUp();
    const refused = (answer, status, code, more = {}) => expect(answer).toMatchObject({ status, body: { code, ...more } });
    refused(await putTerms("MUG", { allocation: 4 }), 409, "allocation_too_large", { free: 3 });
    refused(await putTerms("MUG", { allocation: -1 }), 422, "invalid_request", { errors: [{ pointer: "/allocation" }] });
    refused(await putTerms("MUG", { buffer: 1.5 }), 422, "invalid_request");
    refused(await putTerms("MUG", { left: 1 }), 422, "invalid_request");
    refused(await putTerms("MUG", {}, "nowhere"), 404, "channel_not_found");
    refused(await putTerms("NO-SUCH", {}), 404, "unknown_sku");
    refused(await put("/v1/admin/channels/storefront", { name: "Shop", kind: "other" }), 422, "invalid_request", { errors: [{ pointer: "/kind" }] });
    refused(await put("/v1/admin/channels/a%20b", { name: "A", kind: "other" }), 404, "channel_not_found");
    refused(await get(`/v1/admin/channels/${channelOf()}/availability?after=-1`, admin), 422, "invalid_request");
    await setUp({ status: "archived" });
    refused(await putTerms("MUG", { allocation: 1 }), 409, "channel_archived");
    expect(await putTerms("MUG", null)).toMatchObject({ status: 200 });
    expect((await termsOf("MUG")).shared).toBe(3);
    const listed = (await must(get("/v1/admin/channels?limit=100", admin))).body.items;
    expect(listed).toEqual(expect.arrayContaining([
      { id: "storefront", name: "Storefront", kind: "storefront", status: "active", all_skus: false },
      { id: channelOf(), name: "Market", kind: "marketplace", status: "archived", all_skus: false },
    ]));
  });

  test("hold against everybody at once: what is set aside is the channel's, the rest is whoever's", async () => {
    await stock({ MUG: 20 });
    await setTerms("MUG", { allocation: 8 });
    const shards = [shop.shard(), shop.shard(), shop.shard()];
    const shoppers = Array.from({ length: 30 }, (_, n) => checkout({ shard: shards[n % 3] }));
    const sales = Array.from({ length: 12 }, (_, n) => sold({ shard: shards[n % 3], order_id: `s-${n}` }));
    const bought = (await Promise.all(shoppers)).filter(({ outcome }) => outcome.outcome === "placed");
    const claims = (await Promise.all(sales)).map(({ outcome }) => outcome.order.claims[0].claim.state);
    await drain();
    const had = claims.filter((state) => state !== "short").length;
    expect(bought.length + had).toBe(20);
    expect(bought.length).toBeLessThanOrEqual(12);
    expect(had).toBeGreaterThanOrEqual(8);
    const { sold: units, reserved, set_aside = {} } = await level("MUG");
    expect([units, reserved, set_aside]).toEqual([20, 0, {}]);
  });

  test("survive a restart, and what expires goes back where it came from", async () => {
    await stock({ MUG: 5 });
    await setTerms("MUG", { allocation: 5 });
    const order_id = "ord_0000000000000070008000000000000001";
    shop.strangers = new Set([order_id]);
    const command = { order_id, command: "reserve", quantity: 3, expires_at: new Date(clock.now() + MINUTE).toISOString() };
    const held = (terms) => ask("SkuInventory", shop.sku("MUG"), { command: "claims", claims: [{ ...command, terms }] });
    expect((await held({})).answers[0].answer).toEqual({ answer: "insufficient", available: 0 });
    expect((await held({ channel: channelOf() })).answers[0].answer).toEqual({ answer: "held" });
    expect((await level("MUG")).set_aside).toEqual({ [channelOf()]: 2 });
    await evictAll();
    await drain({ within: 2 * MINUTE });
    expect((await level("MUG")).set_aside).toEqual({ [channelOf()]: 5 });
    expect(await feedIsTrue("MUG")).toBe(5);
  });
});

describe("the feed of a channel", () => {
  test("has each change once, by version, and goes on where it was left", async () => {
    await openDoors({ MUG: 10, CUP: 4 });
    await setUp();
    await must(putTerms("MUG", { buffer: 2 }));
    await must(putTerms("CUP", { cap: 3 }));
    await drain();
    const first = await feed();
    expect(told(first).sort()).toEqual([["CUP", 3], ["MUG", 8]]);
    expect(first).toMatchObject({ more: false, items: [{ event: "channel.availability_changed", channel: channelOf() }, {}] });
    expect(await feed(first.next_after)).toEqual({ items: [], next_after: first.next_after, more: false });
    for (let n = 0; n < 3; n += 1) await must(buyOverHttp(cart({ lines: [["MUG", 1], ["CUP", 1]] })));
    await drain();
    const second = await feed(first.next_after);
    expect(told(second).sort()).toEqual([["CUP", 1], ["MUG", 5]]);
    const versionOf = ({ items }, name) => items.find(({ sku }) => sku.endsWith(name)).version;
    expect(versionOf(second, "MUG")).toBeGreaterThan(versionOf(first, "MUG"));
    const pages = [await feed(undefined, { limit: 1 })];
    pages.push(await feed(pages[0].next_after, { limit: 1 }));
    expect(pages.map(({ more }) => more)).toEqual([true, false]);
    expect(pages.flatMap(told).sort()).toEqual([["CUP", 1], ["MUG", 5]]);
    await must(putTerms("CUP", null));
    await drain();
    expect(told(await feed(second.next_after))).toEqual([["CUP", 0]]);
  });

  test("drops stale, repeated and shuffled tellings, and gets what the queue lost", async () => {
    await openDoors({ MUG: 10 });
    await setUp();
    await must(putTerms("MUG", {}));
    await drain();
    queue.held = true;
    for (let n = 0; n < 3; n += 1) {
      await must(buyOverHttp(cart()));
      await drain({ within: 5 * SECOND });
    }
    const tellings = queue.taken.filter((body) => body.includes('"kind":"channel_availability"') && body.includes(shop.sku("MUG")));
    expect(tellings.map((body) => JSON.parse(body).available)).toEqual(expect.arrayContaining([10, 9, 8, 7]));
    queue.waiting = [];
    queue.held = false;
    await drain({ within: MINUTE });
    expect(told(await feed())).toEqual([["MUG", 7]]);
    const { next_after } = await feed();
    queue.put(...tellings, ...tellings.toReversed());
    await drain();
    expect(await feed(next_after)).toEqual({ items: [], next_after, more: false });
    expect(await feedIsTrue("MUG")).toBe(7);
  });

  test("waits while D1 is down and loses nothing", async () => {
    await stock({ MUG: 10 });
    await setTerms("MUG", { cap: 5 });
    await drain();
    database.mode = "down";
    await setTerms("MUG", { cap: 4 });
    await drain({ within: 5 * MINUTE });
    database.mode = "up";
    await drain({ within: 5 * MINUTE });
    expect(await feedIsTrue("MUG")).toBe(4);
  });

  test("of a channel that sells everything begins with every SKU there is", async () => {
    await openDoors({ MUG: 10, CUP: 4 });
    await drain();
    // What other tests have sold is not this shop's.
    await env.DB.prepare("DELETE FROM stock_levels WHERE sku NOT LIKE ?").bind(`${shop.tag}-%`).run();
    clock.advance(MINUTE);
    await setUp({ all_skus: true });
    const context = createExecutionContext();
    await worker.scheduled(createScheduledController({ cron: "*/15 * * * *" }), env, context);
    await waitOnExecutionContext(context);
    await drain({ within: MINUTE });
    const own = told(await feed()).filter(([name]) => ["MUG", "CUP"].includes(name));
    expect((await feed()).items.map(({ sku }) => sku)).toEqual(expect.arrayContaining([shop.sku("MUG"), shop.sku("CUP")]));
    expect(own).toEqual(expect.arrayContaining([["CUP", 4], ["MUG", 10]]));
    await must(buyOverHttp(cart()));
    await drain();
    expect(await feedIsTrue("MUG")).toBe(9);
    await setUp({ all_skus: false });
    clock.advance(MINUTE);
    await must(buyOverHttp(cart()));
    await drain();
    expect(await feedIsTrue("MUG")).toBe(0);
  });
});

describe("an order that a channel has sold", () => {
  test("is brought in once, whatever key it comes under and however late it comes again", async () => {
    await openDoors({ MUG: 10 });
    await setUp();
    const body = sale("112-1", { lines: [["MUG", 2, 900]], expected_total: { amount: 1_800, currency: "USD" } });
    const first = await must(bring(body, { "idempotency-key": "one" }));
    expect(first.status).toBe(201);
    expect(first.headers.get("location")).toBe(`/v1/orders/${first.body.order.id}`);
    expect(first.body).toMatchObject({
      shortages: [],
      order: {
        status: "open", payment_status: "paid", channel: { id: channelOf(), order_id: "112-1" }, totals: { total: { amount: 1_800 } },
        lines: [{ unit_price: { amount: 900 }, quantity: 2 }], attention: [],
      },
    });
    expect(first.body.order.payment).toBeUndefined();
    expect(first.body.order.email).toMatch(/^order-[0-9a-f]{16}@channel\.invalid$/);
    const again = await Promise.all(Array.from({ length: 10 }, (_, n) => bring(body, { "idempotency-key": `other-${n}` })));
    for (const one of again) {
      expect([one.status, one.headers.get("idempotent-replayed"), one.body]).toEqual([201, "true", first.body]);
    }
    expect(await bring({ ...body, lines: sale("", { lines: [["MUG", 3, 900]] }).lines })).toMatchObject({ status: 422 });
    const other = { ...body, email: "ada@example.com" };
    expect(await bring(other)).toMatchObject({ status: 422, body: { code: "channel_order_id_reused" } });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
    expect(await read(first.body.order.id)).toMatchObject({ status: "open", invoice_number: null });
    clock.advance(5 * DAY);
    await must(buyOverHttp(cart()));
    await drain();
    await evictAll();
    const late = await bring(body);
    expect([late.status, late.headers.get("idempotent-replayed"), late.body.order.id]).toEqual([201, "true", first.body.order.id]);
    expect(await bring(other)).toMatchObject({ status: 422, body: { code: "channel_order_id_reused" } });
    expect(await level("MUG")).toMatchObject({ sold: 3 });
    await setUp({ status: "archived" });
    expect((await bring(body)).body.order.id).toBe(first.body.order.id);
    expect(await bring(sale("112-2"))).toMatchObject({ status: 409, body: { code: "channel_archived" } });
  });

  test("says at once what is gone, keeps what it could have, and is listed by its channel", async () => {
    await openDoors({ MUG: 1, CUP: 5 });
    await setUp();
    const { body } = await must(bring(sale("112-3", { lines: [["MUG", 2], ["CUP", 1]] })));
    expect(body.shortages).toEqual([{ sku: shop.sku("MUG"), requested: 2, available: 1, reason: "stock" }]);
    expect(body.order).toMatchObject({ status: "open", payment_status: "paid", attention: [{ code: "stock_gone" }] });
    await must(buyOverHttp(cart({ lines: [["CUP", 1]] })));
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
    expect(await level("CUP")).toMatchObject({ sold: 2, reserved: 0 });
    const listed = async (query) => (await must(get(`/v1/admin/orders?${query}`, admin))).body.items.map(({ id }) => id);
    expect(await listed(`channel=${channelOf()}`)).toEqual([body.order.id]);
    expect(await listed(`channel=${channelOf()}&needs_attention=true`)).toEqual([body.order.id]);
    expect(await listed("channel=nobody")).toEqual([]);
    const waits = (await must(get("/v1/admin/attention?code=stock_gone&limit=100", admin))).body.items;
    const actions = waits.find(({ order_id }) => order_id === body.order.id).actions.map(({ action }) => action);
    expect(actions).toEqual(["back_order", "cancel", "show_order", "resolve"]);
    const repeated = await bring(sale("112-3", { lines: [["MUG", 2], ["CUP", 1]] }));
    expect(repeated.body).toEqual(body);
    // What comes in goes to whoever has paid for it, and nobody has to see to it.
    expect(body.order.claims[0]).toMatchObject({ state: "short", asked_again_at: expect.any(String) });
    await must(post(`/v1/admin/inventory/${shop.sku("MUG")}/adjustments`, { kind: "received", quantity: 1, reason: "Delivery" }, { ...admin, headers: { "idempotency-key": shop.key() } }));
    await drain({ within: 10 * MINUTE });
    const served = (await must(get(`/v1/orders/${body.order.id}`, admin))).body;
    expect(served.claims).toMatchObject([{ state: "committed", served_from: [{ location: "main", quantity: 2 }] }, { state: "committed" }]);
    expect(served.claims[0].asked_again_at).toBeUndefined();
    expect(served.attention).toMatchObject([{ code: "stock_gone", resolved: { by: "cartwright" } }]);
    expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
    expect(await listed(`channel=${channelOf()}&needs_attention=true`)).toEqual([]);
  });

  test("is called off by the merchant, whose stock comes back, and by nobody else", async () => {
    await openDoors({ MUG: 5 });
    await setUp();
    await must(putTerms("MUG", { allocation: 3 }));
    const { body } = await must(bring(sale("112-4", { lines: [["MUG", 4]] })));
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 4 });
    expect(await cancel(body.order.id, "customer")).toMatchObject({ answer: "cannot_cancel" });
    const called = await must(post(`/v1/orders/${body.order.id}/cancel`, undefined, admin));
    expect(called.body).toMatchObject({ status: "cancelled", close_reason: "merchant" });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0, set_aside: { [channelOf()]: 3 } });
    expect(await read(body.order.id)).toMatchObject({ status: "cancelled", claims: [{ claim: { state: "released" } }] });
    expect((await bring(sale("112-4", { lines: [["MUG", 4]] }))).body.order.id).toBe(body.order.id);
    expect(await level("MUG")).toMatchObject({ sold: 0 });
  });

  test("that can't be read or priced is refused and changes nothing", async () => {
    await openDoors({ MUG: 5 });
    await setUp();
    const refused = async (body, status, code) => expect(await bring(body)).toMatchObject({ status, body: { code } });
    await refused({ ...sale("1"), channel: "nobody" }, 404, "channel_not_found");
    await refused({ ...sale("1"), channel: "storefront" }, 422, "invalid_request");
    await refused(sale("1", { lines: [["NO-SUCH", 1]] }), 422, "unknown_sku");
    await refused(sale("1", { lines: [["MUG", 0]] }), 422, "quantity_out_of_range");
    await refused(sale("1", { lines: [] }), 422, "line_count_out_of_range");
    await refused(sale("1", { lines: [["MUG", 1, -5]] }), 422, "invalid_request");
    await refused(sale("1", { expected_total: { amount: 1, currency: "USD" } }), 409, "total_changed");
    await refused(sale("x".repeat(129)), 422, "invalid_request");
    expect(await post("/v1/admin/channel-orders", sale("1"), { key: PUBLISHABLE_KEY })).toMatchObject({ status: 403 });
    expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
  });
});

const LINES = [["MUG", 2], ["CUP", 1]];

/** An order of which the cups are gone, of a channel that has mugs set aside and is told of them. */
const selling = {
  within: 10 * MINUTE,
  prepare: async () => {
    await stock({ MUG: 5 });
    await setTerms("MUG", { allocation: 3 });
    await drain();
    return { shard: shop.shard(), order_id: "112-9", lines: LINES };
  },
  act: (given) => sold(given),
  retry: (given) => sold(given),
  end: async ({ given, told: before, answer }) => {
    expect(answer.outcome?.outcome).toBe("placed");
    const { id } = answer.outcome.order;
    if (before?.outcome) expect(before.outcome.order.id).toBe(id);
    expect(shardOf(id)).toBe(given.shard);
    const order = await read(id);
    expect(order).toMatchObject({ status: "open", invoice_number: null, attention: [{ code: "stock_gone" }] });
    expect(order.claims.map(({ claim }) => claim.state)).toEqual(["committed", "short"]);
    expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0, set_aside: { [channelOf()]: 1 } });
    await drain({ within: MINUTE });
    expect(await feedIsTrue("MUG")).toBe(3);
  },
};

describe("an order that a channel has sold, and what it is told of it,", () => {
  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("whoever %s any crossing: one order, told once true", async (_, fault) => {
    const labels = await atEveryCrossing(fault, selling);
    expect(labels).toEqual(expect.arrayContaining([
      "OrderShard transaction", "OrderShard asks SkuInventory", "SkuInventory MUG transaction", "SkuInventory MUG sends to the queue",
    ]));
  });
});

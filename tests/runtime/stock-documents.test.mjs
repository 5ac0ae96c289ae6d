// Proves issue 4 on purchase orders, transfers and counts: what a document says moved has moved, once, whatever dies in
// between; back-orders are woken by what comes; lists hold what the objects hold.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { SECRET_KEY } from "../../scripts/development-settings.mjs";
import { MINUTE, SECOND } from "./support/clock.mjs";
import { plan } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { get, openDoors, post, putProduct, send } from "./support/http.mjs";
import { adjust, ask, buy, change, evictAll, inStorage, level, read, shop, stock, stubOf } from "./support/shop.mjs";

const newId = (prefix) => `${prefix}_${crypto.randomUUID().replaceAll("-", "")}`;

const make = (id, draft, { key = shop.key(), fingerprint = "body" } = {}) =>
  ask("StockDocument", id, { command: "create", key, fingerprint, draft, by: "key_a" });

const act = (id, action, { key = shop.key(), fingerprint = "body", by = "key_a", note = null } = {}) =>
  ask("StockDocument", id, { command: "act", key, fingerprint, action, note, by });

const shown = async (id) => (await ask("StockDocument", id, { command: "read" })).document;

const papers = { reference: null, note: null, expected_at: null };
const lines = (units) => Object.entries(units).map(([name, quantity]) => ({ sku: shop.sku(name), quantity }));

async function purchaseOrder(units, location = "main") {
  const id = newId("po");
  const draft = { type: "purchase_order", supplier: `${shop.tag}-mill`, location, origin: "person", ...papers, lines: lines(units) };
  expect(await make(id, draft)).toMatchObject({ answer: "document", replayed: false });
  return id;
}

async function ordered(units, location) {
  const id = await purchaseOrder(units, location);
  expect(await act(id, { action: "order" })).toMatchObject({ document: { body: { status: "ordered" } } });
  return id;
}

async function transfer(units) {
  const id = newId("tr");
  await make(id, { type: "transfer", from: "main", to: "store-2", ...papers, lines: lines(units) });
  return id;
}

async function count(names, requires_second_person = false) {
  const id = newId("cnt");
  const shelves = names.map((name) => ({ sku: shop.sku(name), location: "main" }));
  await make(id, { type: "count", note: null, requires_second_person, lines: shelves });
  return id;
}

const receive = (units) => ({
  action: "receive",
  lines: Object.entries(units).map(([name, [quantity, damaged = 0]]) => ({ sku: shop.sku(name), quantity, damaged })),
});

const record = (units) => ({
  action: "record",
  lines: Object.entries(units).map(([name, counted]) => ({ sku: shop.sku(name), location: "main", counted })),
});

/** What a SKU has at a place. */
async function at(name, location = "main") {
  const { balances } = await level(name);
  const { on_hand, damaged, incoming } = balances.find((one) => one.location === location) ?? { on_hand: 0, damaged: 0, incoming: 0 };
  return { on_hand, damaged, incoming };
}

const ledgerOf = async (name, id) => {
  const rows = await inStorage("SkuInventory", shop.sku(name), "SELECT entry FROM ledger ORDER BY sequence");
  return rows.map(({ entry }) => JSON.parse(entry)).filter(({ cause }) => cause.id === id);
};

/** What D1 has of a document. */
async function copied(id) {
  const { results: [row] } = await env.DB.prepare("SELECT * FROM stock_documents WHERE id = ?").bind(id).all();
  const { results: open } = await env.DB.prepare("SELECT sku, location, stage, quantity FROM stock_document_lines WHERE document_id = ? ORDER BY sku").bind(id).all();
  const { results: places } = await env.DB.prepare("SELECT location FROM stock_document_locations WHERE document_id = ? ORDER BY location").bind(id).all();
  return { row, document: row && JSON.parse(row.document), open, places: places.map(({ location }) => location) };
}

async function heldByLists(id) {
  await drain({ within: 10 * SECOND });
  const { row, document, open, places } = await copied(id);
  const own = await shown(id);
  expect(document).toEqual(own);
  expect(row).toMatchObject({ version: own.version, status: own.body.status });
  const [{ projected_version }] = await inStorage("StockDocument", id, "SELECT projected_version FROM document");
  expect(projected_version).toBe(own.version);
  return { open, places };
}

describe("a purchase order", () => {
  test("is announced, comes in parts, and wakes who waits, the oldest first", async () => {
    await adjust("MUG", { back_order_limit: 9 });
    const first = await buy({ lines: [["MUG", 2]] });
    const second = await buy({ lines: [["MUG", 3]] });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 5, back_ordered_sold: 5 });
    const id = await ordered({ MUG: 10 }, "east");
    expect(await at("MUG", "east")).toEqual({ on_hand: 0, damaged: 0, incoming: 10 });
    expect(await act(id, receive({ MUG: [3, 1] }))).toMatchObject({ document: { body: { status: "partially_received" } } });
    expect(await at("MUG", "east")).toEqual({ on_hand: 0, damaged: 1, incoming: 6 });
    expect(await level("MUG")).toMatchObject({ back_ordered_sold: 2 });
    await drain();
    const waiting = async ({ id: order }) => (await read(order)).claims[0].placement.back_ordered ?? 0;
    expect([await waiting(first), await waiting(second)]).toEqual([0, 2]);
    expect((await read(first.id)).claims[0].placement.allocations).toEqual([{ location: "east", quantity: 2 }]);
    const last = await act(id, receive({ MUG: [7] }));
    expect(last).toMatchObject({ document: { body: { status: "received", lines: [{ received: 10, damaged: 1, announced: 0 }] } } });
    await drain();
    expect(await waiting(second)).toBe(0);
    expect(await at("MUG", "east")).toEqual({ on_hand: 5, damaged: 1, incoming: 0 });
    const entries = await ledgerOf("MUG", id);
    expect(entries.map(({ movement }) => movement.kind)).toEqual(["expected", "received", "received"]);
    expect(entries.every(({ cause }) => cause.kind === "purchase_order" && cause.actor === "key_a")).toBe(true);
  });

  test("books a receipt once per key, at once, again, and after a restart", async () => {
    const id = await ordered({ MUG: 10, CUP: 5 });
    const key = shop.key();
    const answers = await Promise.all(Array.from({ length: 10 }, () => act(id, receive({ MUG: [4], CUP: [1] }), { key })));
    expect(answers.filter(({ replayed }) => replayed === false)).toHaveLength(1);
    await evictAll();
    expect(await act(id, receive({ MUG: [4], CUP: [1] }), { key })).toMatchObject({ replayed: true });
    expect([(await at("MUG")).on_hand, (await at("CUP")).on_hand]).toEqual([4, 1]);
    expect((await shown(id)).body.receipts).toHaveLength(1);
    expect(await act(id, receive({ MUG: [5] }), { key, fingerprint: "other" })).toEqual({ answer: "key_reused" });
  });

  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("whose receipt %s any crossing is booked once", async (_, fault) => {
    const units = { MUG: [2, 1], CUP: [3], JUG: [1] };
    const struck = await atEveryCrossing(fault, {
      within: 10 * MINUTE,
      prepare: async () => ({ id: await ordered({ MUG: 5, CUP: 3, JUG: 2 }), key: shop.key() }),
      act: ({ id, key }) => act(id, receive(units), { key }),
      retry: ({ id, key }) => act(id, receive(units), { key }),
      end: async ({ given: { id }, answer }) => {
        expect(answer).toMatchObject({ answer: "document", document: { body: { status: "partially_received" } } });
        expect(await at("MUG")).toEqual({ on_hand: 2, damaged: 1, incoming: 2 });
        expect(await at("CUP")).toEqual({ on_hand: 3, damaged: 0, incoming: 0 });
        expect(await at("JUG")).toEqual({ on_hand: 1, damaged: 0, incoming: 1 });
        expect((await shown(id)).body.receipts).toHaveLength(1);
        await heldByLists(id);
      },
    }, /^(StockDocument|SkuInventory CUP) /);
    expect(struck).toEqual(expect.arrayContaining([
      "StockDocument transaction", "StockDocument asks SkuInventory", "SkuInventory CUP transaction", "StockDocument sends to the queue",
    ]));
  });

  test("goes on without anybody asking, and when its alarm was lost, as soon as anybody reads it", async () => {
    const id = await ordered({ MUG: 5, CUP: 5 });
    plan({ at: "SkuInventory CUP transaction", what: "fail", times: 20 });
    const answer = await act(id, receive({ MUG: [5], CUP: [5] }));
    expect(answer).toMatchObject({ document: { open: { number: 2, action: "receive" }, body: { status: "ordered" } } });
    expect(await act(id, { action: "cancel" })).toEqual({ answer: "try_again" });
    await runInDurableObject(stubOf("StockDocument", id), (_, state) => state.storage.deleteAlarm());
    await evictAll();
    await drain({ within: 10 * MINUTE });
    expect((await at("CUP")).on_hand).toBe(0);
    expect(await shown(id)).toMatchObject({ open: { number: 2 } });
    await drain({ within: 10 * MINUTE });
    expect((await at("CUP")).on_hand).toBe(5);
    expect(await shown(id)).toMatchObject({ body: { status: "received" } });
    await heldByLists(id);
  });

  test("says what is planned and what is on its way, by SKU", async () => {
    const id = await purchaseOrder({ CUP: 3, MUG: 5 }, "east");
    const draft = await heldByLists(id);
    expect(draft.places).toEqual(["east"]);
    expect(draft.open.map(({ stage, quantity }) => [stage, quantity])).toEqual([["draft", 3], ["draft", 5]]);
    await act(id, { action: "order" });
    await act(id, receive({ CUP: [3], MUG: [1] }));
    expect((await heldByLists(id)).open).toEqual([{ sku: shop.sku("MUG"), location: "east", stage: "expected", quantity: 4 }]);
    await act(id, { action: "close" }, { note: "the mill is closed" });
    expect((await heldByLists(id)).open).toEqual([]);
    expect(await at("MUG", "east")).toEqual({ on_hand: 1, damaged: 0, incoming: 0 });
  });

  test("that no message can carry is written by its object", async () => {
    const id = newId("po");
    const many = Array.from({ length: 500 }, (_, n) => ({
      sku: `${shop.tag}-${"X".repeat(40)}-${n}`, quantity: 1_000_000, unit_cost: { amount: 1_000, currency: "USD" },
    }));
    const note = "n".repeat(500);
    const draft = { type: "purchase_order", supplier: "mill", location: "main", origin: "proposal", ...papers, note, lines: many };
    await make(id, draft);
    const { open } = await heldByLists(id);
    expect(open).toHaveLength(500);
  });
});

describe("a transfer", () => {
  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("of which one SKU has too few units moves nothing, whatever %s any crossing", async (_, fault) => {
    await atEveryCrossing(fault, {
      within: 10 * MINUTE,
      prepare: async () => {
        await stock({ MUG: 5, CUP: 1, JUG: 5 });
        return { id: await transfer({ MUG: 3, CUP: 2, JUG: 4 }), key: shop.key() };
      },
      act: ({ id, key }) => act(id, { action: "ship" }, { key }),
      retry: ({ id, key }) => act(id, { action: "ship" }, { key }),
      end: async ({ given: { id }, answer }) => {
        expect(answer.failures).toEqual([{ line: 1, sku: shop.sku("CUP"), refusal: "units_claimed", removable: 1 }]);
        expect(answer.document).toMatchObject({ body: { status: "draft" } });
        for (const [name, on_hand] of [["MUG", 5], ["CUP", 1], ["JUG", 5]]) {
          expect(await at(name)).toEqual({ on_hand, damaged: 0, incoming: 0 });
          expect(await at(name, "store-2")).toEqual({ on_hand: 0, damaged: 0, incoming: 0 });
          expect(await level(name)).toMatchObject({ transferred: 0, adjusted: 0 });
        }
        await heldByLists(id);
      },
    }, /^StockDocument/);
  });

  test("leaves, arrives in parts, and what is lost is written off", async () => {
    await stock({ MUG: 9, CUP: 4 });
    const id = await transfer({ MUG: 6, CUP: 4 });
    expect(await act(id, { action: "ship" })).toMatchObject({ document: { body: { status: "in_transit" } } });
    expect([await at("MUG"), await at("MUG", "store-2")]).toEqual([
      { on_hand: 3, damaged: 0, incoming: 0 }, { on_hand: 0, damaged: 0, incoming: 6 },
    ]);
    expect(await level("MUG")).toMatchObject({ transferred: -6 });
    await evictAll();
    await act(id, receive({ MUG: [3, 1], CUP: [4] }));
    expect(await act(id, receive({ MUG: [3] }))).toMatchObject({ answer: "refused", refusal: { refusal: "over_receipt", lines: [{ most: 2 }] } });
    expect(await act(id, { action: "close" }, { note: "fell off the lorry" })).toMatchObject({ document: { body: { status: "received" } } });
    expect(await at("MUG", "store-2")).toEqual({ on_hand: 3, damaged: 1, incoming: 0 });
    expect(await level("MUG")).toMatchObject({ transferred: 0, adjusted: -3 });
    expect((await ledgerOf("MUG", id)).at(-1)).toMatchObject({ cause: { reason: "fell off the lorry" }, movement: { kind: "adjusted", on_hand: -2 } });
    await heldByLists(id);
  });

  test("takes no units that orders hold, and can come back", async () => {
    await stock({ MUG: 5 });
    await buy({ lines: [["MUG", 2]], method: "pending" });
    const id = await transfer({ MUG: 4 });
    const refused = await act(id, { action: "ship" });
    expect(refused.failures).toEqual([{ line: 0, sku: shop.sku("MUG"), refusal: "units_claimed", removable: 3 }]);
    await stock({ MUG: 1 });
    await act(id, { action: "ship" });
    expect(await level("MUG")).toMatchObject({ transferred: -4, reserved: 2 });
    expect(await act(id, { action: "return_to_source" })).toMatchObject({ document: { body: { status: "cancelled" } } });
    expect(await at("MUG")).toEqual({ on_hand: 6, damaged: 0, incoming: 0 });
  });
});

describe("a count", () => {
  test("books its variance and undoes no sale", async () => {
    await stock({ MUG: 10, CUP: 10 });
    const id = await count(["MUG", "CUP"], true);
    expect(await act(id, record({ MUG: 8 }))).toMatchObject({ document: { body: { status: "open" } } });
    await act(id, record({ CUP: 11 }));
    await buy({ lines: [["MUG", 3]] });
    await drain();
    expect(await act(id, { action: "approve" })).toMatchObject({ refusal: { refusal: "second_person_required" } });
    expect(await act(id, { action: "approve" }, { by: "key_b" })).toMatchObject({ document: { body: { status: "approved" } } });
    expect([(await at("MUG")).on_hand, (await at("CUP")).on_hand]).toEqual([5, 11]);
    expect((await ledgerOf("MUG", id)).map(({ movement }) => movement)).toEqual([{ kind: "counted", location: "main", on_hand: -2 }]);
    await heldByLists(id);
  });

  test("of a shelf that another count has corrected since is to be done again, and no difference is booked twice", async () => {
    await stock({ MUG: 10, CUP: 10 });
    // Two people find the same two mugs missing; one of them counts the cups as well.
    const [first, second] = [await count(["MUG"]), await count(["MUG", "CUP"])];
    await act(first, record({ MUG: 8 }));
    await act(second, record({ MUG: 8, CUP: 9 }));
    await buy({ lines: [["MUG", 3]] });
    await drain();
    expect(await act(first, { action: "approve" })).toMatchObject({ document: { body: { status: "approved" } } });
    expect((await at("MUG")).on_hand).toBe(5);
    const key = shop.key();
    const refused = await act(second, { action: "approve" }, { key });
    expect(refused).toMatchObject({ document: { body: { status: "counted" } }, failures: [{ line: 0, sku: shop.sku("MUG"), refusal: "counted_since" }] });
    expect([(await at("MUG")).on_hand, (await at("CUP")).on_hand]).toEqual([5, 10]);
    await act(second, record({ MUG: 5 }));
    expect(await act(second, { action: "approve" }, { key })).toMatchObject({ replayed: true, failures: refused.failures });
    expect(await act(second, { action: "approve" })).toMatchObject({ document: { body: { status: "approved" } } });
    expect([(await at("MUG")).on_hand, (await at("CUP")).on_hand]).toEqual([5, 9]);
    await heldByLists(second);
  });

  test("of a shelf whose other count was booked and undone is booked", async () => {
    await stock({ MUG: 10, CUP: 10 });
    const [first, second] = [await count(["MUG", "CUP"]), await count(["MUG"])];
    await act(first, record({ MUG: 8, CUP: 1 }));
    await act(second, record({ MUG: 8 }));
    await buy({ lines: [["CUP", 9]], method: "pending" });
    expect((await act(first, { action: "approve" })).failures).toMatchObject([{ line: 1, refusal: "units_claimed" }]);
    expect((await ledgerOf("MUG", first)).map(({ movement }) => movement.on_hand)).toEqual([-2, 2]);
    expect(await act(second, { action: "approve" })).toMatchObject({ document: { body: { status: "approved" } } });
    expect((await at("MUG")).on_hand).toBe(8);
  });

  test("that would take units of an order books nothing", async () => {
    await stock({ MUG: 10, CUP: 10 });
    const id = await count(["CUP", "MUG"]);
    await act(id, record({ MUG: 1, CUP: 20 }));
    await buy({ lines: [["MUG", 4]], method: "pending" });
    const key = shop.key();
    const refused = await act(id, { action: "approve" }, { key });
    expect(refused).toMatchObject({ document: { body: { status: "counted" } } });
    expect(refused.failures).toEqual([{ line: 1, sku: shop.sku("MUG"), refusal: "units_claimed", removable: 6 }]);
    await change("MUG", [{ change: "received", location: "main", quantity: 50 }]);
    expect(await act(id, { action: "approve" }, { key })).toMatchObject({ replayed: true, failures: refused.failures });
    expect([(await at("MUG")).on_hand, (await at("CUP")).on_hand]).toEqual([60, 10]);
  });
});

describe("over HTTP", () => {
  const admin = { key: SECRET_KEY };
  const keyed = () => ({ ...admin, headers: { "idempotency-key": shop.key() } });

  test("documents are made once, refused by name, and listed", async () => {
    await openDoors({ MUG: 5, CUP: 0 });
    const supplier = `${shop.tag}-mill`;
    const terms = { id: supplier, name: "Mill", currency: "USD", lead_time_days: 3 };
    expect((await send("PUT", `/v1/admin/suppliers/${supplier}`, { ...admin, body: terms })).status).toBeLessThan(300);
    const wanted = { supplier, location: "main", lines: [{ sku: shop.sku("MUG"), quantity: 4, unit_cost: { amount: 250, currency: "USD" } }] };
    const once = keyed();
    const made = await post("/v1/admin/purchase-orders", wanted, once);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ status: "draft", total_cost: { amount: 1_000 }, allowed: ["order", "cancel"], version: 1 });
    const again = await post("/v1/admin/purchase-orders", wanted, once);
    expect([again.body.id, again.headers.get("idempotent-replayed")]).toEqual([made.body.id, "true"]);
    expect((await post("/v1/admin/purchase-orders", { ...wanted, lines: [{ ...wanted.lines[0], quantity: 5 }] }, once)).body.code).toBe("idempotency_key_reused");
    const url = `/v1/admin/purchase-orders/${made.body.id}`;
    expect(made.headers.get("location")).toBe(url);

    const unknown = { ...wanted, lines: [...wanted.lines, { sku: "NO-SUCH", quantity: 1 }] };
    const refused = await post("/v1/admin/purchase-orders", unknown, keyed());
    expect(refused).toMatchObject({ status: 422, body: { code: "unknown_sku", skus: ["NO-SUCH"], errors: [{ pointer: "/lines/1/sku" }] } });
    // What the catalogue would refuse by now is told again all the same, and nothing else is made of it.
    await putProduct(["CUP"]);
    const late = await post("/v1/admin/purchase-orders", wanted, once);
    expect([late.status, late.body.id, late.headers.get("idempotent-replayed")]).toEqual([201, made.body.id, "true"]);
    expect((await post("/v1/admin/purchase-orders", { ...wanted, note: "more" }, once)).body.code).toBe("idempotency_key_reused");
    expect((await post("/v1/admin/purchase-orders", wanted, keyed())).body.code).toBe("unknown_sku");
    await putProduct(["MUG", "CUP"]);
    const stranger = await post("/v1/admin/purchase-orders", { ...wanted, supplier: "nobody" }, keyed());
    expect(stranger.body).toMatchObject({ code: "invalid_request", errors: [{ pointer: "/supplier" }] });
    for (const quantity of [0, -1, 1.5, 1_000_001, "3", null]) {
      const { status, body } = await post("/v1/admin/purchase-orders", { ...wanted, lines: [{ sku: shop.sku("MUG"), quantity }] }, keyed());
      expect([status, body.code, body.errors[0].pointer], quantity).toEqual([422, "invalid_request", "/lines/0/quantity"]);
    }

    const early = await post(`${url}/receipts`, { lines: [{ sku: shop.sku("MUG"), quantity: 1 }] }, keyed());
    expect(early).toMatchObject({ status: 409, body: { code: "document_state", state: "draft", allowed: ["order", "cancel"] } });
    const edited = await send("PUT", url, { ...admin, body: { ...wanted, expected_at: "2026-03-01T00:00:00Z" } });
    expect(edited.body).toMatchObject({ version: 2, expected_at: "2026-03-01T00:00:00.000Z" });
    expect((await post(`${url}/order`, {}, keyed())).body).toMatchObject({ status: "ordered" });
    const far = await post(`${url}/receipts`, { lines: [{ sku: shop.sku("MUG"), quantity: 41 }] }, keyed());
    expect(far).toMatchObject({ status: 422, body: { code: "over_receipt", lines: [{ index: 0, most: 40 }] } });
    const receipt = await post(`${url}/receipts`, { lines: [{ sku: shop.sku("MUG"), quantity: 5 }], note: "one more" }, keyed());
    expect(receipt.status).toBe(201);
    expect(receipt.body).toMatchObject({ status: "received", lines: [{ over_received: 1, missing: 0 }], receipts: [{ note: "one more" }] });
    expect((await get(`${url}`, admin)).body).toEqual(receipt.body);
    expect((await get(`/v1/admin/purchase-orders/${newId("po")}`, admin)).body.code).toBe("purchase_order_not_found");

    await drain({ within: 10 * SECOND });
    const list = await get(`/v1/admin/purchase-orders?supplier=${supplier}&status=received&location=main`, admin);
    expect(list.body.items).toMatchObject([{ id: made.body.id, units: 4, units_received: 5, total_cost: { amount: 1_000 } }]);
    expect((await get(`/v1/admin/purchase-orders?supplier=${supplier}&status=draft`, admin)).body.items).toEqual([]);
    expect((await get("/v1/admin/purchase-orders?status=lost", admin)).status).toBe(422);

    const store = { id: "store-2", name: "Store 2", kind: "store" };
    expect((await send("PUT", "/v1/admin/locations/store-2", { ...admin, body: store })).status).toBe(200);
    const moved = await post("/v1/admin/transfers", { from: "main", to: "store-2", lines: [{ sku: shop.sku("MUG"), quantity: 11 }] }, keyed());
    const shipped = await post(`/v1/admin/transfers/${moved.body.id}/ship`, {}, keyed());
    expect(shipped).toMatchObject({ status: 409, body: { code: "units_claimed", lines: [{ line: 0, sku: shop.sku("MUG"), removable: 10 }] } });
    expect((await post(`/v1/admin/transfers/${moved.body.id}/cancel`, {}, keyed())).body).toMatchObject({ status: "cancelled" });

    const opened = await post("/v1/admin/counts", { lines: [{ sku: shop.sku("MUG") }], requires_second_person: true }, keyed());
    const found = await post(`/v1/admin/counts/${opened.body.id}/lines`, { lines: [{ sku: shop.sku("MUG"), counted: 9 }] }, keyed());
    expect(found.body).toMatchObject({ status: "counted", lines: [{ known: 10, counted: 9, variance: -1 }] });
    expect((await post(`/v1/admin/counts/${opened.body.id}/approve`, {}, keyed())).body.code).toBe("second_person_required");
    expect((await post(`/v1/admin/counts/${opened.body.id}/reject`, { note: "again" }, keyed())).body).toMatchObject({ status: "rejected" });
    const counts = [];
    for (const _ of [1, 2]) {
      const { body } = await post("/v1/admin/counts", { lines: [{ sku: shop.sku("MUG") }] }, keyed());
      counts.push(`/v1/admin/counts/${body.id}`);
      await post(`${counts.at(-1)}/lines`, { lines: [{ sku: shop.sku("MUG"), counted: 9 }] }, keyed());
    }
    const [booked, second] = [await post(`${counts[0]}/approve`, {}, keyed()), await post(`${counts[1]}/approve`, {}, keyed())];
    expect(booked.body).toMatchObject({ status: "approved" });
    expect(second).toMatchObject({ status: 409, body: { code: "shelf_counted_since", lines: [{ line: 0, sku: shop.sku("MUG") }] } });
    expect((await get(counts[1], admin)).body).toMatchObject({ status: "counted", failures: [{ line: 0, code: "shelf_counted_since" }] });
    await drain({ within: 10 * SECOND });
    expect((await get("/v1/admin/counts?status=rejected&location=main&limit=100", admin)).body.items.map(({ id }) => id)).toContain(opened.body.id);
  });
});

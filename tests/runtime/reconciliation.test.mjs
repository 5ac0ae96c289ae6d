// Proves issue 3 on reconciliation: the gateway's books are walked page by page by an object that survives its own
// end at any crossing, compared with the ledger in D1, and what differs is served, exported and put before a person.

import { createExecutionContext, createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { books } from "./support/books.mjs";
import { DAY, HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { database, statements } from "./support/database.mjs";
import { calm, drain } from "./support/drain.mjs";
import { CRASHES, FAILURES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { SECRET_KEY, get, post } from "./support/http.mjs";
import { queue } from "./support/queue.mjs";
import { buy, evictAll, inStorage, read, shop, stock } from "./support/shop.mjs";
import worker from "./support/worker.mjs";

const iso = (at) => new Date(at).toISOString();
const admin = { key: SECRET_KEY };
const movementsOf = async (order) =>
  (await env.DB.prepare("SELECT * FROM money_movements WHERE order_id = ?").bind(order).all()).results;

/** The last message that told of an order. */
const toldOf = ({ id }) => queue.taken.map((body) => JSON.parse(body)).findLast(({ kind, order }) => kind === "order" && order.id === id);

/** Before everything that this test did, and after all that others left in D1: every test has a day of its own. */
const before = () => clock.now() - 6 * HOUR;

const ask = (body, key = shop.key()) =>
  post("/v1/admin/reconciliations", body, { ...admin, headers: { "idempotency-key": key } });

/** Compares today until now, an hour after everything in it. */
async function reconcile({ from = before(), to } = {}) {
  clock.advance(HOUR);
  const started = await ask({ gateway: "sandbox", from: iso(from), to: iso(to ?? clock.now()) });
  expect(started.status).toBe(202);
  await drain({ within: MINUTE });
  return (await get(`/v1/admin/reconciliations/${started.body.id}?limit=100`, admin)).body;
}

const differences = ({ items }) => items.filter(({ result }) => result !== "matched");

async function shopWith(count) {
  await stock({ MUG: count });
  const orders = await Promise.all(Array.from({ length: count }, () => buy()));
  await drain({ within: MINUTE });
  return orders;
}

describe("the ledger in D1", () => {
  test("has one row for money that moved, and none for an order that waits", async () => {
    await stock({ MUG: 5 });
    const paid = await buy();
    const waiting = await buy({ method: "pending" });
    await drain({ within: MINUTE });
    const payment = gateway.paymentOf(paid.id);
    expect(await movementsOf(paid.id)).toMatchObject([{
      gateway: "sandbox", kind: "capture", amount_minor: 1_400, currency: "USD", result: "succeeded",
      payment_reference: payment.id, movement_reference: null, occurred_at: payment.updated_at,
    }]);
    expect(await movementsOf(waiting.id)).toEqual([]);
  });

  test("is the same whatever comes again or late", async () => {
    const [order] = await shopWith(1);
    const known = await movementsOf(order.id);
    const all = queue.taken.map((body) => ({ body, attempts: 0, notBefore: 0 }));
    for (const [round, order] of [all, all.toReversed()].entries()) {
      await queue.hand(order.map((one, index) => ({ ...one, id: `again-${round}-${index}` })));
    }
    expect(await movementsOf(order.id)).toEqual(known);
    // An old copy of the order that knows of no money changes nothing either, and none that claims more.
    const message = toldOf(order);
    const late = structuredClone(message);
    late.order.version = 1;
    late.order.payment.operations.push({
      ...message.order.payment.operations.at(-1), id: `op_${"7".repeat(32)}`, kind: "refund",
    });
    await queue.hand([{ body: JSON.stringify(late), attempts: 0, notBefore: 0, id: "late" }]);
    expect(await movementsOf(order.id)).toEqual(known);
  });

  test("forgets a chargeback that was won, and an old copy does not bring it back", async () => {
    const [order] = await shopWith(1);
    const message = toldOf(order);
    const copy = (version, result) => {
      const told = structuredClone(message);
      told.order.version = version;
      told.order.payment.operations.push({
        ...message.order.payment.operations.at(-1), id: `op_${"8".repeat(32)}`, kind: "chargeback", result, reference: "dp_1",
      });
      return { body: JSON.stringify(told), attempts: 0, notBefore: 0, id: `copy-${version}-${result}` };
    };
    const kinds = async () => (await movementsOf(order.id)).map(({ kind, result }) => `${kind} ${result}`).sort();
    await queue.hand([copy(101, "action_required")]);
    expect(await kinds()).toEqual(["capture succeeded", "chargeback action_required"]);
    await queue.hand([copy(102, "failed")]);
    expect(await kinds()).toEqual(["capture succeeded"]);
    await queue.hand([copy(101, "action_required")]);
    expect(await kinds()).toEqual(["capture succeeded"]);
    await queue.hand([copy(103, "succeeded")]);
    expect(await kinds()).toEqual(["capture succeeded", "chargeback succeeded"]);
    // Back to what the order says, for the invariants.
    await env.DB.prepare("UPDATE orders SET version = ?1, document = ?2 WHERE id = ?3")
      .bind(message.order.version, JSON.stringify(message.order), order.id).run();
  });

  test("and every question about it goes by an index", async () => {
    const [order] = await shopWith(1);
    await reconcile();
    await get("/v1/admin/reconciliations?gateway=sandbox", admin);
    for (const path of ["", "?status=resolved", "?code=stock_gone"]) await get(`/v1/admin/attention${path}`, admin);
    expect(await movementsOf(order.id)).toHaveLength(1);
    const asked = [...statements].filter((sql) => /money_movements|reconciliation|attention/.test(sql));
    expect(asked.length).toBeGreaterThan(15);
    for (const sql of asked) {
      const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .bind(...Array(highest(sql)).fill(null)).all();
      const plan = results.map(({ detail }) => detail);
      const scans = plan.filter((step) => /^SCAN (money_movements|reconciliation|attention|orders)/.test(step) && !/USING (COVERING )?INDEX/.test(step));
      expect(scans, `${sql}\n${plan.join("\n")}`).toEqual([]);
      expect(plan.filter((step) => /TEMP B-TREE/.test(step)), sql).toEqual([]);
    }
  });
});

const highest = (sql) => Math.max(0, ...[...sql.matchAll(/\?(\d+)/g)].map(([, n]) => Number(n)));

describe("a faithful gateway", () => {
  test("is matched to the last movement, over many pages", async () => {
    const orders = await shopWith(12);
    books.pageSize = 5;
    const run = await reconcile();
    expect(run).toMatchObject({
      gateway: "sandbox", state: "done", cause: "requested",
      counts: { matched: 12, missing_here: 0, missing_there: 0, amount_differs: 0 },
      totals: [{ kind: "capture", here: { amount: 16_800, currency: "USD" }, there: { amount: 16_800, currency: "USD" } }],
    });
    expect(run.items.map(({ order_id }) => order_id).sort()).toEqual(orders.map(({ id }) => id).sort());
    expect(gateway.requests("GET /v1/movements").length).toBe(3);
    for (const { id } of orders) expect((await read(id)).attention).toEqual([]);
  });

  test("is matched though its clock is an hour off and midnight is between", async () => {
    await shopWith(2);
    const [early, late] = gateway.payments.values();
    const midnight = (Math.floor(clock.now() / DAY) + 1) * DAY;
    clock.reach(midnight + 3 * HOUR);
    for (const [payment, at] of [[early, midnight - HOUR], [late, midnight + HOUR]]) {
      await env.DB.prepare("UPDATE money_movements SET occurred_at = ? WHERE payment_reference = ?").bind(midnight, payment.id).run();
      books.change(payment.id, { moved_at: at });
    }
    const evening = await reconcile({ from: midnight - DAY, to: midnight });
    const morning = await reconcile({ from: midnight, to: midnight + 2 * HOUR });
    expect([evening, morning].map(({ counts }) => counts.matched)).toEqual([1, 1]);
    expect([evening, morning].flatMap(differences)).toEqual([]);
  });

  test("that lists a page twice is matched all the same", async () => {
    await shopWith(6);
    books.pageSize = 2;
    books.repeats = true;
    expect((await reconcile()).counts).toEqual({ matched: 6, missing_here: 0, missing_there: 0, amount_differs: 0 });
  });
});

describe("what differs", () => {
  test("is found, told to the order it is about, and served with both sides", async () => {
    const [missing, altered, whole] = await shopWith(3);
    books.drop(gateway.paymentOf(missing.id).id);
    books.change(gateway.paymentOf(altered.id).id, { amount: 1_399 });
    const run = await reconcile();
    expect(run.counts).toEqual({ matched: 1, missing_here: 0, missing_there: 1, amount_differs: 1 });
    const found = differences(run);
    expect(found.find(({ result }) => result === "missing_there")).toMatchObject({
      order_id: missing.id, here: { amount: { amount: 1_400, currency: "USD" } }, there: null,
    });
    expect(found.find(({ result }) => result === "amount_differs")).toMatchObject({
      order_id: altered.id, here: { amount: { amount: 1_400 } }, there: { amount: { amount: 1_399 } },
    });
    expect(run.totals).toEqual([{ kind: "capture", here: { amount: 4_200, currency: "USD" }, there: { amount: 2_799, currency: "USD" } }]);
    for (const { id } of [missing, altered]) {
      expect((await read(id)).attention).toMatchObject([{ code: "reconciliation_difference" }]);
    }
    expect((await read(whole.id)).attention).toEqual([]);
    const only = await get(`/v1/admin/reconciliations/${run.id}?result=missing_there`, admin);
    expect(only.body.items).toEqual(found.filter(({ result }) => result === "missing_there"));
  });

  test("with no order of ours waits for a person once, however often it is found", async () => {
    await shopWith(1);
    books.add({ id: "mov_stranger", kind: "refund", payment_id: "pay_stranger", amount: 777 });
    const nobodys = `ord_00${"0".repeat(32)}`;
    books.add({ id: "mov_nobody", kind: "capture", payment_id: "pay_nobody", order_id: nobodys, amount: 778 });
    const run = await reconcile();
    expect(run.counts).toEqual({ matched: 1, missing_here: 2, missing_there: 0, amount_differs: 0 });
    await reconcile();
    const { body } = await get("/v1/admin/attention?code=reconciliation_difference&limit=100", admin);
    const mine = body.items.filter(({ history }) => /^mov_(stranger|nobody)$/.test(history.item?.there?.movement_references[0]));
    expect(mine).toHaveLength(2);
    expect(mine[0]).toMatchObject({ order_id: null, resolved: null, history: { reconciliation_id: run.id, gateway: "sandbox" } });
    expect(mine[0].actions.map(({ action }) => action)).toEqual(["look_at_gateway", "show_reconciliation", "resolve"]);
    for (const { id } of mine) {
      const resolved = await post(`/v1/admin/attention/${id}/resolve`, { note: "A test charge." }, admin);
      expect(resolved.body).toMatchObject({ id, resolved: { note: "A test charge." }, actions: [] });
    }
    await reconcile();
    const after = await get("/v1/admin/attention?code=reconciliation_difference&limit=100", admin);
    expect(after.body.items.filter(({ id }) => mine.some((one) => one.id === id))).toEqual([]);
  });

  test("is exported as CSV that no spreadsheet runs", async () => {
    const [order] = await shopWith(1);
    books.add({ id: "-mov_formula", kind: "capture", payment_id: "pay_formula", amount: 5 });
    const run = await reconcile();
    const { status, headers, text } = await get(`/v1/admin/reconciliations/${run.id}/items.csv`, admin);
    expect([status, headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"]);
    const [header, ...rows] = text.trimEnd().split("\r\n");
    expect(header).toMatch(/^number,result,kind,order_id,/);
    expect(rows).toHaveLength(2);
    expect(rows.find((row) => row.includes(order.id))).toMatch(/,matched,capture,/);
    expect(rows.find((row) => row.includes("missing_here"))).toMatch(/,'-mov_formula$/);
    const only = await get(`/v1/admin/reconciliations/${run.id}/items.csv?result=matched`, admin);
    expect(only.text.trimEnd().split("\r\n")).toHaveLength(2);
  });

  test("but is too young is left to the next run", async () => {
    const [order] = await shopWith(1);
    books.drop(gateway.paymentOf(order.id).id);
    const from = before();
    const started = await ask({ gateway: "sandbox", from: iso(from), to: iso(clock.now()) });
    await drain({ within: 30 * SECOND });
    const { body } = await get(`/v1/admin/reconciliations/${started.body.id}`, admin);
    expect(body).toMatchObject({ state: "done", counts: { matched: 0, missing_there: 0 } });
    expect(Date.parse(body.compared_to)).toBe(Date.parse(body.started_at) - 15 * MINUTE);
    expect((await reconcile({ from })).counts.missing_there).toBe(1);
  });
});

describe("a run", () => {
  const done = { matched: 4, missing_here: 0, missing_there: 1, amount_differs: 0 };

  async function started() {
    const orders = await shopWith(5);
    books.pageSize = 2;
    books.drop(gateway.paymentOf(orders[0].id).id);
    clock.advance(HOUR);
    const { body } = await ask({ gateway: "sandbox", from: iso(before()), to: iso(clock.now()) });
    return { id: body.id, order: orders[0].id };
  }
  const shown = async (id) => (await get(`/v1/admin/reconciliations/${id}?limit=100`, admin)).body;

  test("is found at once, and says that it is running", async () => {
    const { id } = await started();
    expect(await shown(id)).toMatchObject({ id, state: "running", items: [] });
    await drain({ within: MINUTE });
  });

  const FAULTS = Object.entries({ ...CRASHES, ...FAILURES });

  test.each(FAULTS)("whose object %s any crossing ends the same", async (_, fault) => {
    const labels = await atEveryCrossing(fault, {
      async prepare() {
        // Every round is another day's.
        clock.advance(DAY);
        const orders = await shopWith(5);
        books.pageSize = 2;
        books.drop(gateway.paymentOf(orders[0].id).id);
        books.add({ id: `mov_${shop.tag}`, kind: "capture", payment_id: `pay_${shop.tag}`, amount: 5 });
        clock.advance(HOUR);
        const window = { gateway: "sandbox", from: iso(clock.now() - 6 * HOUR), to: iso(clock.now()) };
        return { window, key: shop.key(), orders };
      },
      act: ({ window, key }) => ask(window, key),
      retry: ({ window, key }) => ask(window, key),
      within: 10 * MINUTE,
      async end({ answer, given: { orders } }) {
        const run = await shown(answer.body.id);
        expect([run.state, run.counts]).toEqual(["done", { ...done, missing_here: 1 }]);
        expect(run.items.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
        expect((await read(orders[0].id)).attention).toMatchObject([{ code: "reconciliation_difference" }]);
        const { results } = await env.DB.prepare("SELECT * FROM attention WHERE detail LIKE ?").bind(`%mov_${shop.tag};%`).all();
        expect(results).toHaveLength(1);
      },
    }, /^Reconciler/);
    expect(labels.length).toBeGreaterThan(10);
  });

  test("waits for a gateway that is down, and asks for the same page again", async () => {
    const { id } = await started();
    gateway.suffers("500", { of: "GET /v1/movements", when: "before", times: 2 });
    gateway.suffers("hang", { of: "GET /v1/movements", when: "before", times: 1 });
    gateway.suffers("truncated", { of: "GET /v1/movements", times: 1 });
    await drain({ within: MINUTE });
    expect(await shown(id)).toMatchObject({ state: "running" });
    await evictAll();
    await drain({ within: HOUR });
    expect(await shown(id)).toMatchObject({ state: "done", counts: done });
  });

  test("fails with its cause when the gateway stays down, and that waits for a person", async () => {
    const { id } = await started();
    gateway.suffers("500", { of: "GET /v1/movements", when: "before", times: 100 });
    await drain({ within: 12 * HOUR });
    const run = await shown(id);
    expect(run).toMatchObject({ state: "failed", failure: expect.stringContaining("status 500") });
    const { body } = await get("/v1/admin/attention?code=reconciliation_failed&limit=100", admin);
    const mine = body.items.find(({ history }) => history.reconciliation_id === id);
    expect(mine.actions.map(({ action }) => action)).toEqual(["reconcile_again", "show_reconciliation", "resolve"]);
    expect(gateway.requests("GET /v1/movements").length).toBe(10);
  });

  test("waits for a database that is down", async () => {
    const { id } = await started();
    database.mode = "down";
    await drain({ within: 10 * MINUTE });
    database.mode = "up";
    await drain({ within: 2 * HOUR });
    expect(await shown(id)).toMatchObject({ state: "done", counts: done });
  });

  test("of a gateway whose cursor does not move on is given up", async () => {
    const { id } = await started();
    books.stuck = true;
    await drain({ within: HOUR });
    expect(await shown(id)).toMatchObject({ state: "failed", failure: expect.stringContaining("cursor") });
  });

  test("is one under one key, and another body is refused", async () => {
    await shopWith(1);
    clock.advance(HOUR);
    const body = { gateway: "sandbox", from: iso(before()), to: iso(clock.now()) };
    const key = shop.key();
    const answers = await Promise.all([ask(body, key), ask(body, key), ask(body, key)]);
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true")).toHaveLength(2);
    const other = await ask({ ...body, from: iso(before() - HOUR) }, key);
    expect([other.status, other.body.code]).toEqual([422, "idempotency_key_reused"]);
    await drain({ within: MINUTE });
  });

  test("is refused for a window that is none", async () => {
    const now = clock.now();
    for (const [from, to] of [[now - 32 * DAY, now], [now, now - DAY], [now - DAY, now + MINUTE], [now, now]]) {
      const { status, body } = await ask({ gateway: "sandbox", from: iso(from), to: iso(to) });
      expect([status, body.code]).toEqual([422, "invalid_request"]);
    }
    const { body } = await ask({ gateway: "razorpay", from: iso(now - DAY), to: iso(now) });
    expect(body.code).toBe("books_unavailable");
    expect((await get(`/v1/admin/reconciliations/rec_${"0".repeat(32)}`, admin)).body.code).toBe("reconciliation_not_found");
  });
});

describe("cron", () => {
  const scheduled = () =>
    worker.scheduled(createScheduledController({ cron: "*/15 * * * *" }), env, createExecutionContext());

  test("compares the newest settled day of every gateway that shows its books, once", async () => {
    const [order] = await shopWith(1);
    books.drop(gateway.paymentOf(order.id).id);
    const day = Math.floor(gateway.paymentOf(order.id).updated_at / DAY) * DAY;
    clock.reach(day + 2 * DAY);
    for (let quarter = 0; quarter < 6; quarter += 1) {
      await scheduled();
      await calm();
      clock.advance(15 * MINUTE);
    }
    await drain({ within: MINUTE });
    const { body } = await get("/v1/admin/reconciliations?gateway=sandbox&limit=100", admin);
    const runs = body.items.filter(({ cause, from }) => cause === "scheduled" && Date.parse(from) === day);
    expect(runs).toMatchObject([{ state: "done", to: iso(day + DAY), counts: { missing_there: 1 } }]);
    expect((await read(order.id)).attention).toMatchObject([{ code: "reconciliation_difference" }]);
    const kept = await inStorage("Reconciler", "sandbox", "SELECT COUNT(*) AS count FROM entries");
    expect(kept).toEqual([{ count: 0 }]);
  });

  test("catches up the days on which it did not come", async () => {
    await scheduled();
    await calm();
    const last = Math.floor(clock.now() / DAY) * DAY - 2 * DAY;
    const [order] = await shopWith(1);
    const payment = gateway.paymentOf(order.id);
    books.drop(payment.id);
    const day = Math.floor(payment.updated_at / DAY) * DAY;
    clock.reach(day + 5 * DAY);
    for (const _again of [1, 2]) {
      await scheduled();
      await calm();
    }
    await drain({ within: MINUTE });
    const { body } = await get("/v1/admin/reconciliations?gateway=sandbox&limit=100", admin);
    const runs = body.items.filter(({ cause, from }) => cause === "scheduled" && Date.parse(from) > last);
    const days = runs.map(({ from }) => Date.parse(from)).sort((a, b) => a - b);
    expect(days).toEqual([1, 2, 3, 4, 5].map((after) => last + after * DAY));
    expect(runs.map(({ state }) => state)).toEqual(Array(5).fill("done"));
    expect(runs.filter(({ counts }) => counts.missing_there > 0).map(({ from }) => Date.parse(from))).toEqual([day]);
    expect((await read(order.id)).attention).toMatchObject([{ code: "reconciliation_difference" }]);
  });
});

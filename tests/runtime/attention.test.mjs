// Proves issue 3 on the queue for people: everything that waits is in one list with its cause, history and the actions
// that resolve it; a person's word takes it out, at the order and in the list; the same cause seen anew waits anew.

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { database } from "./support/database.mjs";
import { drain } from "./support/drain.mjs";
import { eventOf, gateway } from "./support/gateway.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, get, post } from "./support/http.mjs";
import { queue } from "./support/queue.mjs";
import { ask, buy, cancel, deliver, read, shardOf, stock } from "./support/shop.mjs";

const admin = { key: SECRET_KEY };
const queued = async (query = "") => (await get(`/v1/admin/attention?limit=100${query}`, admin)).body.items;
const ofOrder = async (id, query) => (await queued(query)).filter(({ order_id }) => order_id === id);
const resolve = (id, note = "Looked at it.", options = admin) => post(`/v1/admin/attention/${id}/resolve`, { note }, options);

/** An order whose payment says another amount than was asked for. */
async function mismatched() {
  await stock({ MUG: 3 });
  const order = await buy({ method: "wrong_amount" });
  await drain({ within: 5 * SECOND });
  return order.id;
}

describe("what waits for a person", () => {
  test("is listed with its cause, its history and what resolves it", async () => {
    const id = await mismatched();
    const [item] = await ofOrder(id);
    expect(item).toMatchObject({ order_id: id, code: "payment_mismatch", resolved: null });
    expect(item.id).toMatch(/^att_[0-9a-f]{32}$/);
    expect(item.cause).toContain("the gateway reports");
    expect(item.history.operations).toMatchObject([{ kind: "authorize", gateway: "sandbox", amount: { amount: 1_400, currency: "USD" } }]);
    expect(item.actions.map(({ action }) => action)).toEqual(["look_at_gateway", "sync", "show_order", "resolve"]);
    expect(item.actions.find(({ action }) => action === "sync")).toMatchObject({ method: "POST", path: `/v1/orders/${id}/payment/sync` });
    // Each path that is given is one that exists.
    const sync = item.actions.find(({ action }) => action === "sync");
    expect((await post(sync.path, undefined, admin)).status).toBe(200);
  });

  test("is not an order to which nothing happened", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy();
    await drain({ within: MINUTE });
    expect(await ofOrder(id)).toEqual([]);
  });

  test("leaves the queue on a person's word, at the order and in every list, and stays out", async () => {
    const id = await mismatched();
    const [item] = await ofOrder(id);
    const { status, body } = await resolve(item.id, "Charged by hand at the gateway.");
    expect([status, body.resolved.note, body.actions]).toEqual([200, "Charged by hand at the gateway.", []]);
    expect((await read(id)).attention).toMatchObject([
      { code: "payment_mismatch", resolved: { note: "Charged by hand at the gateway.", by: expect.any(String) } },
    ]);
    await drain({ within: 10 * SECOND });
    expect(await ofOrder(id)).toEqual([]);
    expect(await ofOrder(id, "&status=resolved")).toMatchObject([{ id: item.id, resolved: { note: "Charged by hand at the gateway." } }]);
    const listed = await get("/v1/admin/orders?needs_attention=true&limit=100", admin);
    expect(listed.body.items.map((order) => order.id)).not.toContain(id);
    // The gateway says the same thing again: a person has dealt with that.
    await deliver(eventOf(gateway.paymentOf(id)));
    await drain({ within: 10 * SECOND });
    expect(await ofOrder(id)).toEqual([]);
    // Said again, it is still the first word.
    expect((await resolve(item.id, "Another word.")).body.resolved.note).toBe("Charged by hand at the gateway.");
  });

  test("comes back when something else is seen", async () => {
    const id = await mismatched();
    const [item] = await ofOrder(id);
    await resolve(item.id);
    await deliver(eventOf(gateway.paymentOf(id), { amount: 9_999 }));
    await drain({ within: 10 * SECOND });
    expect(await ofOrder(id)).toMatchObject([{ id: item.id, resolved: null, cause: expect.stringContaining("9999") }]);
  });

  test("is in the queue when money comes after the order was called off", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy({ method: "pending" });
    await cancel(id);
    await drain({ within: MINUTE });
    const payment = gateway.paymentOf(id);
    // The gateway took the money all the same.
    Object.assign(payment, { status: "captured", captured: payment.amount });
    await deliver(eventOf(payment));
    await drain({ within: 10 * SECOND });
    const [item] = await ofOrder(id, "&code=paid_after_close");
    expect(item.actions[0]).toMatchObject({ action: "refund", method: "POST", path: `/v1/admin/orders/${id}/refunds` });
  });

  test("is flagged once by whoever sees it from outside", async () => {
    await stock({ MUG: 1 });
    const { id } = await buy();
    await drain({ within: MINUTE });
    const flag = (detail) => ask("OrderShard", shardOf(id), { command: "flag", id, code: "reconciliation_difference", detail });
    for (const detail of ["one thing", "one thing", "another thing"]) expect((await flag(detail)).answer).toBe("order");
    expect((await read(id)).attention).toMatchObject([{ code: "reconciliation_difference", detail: "one thing" }]);
    await drain({ within: 10 * SECOND });
    expect(await ofOrder(id)).toMatchObject([{ cause: "one thing" }]);
    const nowhere = `ord_${shardOf(id)}${"0".repeat(32)}`;
    expect((await ask("OrderShard", shardOf(id), { command: "flag", id: nowhere, code: "reconciliation_difference", detail: "x" })).answer).toBe("not_found");
  });
});

describe("the queue", () => {
  test("is paged, what has waited longest first", async () => {
    await stock({ MUG: 5 });
    const ids = [];
    for (let n = 0; n < 3; n += 1) {
      ids.push((await buy({ method: "wrong_amount" })).id);
      await drain({ within: 5 * SECOND });
      clock.advance(SECOND);
    }
    const seen = [];
    let cursor = "";
    for (let pages = 0; pages < 500; pages += 1) {
      const { body } = await get(`/v1/admin/attention?limit=1${cursor}`, admin);
      seen.push(...body.items);
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
    expect(seen.map(({ since }) => since)).toEqual(seen.map(({ since }) => since).toSorted());
    expect(seen.map(({ order_id }) => order_id).filter((id) => ids.includes(id))).toEqual(ids);
  });

  test("is for whoever may see and write orders", async () => {
    const id = await mismatched();
    const [item] = await ofOrder(id);
    expect((await get("/v1/admin/attention", { key: PUBLISHABLE_KEY })).status).toBe(403);
    expect((await resolve(item.id, "x", { key: PUBLISHABLE_KEY })).status).toBe(403);
    const nothing = await resolve(`att_${"0".repeat(32)}`);
    expect([nothing.status, nothing.body.code]).toEqual([404, "attention_not_found"]);
    for (const note of ["", " ", "a\nb", "x".repeat(501)]) expect((await resolve(item.id, note)).status).toBe(422);
    expect((await queued("&status=all")) ?? "refused").toBe("refused");
  });

  test("says that it can't be asked when the database is down", async () => {
    database.mode = "down";
    const { status, body } = await get("/v1/admin/attention", admin);
    expect([status, body.code]).toEqual([503, "try_again"]);
    database.mode = "up";
  });

  test("is what the orders say, however late or often they are told", async () => {
    const id = await mismatched();
    const old = queue.taken.filter((body) => body.includes(id)).map((body, n) => ({ body, attempts: 0, notBefore: 0, id: `old-${n}` }));
    const [item] = await ofOrder(id);
    await resolve(item.id);
    await drain({ within: 10 * SECOND });
    await queue.hand(old);
    await queue.hand(old.toReversed());
    expect(await ofOrder(id)).toEqual([]);
    const { count } = await env.DB.prepare("SELECT COUNT(*) AS count FROM attention WHERE order_id = ?").bind(id).first();
    expect(count).toBe(1);
  });
});

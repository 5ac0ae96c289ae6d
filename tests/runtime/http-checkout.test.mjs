// Proves over HTTP what a storefront relies on: the checkout's answer, its replay under the same key whatever
// became of the catalogue or the connection, and that the edge never answers for a shard it did not hear.

import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { database } from "./support/database.mjs";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { CRASHES, FAILURES } from "./support/every-crossing.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, adjust, cart, checkout, get, must, openDoors, post, putProduct, send, webhook } from "./support/http.mjs";
import { level, shop } from "./support/shop.mjs";

const admin = { key: SECRET_KEY };
const replayed = (answer) => answer.headers.get("idempotent-replayed");
const stored = (answer) => answer.headers.get("idempotency-stored");

describe("a checkout", () => {
  test("is answered with the order, its token and what is next; the token opens the order", async () => {
    await openDoors({ MUG: 5 });
    const answer = await checkout(cart({ method: "redirect" }));
    expect(answer.status).toBe(201);
    const { order, order_token: token, payment } = answer.body;
    expect(answer.headers.get("location")).toBe(`/v1/orders/${order.id}`);
    expect(order).toMatchObject({ status: "open", payment_status: "action_required", totals: { total: { amount: 1_500, currency: "USD" } } });
    expect(payment).toEqual({ status: "action_required", action: { type: "redirect", url: expect.stringContaining("https://gateway.test/pay/") } });
    const seen = await get(`/v1/orders/${order.id}`, { key: token });
    expect(seen).toMatchObject({ status: 200, body: { id: order.id, status: "open" } });
    expect((await post(`/v1/orders/${order.id}/cancel`, undefined, { key: token })).body).toMatchObject({ status: "cancelled" });
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
    await drain();
    expect(await level("MUG")).toMatchObject({ reserved: 0 });
  });

  test("is paid by a webhook, and D1 lists it", async () => {
    await openDoors({ MUG: 5 });
    const { body } = await must(checkout(cart({ method: "pending" })));
    expect((await webhook(gateway.move(gateway.paymentOf(body.order.id), "captured"))).status).toBe(200);
    await drain();
    const { body: page } = await get("/v1/admin/orders?payment_status=paid&limit=1", admin);
    expect(page.items).toMatchObject([{ id: body.order.id, payment_status: "paid", claims: [{ state: "committed" }] }]);
  });

  test("is paid when the browser comes back and nothing else is heard", async () => {
    await openDoors({ MUG: 5 });
    const { body } = await must(checkout(cart({ method: "redirect" })));
    gateway.move(gateway.paymentOf(body.order.id), "captured");
    const back = await post(`/v1/orders/${body.order.id}/payment/sync`, undefined, { key: body.order_token });
    expect(back).toMatchObject({ status: 200, body: { payment_status: "paid" } });
  });

  test("that asks for too much is 409 with what there is; of the bank's refusal it is 402", async () => {
    await openDoors({ MUG: 2, CUP: 0 });
    const short = await checkout(cart({ lines: [["MUG", 3], ["CUP", 1]] }));
    expect(short).toMatchObject({ status: 409, body: { code: "insufficient_stock" } });
    expect(short.body.shortages).toEqual([
      { sku: shop.sku("MUG"), requested: 3, available: 2, reason: "stock" },
      { sku: shop.sku("CUP"), requested: 1, available: 0, reason: "stock" },
    ]);
    expect(await checkout(cart({ method: "decline" }))).toMatchObject({
      status: 402, body: { code: "payment_declined", decline: { code: "card_declined" } },
    });
  });

  test("takes its price from the catalogue and refuses a total that the buyer was not shown", async () => {
    await openDoors({ MUG: 2 });
    const amount = (value) => ({ expected_total: { amount: value, currency: "USD" } });
    expect(await checkout(cart(amount(1)))).toMatchObject({ status: 409, body: { code: "total_changed", total: { amount: 1_500 } } });
    expect((await checkout(cart(amount(1_500)))).status).toBe(201);
    expect(gateway.calls.map((call) => call.body.amount)).toEqual([1_500]);
  });
});

describe("the same key again", () => {
  test("is the same answer to the byte, says so, and buys nothing", async () => {
    await openDoors({ MUG: 5 });
    const idempotencyKey = shop.key();
    const first = await checkout(cart(), { idempotencyKey });
    const again = await Promise.all(Array.from({ length: 5 }, () => checkout(cart(), { idempotencyKey })));
    expect(replayed(first)).toBeNull();
    for (const answer of again) {
      expect([answer.status, answer.text, replayed(answer)]).toEqual([201, first.text, "true"]);
    }
    expect(gateway.calls).toHaveLength(1);
  });

  test("with another body is 422, and by another sender it is another order", async () => {
    await openDoors({ MUG: 5 });
    const idempotencyKey = shop.key();
    const first = await must(checkout(cart(), { idempotencyKey }));
    const other = await checkout(cart({ lines: [["MUG", 2]] }), { idempotencyKey });
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_key_reused" } });
    const { body: made } = await must(post("/v1/admin/api-keys", { name: "Second shop", kind: "publishable" }, admin));
    const second = await must(checkout(cart(), { idempotencyKey, key: made.key }));
    expect(second.body.order.id).not.toBe(first.body.order.id);
    expect(replayed(second)).toBeNull();
  });

  test("is the first answer though the price, the product or the database is gone", async () => {
    await openDoors({ MUG: 5 });
    const idempotencyKey = shop.key();
    const told = cart({ expected_total: { amount: 1_500, currency: "USD" } });
    const first = await must(checkout(told, { idempotencyKey }));
    const again = async () => {
      clock.advance(MINUTE);
      const answer = await checkout(told, { idempotencyKey });
      expect([answer.status, answer.text, replayed(answer)]).toEqual([201, first.text, "true"]);
    };
    await putProduct(["MUG"], { price: 2_000 });
    await again();
    await putProduct(["MUG"], { status: "archived" });
    await again();
    database.mode = "down";
    clock.advance(20 * MINUTE);
    await again();
    database.mode = "up";
    expect(gateway.calls).toHaveLength(1);
  });

  test("replays a refusal too", async () => {
    await openDoors({ MUG: 1 });
    const much = cart({ lines: [["MUG", 2]] });
    const idempotencyKey = shop.key();
    const first = await checkout(much, { idempotencyKey });
    await adjust("MUG", { kind: "received", quantity: 5, reason: "Delivery" });
    const second = await checkout(much, { idempotencyKey });
    expect([second.status, second.body.shortages, replayed(second)]).toEqual([409, first.body.shortages, "true"]);
    expect([first, second].map(stored)).toEqual(["true", "true"]);
  });

  test("says whether its answer is stored: what refused a cart before anything was begun leaves the key free", async () => {
    await openDoors({ MUG: 1 });
    const [bought, short, early, priced] = Array.from({ length: 4 }, () => ({ idempotencyKey: shop.key() }));
    expect([await checkout(cart(), bought), await checkout(cart(), short)].map(stored)).toEqual(["true", "true"]);
    // The SKU has just run out: the edge refuses, and no shard writes anything.
    const written = crossings.trace.filter((label) => label.startsWith("OrderShard") && label.includes("transaction")).length;
    const refused = await checkout(cart(), early);
    expect([refused.status, refused.body.code, stored(refused)]).toEqual([409, "insufficient_stock", "false"]);
    expect(crossings.trace.filter((label) => label.startsWith("OrderShard") && label.includes("transaction"))).toHaveLength(written);
    const total = { expected_total: { amount: 1, currency: "USD" } };
    const changed = await checkout(cart(total), priced);
    expect([changed.status, changed.body.code, stored(changed)]).toEqual([409, "total_changed", "false"]);
    // A key that has an order is answered with it, though the SKU is remembered as sold out.
    const again = await checkout(cart(), bought);
    expect([again.status, replayed(again), stored(again)]).toEqual([201, "true", "true"]);
    await adjust("MUG", { kind: "received", quantity: 5, reason: "Delivery" });
    const kept = await checkout(cart(), short);
    expect([kept.status, replayed(kept), stored(kept)]).toEqual([409, "true", "true"]);
    const later = await checkout(cart(), early);
    expect([later.status, replayed(later), stored(later)]).toEqual([201, null, "true"]);
  });

  test("50 times at once is one order and one charge", async () => {
    await openDoors({ MUG: 50 });
    const idempotencyKey = shop.key();
    const answers = await Promise.all(Array.from({ length: 50 }, () => checkout(cart(), { idempotencyKey })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1);
    expect(gateway.calls).toHaveLength(1);
  });

  test("of an adjustment is told again and counted once", async () => {
    await openDoors({ MUG: 5 });
    const key = shop.key();
    const change = { quantity: 3, reason: "Found behind the shelf" };
    const first = await adjust("MUG", change, key);
    const second = await adjust("MUG", change, key);
    expect([second.body, replayed(first), replayed(second)]).toEqual([first.body, null, "true"]);
    expect(await level("MUG")).toMatchObject({ adjusted: 3 });
  });
});

describe("between the edge and the shard", () => {
  test.each(Object.entries({ ...CRASHES, ...FAILURES }))("a shard that %s its answer: the edge or the buyer tries again, and there is one order", async (_, fault) => {
    for (const at of ["Worker asks OrderShard", "OrderShard transaction", "OrderShard asks the gateway"]) {
      await openDoors({ MUG: 5 });
      const idempotencyKey = shop.key();
      const struck = at.startsWith("Worker") && fault.what === "crash" ? { ...fault, what: "fail" } : fault;
      const planned = plan({ ...struck, at });
      const first = await checkout(cart(), { idempotencyKey });
      expect(planned.struck).toBe(1);
      expect([201, 503]).toContain(first.status);
      if (first.status === 503) expect(first.headers.get("retry-after")).toMatch(/^\d+$/);
      await drain({ within: 2 * MINUTE });
      const second = await must(checkout(cart(), { idempotencyKey }));
      if (first.status === 201) expect(second.body.order.id).toBe(first.body.order.id);
      const payments = [...gateway.payments.values()].filter((payment) => payment.order_id === second.body.order.id);
      expect(payments).toMatchObject([{ status: "captured", captured: 1_500 }]);
    }
    expect(await level("MUG")).toMatchObject({ sold: 3, reserved: 0 });
  });

  test("a shard that never answers is 503, and the order is found under its key afterwards", async () => {
    await openDoors({ MUG: 5 });
    const idempotencyKey = shop.key();
    const lost = plan({ at: "Worker asks OrderShard", when: "after", what: "fail", times: 3 });
    const first = await checkout(cart(), { idempotencyKey });
    expect(first).toMatchObject({ status: 503, body: { code: "try_again" } });
    expect(lost.struck).toBe(3);
    const second = await must(checkout(cart(), { idempotencyKey }));
    expect(replayed(second)).toBe("true");
    expect(gateway.calls).toHaveLength(1);
  });

  test("a webhook whose shard does not answer is 5xx, so that it is sent again", async () => {
    await openDoors({ MUG: 5 });
    const { body } = await must(checkout(cart({ method: "pending" })));
    const event = gateway.move(gateway.paymentOf(body.order.id), "captured");
    plan({ at: "Worker asks OrderShard", when: "before", what: "fail", times: 3 });
    expect((await webhook(event)).status).toBe(503);
    expect((await webhook(event)).status).toBe(200);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 1 });
  });
});

describe("a database that is away", () => {
  test("is not on the path of a checkout, a webhook or an order: what is remembered is enough", async () => {
    await openDoors({ MUG: 5 });
    const { body: made } = await must(post("/v1/admin/api-keys", { name: "Shop", kind: "publishable" }, admin));
    await must(checkout(cart(), { key: made.key }));
    database.mode = "down";
    clock.advance(4 * MINUTE);
    const { body } = await must(checkout(cart({ method: "pending" }), { key: made.key }));
    expect((await webhook(gateway.move(gateway.paymentOf(body.order.id), "captured"))).status).toBe(200);
    expect((await get(`/v1/orders/${body.order.id}`, { key: body.order_token })).body.payment_status).toBe("paid");
    expect((await get("/v1/admin/orders", admin)).status).toBe(503);
    database.mode = "up";
    await drain({ within: 10 * MINUTE });
    expect(await level("MUG")).toMatchObject({ sold: 2 });
  });
});

describe("stock on display", () => {
  test("may be a second old; asked for fresh it is exact, and a checkout always is", async () => {
    await openDoors({ MUG: 5 });
    const shown = async (more = "") => {
      const { body } = await get(`/v1/stock?sku=${shop.sku("MUG")}${more}`, { key: PUBLISHABLE_KEY });
      return body.items[0].available;
    };
    expect(await shown("&fresh=true")).toBe(5);
    expect(await shown()).toBe(5);
    await must(checkout(cart({ lines: [["MUG", 5]] })));
    expect(await shown("&fresh=true")).toBe(0);
    expect((await checkout()).body.code).toBe("insufficient_stock");
    clock.advance(5 * SECOND);
    expect(await shown()).toBe(0);
  });

  test("of a SKU that is not in the catalogue is 404 and makes no object", async () => {
    await openDoors({ MUG: 5 });
    expect((await send("GET", "/v1/stock?sku=NOBODYS&fresh=true", { key: PUBLISHABLE_KEY })).body.code).toBe("unknown_sku");
    expect(await get("/v1/admin/inventory/NOBODYS", admin)).toMatchObject({ status: 404 });
  });
});

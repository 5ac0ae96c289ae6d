// Proves over HTTP what a merchant and a storefront rely on when money moves: what each refusal is called and what
// it says, replays under a key, further attempts by token, the browser's return, and webhooks that are not believed.

import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { eventOf, gateway } from "./support/gateway.mjs";
import { SECRET_KEY, cart, checkout, get, must, openDoors, post, send, webhook } from "./support/http.mjs";
import { level, read, shop } from "./support/shop.mjs";

const admin = (key = shop.key()) => ({ key: SECRET_KEY, headers: { "idempotency-key": key } });
const ordersOf = (id, what, body, key) => post(`/v1/admin/orders/${id}/${what}`, body, admin(key));
const refunds = (id, body, key) => ordersOf(id, "refunds", body, key);
const captures = (id, body, key) => ordersOf(id, "captures", body, key);
const NOWHERE = `ord_00${"0".repeat(32)}`;

async function paid({ method = "instant" } = {}) {
  await openDoors({ MUG: 5 });
  const { body } = await must(checkout(cart({ lines: [["MUG", 2]], method })));
  await drain();
  return { id: body.order.id, token: body.order_token, payment: gateway.paymentOf(body.order.id) };
}

/** A refusal as RFC 9457 has it. */
function isProblem(answer, status, code, more = {}) {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer).toMatchObject({ status, body: { status, code, type: `urn:cartwright:error:${code}`, ...more } });
  expect(answer.body.title && answer.body.detail && answer.body.request_id).toBeTruthy();
}

describe("a refund", () => {
  test("is answered with its operations and the order, and again under its key", async () => {
    const { id, payment } = await paid();
    const body = { lines: [{ sku: shop.sku("MUG"), quantity: 1, restock: 1 }], shipping_minor: 500, reason: "broken" };
    const key = shop.key();
    const first = await refunds(id, body, key);
    expect(first.status).toBe(201);
    expect(first.body.operations).toHaveLength(1);
    expect(first.body.order).toMatchObject({
      payment_status: "partially_refunded",
      refunds: [{ amount: { amount: 1_500, currency: "USD" }, shipping: { amount: 500 }, status: "succeeded", reason: "broken" }],
      payment: { movable: { refundable: { amount: 1_000 } } },
    });
    expect(first.headers.get("idempotent-replayed")).toBeNull();
    const again = await Promise.all(Array.from({ length: 10 }, () => refunds(id, body, key)));
    for (const one of again) {
      expect([one.status, one.headers.get("idempotent-replayed"), one.body.operations]).toEqual([201, "true", first.body.operations]);
    }
    isProblem(await refunds(id, { ...body, reason: "other" }, key), 422, "idempotency_key_reused");
    isProblem(await captures(id, body, key), 422, "invalid_request");
    expect(payment.refunds).toHaveLength(1);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 1 });
  });

  test("that can't be is refused by its name, with what there is", async () => {
    const { id } = await paid();
    const sku = shop.sku("MUG");
    isProblem(await refunds(id, { amount_minor: 2_501 }), 422, "amount_too_large", { available: { amount: 2_500, currency: "USD" } });
    isProblem(await refunds(id, { shipping_minor: 501 }), 422, "amount_too_large", { available: { amount: 500, currency: "USD" } });
    isProblem(await refunds(id, { lines: [{ sku, quantity: 3 }] }), 422, "units_too_many", { line: { sku, available: 2 } });
    isProblem(await refunds(id, { lines: [{ sku: "NOBODYS", quantity: 1 }] }), 422, "units_too_many");
    for (const [body, pointer] of [
      [{ amount_minor: 0 }, "/amount_minor"], [{ amount_minor: 1, shipping_minor: 1 }, "/amount_minor"],
      [{ lines: [{ sku, quantity: 1, restock: 2 }] }, "/lines/0/restock"], [{ lines: [{ sku, quantity: 0 }] }, "/lines/0/quantity"],
      [{ amount_minor: 1.5 }, "/amount_minor"], [{ everything: true }, "/everything"],
    ]) {
      const answer = await refunds(id, body);
      isProblem(answer, 422, "invalid_request");
      expect(answer.body.errors[0].pointer).toBe(pointer);
    }
    isProblem(await post(`/v1/admin/orders/${id}/refunds`, {}, { key: SECRET_KEY }), 400, "idempotency_key_required");
    isProblem(await refunds(NOWHERE, {}), 404, "order_not_found");
    isProblem(await captures(id, {}), 409, "nothing_to_move");
    isProblem(await ordersOf(id, "voids", {}), 409, "nothing_to_move");
    expect(gateway.requests("POST /v1/refunds")).toEqual([]);
    await must(refunds(id, {}));
    isProblem(await refunds(id, {}), 409, "nothing_to_move");
  });

  test("of what the bank contests, or beside one that is lost, is refused", async () => {
    const { id, payment } = await paid();
    gateway.suffers("hang", { of: "POST /v1/refunds" });
    expect((await refunds(id, { amount_minor: 100 })).body.order.refunds).toMatchObject([{ status: "unknown" }]);
    isProblem(await refunds(id, { amount_minor: 100 }), 409, "outcome_unknown");
    await drain({ within: 2 * MINUTE });
    await must(webhook(gateway.dispute(payment, 1_000)));
    isProblem(await refunds(id, { amount_minor: 100 }), 409, "payment_disputed");
    await must(webhook(gateway.decideDispute(payment.disputes[0], "won")));
    await must(refunds(id, { amount_minor: 100 }));
    await must(webhook(gateway.refund(payment, 200)));
    expect((await read(id)).refunds.map((one) => one.amount_minor)).toEqual([100, 100, 200]);
  });
});

describe("an order that is kept open on a decline", () => {
  async function declined() {
    await openDoors({ MUG: 5 });
    const answer = await checkout(cart({ method: "decline", keep_open_on_decline: true }));
    isProblem(answer, 402, "payment_declined", { decline: { code: "card_declined" }, order_token: expect.stringMatching(/^ot_/) });
    expect(Date.parse(answer.body.retry_until)).toBeGreaterThan(clock.now());
    return { id: answer.body.order_id, token: answer.body.order_token };
  }
  const pay = ({ id, token }, method, key = shop.key(), more = {}) =>
    post(`/v1/orders/${id}/payments`, { gateway: "sandbox", method, ...more }, { key: token, headers: { "idempotency-key": key } });

  test("is paid by another attempt with its token, once per key", async () => {
    const order = await declined();
    isProblem(await pay(order, "decline"), 402, "payment_declined", { order_token: order.token });
    const key = shop.key();
    const first = await pay(order, "instant", key);
    expect(first).toMatchObject({ status: 201, body: { payment: { status: "paid" }, order: { id: order.id, payment_status: "paid" } } });
    const again = await pay(order, "instant", key);
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
    isProblem(await pay(order, "redirect", key), 422, "idempotency_key_reused");
    isProblem(await pay(order, "instant"), 409, "payment_secured");
    expect(gateway.paymentsOf(order.id).map((one) => one.status)).toEqual(["failed", "failed", "captured"]);
    await drain();
    expect((await get(`/v1/orders/${order.id}`, { key: order.token })).body.invoice_number).toBeTruthy();
  });

  test("takes no gateway that is not set up, no stranger, and nothing once it is over", async () => {
    const order = await declined();
    isProblem(await pay(order, undefined, shop.key(), { gateway: "stripe" }), 422, "gateway_unavailable");
    isProblem(await pay({ ...order, token: `ot_${"0".repeat(64)}` }, "instant"), 404, "order_not_found");
    await drain({ within: 61 * MINUTE });
    isProblem(await pay(order, "instant"), 409, "order_not_open");
    expect(await level("MUG")).toMatchObject({ reserved: 0, sold: 0 });
  });
});

describe("a browser that comes back", () => {
  const confirm = ({ id, token }, parameters) => post(`/v1/orders/${id}/payment/confirm`, { parameters }, { key: token });

  test("makes the gateway be asked, whatever it brings", async () => {
    const order = await paid({ method: "redirect" });
    expect(await confirm(order, { redirect_status: "succeeded" })).toMatchObject({ status: 200, body: { payment_status: "action_required" } });
    gateway.move(order.payment, "captured");
    expect(await confirm(order, { redirect_status: "failed" })).toMatchObject({ status: 200, body: { payment_status: "paid" } });
  });

  test("with too much is refused where it is", async () => {
    const order = await paid({ method: "redirect" });
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`p${n}`, "x"]));
    for (const parameters of [many, { "": "x" }, { a: "x".repeat(513) }, { a: "\u0000" }]) {
      isProblem(await confirm(order, parameters), 422, "invalid_request");
    }
    isProblem(await confirm({ ...order, token: `ot_${"0".repeat(64)}` }, {}), 404, "order_not_found");
  });
});

describe("a webhook that is not believed", () => {
  const forged = (event) => webhook(JSON.stringify(event), { signature: `t=${Math.floor(clock.now() / SECOND)},v1=${"0".repeat(64)}` });

  test("makes the gateway be asked, at most once a minute, and changes nothing else", async () => {
    const { id, payment } = await paid({ method: "redirect" });
    const lie = eventOf(payment, { status: "captured", captured: payment.amount });
    const asked = () => gateway.requests(`GET /v1/payments/${payment.id}`).length;
    clock.advance(2 * MINUTE);
    for (let n = 0; n < 5; n += 1) isProblem(await forged(lie), 401, "signature_invalid");
    await drain({ within: 20 * SECOND });
    expect(asked()).toBe(1);
    for (let n = 0; n < 5; n += 1) await forged(lie);
    await drain({ within: 20 * SECOND });
    expect(asked()).toBe(1);
    clock.advance(2 * MINUTE);
    gateway.move(payment, "captured");
    await forged(lie);
    await drain({ within: 20 * SECOND });
    expect(asked()).toBe(2);
    expect(await read(id)).toMatchObject({ status: "open", payment: { report: { state: "captured" } } });
  });

  test("about an order that is over, or of nobody, asks nobody anything", async () => {
    const { payment } = await paid();
    clock.advance(2 * MINUTE);
    const calls = gateway.calls.length;
    isProblem(await forged(eventOf(payment)), 401, "signature_invalid");
    isProblem(await forged({ order_id: NOWHERE }), 401, "signature_invalid");
    isProblem(await send("POST", "/webhooks/sandbox", { body: "ord_", headers: { "sandbox-signature": "x" } }), 401, "signature_invalid");
    await drain({ within: MINUTE });
    expect(gateway.calls).toHaveLength(calls);
  });
});

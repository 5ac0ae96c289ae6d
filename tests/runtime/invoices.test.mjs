// Proves that invoice numbers have no gap and no double under concurrency, repeats, lost replies, failed
// transactions and an object that is away: every paid order has exactly one (which every test here ends by
// checking), and no number is used up without an order.

import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { MINUTE, clock } from "./support/clock.mjs";
import { plan } from "./support/crossings.mjs";
import { database } from "./support/database.mjs";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { SECRET_KEY, cart, checkout, get, must, openDoors } from "./support/http.mjs";
import { queue } from "./support/queue.mjs";
import { ask, attempt, buy, evictAll, inStorage, level, read, shardOf, shop, stock } from "./support/shop.mjs";

const issued = async () => (await inStorage("InvoiceSeries", shop.series, "SELECT number FROM invoices ORDER BY number")).map(({ number }) => number);
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);
const orderId = (n) => `ord_00000000000000700080000000000000${String(n).padStart(2, "0")}`;
const refundId = (n) => `ref_000000000000700080000000000000${String(n).padStart(2, "0")}`;
const text = (n) => `${shop.series}-${String(n).padStart(6, "0")}`;
const creditSeries = () => `${shop.series}-CN`;
const creditText = (n) => `${creditSeries()}-${String(n).padStart(6, "0")}`;

const ADDRESS = { name: "Ada", line1: "1 Main", city: "Portland", region: "OR", postal_code: "97201", country: "US" };

/** An invoice as a shard drafts it: 1,000 at 19 %. */
function draft(order, { title = "Post" } = {}) {
  const taxes = [{ name: "VAT", rate: "19", amount_minor: 190 }];
  const amount = { net_minor: 1_000, tax_minor: 190, total_minor: 1_190 };
  return {
    order_id: orderId(order), ordered_at: "2026-03-01T12:00:00.000Z", currency: "USD", prices_include_tax: false,
    buyer: { name: "Ada", email: "ada@example.com", billing_address: ADDRESS, shipping_address: ADDRESS },
    lines: [], shipping: { title, ...amount, taxes },
    totals: { subtotal_minor: 0, shipping_minor: 1_000, discount_minor: 0, tax_minor: 190, total_minor: 1_190 },
    amount, tax_groups: [{ net_minor: 1_000, taxes }],
    tax_summary: [{ name: "VAT", rate: "19", net_minor: 1_000, tax_minor: 190 }],
  };
}

/** Asks the series itself, as a shard does; no order of the shop is meant. */
const issue = (series, drafts) => ask("InvoiceSeries", series, { command: "issue", drafts });
const number = async (...orders) =>
  (await issue(shop.series, orders.map((order) => ({ kind: "invoice", draft: draft(order) })))).numbers;

const refund = (n, amount_minor, more = {}) => ({
  id: refundId(n), amount_minor, shipping_minor: 0, lines: [], reason: "Broken",
  requested_at: "2026-03-02T12:00:00.000Z", ...more,
});

/** Credit notes of the first order's invoice. */
const credit = async (...refunds) =>
  (await issue(creditSeries(), refunds.map((one) => ({
    kind: "credit_note", draft: { invoice_number: text(1), invoice: draft(1), refund: one },
  })))).numbers;

const kept = (series, sequence) => ask("InvoiceSeries", series, { command: "read", sequence });
const keptDocument = async (series, sequence) => JSON.parse((await kept(series, sequence)).document);

describe("numbers", () => {
  test("of 60 orders paid at once in four shards are 1 to 60", async () => {
    await stock({ MUG: 60 });
    const shards = Array.from({ length: 4 }, () => shop.shard());
    await Promise.all(Array.from({ length: 60 }, (_, n) => buy({ shard: shards[n % 4] })));
    await drain();
    expect(await issued()).toEqual(upTo(60));
  });

  test("are used up by paid orders only", async () => {
    await stock({ MUG: 60 });
    for (const method of ["instant", "pending", "instant", "redirect", "instant"]) await buy({ method });
    await drain();
    expect(await issued()).toEqual(upTo(3));
  });

  test("are given once per order, however often and with whomever they are asked for", async () => {
    expect(await number(1, 2)).toEqual([text(1), text(2)]);
    expect(await number(2, 3, 1, 3)).toEqual([text(2), text(3), text(1), text(3)]);
    await evictAll();
    expect(await number(3, 4)).toEqual([text(3), text(4)]);
    expect(await number()).toEqual([]);
    expect(await issued()).toEqual(upTo(4));
  });

  test("of two series are counted apart", async () => {
    await stock({ MUG: 5 });
    const other = `${shop.tag}-CRN`;
    const first = await buy();
    const second = await buy({ invoice_series: other });
    await drain();
    expect((await read(first.id)).invoice_number).toBe(`${shop.series}-000001`);
    expect((await read(second.id)).invoice_number).toBe(`${other}-000001`);
  });

  test("that a transaction could not keep are not used up", async () => {
    expect(await number(1)).toEqual([text(1)]);
    for (const when of ["before", "inside"]) {
      const failing = plan({ at: "InvoiceSeries transaction", when, what: "fail" });
      expect(await attempt(number(2, 3))).toBeUndefined();
      expect(failing.struck).toBe(1);
    }
    expect(await issued()).toEqual([1]);
    expect(await number(3, 2)).toEqual([text(2), text(3)]);
  });

  test("of a list of which one can't be read are not given at all", async () => {
    const drafts = [draft(1), { ...draft(2), order_id: "ord_nonsense" }, draft(3)].map((one) => ({ kind: "invoice", draft: one }));
    expect(await attempt(issue(shop.series, drafts))).toBeUndefined();
    expect(await issued()).toEqual([]);
  });
});

describe("a series that is away", () => {
  test.each([["before", "crash"], ["after", "fail"], ["before", "fail"]])("(%s it is asked: %s) delays the number and nothing else", async (when, what) => {
    await stock({ MUG: 5 });
    plan({ at: "asks InvoiceSeries", when, what, times: 7 });
    const { id } = await buy();
    await drain({ within: 5 * MINUTE });
    expect(await read(id)).toMatchObject({ status: "open", invoice_number: text(1), attention: [] });
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
    expect(await issued()).toEqual([1]);
  });
});

describe("documents", () => {
  test("are kept with their numbers, to the byte, and never change", async () => {
    await number(1);
    const first = await kept(shop.series, 1);
    expect(first).toMatchObject({ answer: "document", kind: "invoice" });
    expect(createHash("sha256").update(first.document).digest("hex")).toBe(first.sha256);
    expect(JSON.parse(first.document)).toMatchObject({ format: 1, number: text(1), amount: { total_minor: 1_190 } });
    const other = [{ kind: "invoice", draft: draft(1, { title: "Another" }) }];
    expect((await issue(shop.series, other)).numbers).toEqual([text(1)]);
    expect(await kept(shop.series, 1)).toEqual(first);
    for (const statement of ["UPDATE documents SET document = '{}'", "DELETE FROM documents"]) {
      await expect(inStorage("InvoiceSeries", shop.series, statement)).rejects.toThrow(/a document/);
    }
    expect(await kept(shop.series, 1)).toEqual(first);
    expect(await kept(shop.series, 2)).toEqual({ answer: "not_found" });
  });

  test("are missing of numbers that are older than documents, and nothing else is", async () => {
    await number(1);
    await inStorage("InvoiceSeries", shop.series, "INSERT INTO invoices VALUES (2, ?, 1)", orderId(2));
    shop.undocumented = new Set([text(2)]);
    expect(await number(2, 3)).toEqual([text(2), text(3)]);
    expect(await kept(shop.series, 2)).toEqual({ answer: "number_only" });
    expect(await kept(shop.series, 3)).toMatchObject({ kind: "invoice" });
  });

  test.each(["down", "loses replies"])("reach lists after a database that was %s", async (mode) => {
    database.mode = mode;
    await number(1, 2, 3);
    await drain({ within: 5 * MINUTE });
    database.mode = "up";
    await drain({ within: 5 * MINUTE });
  });

  test("reach lists although the queue refused, lost and repeated", async () => {
    queue.refuses = () => true;
    await number(1, 2);
    await drain({ within: MINUTE });
    queue.refuses = () => false;
    queue.held = true;
    await number(3);
    await drain({ within: MINUTE });
    queue.waiting.splice(0);
    queue.held = false;
    await evictAll();
    await number(4);
    await drain({ within: 5 * MINUTE });
    queue.put(...queue.taken.filter((body) => JSON.parse(body).kind === "invoices"));
  });
});

describe("credit notes", () => {
  test("are numbered in a series of their own, once per refund, and cancel the invoice tax by tax", async () => {
    await number(1);
    expect(await credit(refund(1, 333), refund(2, 333))).toEqual([creditText(1), creditText(2)]);
    expect(await credit(refund(2, 333), refund(1, 333))).toEqual([creditText(2), creditText(1)]);
    await evictAll();
    expect(await credit(refund(3, 524))).toEqual([creditText(3)]);
    const notes = await Promise.all(upTo(3).map((sequence) => keptDocument(creditSeries(), sequence)));
    expect(notes.map((note) => note.amount.total_minor)).toEqual([333, 333, 524]);
    const sum = (field) => notes.reduce((total, note) => total + note.tax_summary[0][field], 0);
    expect([sum("net_minor"), sum("tax_minor")]).toEqual([1_000, 190]);
    expect(notes[0]).toMatchObject({ kind: "credit_note", invoice_number: text(1), refund_id: refundId(1), reason: "Broken" });
  });

  test("never come to more than their invoice: one that would gets no number and uses none up", async () => {
    await number(1);
    expect(await credit(refund(1, 1_000), refund(2, 191), refund(3, 190))).toEqual([creditText(1), null, creditText(2)]);
    expect(await credit(refund(2, 1))).toEqual([null]);
  });

  /** Writes a refund whose money has moved into a stored order, as the shard would have. */
  async function refunded({ id }, ...refunds) {
    const [row] = await inStorage("OrderShard", shardOf(id), "SELECT document FROM orders WHERE id = ?", id);
    const order = JSON.parse(row.document);
    order.refunds = [...(order.refunds ?? []), ...refunds];
    for (const one of refunds) {
      // The gateway has given it back as well.
      gateway.paymentOf(id).refunds.push({ operation_id: one.id.replace("ref_", "op_"), amount: one.amount_minor, status: "succeeded" });
      order.payment.operations.push({
        id: one.id.replace("ref_", "op_"), kind: "refund", amount_minor: one.amount_minor, result: "succeeded",
        requested_at: one.requested_at, attempts: 0, refund_id: one.id,
      });
    }
    await inStorage("OrderShard", shardOf(id), "UPDATE orders SET document = ?, wake_at = ? WHERE id = ?", JSON.stringify(order), clock.now(), id);
    await ask("OrderShard", shardOf(id), { command: "wake" });
  }

  test("come by themselves once a refund's money has moved, whatever their series goes through", async () => {
    await stock({ MUG: 5 });
    const order = await buy();
    await drain();
    plan({ at: "asks InvoiceSeries", when: "after", what: "fail", times: 4 });
    await refunded(order, refund(11, 400, { shipping_minor: 400 }), refund(12, 250));
    await drain({ within: 5 * MINUTE });
    await refunded(order, refund(13, 750));
    await drain({ within: 5 * MINUTE });
    const { refunds, invoice_number } = await read(order.id);
    expect(invoice_number).toBe(text(1));
    expect(refunds.map((one) => one.credit_note_number)).toEqual(upTo(3).map(creditText));
    expect(await keptDocument(creditSeries(), 1)).toMatchObject({ shipping: { total_minor: 400 }, amount: { total_minor: 400 } });
  });

  test("and invoices are shown to their buyer and to the merchant, and to nobody else", async () => {
    await openDoors({ MUG: 5 });
    const { body: { order, order_token: key } } = await must(checkout(cart({ tax_id: "US 12-3456789" })));
    const { body: other } = await must(checkout());
    await drain();
    await refunded(order, refund(21, 100));
    await drain({ within: MINUTE });
    const { invoice_number: invoice, refunds: [{ credit_note_number: note }] } = await read(order.id);
    const base = `/v1/orders/${order.id}`;
    const paths = [
      [`${base}/invoice`, `/v1/admin/invoices/${invoice}`, invoice],
      [`${base}/credit-notes/${note}`, `/v1/admin/credit-notes/${note}`, note],
    ];
    for (const [buyers, merchants, named] of paths) {
      const mine = await must(get(buyers, { key }));
      expect(mine.body).toMatchObject({ number: named, order_id: order.id, seller: { legal_name: "Cartwright Goods, Inc." } });
      expect(mine.body.buyer.tax_id).toBe("US 12-3456789");
      expect(createHash("sha256").update(mine.text).digest("hex")).toBe(mine.headers.get("etag").replaceAll('"', ""));
      expect((await must(get(merchants, { key: SECRET_KEY }))).text).toBe(mine.text);
      const page = await must(get(`${buyers}/page`, { key }));
      expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; base-uri/);
      expect(page.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
      expect(page.headers.get("content-disposition")).toBe(`inline; filename="${named}.html"`);
      expect(page.text).toContain(named);
      expect((await must(get(`${merchants}/page`, { key: SECRET_KEY }))).text).toBe(page.text);
      for (const path of [buyers, `${buyers}/page`]) {
        expect((await get(path, { key: other.order_token })).status).toBe(404);
        expect((await get(path)).status).toBe(401);
      }
      expect((await get(merchants, { key })).status).toBe(401);
    }
    const { body: list } = await must(get("/v1/admin/invoices?limit=100", { key: SECRET_KEY }));
    expect(list.items.find((item) => item.number === note)).toMatchObject({ kind: "credit_note", total: { amount: 100, currency: "USD" } });
    const first = await must(get("/v1/admin/invoices?limit=1&kind=invoice", { key: SECRET_KEY }));
    const second = await must(get(`/v1/admin/invoices?limit=1&kind=invoice&cursor=${first.body.next_cursor}`, { key: SECRET_KEY }));
    expect(new Set([first, second].map(({ body }) => body.items[0].number)).size).toBe(2);
    const from = new Date(clock.now() + MINUTE).toISOString();
    expect((await must(get(`/v1/admin/invoices?from=${from}`, { key: SECRET_KEY }))).body.items).toEqual([]);
    for (const path of [
      `/v1/admin/invoices/${note}`, `/v1/admin/credit-notes/${invoice}`, `/v1/admin/invoices/${shop.series}-000999`,
      "/v1/admin/invoices/nonsense", `${base}/credit-notes/${invoice}`, `${base}/credit-notes/CW-CN-999999`,
    ]) {
      const answer = await get(path, { key: SECRET_KEY });
      expect([answer.status, answer.body.code], path).toEqual([404, "invoice_not_found"]);
    }
  });
});

// FAULTS 27 within one build: what code of another version has stored or said. Additions that this version does not know
// do no harm; what it can't read it leaves as it is, answers that it may be tried again, and goes on with everything else;
// nothing is given up that only newer code can read; objects of an older layout are moved while requests come.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { FORMER_LAYOUT, layOut } from "./support/former-layout.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, cart, checkout as checkoutOverHttp, get, must, openDoors } from "./support/http.mjs";
import { BINDINGS, lives } from "./support/objects.mjs";
import { queue } from "./support/queue.mjs";
import { ask, attempt, buy, claims, evictAll, inStorage, level, read, shardOf, shop, stock, stubOf } from "./support/shop.mjs";

const rowOf = (id) => env.DB.prepare("SELECT * FROM orders WHERE id = ?").bind(id).first();
const documentOf = async (id) => (await inStorage("OrderShard", shardOf(id), "SELECT document FROM orders WHERE id = ?", id))[0].document;

/** Another version's hand in an object's storage, past all of this one's code. */
async function written(className, name, statement, ...values) {
  await inStorage(className, name, statement, ...values);
  await evictAll();
}

const writeOrder = (id, document) =>
  written("OrderShard", shardOf(id), "UPDATE orders SET document = ? WHERE id = ?", document, id);

describe("an order that newer code has written", () => {
  test("with a field that this version does not know is served, and goes on", async () => {
    await stock({ MUG: 5 });
    const { id } = await buy();
    await writeOrder(id, (await documentOf(id)).replace(/^{/, '{"gift_note":{"text":"for you"},'));
    await drain({ within: MINUTE });
    expect(await read(id)).toMatchObject({ status: "open", invoice_number: `${shop.series}-000001` });
    expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
  });

  test("with a word that this version does not know is left as it is, in nobody's way, until it can be read again", async () => {
    await openDoors({ MUG: 50 });
    const shard = shop.shard();
    const mine = await buy({ shard });
    const known = await documentOf(mine.id);
    const unknown = known.replace('"status":"open"', '"status":"on_hold"');
    expect(unknown).not.toBe(known);
    await writeOrder(mine.id, unknown);
    const others = await Promise.all(Array.from({ length: 5 }, () => buy({ shard })));
    await drain({ within: 10 * MINUTE });
    const answer = await get(`/v1/orders/${mine.id}`, { key: SECRET_KEY });
    expect([answer.status, answer.body.code, Number(answer.headers.get("retry-after")) > 0]).toEqual([503, "try_again", true]);
    expect(await documentOf(mine.id)).toBe(unknown);
    for (const { id } of others) expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
    // Rolled forward: its timer was kept, and what it owes is settled without anybody's asking.
    await writeOrder(mine.id, known);
    await drain({ within: HOUR });
    expect(await read(mine.id)).toMatchObject({ status: "open", invoice_number: expect.any(String), claims: [{ claim: { state: "committed" } }] });
    expect(await rowOf(mine.id)).toMatchObject({ payment_status: "paid" });
  });
});

describe("an object that newer code has stored in a later form", () => {
  test.each(Object.keys(BINDINGS))("(%s) can't be opened by this version, and keeps every byte", async (className) => {
    await openDoors({ MUG: 5 });
    const uuid = "019aa0c05c1c7c2e8a5b0d3c5a6f7e80";
    const name = {
      OrderShard: shop.shard(), SkuInventory: shop.sku("MUG"), InvoiceSeries: shop.series,
      Reconciler: "sandbox", StockDocument: `po_${uuid}`, ImportJob: `imp_${uuid}`,
    }[className];
    if (className === "OrderShard") await buy({ shard: name });
    // Whoever was never asked has no form yet; a question that it refuses opens it all the same.
    await attempt(ask(className, name, { command: "none" }));
    const everything = () => runInDurableObject(stubOf(className, name), (_, { storage }) => {
      const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name").toArray();
      return JSON.stringify(tables.map(({ name: table }) => [table, storage.sql.exec(`SELECT * FROM ${table}`).toArray()]));
    });
    const form = (version) => written(className, name, "UPDATE form SET version = ?", version);
    await form(2);
    const before = await everything();
    await evictDurableObject(stubOf(className, name));
    const asked = { SkuInventory: { command: "read" }, OrderShard: { command: "wake" } }[className] ?? { command: "read" };
    await expect(ask(className, name, asked)).rejects.toThrow(/later version/);
    if (className === "SkuInventory") {
      const answer = await checkoutOverHttp(cart({ lines: [["MUG", 1]] }));
      expect([answer.status, Number(answer.headers.get("retry-after")) > 0]).toEqual([503, true]);
    }
    expect(await everything()).toBe(before);
    await inStorage(className, name, "DROP TRIGGER form_is_kept");
    await form(1);
    if (className === "SkuInventory") expect(await level("MUG")).toMatchObject({ received: 5 });
    await drain({ within: HOUR });
  });

  test("an older form is carried on by newer code", async () => {
    await stock({ MUG: 1 });
    await inStorage("SkuInventory", shop.sku("MUG"), "DROP TRIGGER form_is_kept");
    await written("SkuInventory", shop.sku("MUG"), "UPDATE form SET version = 0");
    expect(await level("MUG")).toMatchObject({ received: 1 });
    expect(await inStorage("SkuInventory", shop.sku("MUG"), "SELECT version FROM form")).toEqual([{ version: 1 }]);
  });
});

describe("what newer code says", () => {
  test("with a field that this version does not know is understood, by objects and by the queue's consumer", async () => {
    await stock({ MUG: 5 });
    queue.held = true;
    const { id } = await buy();
    await drain({ within: 5 * SECOND });
    queue.waiting.forEach((one) => (one.body = one.body.replace(/^{("kind":"[a-z_]+")/, '{$1,"trace":"abc"')));
    queue.held = false;
    await drain({ within: 5 * SECOND });
    expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
    const answer = await ask("SkuInventory", shop.sku("MUG"), { command: "read", deadline: 5 });
    expect(answer.level).toMatchObject({ received: 5, sold: 1 });
  });

  test("and can't be understood is refused by objects, and changes nothing", async () => {
    await stock({ MUG: 5 });
    const { id } = await buy();
    await drain();
    const before = await documentOf(id);
    await expect(ask("OrderShard", shardOf(id), { command: "put_on_hold", id })).rejects.toThrow(/unknown variant/);
    const order_id = id.replace(/......$/, "000000");
    await expect(claims("MUG", [{ order_id, command: "borrow", quantity: 1 }])).rejects.toThrow(/unknown variant/);
    expect(await documentOf(id)).toBe(before);
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("and the consumer can't read waits for one that can, for more than an hour, and is told anew after that", async () => {
    await stock({ MUG: 5 });
    queue.held = true;
    const { id } = await buy();
    await drain({ within: 5 * SECOND });
    const told = queue.waiting.filter(({ body }) => body.includes(id));
    queue.waiting = [];
    // As newer code would tell it: this consumer is handed it again and again, and acknowledges it never.
    const newer = told.map((one) => ({ ...one, body: one.body.replaceAll('"status":"open"', '"status":"on_hold"') }));
    for (let tries = 0; tries < 5; tries += 1) await queue.hand(newer);
    expect(newer.map(({ attempts }) => attempts)).toEqual(newer.map(() => 5));
    expect(queue.dead).toEqual([]);
    expect(await rowOf(id)).toBeNull();
    // The shard knows that it has not arrived, and says it again.
    queue.held = false;
    await drain({ within: HOUR });
    expect(await rowOf(id)).toMatchObject({ payment_status: "paid" });
  });
});

describe("an object of the layout without locations", () => {
  test("is moved when fifty ask it at once, and each is served once", async () => {
    await openDoors({ MUG: 0 });
    const orderId = (n) => `ord_0000000000000070008000000000${String(n).padStart(6, "0")}`;
    const until = clock.now() + HOUR;
    await layOut(shop.sku("MUG"), FORMER_LAYOUT, [
      ["INSERT INTO level VALUES (1, 40, 0, 6, 2, 0, 1, 9, 9)"],
      ["INSERT INTO reservations VALUES (?, 'committed', 6, ?)", orderId(1), until],
      ["INSERT INTO reservations VALUES (?, 'held', 2, ?)", orderId(2), until],
    ]);
    const reserve = (n) => claims("MUG", [{ order_id: orderId(n), command: "reserve", quantity: 1, expires_at: new Date(until).toISOString() }]);
    const shown = () => must(get(`/v1/stock?sku=${shop.sku("MUG")}&fresh=true`, { key: PUBLISHABLE_KEY }));
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 5 === 4 ? shown() : reserve(100 + n))));
    const claimed = answers.filter(Array.isArray).flat();
    expect(claimed.filter((one) => one.answer === "held")).toHaveLength(32);
    expect(claimed.filter((one) => one.answer === "insufficient")).toHaveLength(8);
    expect(await level("MUG")).toMatchObject({ received: 40, sold: 6, reserved: 34 });
    lives.delete(`SkuInventory/${shop.sku("MUG")}`);
    shop.supply.delete("MUG");
  });
});

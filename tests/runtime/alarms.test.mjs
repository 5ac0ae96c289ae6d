// Proves FAULTS 11 for alarms: early, late and twice change nothing; one order that can't be read never blocks the
// others; an alarm survives a transaction that fails; one that was lost is set again by cron; and the platform
// itself rings them.

import { createExecutionContext, createScheduledController, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { HOUR, MINUTE, SECOND, clock } from "./support/clock.mjs";
import { plan } from "./support/crossings.mjs";
import { alarmOf, calm, drain, ring } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { alarms, lives, stirred } from "./support/objects.mjs";
import { queue } from "./support/queue.mjs";
import { attempt, buy, cancel, deliver, evictAll, inStorage, level, read, shardOf, shop, stock, stubOf } from "./support/shop.mjs";
import worker from "./support/worker.mjs";

const everyObject = () => [...lives.values()].map(({ className, name }) => [className, name]);

async function ringEverything() {
  for (const [className, name] of everyObject()) await ring(className, name);
  await calm();
}

describe("an alarm", () => {
  test("that rings early, again and again, does nothing early and forgets nothing", async () => {
    await stock({ MUG: 5 });
    const paid = await buy();
    const waits = await buy({ method: "redirect" });
    for (let round = 0; round < 5; round += 1) await ringEverything();
    expect(gateway.requests("POST")).toHaveLength(2);
    expect(await read(waits.id)).toMatchObject({ status: "open", closing: null });
    await drain();
    expect(await read(paid.id)).toMatchObject({ invoice_number: `${shop.series}-000001` });
    await drain({ within: HOUR });
    expect(await read(waits.id)).toMatchObject({ status: "expired" });
  });

  test("that rings twice for one moment does it once", async () => {
    await stock({ MUG: 5 });
    const { id } = await buy({ method: "redirect" });
    clock.reach(Date.parse((await read(id)).payment_window_ends_at));
    const shard = shardOf(id);
    const twice = () => runInDurableObject(stubOf("OrderShard", shard), (instance) => Promise.all([instance.alarm(), instance.alarm()]));
    await twice();
    await calm();
    await twice();
    stirred.add(`OrderShard/${shard}`);
    await drain();
    expect(await read(id)).toMatchObject({ status: "expired", attention: [] });
    expect(gateway.requests("POST /v1/payments/")).toHaveLength(1);
    const kinds = await inStorage("SkuInventory", shop.sku("MUG"), "SELECT entry ->> '$.movement.kind' AS kind FROM ledger ORDER BY sequence");
    expect(kinds.map(({ kind }) => kind)).toEqual(["received", "reserved", "released"]);
  });

  test("that is an hour late pays what is owed and frees what is over, once", async () => {
    await stock({ MUG: 5 });
    const paid = await buy();
    const waits = await buy({ method: "redirect" });
    clock.advance(HOUR);
    await drain();
    expect(await read(paid.id)).toMatchObject({ status: "open", invoice_number: `${shop.series}-000001`, attention: [] });
    expect(await read(waits.id)).toMatchObject({ status: "expired" });
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("that rings while the clock is five minutes behind ends no window", async () => {
    await stock({ MUG: 5 });
    const { id, payment_window_ends_at: end } = await buy({ method: "redirect" });
    clock.reach(Date.parse(end) - SECOND);
    vi.setSystemTime(clock.now() - 5 * MINUTE);
    await ringEverything();
    expect(await read(id)).toMatchObject({ status: "open", closing: null });
    expect(await level("MUG")).toMatchObject({ reserved: 1 });
    await deliver(gateway.move(gateway.paymentOf(id), "captured"));
    await drain();
    expect(await read(id)).toMatchObject({ status: "open", attention: [] });
  });
});

describe("an order that can't be read", () => {
  const BROKEN = {
    "whose document is not JSON": ["UPDATE orders SET document = 'x' || document WHERE id = ?", "UPDATE orders SET document = substr(document, 2) WHERE id = ?"],
    "whose id is malformed": ["UPDATE orders SET id = 'x' || id WHERE id = ?", "UPDATE orders SET id = substr(id, 2) WHERE id = 'x' || ?"],
  };

  test.each(Object.entries(BROKEN))("%s blocks neither the timers nor the messages of the others", async (_, [spoil, mend]) => {
    await stock({ MUG: 5 });
    const shard = shop.shard();
    const bad = await buy({ shard, method: "redirect" });
    const good = await buy({ shard, method: "redirect" });
    await drain();
    await inStorage("OrderShard", shard, spoil, bad.id);
    clock.reach(Date.parse(good.payment_window_ends_at));
    await drain({ within: MINUTE });
    try {
      expect(await read(good.id)).toMatchObject({ status: "expired" });
      const row = await env.DB.prepare("SELECT status FROM orders WHERE id = ?").bind(good.id).first();
      expect(row).toEqual({ status: "expired" });
    } finally {
      await inStorage("OrderShard", shard, mend, bad.id);
      await drain({ within: HOUR });
    }
    expect(await read(bad.id)).toMatchObject({ status: "expired" });
  });

  test("fails the webhook for it, so that the gateway sends it again, and no other that comes with it", async () => {
    await stock({ MUG: 5 });
    const shard = shop.shard();
    const orders = [];
    for (let n = 0; n < 4; n += 1) orders.push(await buy({ shard, method: "pending" }));
    const events = orders.map(({ id }) => gateway.move(gateway.paymentOf(id), "captured"));
    await drain();
    await evictAll();
    const [spoil, mend] = BROKEN["whose document is not JSON"];
    await inStorage("OrderShard", shard, spoil, orders[1].id);
    const answers = await Promise.all(events.map((event) => attempt(deliver(event))));
    expect(answers.map((answer) => answer?.answer)).toEqual(["ok", undefined, "ok", "ok"]);
    // Those that were heard are settled soon, not when some other alarm happens to ring.
    expect((await alarmOf("OrderShard", shard)) - clock.now()).toBeLessThan(SECOND);
    await drain({ within: 5 * SECOND });
    for (const n of [0, 2, 3]) {
      expect(await read(orders[n].id)).toMatchObject({ claims: [{ claim: { state: "committed" } }] });
    }
    await inStorage("OrderShard", shard, mend, orders[1].id);
    expect(await deliver(events[1])).toEqual({ answer: "ok" });
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 4, reserved: 0 });
  });
});

describe("a transaction that fails after it has set the alarm", () => {
  test("leaves a shard that still knows that its alarm is to be set", async () => {
    await stock({ MUG: 5 });
    const shard = shop.shard();
    const [first, second] = [await buy({ shard, method: "pending" }), await buy({ shard, method: "pending" })];
    await drain();
    await evictAll();
    const failing = plan({ at: "OrderShard transaction", when: "inside", what: "fail" });
    expect(await attempt(deliver(gateway.move(gateway.paymentOf(first.id), "captured")))).toBeUndefined();
    expect(failing.struck).toBe(1);
    await deliver(gateway.move(gateway.paymentOf(second.id), "captured"));
    expect((await alarmOf("OrderShard", shard)) - clock.now()).toBeLessThan(SECOND);
  });

  test("leaves a SKU that still tells its counters and frees its claims", async () => {
    await stock({ MUG: 5 });
    await drain();
    await evictAll();
    const failing = plan({ at: "SkuInventory MUG transaction", when: "inside", what: "fail" });
    // The shard asks again at once, and is heard.
    await buy({ method: "pending" });
    expect(failing.struck).toBe(1);
    expect((await alarmOf("SkuInventory", shop.sku("MUG"))) - clock.now()).toBeLessThan(2 * SECOND);
  });
});

describe("an alarm that was lost", () => {
  test("is set again by cron", async () => {
    await stock({ MUG: 5 });
    const { id } = await buy({ shard: "00" });
    await calm();
    await runInDurableObject(stubOf("OrderShard", "00"), (_, state) => state.storage.deleteAlarm());
    await evictAll();
    stirred.add("OrderShard/00");
    await drain({ within: MINUTE });
    expect(await read(id)).toMatchObject({ invoice_number: null });
    const context = createExecutionContext();
    await worker.scheduled(createScheduledController({ cron: "*/15 * * * *" }), env, context);
    await waitOnExecutionContext(context);
    await drain({ within: 5 * SECOND });
    expect(await read(id)).toMatchObject({ invoice_number: `${shop.series}-000001` });
  });

  test("is set again by the next request that changes something", async () => {
    await stock({ MUG: 5 });
    const shard = shop.shard();
    const first = await buy({ shard });
    await calm();
    await runInDurableObject(stubOf("OrderShard", shard), (_, state) => state.storage.deleteAlarm());
    await evictAll();
    await cancel((await buy({ shard, method: "pending" })).id);
    stirred.add(`OrderShard/${shard}`);
    await drain({ within: 5 * SECOND });
    expect(await read(first.id)).toMatchObject({ invoice_number: `${shop.series}-000001` });
  });
});

describe("the platform's own alarms", () => {
  test("ring by themselves, and again after the object died in one", async () => {
    vi.useRealTimers();
    alarms.platformRings = true;
    await stock({ MUG: 5 });
    const dying = plan({ at: "OrderShard asks InvoiceSeries" });
    const { id } = await buy();
    const invoiced = async () => (await read(id)).invoice_number;
    await expect.poll(invoiced, { timeout: 20_000, interval: 200 }).toBe(`${shop.series}-000001`);
    expect(dying.struck).toBe(1);
    const done = async () => {
      await queue.deliver();
      return inStorage("OrderShard", shardOf(id), "SELECT * FROM outbox");
    };
    await expect.poll(done, { timeout: 20_000, interval: 200 }).toEqual([]);
  });
});

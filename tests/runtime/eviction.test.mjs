// Proves FAULTS 9: an object holds nothing of record in memory. The same random day in a shop is played without
// interruption, with every object evicted between any two steps, and with every object killed between them: the
// answers and the end are the same to the last counter.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "./support/clock.mjs";
import { CRASH } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { readWorld } from "./support/invariants/raw.mjs";
import { lives } from "./support/objects.mjs";
import { randomness } from "./support/randomness.mjs";
import { fresh, restAndCheck } from "./support/rounds.mjs";
import { adjust, attempt, cancel, checkout, deliver, evictAll, read, shop, stock, stubOf, sync } from "./support/shop.mjs";

const STEPS = 30;
const NAMES = ["MUG", "CUP", "JUG"];
const METHODS = ["instant", "instant", "pending", "redirect", "decline"];

/** A day of 30 steps: what happens depends on the seed and on what was answered before, and on nothing else. */
async function aDay(seed, between) {
  const { below, of } = randomness(seed);
  const shards = [shop.shard(), shop.shard()];
  const orders = [];
  const told = [];
  const known = new Set();
  await stock({ MUG: 6, CUP: 4, JUG: 9 });
  const steps = {
    buy: async () => {
      const lines = [[of(NAMES), 1 + below(3)], [of(NAMES), 1]];
      const answer = await checkout({ shard: of(shards), lines, method: of(METHODS), capture: of(["automatic", "manual"]) });
      if (answer.outcome?.order) orders.push(answer.outcome.order.id);
      return answer;
    },
    bank: async () => {
      const payments = [...gateway.payments.values()].filter(({ status }) => ["processing", "action_required"].includes(status));
      if (payments.length === 0) return "nobody pays";
      gateway.move(of(payments), of(["captured", "captured", "failed"]));
      return "somebody pays";
    },
    webhook: async () => {
      const event = gateway.events.length > 0 && of(gateway.events);
      if (event) known.add(event.id);
      return event ? deliver(event) : "no news";
    },
    cancel: async () => (orders.length > 0 ? cancel(of(orders)) : "no order"),
    sync: async () => (orders.length > 0 ? sync(of(orders)) : "no order"),
    read: async () => (orders.length > 0 ? read(of(orders)) : "no order"),
    adjust: async () => adjust(of(NAMES), { quantity_delta: below(5) - 2 }),
    time: async () => {
      await drain({ within: of([SECOND, 20 * SECOND, 5 * MINUTE]) });
      return "time passes";
    },
  };
  const mix = ["buy", "buy", "buy", "bank", "webhook", "webhook", "cancel", "sync", "read", "adjust", "time", "time"];
  for (let step = 0; step < STEPS; step += 1) {
    const name = of(mix);
    told.push([name, await steps[name]()]);
    await between();
  }
  for (const event of gateway.events) if (!known.has(event.id)) await deliver(event);
  await drain({ within: 40 * MINUTE });
  await restAndCheck();
  return told;
}

/** What a world came to, with identities and moments replaced by when they were first seen. */
async function end(told) {
  const world = await readWorld();
  const sorted = (list) => list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const whole = {
    told,
    orders: [...world.orders.values()].map(({ document }) => document),
    payments: [...gateway.payments.values()],
    skus: sorted([...world.skus.values()].map(({ name, level, movements }) => ({
      name, level, movements: movements.map(({ kind, on_hand_delta, reserved_delta }) => ({ kind, on_hand_delta, reserved_delta })),
    }))),
    invoices: world.series.map(({ invoices }) => invoices.length),
  };
  const seen = new Map();
  const named = (id) => seen.get(id) ?? seen.set(id, `#${seen.size}`).get(id);
  return JSON.stringify(whole, null, 1)
    .replace(/\b(ord|op|pay|evt)_[0-9a-f]+/g, named)
    .replace(/"ledger_hash": "[0-9a-f]+"/g, '"ledger_hash": "of its moments"')
    .replace(/"\d{4}-\d\d-\d\dT[^"]+"/g, '"then"')
    .replace(/"(created_at|updated_at)": \d+/g, '"$1": "then"')
    .replace(/\bT\d+-/g, "T-");
}

const everyObject = () => [...lives.values()];

const INTERRUPTIONS = {
  evicted: evictAll,
  killed: async () => {
    for (const { className, name } of everyObject()) {
      await attempt(runInDurableObject(stubOf(className, name), (_, state) => state.abort(CRASH)));
    }
  },
};

describe("with every object evicted, or killed, between any two steps", () => {
  test.each([1, 2, 3, 4, 5, 6])("day %i ends as it does without", async (seed) => {
    const undisturbed = await end(await aDay(seed, async () => {}));
    for (const [how, interrupt] of Object.entries(INTERRUPTIONS)) {
      fresh();
      expect(await end(await aDay(seed, interrupt)), how).toBe(undisturbed);
    }
  });
});

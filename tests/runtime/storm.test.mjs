// Proves that the invariants hold when everything happens at once: buyers, cancels, webhooks, browsers and staff, on
// few orders of one shard, while the gateway fails every fifth request, the queue refuses, D1 comes and goes, and
// objects die. When the weather is fair again, every key has one answer and the books agree.

import { describe, expect, test } from "vitest";
import { DAY, MINUTE, SECOND } from "./support/clock.mjs";
import { crossings, plan } from "./support/crossings.mjs";
import { database } from "./support/database.mjs";
import { calm, drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { queue } from "./support/queue.mjs";
import { randomness } from "./support/randomness.mjs";
import { adjust, attempt, cancel, checkout, deliver, evictAll, shop, stock, sync } from "./support/shop.mjs";

const NAMES = ["MUG", "CUP"];
const METHODS = ["instant", "pending", "redirect", "decline"];
const TROUBLES = ["500", "connection", "html", "truncated", "429"];
const WAVES = 8;
const ACTIONS = 12;

describe("a storm", () => {
  test.each([1, 2, 3, 4, 5, 6])("number %i leaves the books in order", async (seed) => {
    const { below, of } = randomness(seed);
    const shard = shop.shard();
    const carts = [];
    await stock({ MUG: 9, CUP: 7 });
    const known = () => [...gateway.payments.values()];
    const actions = {
      buy: () => {
        const cart = {
          shard, key: shop.key(), lines: [[of(NAMES), 1 + below(2)], [of(NAMES), 1]], method: of(METHODS), capture: of(["automatic", "manual"]),
        };
        carts.push(cart);
        return checkout(cart);
      },
      again: () => (carts.length > 0 ? checkout(of(carts)) : undefined),
      cancel: () => (known().length > 0 ? cancel(of(known()).order_id) : undefined),
      sync: () => (known().length > 0 ? sync(of(known()).order_id) : undefined),
      evict: () => evictAll(),
      webhook: () => (gateway.events.length > 0 ? deliver(of(gateway.events)) : undefined),
      adjust: () => adjust(of(NAMES), { quantity_delta: below(3) - 1 }),
      bank: () => {
        const open = known().filter(({ status }) => ["processing", "action_required"].includes(status));
        if (open.length > 0) gateway.move(of(open), of(["captured", "captured", "failed"]));
      },
    };
    const mix = ["buy", "buy", "buy", "again", "cancel", "sync", "webhook", "webhook", "adjust", "bank", "bank", "evict"];
    for (let wave = 0; wave < WAVES; wave += 1) {
      crossings.withoutPlans();
      gateway.troubles = [];
      for (let n = below(4); n > 0; n -= 1) gateway.suffers(of(TROUBLES), { when: of(["before", "after"]) });
      for (let n = below(4); n > 0; n -= 1) {
        plan({ at: () => true, nth: below(80), what: of(["crash", "fail"]), when: of(["before", "inside", "after"]), times: 1 + below(2) });
      }
      database.mode = of(["up", "down", "loses replies"]);
      const refusing = below(3) === 0;
      queue.refuses = () => refusing;
      await Promise.all(Array.from({ length: ACTIONS }, () => attempt(Promise.resolve().then(actions[of(mix)]))));
      await calm();
      await drain({ within: of([SECOND, 20 * SECOND, 2 * MINUTE]) });
    }
    crossings.withoutPlans();
    gateway.troubles = [];
    database.mode = "up";
    queue.refuses = () => false;
    await drain({ within: 10 * MINUTE });
    const answers = new Map();
    for (const cart of carts) answers.set(cart.key, await checkout(cart));
    for (const answer of answers.values()) expect(answer.answer).toBe("checkout");
    for (const event of gateway.events) await deliver(event);
    await drain({ within: 3 * DAY });
    const placed = [...answers.values()].flatMap(({ outcome }) => outcome.order?.id ?? []);
    expect(new Set(placed).size).toBe(placed.length);
    expect(placed.length).toBeGreaterThan(3);
  });
});

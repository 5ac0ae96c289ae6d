// Proves FAULTS 21: WebAssembly traps in the middle of one request (a panic, memory that has run out) while 100
// others run in the same isolate. Whoever was cut off tries again under the same key. No lint lets such a panic
// be written, so it is put in from below: a function of the platform, called from WebAssembly, throws what a trap
// throws.

import { beforeEach, describe, expect, test, vi } from "vitest";
import { MINUTE } from "./support/clock.mjs";
import { crossings } from "./support/crossings.mjs";
import { drain } from "./support/drain.mjs";
import { cart, checkout, get, openDoors } from "./support/http.mjs";
import { level, shop } from "./support/shop.mjs";
import { expectTrap, instanceId } from "./support/worker.mjs";

const BUYERS = 100;
/** A buyer's own patience: an answer that does not come is asked for again. */
const PATIENCE_MS = 400;

const silence = Symbol("no answer");
const withPatience = (work) => {
  let timer;
  const silent = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, silence)));
  return Promise.race([work.catch(() => silence), silent]).finally(() => clearTimeout(timer));
};

/** Asks once. A shard that does not know yet what became of a payment says that it may be asked again. */
async function ask(buyer) {
  const answer = await withPatience(checkout(cart(), { idempotencyKey: buyer.key }));
  if (answer !== silence && answer.status < 500) buyer.answer = answer;
}

describe("a trap in one request while 100 run", () => {
  beforeEach(() => openDoors({ MUG: 60 }));

  test.each([5, 60, 300, 900])("(at the %ith reading of the clock) leaves one order for each who could have one", async (nth) => {
    const before = instanceId();
    const buyers = Array.from({ length: BUYERS }, () => ({ key: shop.key() }));
    const waiting = () => buyers.filter(({ answer }) => !answer);
    const now = Date.now.bind(Date);
    let readings = 0;
    const spy = vi.spyOn(Date, "now").mockImplementation(() => {
      readings += 1;
      if (readings === nth) throw new WebAssembly.RuntimeError("unreachable: injected");
      return now();
    });
    await Promise.all(buyers.map(ask));
    expect(readings).toBeGreaterThan(nth);
    // Back at once: what needs no other request's outcome is served by the next request.
    const started = performance.now();
    expect((await get("/healthz")).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(1_000);
    spy.mockRestore();
    // Calls between objects that were cut off end with their isolate; nobody waits for them any more.
    crossings.forget();
    const cutOff = waiting().length;
    expect(cutOff).toBeGreaterThan(0);
    for (let tries = 0; tries < 5 && waiting().length > 0; tries += 1) {
      await drain({ within: MINUTE });
      await Promise.all(waiting().map(ask));
    }
    expect(waiting()).toEqual([]);
    const answers = buyers.map(({ answer }) => answer);
    expect(instanceId()).toBe(before + 1);
    expectTrap();

    const kinds = Object.groupBy(answers, ({ status }) => status);
    expect(kinds[201]).toHaveLength(60);
    expect(kinds[409]).toHaveLength(40);
    expect(new Set(kinds[201].map(({ body }) => body.order.id)).size).toBe(60);
    await drain();
    expect(await level("MUG")).toMatchObject({ sold: 60, reserved: 0 });
  });
});

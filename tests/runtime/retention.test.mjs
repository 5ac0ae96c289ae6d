// Proves FAULTS' word on retention: gateways send an event again for days, and people come back to a page of
// yesterday. What was done is remembered for longer than that, and forgotten after.

import { describe, expect, test } from "vitest";
import { DAY, HOUR, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { gateway } from "./support/gateway.mjs";
import { buy, checkout, deliver, level, read, shop, stock } from "./support/shop.mjs";

describe("what was done once", () => {
  test("a checkout under its key of yesterday is the same order", async () => {
    await stock({ MUG: 5 });
    const same = { shard: shop.shard(), key: shop.key() };
    const first = await checkout(same);
    expect(first.outcome.outcome).toBe("placed");
    await drain({ within: DAY + HOUR });
    const again = await checkout(same);
    expect(again.replayed).toBe(true);
    expect(again.outcome.order.id).toBe(first.outcome.order.id);
    expect(await checkout({ ...same, fingerprint: "another body" })).toEqual({ answer: "key_reused" });
    expect(gateway.payments.size).toBe(1);
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });

  test("a webhook that comes again after 30 days changes nothing", async () => {
    await stock({ MUG: 5 });
    const order = await buy({ method: "pending" });
    const event = gateway.move(gateway.paymentOf(order.id), "captured");
    expect(await deliver(event)).toEqual({ answer: "ok" });
    await drain();
    const before = await read(order.id);
    clock.advance(30 * DAY);
    expect(await deliver(event)).toEqual({ answer: "ok" });
    await drain();
    expect(await read(order.id)).toEqual(before);
    expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  });
});

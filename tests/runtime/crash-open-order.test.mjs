// Proves FAULTS 3 for what happens to an open order: cancel, the end of the payment window, and a webhook. An
// object that dies at any crossing of them is resumed by its alarm, and the end is the same.

import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { CRASHES, atEveryCrossing } from "./support/every-crossing.mjs";
import { gateway } from "./support/gateway.mjs";
import { WINDOW, buy, cancel, deliver, level, read, shop, stock } from "./support/shop.mjs";

/** An open order whose payment the gateway is still working on. */
async function pending() {
  await stock({ MUG: 5 });
  const order = await buy({ shard: shop.shard(), lines: [["MUG", 2]], method: "pending" });
  return { order, payment: gateway.paymentOf(order.id) };
}

const windowEnds = async ({ order }) => {
  clock.reach(Date.parse(order.payment_window_ends_at));
  await drain({ within: 10 * SECOND });
};

const paid = async ({ given }) => {
  const order = await read(given.order.id);
  expect(order).toMatchObject({ status: "open", attention: [], closing: null, invoice_number: `${shop.series}-000001` });
  expect([...gateway.payments.values()]).toMatchObject([{ status: "captured", captured: 2_400 }]);
  expect(await level("MUG")).toMatchObject({ sold: 2, reserved: 0 });
};

const calledOff = (status, closing) => async ({ given }) => {
  expect(await read(given.order.id)).toMatchObject({ status, closing, attention: [], invoice_number: null });
  expect([...gateway.payments.values()]).toMatchObject([{ status: "cancelled", captured: 0 }]);
  expect(await level("MUG")).toMatchObject({ sold: 0, reserved: 0 });
};

const STORIES = {
  "a cancel by the buyer": {
    prepare: pending,
    act: ({ order }) => cancel(order.id),
    retry: ({ order }) => cancel(order.id),
    end: calledOff("cancelled", "customer"),
  },
  "the end of the payment window": {
    prepare: pending,
    act: windowEnds,
    retry: ({ order }) => read(order.id),
    end: calledOff("expired", "payment_window_ended"),
  },
  "the end of a window that finds the money taken": {
    prepare: async () => {
      const given = await pending();
      gateway.move(given.payment, "captured");
      return given;
    },
    act: windowEnds,
    retry: ({ order }) => read(order.id),
    end: paid,
  },
  "the webhook of a payment": {
    prepare: async () => {
      const given = await pending();
      gateway.move(given.payment, "captured");
      return { ...given, event: gateway.events.at(-1) };
    },
    act: ({ event }) => deliver(event),
    retry: ({ event }) => deliver(event),
    end: paid,
  },
};

/** Long enough for an unknown outcome to be asked about twice, and no window ends in it. */
const within = 7 * MINUTE;

describe.each(Object.entries(STORIES))("%s", (_, story) => {
  test.each(Object.entries(CRASHES))("that %s any crossing ends as it would have", async (_, fault) => {
    expect(within).toBeLessThan(WINDOW * SECOND);
    expect((await atEveryCrossing(fault, { ...story, within })).length).toBeGreaterThan(8);
  });
});

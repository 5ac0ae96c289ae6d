// Proves that the three roads by which news of a payment comes (webhook, the browser's return, a poll) end in one
// state, whichever is first, and FAULTS 6: duplicates and every order of the same events change nothing.

import { describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { drain } from "./support/drain.mjs";
import { eventOf, gateway } from "./support/gateway.mjs";
import { buy, checkout, deliver, level, read, shop, stock, sync } from "./support/shop.mjs";

async function waiting(method = "pending") {
  await stock({ MUG: 5 });
  const order = await buy({ method });
  const payment = gateway.paymentOf(order.id);
  return { id: order.id, payment, pay: () => gateway.move(payment, "captured") };
}

async function isPaid(id) {
  await drain();
  expect(await read(id)).toMatchObject({ status: "open", closing: null, attention: [], invoice_number: `${shop.series}-000001` });
  expect(await level("MUG")).toMatchObject({ sold: 1, reserved: 0 });
  expect(gateway.payments.size).toBe(1);
}

describe.each(["pending", "redirect"])("a payment that is %s", (method) => {
  test("webhook first, then the browser", async () => {
    const { id, pay } = await waiting(method);
    expect(await deliver(pay())).toEqual({ answer: "ok" });
    await isPaid(id);
    const before = essence(await read(id));
    expect(essence(await sync(id))).toEqual(before);
    await isPaid(id);
  });

  test("browser first, then the webhook", async () => {
    const { id, pay } = await waiting(method);
    const event = pay();
    const seen = await sync(id);
    expect(seen.payment.report).toMatchObject({ state: "captured", captured_minor: 1_400 });
    await drain();
    const before = await read(id);
    expect(await deliver(event)).toEqual({ answer: "ok" });
    expect(await read(id)).toEqual(before);
    await isPaid(id);
  });

  test("both at once, and the webhook three times", async () => {
    const { id, pay } = await waiting(method);
    const event = pay();
    await Promise.all([deliver(event), sync(id), deliver(event), sync(id), deliver(event)]);
    await isPaid(id);
  });

  test("neither: the end of the window finds it paid", async () => {
    const { id, pay } = await waiting(method);
    pay();
    await drain({ within: 16 * MINUTE });
    await isPaid(id);
  });
});

describe("news at an awkward moment", () => {
  test("a webhook that overtakes the gateway's own answer", async () => {
    await stock({ MUG: 1 });
    const answer = gateway.suffers("wait");
    const shard = shop.shard();
    const buying = checkout({ shard });
    await expect.poll(() => gateway.events.length).toBe(1);
    expect(await deliver(gateway.events[0])).toEqual({ answer: "ok" });
    answer.released = true;
    const { outcome } = await buying;
    expect(outcome).toMatchObject({ outcome: "placed", order: { status: "open" } });
    await isPaid(outcome.order.id);
  });

  test("a webhook for a payment whose answer was lost settles it without another question", async () => {
    await stock({ MUG: 1 });
    gateway.suffers("connection");
    const { id, payment } = await buy();
    expect(payment.operations).toMatchObject([{ kind: "authorize", result: "unknown" }]);
    await deliver(gateway.events[0]);
    await isPaid(id);
    await drain({ within: 10 * MINUTE });
    expect(gateway.calls).toHaveLength(1);
  });

  test("a browser that comes back before the gateway knows more", async () => {
    const { id, pay } = await waiting();
    expect(await sync(id)).toMatchObject({ status: "open", payment: { report: { state: "processing" } } });
    await deliver(pay());
    await isPaid(id);
  });

  test("a hundred copies of one webhook at once", async () => {
    const { id, pay } = await waiting();
    const event = pay();
    const answers = await Promise.all(Array.from({ length: 100 }, () => deliver(event)));
    expect(answers.every((answer) => answer.answer === "ok")).toBe(true);
    await isPaid(id);
    const { payment } = await read(id);
    expect(payment.operations.filter((operation) => operation.kind === "capture")).toHaveLength(1);
  });

  test("a webhook for an order that is not here, and one of another gateway, change nothing", async () => {
    const { id, pay } = await waiting();
    const event = pay();
    const stranger = { ...event, payment: { ...event.payment, order_id: `${id.slice(0, -4)}0000` } };
    expect(await deliver(stranger)).toEqual({ answer: "not_found" });
    expect(await read(id)).toMatchObject({ payment: { report: { state: "processing" } } });
    await deliver(event);
    await isPaid(id);
  });
});

function permutations(list) {
  if (list.length < 2) return [list];
  return list.flatMap((one, index) => permutations(list.toSpliced(index, 1)).map((rest) => [one, ...rest]));
}

/** What an order comes to, without what differs between two orders by nature. */
function essence({ status, closing, claims, payment, attention }) {
  return {
    status, closing, attention: attention.map(({ code }) => code),
    claims: claims.map(({ quantity, claim }) => ({ quantity, claim })),
    operations: payment.operations.map(({ kind, amount_minor, result }) => ({ kind, amount_minor, result })),
    report: { ...payment.report, reference: "", operation_id: "" },
    ask_again_at: payment.ask_again_at,
  };
}

const HISTORIES = {
  "action required, processing, captured, and captured once more": ["action_required", "processing", "captured", "captured"],
  "declined, action required, processing, captured": ["declined", "action_required", "processing", "captured"],
  "action required, processing, cancelled": ["action_required", "processing", "cancelled"],
  "processing, declined, failed": ["processing", "declined", "failed"],
};

describe("every order of the same events ends in the same state", () => {
  test.each(Object.entries(HISTORIES))("%s", async (_, states) => {
    const orders = permutations(states.map((_, index) => index));
    await stock({ MUG: orders.length });
    const shard = shop.shard();
    const made = [];
    for (const sequence of orders) made.push({ sequence, order: await buy({ shard, method: "pending" }) });
    const began = clock.now();
    clock.advance(10 * SECOND);
    for (const { sequence, order } of made) {
      const payment = gateway.paymentOf(order.id);
      // A state that is told twice is one event.
      const events = new Map(states.map((state, index) => [state, eventOf(payment, {
        status: state, updated_at: began + index * SECOND, captured: state === "captured" ? payment.amount : 0,
        decline: ["declined", "failed"].includes(state) ? { code: "card_declined", message: "No." } : null,
        redirect_url: state === "action_required" ? "https://gateway.test/pay" : null,
      })]));
      Object.assign(payment, { status: states.at(-1), captured: states.at(-1) === "captured" ? payment.amount : 0 });
      for (const index of sequence) await deliver(events.get(states[index]));
    }
    await drain();
    const ends = [];
    for (const { order } of made) ends.push(essence(await read(order.id)));
    expect(new Set(ends.map((end) => JSON.stringify(end))).size, JSON.stringify(ends, null, 1)).toBe(1);
  });
});

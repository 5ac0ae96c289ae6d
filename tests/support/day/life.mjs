// The life of one order: checkout, the buyer, the merchant, refunds and disputes, with one fault lying in wait.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ADDRESSES } from "./counters.mjs";

const DECIDED = ["succeeded", "failed"];

/** Refusals that a merchant or buyer may meet on such a day; anything else is a finding. */
const EXPECTED = new Set([
  "movement_in_progress", "outcome_unknown", "nothing_to_move", "payment_disputed", "payment_secured", "order_not_open",
  "cannot_cancel", "payment_called_off", "amount_too_large", "units_too_many", "not_offered_by_gateway", "payment_declined",
]);

/** `{ live(plan), drive(id), read(id) }` on a store; what is strange is said to `say`. */
export function openLife({ store, counters, office, say, seen }) {
  const read = async (id) => {
    const { status, body, text } = await store.admin.get(`/v1/orders/${id}`);
    if (status !== 200) throw new Error(`order ${id} is answered ${status}: ${text}`);
    for (const operation of body.operations) {
      if (operation.result === "unknown") seen.unknown.set(operation.id, operation.gateway);
    }
    return body;
  };
  const sync = (id) => store.admin.post(`/v1/orders/${id}/payment/sync`);
  const undecided = (order) => order.operations.filter((one) => ["requested", "unknown"].includes(one.result));

  /** Waits for `done`, first for the news to come by itself, then by asking. */
  async function reach(id, done, { patience = 3, asks = 4 } = {}) {
    let order = await read(id);
    for (let look = 0; look < patience + asks && !done(order); look += 1) {
      if (look >= patience) await sync(id);
      else await sleep(40);
      order = await read(id);
      if (look >= patience && done(order)) seen.foundByPoll[order.payment?.gateway] = (seen.foundByPoll[order.payment?.gateway] ?? 0) + 1;
    }
    return order;
  }

  const settledOnes = (order) => undecided(order).length === 0;

  async function move(order, what, body) {
    const headers = { "idempotency-key": `day-${randomUUID()}` };
    const answer = await store.admin.post(`/v1/admin/orders/${order.id}/${what}`, body, { headers });
    if (answer.status !== 201 && !EXPECTED.has(answer.body?.code)) {
      say(`${order.id}: ${what} ${JSON.stringify(body)} is answered ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    return { answer, order: await reach(order.id, settledOnes, { patience: 0 }) };
  }

  async function place(plan, counter) {
    const immediate = ["pays", "other", "declines_then_pays", "declines_and_leaves"].includes(plan.buyer);
    const declines = plan.buyer !== "pays" && immediate;
    const method = counter.method(plan.n % 3 === 0 && !declines ? "later" : declines ? "declines" : immediate ? "pays" : "later");
    const cart = {
      currency: plan.currency, lines: plan.lines, email: `buyer${plan.n}@example.com`,
      shipping_address: ADDRESSES[plan.currency], shipping_method: "standard", keep_open_on_decline: plan.buyer !== "declines_and_leaves",
      payment: { gateway: plan.gateway, ...method },
    };
    const key = `day-${plan.n}-${randomUUID()}`;
    const answer = await store.storefront.checkout(cart, key);
    const id = answer.body?.order?.id ?? answer.body?.order_id;
    if (!id || ![201, 402].includes(answer.status)) {
      say(`order ${plan.n}: a checkout by ${plan.gateway} in ${plan.currency} is answered ${answer.status} ${answer.text.slice(0, 400)}`);
      return undefined;
    }
    if (answer.status === 201) seen.acknowledged.push({ key, orderId: id, total: answer.body.order.totals.total.amount });
    return { id, token: answer.body.order_token };
  }

  const waitsForBuyer = (order) => order.status === "open" && ["action_required", "failed"].includes(order.payment_status);

  /** The buyer does it, if the gateway lets anybody do it, and the browser comes back, or does not. */
  async function buyerActs(order, counter, verb, token, comesBack) {
    const reference = order.payment?.reference;
    if (!counter[verb] || !reference || !waitsForBuyer(order)) return;
    let parameters;
    try {
      parameters = counter[verb](reference);
    } catch (error) {
      say(`${order.id}: the buyer can't ${verb} at ${counter.name}: ${error.message}`);
      return;
    }
    if (!comesBack) return;
    const buyer = store.buyer(token);
    const route = `/v1/orders/${order.id}/payment/`;
    const answer = parameters?.razorpay_signature
      ? await buyer.post(`${route}confirm`, { parameters })
      : await buyer.post(`${route}sync`);
    if (answer.status !== 200) say(`${order.id}: the browser's return is answered ${answer.status} ${answer.text.slice(0, 300)}`);
  }

  async function payElsewhere(order, plan, token) {
    const counter = counters[plan.other];
    const headers = { "idempotency-key": `day-${randomUUID()}` };
    const body = { gateway: plan.other, ...counter.method("pays") };
    const answer = await store.buyer(token).post(`/v1/orders/${order.id}/payments`, body, { headers });
    if (answer.status !== 201 && !EXPECTED.has(answer.body?.code)) {
      say(`${order.id}: a further attempt by ${plan.other} is answered ${answer.status} ${answer.text.slice(0, 300)}`);
    }
    const now = await reach(order.id, settledOnes, { patience: 0 });
    if (now.payment.gateway === plan.other) await buyerActs(now, counter, "pay", token, !plan.waits);
    // Some remember the first window, and pay there as well.
    if (answer.status === 201 && plan.gateway === "razorpay" && plan.n % 2 === 0 && order.payment.reference) counters.razorpay.pay(order.payment.reference);
  }

  const secured = (order) => ["authorized", "paid", "partially_paid", "captured", "refunded", "partially_refunded", "disputed", "charged_back"].includes(order.payment_status);

  async function buy(plan, counter, placed) {
    const { id, token } = placed;
    let order = await reach(id, settledOnes, { patience: 0, asks: 3 });
    if (undecided(order).length > 0) return order;
    switch (plan.buyer) {
      case "leaves":
        return order;
      case "cancels": {
        const answer = await store.buyer(token).post(`/v1/orders/${id}/cancel`);
        if (answer.status !== 200 && !EXPECTED.has(answer.body?.code)) say(`${id}: a cancel is answered ${answer.status} ${answer.text.slice(0, 300)}`);
        return reach(id, settledOnes);
      }
      case "declines_and_leaves":
        if (counter.decline && order.payment_status === "action_required") await buyerActs(order, counter, "decline", token, true);
        return read(id);
      case "declines_then_pays":
      case "other":
        if (counter.decline && order.payment_status === "action_required") await buyerActs(order, counter, "decline", token, true);
        order = await reach(id, settledOnes);
        if (plan.buyer === "other" || !counter.pay) await payElsewhere(order, plan, token);
        else await buyerActs(order, counter, "pay", token, !plan.waits);
        break;
      default:
        await buyerActs(order, counter, "pay", token, !plan.waits);
    }
    return reach(id, (now) => secured(now) && settledOnes(now));
  }

  /** What the merchant does with money that is held. */
  async function take(order, plan, counter) {
    const total = order.payment.movable.capturable.amount;
    const some = Math.max(1, Math.floor(total * plan.share));
    if (plan.ofHeld === "void" && counter.offers.void) return (await move(order, "voids", {})).order;
    if (plan.ofHeld === "part" && counter.offers.part) return (await move(order, "captures", { amount_minor: some })).order;
    if (plan.ofHeld === "parts" && counter.offers.parts && some < total) {
      const first = await move(order, "captures", { amount_minor: some, keep_rest: true, reason: "first parcel" });
      if (first.order.payment.movable.capturable.amount > 0) return (await move(first.order, "captures", {})).order;
      return first.order;
    }
    return (await move(order, "captures", {})).order;
  }

  async function giveBack(order, plan, counter) {
    const left = order.payment.movable.refundable.amount;
    if (left <= 0) return order;
    const some = Math.max(1, Math.floor(left * plan.share));
    const line = order.lines[0];
    const restock = plan.restocks && order.claims.every((one) => one.state === "committed") ? 1 : 0;
    const reference = order.payment.reference;
    switch (plan.taken) {
      case "amount":
        return (await move(order, "refunds", { amount_minor: some, reason: "arrived late" })).order;
      case "lines":
        return (await move(order, "refunds", { lines: [{ sku: line.sku, quantity: 1, restock }] })).order;
      case "shipping":
        if (order.shipping.total.amount === 0 || order.shipping.total.amount > left) return order;
        return (await move(order, "refunds", { shipping_minor: order.shipping.total.amount })).order;
      case "everything":
        return (await move(order, "refunds", {})).order;
      case "twice": {
        const first = await move(order, "refunds", { amount_minor: some });
        return (await move(first.order, "refunds", {})).order;
      }
      case "dashboard":
      case "won":
      case "lost":
      case "open":
        return outside(order, plan, counter, reference, some);
      default:
        return order;
    }
  }

  /** What happened at the gateway already: an order that is taken up again is not disputed twice. */
  const happened = new Map();
  const once = (order, what, happen) => {
    const key = `${order.id} ${what}`;
    if (!happened.has(key)) happened.set(key, happen());
    return happened.get(key);
  };

  /** What happens at the gateway without the store: its news is the only news, so it is not lost. */
  async function outside(order, plan, counter, reference, some) {
    const dispute = plan.taken !== "dashboard";
    if (dispute ? !counter.offers.dispute : counter.name === "authorize_net") return order;
    office.careful(counter.name);
    try {
      if (!dispute) {
        once(order, "refund", () => counter.refund(reference, some));
        return await reach(order.id, (now) => now.payment.refunded.amount >= some, { patience: 20, asks: 0 });
      }
      const id = once(order, "dispute", () => counter.dispute(reference));
      await reach(order.id, (now) => now.operations.some((one) => one.kind === "chargeback"), { patience: 20, asks: 0 });
      if (plan.taken !== "open") once(order, "decision", () => counter.decide(id, plan.taken));
      return await reach(order.id, (now) => plan.taken === "open" || now.operations.some((one) => one.kind === "chargeback" && DECIDED.includes(one.result)), { patience: 20, asks: 0 });
    } finally {
      office.careful(counter.name, false);
    }
  }

  /** Brings an order as far as its plan says; false if something is not known yet. */
  async function goOn(plan, placed) {
    let order = await read(placed.id);
    const counter = counters[order.payment.gateway];
    if (order.payment_status === "authorized" && order.payment.movable.capturable.amount > 0) order = await take(order, plan, counter);
    if (settledOnes(order) && order.payment.captured.amount > 0 && order.payment.refunded.amount === 0) order = await giveBack(order, plan, counter);
    return settledOnes(order);
  }

  return {
    read,
    sync,
    reach,
    buy,
    goOn,
    undecided,
    async live(plan) {
      const counter = counters[plan.gateway];
      const mode = plan.faultOn && plan.deck.shift();
      if (mode) counter.arm(mode, counter.kinds[plan.faultOn]);
      const placed = await place(plan, counter);
      if (placed) {
        await buy(plan, counter, placed);
        await goOn(plan, placed);
      }
      const unmet = counter.disarm();
      if (unmet) plan.deck.unshift(unmet);
      return placed;
    },
  };
}

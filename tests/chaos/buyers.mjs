// The buyers of the fault lab: what each wants, by the seed, and what they do when the answer does not come, comes
// twice, or is not the end of it.

import { setTimeout as sleep } from "node:timers/promises";
import { cart } from "../support/shopping.mjs";
import { shuffled } from "./bad-line.mjs";

/** One SKU that is too few, one in drop mode that just suffices, a bundle, and some of which there is enough. */
export const SCARCE = "MUG-CLASSIC-MOSS";
export const SPREAD = "BOWL-STONE-S";
export const BUNDLE = "SET-BREAKFAST";
export const PLENTY = ["MUG-CLASSIC", "MUG-CLASSIC-BLUE", "JAR-05", "TEA-BREAKFAST-125", "CANDLE-BEESWAX"];

/** Of 40 buyers, how many pay how. What is not decided at once is decided in the buyer's browser. */
const METHODS = {
  sandbox: { auto: 12, instant: 8, redirect: 4, pending: 1, decline: 2, timeout: 1, wrong_amount: 1 },
  stripe: { pm_card_visa: 7, pm_card_chargeDeclined: 1, later: 3 },
};

/** Of 100 buyers, how many do something besides. */
const HABITS = { same_key_at_once: 6, impatient: 6, cancels: 5, reuses_key: 2 };
const COPIES_AT_ONCE = 4;

/** A page that does not know whether its buyer has paid asks so often, after so long. */
const ASKS = 4;
const ASKS_AFTER_MS = 400;

/** Of ten who are to decide in the browser, so many pay, and so many decline; the rest leave. */
const PAYS_OF_TEN = 6;
const DECLINES_OF_TEN = 2;

/** Wishes of so many buyers, dealt from shuffled decks so that every kind comes about. */
export function makeWishes({ orders, seed, random }) {
  const of = (list) => list[Math.floor(random() * list.length)];
  const ways = Object.entries(METHODS).flatMap(([gateway, methods]) =>
    Object.entries(methods).flatMap(([method, share]) => Array(share).fill({ gateway, method })),
  );
  const habits = Object.entries(HABITS).flatMap(([habit, share]) => Array(share).fill(habit));
  const everybody = [...habits, ...Array(100 - habits.length).fill(undefined)];
  let deck = [];
  let habitDeck = [];
  return Array.from({ length: orders }, (_, index) => {
    if (deck.length === 0) deck = shuffled(ways, random);
    if (habitDeck.length === 0) habitDeck = shuffled(everybody, random);
    const { gateway, method } = deck.pop();
    const habit = habitDeck.pop();
    const skus = [SCARCE, SPREAD, SPREAD, BUNDLE, ...PLENTY];
    const lines = [{ sku: of(skus), quantity: 1 + Math.floor(random() * 2) }];
    while (random() < 0.3 && lines.length < 4) lines.push({ sku: of(skus), quantity: 1 });
    return { index, key: `chaos-${seed}-${index}`, gateway, method, habit, cart: cartOf({ index, gateway, method, lines }) };
  });
}

function cartOf({ index, gateway, method, lines }) {
  const payment = { gateway };
  if (gateway === "sandbox") payment.method = method;
  else if (method !== "later") Object.assign(payment, { method, return_url: "https://shop.example/back" });
  return cart({ lines, email: `buyer${index}@example.com`, payment });
}

/**
 * `{ buy(wish), sameAnswerAgain(wish), counts, placed, acknowledged }`. A wish whose key has its answer for good has
 * `answer`; `placed` are the orders that came of them.
 */
export function openBuyers({ shop, asking, random, say }) {
  const { store, stripe } = shop;
  const counts = { same_key_at_once: 0, key_with_another_cart: 0, refused_unstored: 0, cancels: 0, asks_about_payment: 0, pays_in_browser: 0, declines_in_browser: 0 };
  const acknowledged = [];
  const placed = [];

  /** One request, sent until it is answered. Who is impatient hangs up on the first try. */
  function ask(wish) {
    const hangsUp = wish.habit === "impatient";
    const send = (tries) => {
      const signal = hangsUp && tries === 0 ? AbortSignal.timeout(Math.floor(4 + random() * 40)) : undefined;
      return store.storefront.checkout(wish.cart, wish.key, { signal });
    };
    return asking.until(wish.key, send, { kind: "checkouts", accepts: isAnswer });
  }

  /** The answer of the key: the first that was stored, or the last of those that left the key free. */
  async function buyOnce(wish) {
    if (wish.habit !== "same_key_at_once") return note(wish, await ask(wish));
    counts.same_key_at_once += 1;
    const copies = Array.from({ length: COPIES_AT_ONCE }, async () => note(wish, await ask(wish)));
    await Promise.all(copies);
  }

  /**
   * What a buyer was told is remembered, to be held against the books. An answer that is stored under its key is the
   * key's for good; one that is not leaves the key as it was, and is never told once there is one that is.
   */
  function note(wish, answer) {
    if (!answer) return;
    const { status, body, text, headers } = answer;
    if (status === 201) acknowledged.push({ key: wish.key, orderId: body.order.id, total: body.order.totals.total.amount });
    const code = { 402: "payment_declined", 409: "insufficient_stock" }[status];
    if (code && body.code !== code) say(`${wish.key} is refused: ${text.slice(0, 300)}`);
    const isStored = headers.get("idempotency-stored");
    if (isStored === "true") {
      wish.answer ??= answer;
      if (told(answer) !== told(wish.answer)) say(`${wish.key} was answered ${told(wish.answer)}, and then ${told(answer)}`);
    } else if (isStored !== "false" || status === 201) {
      say(`${wish.key} is answered ${status}, stored: ${isStored}`);
    } else {
      counts.refused_unstored += 1;
      wish.refusedUnstored = true;
    }
  }

  /** In the browser, at the gateway: the money moves there, and its news comes by webhook. */
  async function decideInBrowser(wish, order) {
    const dice = random() * 10;
    if (dice >= PAYS_OF_TEN + DECLINES_OF_TEN) return;
    // The page knows the payment by its secret or address; the lab, by what the merchant sees.
    const seen = await asking.until(order.id, () => store.admin.get(`/v1/orders/${order.id}`), { accepts: ({ status }) => status === 200 });
    const reference = seen?.body.payment?.reference;
    if (!reference) return;
    await sleep(random() * 200);
    const pays = dice < PAYS_OF_TEN;
    counts[pays ? "pays_in_browser" : "declines_in_browser"] += 1;
    try {
      if (wish.gateway === "stripe") stripe.buyer(reference, pays ? "pay" : "decline");
      else store.sandbox.control.setState(reference, pays ? "captured" : "failed");
    } catch (error) {
      // Whoever is late finds the page closed.
      if (!/already/.test(error.message)) say(`${wish.key}: the buyer can't decide: ${error.message}`);
    }
  }

  async function cancel(order, token) {
    counts.cancels += 1;
    const send = () => store.buyer(token).post(`/v1/orders/${order.id}/cancel`);
    const accepts = ({ status, body }) => status === 200 || (status === 409 && body.code === "cannot_cancel");
    await asking.until(`cancelling ${order.id}`, send, { accepts });
  }

  /** The page that a buyer sees while it is not known whether the payment was made: it asks now and then. */
  async function waitForPayment(order, token) {
    counts.asks_about_payment += 1;
    const send = () => store.buyer(token).post(`/v1/orders/${order.id}/payment/sync`);
    for (let asks = 0; asks < ASKS; asks += 1) {
      await sleep(ASKS_AFTER_MS);
      const answer = await asking.until(`asking about ${order.id}`, send, { accepts: ({ status }) => status === 200 });
      if (answer?.body.payment_status !== "unknown") return;
    }
  }

  async function reuseKey(wish) {
    counts.key_with_another_cart += 1;
    const other = { ...wish.cart, email: "eve@example.com" };
    const isRefusal = ({ status, body }) => status === 422 && body.code === "idempotency_key_reused";
    await asking.until(`${wish.key} with another cart`, () => store.storefront.checkout(other, wish.key), { accepts: isRefusal });
  }

  async function afterwards(wish) {
    const { order, order_token: token } = wish.answer.body;
    placed.push({ id: order.id, gateway: wish.gateway });
    if (wish.habit === "cancels") await cancel(order, token);
    else if (order.payment_status === "unknown") await waitForPayment(order, token);
    else if (["redirect", "later", "pending"].includes(wish.method)) await decideInBrowser(wish, order);
    if (wish.habit === "reuses_key") await reuseKey(wish);
  }

  return {
    counts,
    placed,
    acknowledged,

    async buy(wish) {
      await buyOnce(wish);
      if (wish.answer?.status === 201) await afterwards(wish);
    },

    /** Asks again under a key that has its answer: it is the same one, told again. */
    async sameAnswerAgain(wish) {
      if (!wish.answer) return false;
      const again = await ask({ ...wish, habit: undefined });
      if (!again) return false;
      note(wish, again);
      const isReplayed = again.headers.get("idempotent-replayed") === "true";
      if (!isReplayed) say(`${wish.key} has its answer, and is answered ${again.status} as if it were new`);
      return isReplayed;
    },
  };
}

/** What an answer says for good. */
const told = ({ status, body }) => `${status} ${body.order?.id ?? body.code} ${body.order_token ?? ""}`;

const isAnswer = ({ status }) => [201, 402, 409].includes(status);

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

/** What a buyer does besides, by chance in percent. */
const HABITS = { same_key_at_once: 6, impatient: 6, cancels: 5, reuses_key: 2 };
const COPIES_AT_ONCE = 4;

/** Of ten who are to decide in the browser, so many pay, and so many decline; the rest leave. */
const PAYS_OF_TEN = 6;
const DECLINES_OF_TEN = 2;

/** Wishes of so many buyers, dealt from shuffled decks so that every kind comes about. */
export function makeWishes({ orders, seed, random }) {
  const of = (list) => list[Math.floor(random() * list.length)];
  const ways = Object.entries(METHODS).flatMap(([gateway, methods]) =>
    Object.entries(methods).flatMap(([method, share]) => Array(share).fill({ gateway, method })),
  );
  let deck = [];
  return Array.from({ length: orders }, (_, index) => {
    if (deck.length === 0) deck = shuffled(ways, random);
    const { gateway, method } = deck.pop();
    const skus = [SCARCE, SPREAD, SPREAD, BUNDLE, ...PLENTY];
    const lines = [{ sku: of(skus), quantity: 1 + Math.floor(random() * 2) }];
    while (random() < 0.3 && lines.length < 4) lines.push({ sku: of(skus), quantity: 1 });
    const habit = habitOf(random() * 100);
    return { index, key: `chaos-${seed}-${index}`, gateway, method, habit, cart: cartOf({ index, gateway, method, lines }) };
  });
}

function habitOf(dice) {
  let rest = dice;
  return Object.keys(HABITS).find((habit) => (rest -= HABITS[habit]) < 0);
}

function cartOf({ index, gateway, method, lines }) {
  const payment = { gateway };
  if (gateway === "sandbox") payment.method = method;
  else if (method !== "later") Object.assign(payment, { method, return_url: "https://shop.example/back" });
  return cart({ lines, email: `buyer${index}@example.com`, payment });
}

/**
 * `{ buy(wish), sameAnswerAgain(wish), counts, placed, acknowledged }`. A wish that was answered has `answer`; `placed`
 * are the orders that came of them.
 */
export function openBuyers({ shop, asking, random, say }) {
  const { store, stripe } = shop;
  const counts = { same_key_at_once: 0, gave_up_waiting: 0, key_with_another_cart: 0, cancels: 0, pays_in_browser: 0, declines_in_browser: 0 };
  const acknowledged = [];
  const placed = [];

  /** One request, sent until it is answered for good. Who is impatient hangs up on the first try. */
  function ask(wish) {
    const hangsUp = wish.habit === "impatient";
    const send = (tries) => {
      const signal = hangsUp && tries === 0 ? AbortSignal.timeout(5 + random() * 60) : undefined;
      return store.storefront.checkout(wish.cart, wish.key, { signal });
    };
    return asking.until(wish.key, send, { kind: "checkouts", accepts: isAnswer });
  }

  async function askAtOnce(wish) {
    counts.same_key_at_once += 1;
    const answers = await Promise.all(Array.from({ length: COPIES_AT_ONCE }, () => ask(wish)));
    for (const answer of answers) if (answer) note(wish, answer);
    const kinds = new Set(answers.map((answer) => `${answer?.status} ${answer?.body?.order?.id ?? answer?.body?.code}`));
    if (kinds.size > 1) say(`${wish.key}, sent ${COPIES_AT_ONCE} times at once, has ${kinds.size} answers: ${[...kinds].join(", ")}`);
    return answers[0];
  }

  /** What a buyer was told is remembered, to be held against the books. */
  function note(wish, { status, body, text }) {
    if (status === 201) acknowledged.push({ key: wish.key, orderId: body.order.id, total: body.order.totals.total.amount });
    if (status === 402 && body.code !== "payment_declined") say(`${wish.key} is refused: ${text.slice(0, 300)}`);
    if (status === 409 && body.code !== "insufficient_stock") say(`${wish.key} is refused: ${text.slice(0, 300)}`);
  }

  /** In the browser, at the gateway: the money moves there, and its news comes by webhook. */
  async function decideInBrowser(wish, reference) {
    const dice = random() * 10;
    if (dice >= PAYS_OF_TEN + DECLINES_OF_TEN) return;
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

  async function cancel(wish, order, token) {
    counts.cancels += 1;
    const send = () => store.buyer(token).post(`/v1/orders/${order.id}/cancel`);
    const accepts = ({ status, body }) => status === 200 || (status === 409 && body.code === "cannot_cancel");
    await asking.until(`cancelling ${order.id}`, send, { accepts });
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
    const reference = order.payment?.reference;
    const waits = ["redirect", "later", "pending"].includes(wish.method);
    if (wish.habit === "cancels") await cancel(wish, order, token);
    else if (waits && reference) await decideInBrowser(wish, reference);
    if (wish.habit === "reuses_key") await reuseKey(wish);
  }

  return {
    counts,
    placed,
    acknowledged,

    async buy(wish) {
      wish.answer = await (wish.habit === "same_key_at_once" ? askAtOnce(wish) : ask(wish));
      if (!wish.answer) return;
      if (wish.habit !== "same_key_at_once") note(wish, wish.answer);
      if (wish.answer.status === 201) await afterwards(wish);
    },

    /** Asks again under the key and holds the answer against the first. */
    async sameAnswerAgain(wish) {
      if (!wish.answer) return;
      const again = await asking.until(wish.key, () => store.storefront.checkout(wish.cart, wish.key), { accepts: isAnswer });
      if (!again) return;
      note(wish, again);
      const told = ({ status, body }) => `${status} ${body.order?.id ?? body.code} ${body.order_token ?? ""}`;
      if (told(again) !== told(wish.answer)) say(`${wish.key} was answered ${told(wish.answer)}, now ${told(again)}`);
      else if (again.headers.get("idempotent-replayed") !== "true") say(`${wish.key} is answered ${again.status} as if it were new`);
    },
  };
}

const isAnswer = ({ status }) => [201, 402, 409].includes(status);

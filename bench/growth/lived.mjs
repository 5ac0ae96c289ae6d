// A shop that has lived a little: a few hundred orders of every kind that an admin looks for, placed over HTTP and
// paid, refused, called off, given back at the sandbox gateway. What multiply.mjs makes many of is all from here,
// so that every stored document is one that the product itself has written.

import { setTimeout as wait } from "node:timers/promises";
import { startSandbox } from "../../sandbox/server.mjs";
import { PUBLISHABLE_KEY, SANDBOX_API_KEY, SECRET_KEY } from "../../scripts/development-settings.mjs";
import { startShop, stockShop } from "../instance.mjs";
import { cart } from "../requests.mjs";

export const SKUS = Array.from({ length: 50 }, (_, index) => `BENCH-${index}`);
/** A SKU with stock that nobody buys: its object is the pattern for those of a large catalogue. */
export const UNSOLD = "UNSOLD";
export const CHANNEL = "big-marketplace";

const LIMIT_MS = 60_000;

/** How many orders of each kind; `paid` are the ordinary ones. */
const KINDS = { paid: 120, two_lines: 60, refunded: 15, declined: 10, wrong_amount: 5, cancelled: 15, waiting: 10, expired: 10, by_channel: 15 };

/** Places them, waits until D1 has all of them at rest, and gives the folder of the shop's state. */
export async function livedFolder() {
  const sandbox = await startSandbox({ port: 0, apiKey: SANDBOX_API_KEY, quiet: true });
  const shop = await startShop("cartwright", { gatewayUrl: sandbox.url });
  try {
    await stockShop(shop, [...SKUS, UNSOLD]);
    await call(shop, "PUT", `/v1/admin/channels/${CHANNEL}`, { name: "Big Marketplace", kind: "marketplace" });
    await call(shop, "PUT", "/v1/admin/store", { ...(await settings(shop)), payment_window_seconds: 86_400 });
    await live(shop);
    await shop.stopButKeep();
    return shop.folder;
  } catch (error) {
    await shop.stop();
    throw error;
  } finally {
    await sandbox.stop();
  }
}

const settings = (shop) => call(shop, "GET", "/v1/admin/store");

async function live(shop) {
  const many = (kind, place) => inTurns(Array.from({ length: KINDS[kind] }, (_, number) => () => place(shop, kind, number)));
  await many("paid", (...given) => checkout(...given, 1, "instant"));
  await many("two_lines", (...given) => checkout(...given, 2, "instant"));
  const refunded = await many("refunded", (...given) => checkout(...given, 1, "instant"));
  await many("declined", (...given) => checkout(...given, 1, "decline"));
  await many("wrong_amount", (...given) => checkout(...given, 1, "wrong_amount"));
  const cancelled = await many("cancelled", (...given) => checkout(...given, 1, "pending"));
  await many("waiting", (...given) => checkout(...given, 1, "pending"));
  await many("by_channel", channelOrder);
  await inTurns(cancelled.map((id) => () => call(shop, "POST", `/v1/orders/${id}/cancel`, {}, { "idempotency-key": `cancel-${id}` })));
  await call(shop, "PUT", "/v1/admin/store", { ...(await settings(shop)), payment_window_seconds: 1 });
  await many("expired", (...given) => checkout(...given, 1, "pending"));
  await call(shop, "PUT", "/v1/admin/store", { ...(await settings(shop)), payment_window_seconds: 1_800 });
  await inTurns(refunded.map((id) => () => call(shop, "POST", `/v1/admin/orders/${id}/refunds`, {}, { "idempotency-key": `refund-${id}` })));
  await until(shop, "status=expired", KINDS.expired);
  await until(shop, "payment_status=refunded", KINDS.refunded);
  await until(shop, "status=cancelled", KINDS.cancelled);
  await until(shop, `channel=${CHANNEL}`, KINDS.by_channel);
  await until(shop, "needs_attention=true", KINDS.wrong_amount);
  // What objects owe D1 besides, and its confirmation.
  await wait(4_000);
}

async function checkout(shop, kind, number, lines, method) {
  const body = JSON.parse(cart(Array.from({ length: lines }, (_, line) => SKUS[(number + line) % SKUS.length]), method));
  const email = `${kind.replaceAll("_", "-")}-${number}@example.com`;
  const answer = await call(shop, "POST", "/v1/checkouts", { ...body, email }, { "idempotency-key": `${kind}-${number}` }, PUBLISHABLE_KEY);
  return answer.order?.id;
}

function channelOrder(shop, kind, number) {
  const { shipping_address: address, shipping_method: method } = JSON.parse(cart([SKUS[0]]));
  const lines = [{ sku: SKUS[number % SKUS.length], quantity: 1, unit_price_minor: 1800 }];
  const body = { channel: CHANNEL, currency: "USD", lines, order_id: `112-4711-${number}`, shipping_address: address, shipping_method: method };
  return call(shop, "POST", "/v1/admin/channel-orders", body, { "idempotency-key": `${kind}-${number}` });
}

async function inTurns(works) {
  const results = [];
  for (let at = 0; at < works.length; at += 8) results.push(...(await Promise.all(works.slice(at, at + 8).map((work) => work()))));
  return results;
}

async function until(shop, query, count) {
  for (const begun = Date.now(); ; await wait(250)) {
    const { items } = await call(shop, "GET", `/v1/admin/orders?${query}&limit=100`);
    if (items.length >= count) return;
    if (Date.now() - begun > LIMIT_MS) throw new Error(`only ${items.length} of ${count} orders have ${query}`);
  }
}

/** A declined payment is an answer too (402); anything else that is no success ends the run. */
async function call({ url }, method, route, body, headers = {}, key = SECRET_KEY) {
  const response = await fetch(new URL(route, url), {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok && response.status !== 402) throw new Error(`${method} ${route} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

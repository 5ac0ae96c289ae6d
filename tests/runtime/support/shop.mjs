// The shop as a test speaks to it below HTTP: typed commands to the objects, as the Worker sends them.
// Every test has SKUs, keys and an invoice series of its own, so that none sees another's.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { clock } from "./clock.mjs";
import { orderOf } from "./gateway.mjs";
import { BINDINGS, lives } from "./objects.mjs";

export const UNIT_PRICE = 1_000;
export const SHIPPING = 400;
/** How long a buyer has, and how much longer the stock is kept. */
export const WINDOW = 900;
export const GRACE = 300;

let number = 0;

export let shop;

/** A shop that nobody has been in yet. */
export function openShop() {
  number += 1;
  const tag = `T${number}`;
  shop = {
    tag,
    series: `${tag}-INV`,
    /** Webhooks that were acknowledged. */
    acknowledged: [],
    /** Units that a test put on the shelf, by SKU. */
    supply: new Map(),
    shards: 0,
    keys: 0,
    sku: (name) => `${tag}-${name}`,
    key: () => `${tag}-key-${(shop.keys += 1)}`,
    /** The name of a shard that no test of this file has used, as far as there are any. */
    shard: () => ((number * 7 + shop.shards++) % 256).toString(16).padStart(2, "0"),
  };
  lives.clear();
  return shop;
}

export const stubOf = (className, name) => env[BINDINGS[className]].getByName(name);

/** Sends one command and reads the answer. Rejects if the object died of it or failed. */
export async function ask(className, name, command) {
  const body = typeof command === "string" ? command : JSON.stringify(command);
  const response = await stubOf(className, name).fetch("https://object/", { method: "POST", body });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`status ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** The answer, or undefined if there was none. */
export const attempt = (work) => work.then((answer) => answer, () => undefined);

export const shardOf = (orderId) => orderId.slice(4, 6);

const line = ([name, quantity]) => ({
  sku: shop.sku(name), product_id: name.toLowerCase(), title: name, variant_title: "Plain", quantity,
  unit_price_minor: UNIT_PRICE, net_minor: quantity * UNIT_PRICE, discount_minor: 0, tax_minor: 0,
  total_minor: quantity * UNIT_PRICE, taxes: [],
});

/** A priced cart as the edge hands it over. `lines` is [[name, quantity], …]. */
export function draft({ lines = [["MUG", 1]], method = "instant", capture = "automatic", free = false, ...more } = {}) {
  const priced = lines.map(line);
  if (free) {
    for (const one of priced) Object.assign(one, { unit_price_minor: 0, net_minor: 0, total_minor: 0 });
  }
  const shipping = free ? 0 : SHIPPING;
  const subtotal = priced.reduce((sum, one) => sum + one.net_minor, 0);
  return {
    email: "ada@example.com",
    shipping_address: { name: "Ada", line1: "1 Main", city: "Portland", region: "OR", postal_code: "97201", country: "US" },
    billing_address: null,
    cart: {
      currency: "USD", tax_included: false, lines: priced,
      shipping: { method: "standard", title: "Standard", net_minor: shipping, tax_minor: 0, total_minor: shipping, taxes: [] },
      totals: {
        subtotal_minor: subtotal, shipping_minor: shipping, discount_minor: 0, tax_minor: 0, total_minor: subtotal + shipping,
      },
    },
    gateway: "sandbox", method, return_url: "https://shop.example/thanks", capture_mode: capture,
    payment_window_seconds: WINDOW, reservation_grace_seconds: GRACE, invoice_series: shop.series, ...more,
  };
}

/** Places an order. The answer is the shard's. */
export function checkout({ shard, key = shop.key(), fingerprint, ...cart } = {}) {
  const command = { command: "checkout", key, fingerprint: fingerprint ?? "body", draft: draft(cart) };
  return ask("OrderShard", shard ?? shop.shard(), command);
}

/** Places an order that must be placed; gives the order. */
export async function buy(cart = {}) {
  const answer = await checkout(cart);
  if (answer.outcome?.outcome !== "placed") throw new Error(`not placed: ${JSON.stringify(answer)}`);
  return answer.outcome.order;
}

const toOrder = (id, command) => ask("OrderShard", shardOf(id), { id, ...command });
export const read = async (id) => (await toOrder(id, { command: "read" })).order;
export const sync = async (id) => (await toOrder(id, { command: "sync" })).order;
export const cancel = (id, reason = "customer") => toOrder(id, { command: "cancel", reason });

/** What the edge makes of a verified webhook. */
export function reportOf({ payment }) {
  return {
    reference: payment.id,
    state: payment.status,
    amount: { amount: payment.amount, currency: payment.currency },
    captured_minor: payment.captured,
    occurred_at: new Date(payment.updated_at).toISOString(),
    action: payment.redirect_url ? { type: "redirect", url: payment.redirect_url } : null,
    decline: payment.status === "failed" ? payment.decline : null,
    ...(payment.authorized_until && { authorized_until: new Date(payment.authorized_until).toISOString() }),
  };
}

const MOVEMENT_STATE = { pending: "pending", open: "pending", succeeded: "succeeded", lost: "succeeded", failed: "failed", won: "failed" };

function newsOf(event) {
  if (event.payment) return { news: "payment", report: reportOf(event) };
  const one = event.refund ?? event.dispute;
  const movement = {
    kind: event.refund ? "refund" : "chargeback",
    reference: one.id,
    operation_id: one.operation_id ?? null,
    amount: { amount: one.amount, currency: one.currency },
    state: MOVEMENT_STATE[one.status],
    occurred_at: new Date(one.updated_at).toISOString(),
    reason: one.reason,
    ...(one.respond_by && { respond_by: new Date(one.respond_by).toISOString() }),
  };
  return { news: "movements", reference: one.payment_id, movements: [movement] };
}

/** Asks for money to move, as the edge does. */
export const move = (id, ask, { key = shop.key(), fingerprint = "body" } = {}) =>
  toOrder(id, { command: "move", key, fingerprint, ask });
export const capture = (id, amount_minor = null, keeps_rest = false, options) =>
  move(id, { movement: "capture", amount_minor, keeps_rest, reason: null }, options);
export const voidPayment = (id, options) => move(id, { movement: "void", reason: null }, options);
export const refund = (id, of = { of: "everything" }, options) => move(id, { movement: "refund", of, reason: "broken" }, options);
export const amountOf = (amount_minor) => ({ of: "amount", amount_minor });

/** Tries to pay an order again. */
export const retry = (id, { method = "instant", ...attempt } = {}, { key = shop.key(), fingerprint = "body" } = {}) =>
  toOrder(id, {
    command: "retry", key, fingerprint, id,
    attempt: {
      gateway: "sandbox", method, return_url: null, capture_mode: "automatic", statement_descriptor: null,
      payment_window_seconds: WINDOW, reservation_grace_seconds: GRACE, ...attempt,
    },
  });

/** Delivers a webhook, and notes that it was acknowledged. */
export async function deliver(event) {
  const id = orderOf(event);
  const command = { command: "webhook", gateway: "sandbox", event_id: event.id, news: newsOf(event) };
  const answer = await toOrder(id, command);
  if (answer.answer === "ok") shop.acknowledged.push({ gateway: "sandbox", event: event.id, order: id, at: clock.now() });
  return answer;
}

/** Sends claims of orders to a SKU, as a shard does. */
export const claims = async (name, list) =>
  (await ask("SkuInventory", shop.sku(name), { command: "claims", claims: list })).answers.map(({ answer }) => answer);

export const level = async (name) => (await ask("SkuInventory", shop.sku(name), { command: "read" })).level;

/** Changes of a SKU by a person with a key, and terms if given. */
export function change(name, changes, { terms = null, key = shop.key(), fingerprint = "body" } = {}) {
  const cause = { kind: "person", actor: "key_test", reason: "count" };
  return ask("SkuInventory", shop.sku(name), { command: "change", key, fingerprint, changes, terms, cause });
}

/** The ordinary change at the main location: `{ kind, quantity_delta, back_order_limit, low_stock_threshold }`. */
export function adjust(name, { kind = "adjusted", quantity_delta: units = 0, ...terms }, options) {
  const where = { location: "main" };
  const one = kind === "received" ? { change: kind, ...where, quantity: units } : { change: kind, ...where, quantity_delta: units };
  const patch = Object.keys(terms).length > 0 ? { how: "patch", ...terms } : null;
  return change(name, [one], { ...options, terms: patch });
}

/** Puts units on shelves: stock({ MUG: 10 }). */
export async function stock(units) {
  for (const [name, quantity] of Object.entries(units)) {
    const answer = await adjust(name, { kind: "received", quantity_delta: quantity });
    if (answer.answer !== "changed") throw new Error(`not received: ${JSON.stringify(answer)}`);
    shop.supply.set(name, (shop.supply.get(name) ?? 0) + quantity);
  }
}

/** Runs SQL in an object's storage, past all of its code. */
export const inStorage = (className, name, statement, ...parameters) =>
  runInDurableObject(stubOf(className, name), (_, state) => state.storage.sql.exec(statement, ...parameters).toArray());

/** Ends every object gracefully: what they hold in memory is gone. */
export async function evictAll() {
  for (const { className, name } of lives.values()) {
    // One that died is not there to be evicted.
    await evictDurableObject(stubOf(className, name)).catch(() => undefined);
  }
}

export { clock };

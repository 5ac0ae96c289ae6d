// The shop over HTTP: the shipped handler, its real routes and keys. Every test has a product of its own.

import { env, exports } from "cloudflare:workers";
import {
  PUBLISHABLE_KEY, SANDBOX_WEBHOOK_PATH, SANDBOX_WEBHOOK_SECRET, SECRET_KEY,
} from "../../../scripts/development-settings.mjs";
import terms from "../../../schema/demo/settings.json";
import { clock } from "./clock.mjs";
import { orderOf } from "./gateway.mjs";
import { shop } from "./shop.mjs";

export { PUBLISHABLE_KEY, SECRET_KEY };

/** Sends a request and reads the whole answer. `body` is sent as JSON unless it is text or bytes. */
export async function send(method, path, { key, headers = {}, body } = {}) {
  const given = body === undefined || typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
  const response = await exports.default.fetch(`https://shop.test${path}`, {
    method,
    redirect: "manual",
    body: given ? body : JSON.stringify(body),
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const get = (path, options) => send("GET", path, options);
export const post = (path, body, options) => send("POST", path, { ...options, body });

/** Opens the shop's doors: the store's terms, and one product with these units on the shelf. */
export async function openDoors(units) {
  await must(send("PUT", "/v1/admin/store", { key: SECRET_KEY, body: terms }));
  await putProduct(Object.keys(units));
  for (const [name, quantity] of Object.entries(units)) {
    if (quantity === 0) continue;
    await adjust(name, { kind: "received", quantity, reason: "Delivery" });
    shop.supply.set(name, quantity);
  }
}

export const productId = () => shop.tag.toLowerCase();

/** The shop's product, with a variant for every name. */
export function putProduct(names, { price = 1_000, status = "active" } = {}) {
  const variants = names.map((name) => ({ sku: shop.sku(name), title: name, prices: [{ amount: price, currency: "USD" }] }));
  const product = { id: productId(), title: `Ware of ${shop.tag}`, status, tax_category: "standard", variants };
  return must(send("PUT", `/v1/admin/products/${product.id}`, { key: SECRET_KEY, body: product }));
}

export async function must(sent) {
  const answer = await sent;
  if (answer.status >= 300) throw new Error(`${answer.status}: ${answer.text}`);
  return answer;
}

export const adjust = (name, adjustment, key = shop.key()) =>
  must(post(`/v1/admin/inventory/${shop.sku(name)}/adjustments`, adjustment, {
    key: SECRET_KEY, headers: { "idempotency-key": key },
  }));

/** A cart that is shipped to Oregon, where nothing is taxed: one MUG comes to 1,500. */
export const cart = ({ lines = [["MUG", 1]], method = "instant", ...more } = {}) => ({
  currency: "USD",
  lines: lines.map(([name, quantity]) => ({ sku: shop.sku(name), quantity })),
  email: "ada@example.com",
  shipping_address: {
    name: "Ada Lovelace", line1: "1 Main Street", city: "Portland", region: "OR", postal_code: "97201", country: "US",
  },
  shipping_method: "standard",
  payment: { gateway: "sandbox", method },
  ...more,
});

/** Checks out as a storefront does. */
export const checkout = (body = cart(), { idempotencyKey = shop.key(), key = PUBLISHABLE_KEY, headers } = {}) =>
  post("/v1/checkouts", body, { key, headers: { "idempotency-key": idempotencyKey, ...headers } });

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The `v1` of a body at a time, in seconds, as written. */
export async function macOf(time, body, secret = SANDBOX_WEBHOOK_SECRET) {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, encoder.encode(`${time}.${body}`)));
}

export const seconds = () => Math.floor(clock.now() / 1_000);

/** Delivers a webhook as the gateway does, or with another signature header, or (null) without one. */
export async function webhook(event, { signature, gateway = "sandbox" } = {}) {
  const body = typeof event === "string" ? event : JSON.stringify(event);
  const header = signature === undefined ? `t=${seconds()},v1=${await macOf(seconds(), body)}` : signature;
  const path = SANDBOX_WEBHOOK_PATH.replace(/sandbox$/, gateway);
  const answer = await send("POST", path, { body, headers: header === null ? {} : { "sandbox-signature": header } });
  if (answer.status === 200 && typeof event !== "string") {
    const order = orderOf(event);
    shop.acknowledged.push({ gateway, event: event.id, order, at: clock.now() });
  }
  return answer;
}

export const rowsOf = async (table) => (await env.DB.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()).results;

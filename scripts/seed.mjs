// Fills a store with the demo catalogue, through the same admin API that a merchant uses.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { repositoryRoot } from "./bootstrap.mjs";
import { SetupError } from "./setup/progress.mjs";

const CATALOGUE = path.join(repositoryRoot, "schema", "demo", "catalogue.json");
const SETTINGS = path.join(repositoryRoot, "schema", "demo", "settings.json");
const SUPPLIERS = path.join(repositoryRoot, "schema", "demo", "suppliers.json");
const REQUESTS_AT_ONCE = 16;

/** Changes when the demo store does; `npm start` keeps it to tell whether a store was seeded. */
export function catalogueHash() {
  const hash = createHash("sha256");
  for (const file of [SETTINGS, CATALOGUE, SUPPLIERS]) hash.update(readFileSync(file));
  return hash.digest("hex");
}

/**
 * Writes the store's terms, every product, the goods received of every SKU, and the suppliers with what they offer;
 * stops at the first refusal.
 * Each delivery has a key of its own, so seeding again, or after half of it failed, books nothing twice.
 */
export async function seedDemoStore({ baseUrl, secretKey }) {
  const { products, stock } = JSON.parse(readFileSync(CATALOGUE, "utf8"));
  const send = (method, route, body, headers) => sendJson(new URL(route, baseUrl), method, body, secretKey, headers);
  await send("PUT", "/v1/admin/store", JSON.parse(readFileSync(SETTINGS, "utf8")));
  const put = (product) => send("PUT", `/v1/admin/products/${encodeURIComponent(product.id)}`, product);
  // What bundles are made of comes before them.
  const isBundle = ({ variants }) => variants.some(({ components }) => components?.length > 0);
  await eachAtOnce(products.filter((product) => !isBundle(product)), put);
  for (const bundle of products.filter(isBundle)) await put(bundle);
  // What never came in and has no limit of its own needs no booking.
  const deliveries = stock.filter(({ on_hand, sku, ...limits }) => on_hand > 0 || Object.keys(limits).length > 0);
  await eachAtOnce(deliveries, ({ sku, on_hand, ...limits }) => {
    const delivery = { kind: "received", quantity: on_hand, reason: "Demo delivery", ...limits };
    return send("POST", `/v1/admin/inventory/${encodeURIComponent(sku)}/adjustments`, delivery, {
      "idempotency-key": `demo-${sku}`,
    });
  });
  for (const { supplier, items } of JSON.parse(readFileSync(SUPPLIERS, "utf8"))) {
    const route = `/v1/admin/suppliers/${encodeURIComponent(supplier.id)}`;
    await send("PUT", route, supplier);
    await eachAtOnce(Object.entries(items), ([sku, item]) => send("PUT", `${route}/items/${encodeURIComponent(sku)}`, item));
  }
  return { products: products.length, stock: stock.length };
}

async function sendJson(url, method, body, secretKey, headers = {}) {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${secretKey}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (!response.ok) {
    throw new SetupError(
      `Seeding stopped: ${method} ${url.pathname} answered ${response.status}\n${answer.slice(0, 2000)}\n` +
        `Mend schema/demo/catalogue.json or the route, or start without it: \`npm start -- --no-seed\`.`,
    );
  }
}

/** Runs `work` on every item, a bounded number at a time; the first failure ends the rest. */
async function eachAtOnce(items, work) {
  const queue = items.values();
  let failed = false;
  const worker = async () => {
    for (const item of queue) {
      if (failed) return;
      await work(item).catch((error) => {
        failed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
}

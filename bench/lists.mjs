// How long the admin's lists take over HTTP when D1 holds very many orders: every filter, alone and in the pairs that
// no index answers by itself, first pages and pages from the middle. Part of `npm run bench -- growth`.

import { SECRET_KEY } from "../scripts/development-settings.mjs";
import { CHANNEL } from "./growth/lived.mjs";
import { startShop } from "./instance.mjs";
import { runLoad } from "./load.mjs";
import { atMost, median, row } from "./report.mjs";

const REQUESTS = 100;
const WANTED_P99_MS = 50;
const YEAR_MS = 365 * 86_400_000;

const hex = (text) => Buffer.from(text).toString("hex");
const many = (count, one) => Array.from({ length: count }, (_, index) => one(index));

/** Addresses by name; where there are several, they take turns. */
function lists() {
  const yearAgo = Date.now() - YEAR_MS;
  const from = new Date(yearAgo).toISOString();
  const to = new Date(yearAgo + 86_400_000).toISOString();
  const middle = (step) => hex(`${yearAgo - step * 60_000}:ord_00${"0".repeat(32)}`);
  const orders = (query) => `/v1/admin/orders?${query}`;
  const buyer = (index) => `buyer-${index * 1_237}@example.com`;
  return {
    "orders, newest": [orders("limit=20")],
    "orders, newest 100": [orders("limit=100")],
    "orders, pages from the middle": many(50, (index) => orders(`limit=20&cursor=${middle(index)}`)),
    "orders, status=open": [orders("status=open")],
    "orders, status=expired": [orders("status=expired")],
    "orders, status=cancelled, from the middle": many(50, (index) => orders(`status=cancelled&cursor=${middle(index)}`)),
    "orders, status=completed, of which there are none": [orders("status=completed")],
    "orders, payment_status=paid": [orders("payment_status=paid")],
    "orders, payment_status=refunded": [orders("payment_status=refunded")],
    "orders, payment_status=unpaid": [orders("payment_status=unpaid")],
    "orders, open and unpaid": [orders("status=open&payment_status=unpaid")],
    "orders, open and unpaid, after the last": many(50, (index) => orders(`status=open&payment_status=unpaid&cursor=${middle(index)}`)),
    "orders, expired and paid, of which there are none": [orders("status=expired&payment_status=paid")],
    "orders, rejected and refunded, of which there are none": [orders("status=rejected&payment_status=refunded")],
    "orders of a buyer": many(50, (index) => orders(`email=${buyer(index)}`)),
    "orders of a buyer, refunded": many(50, (index) => orders(`email=${buyer(index)}&payment_status=refunded`)),
    "orders of nobody": [orders("email=nobody@example.com")],
    "orders that need attention": [orders("needs_attention=true")],
    "orders that need attention, expired": [orders("needs_attention=true&status=expired")],
    "orders of a channel": [orders(`channel=${CHANNEL}`)],
    "orders of a channel, cancelled, of which there are none": [orders(`channel=${CHANNEL}&status=cancelled`)],
    "orders of a channel, unpaid, of which there are none": [orders(`channel=${CHANNEL}&payment_status=unpaid`)],
    "orders since a year ago": [orders(`created_from=${from}`)],
    "orders since a year ago, refunded": [orders(`created_from=${from}&payment_status=refunded`)],
    "attention, open": ["/v1/admin/attention?status=open"],
    "attention, resolved": ["/v1/admin/attention?status=resolved"],
    "attention, by code": ["/v1/admin/attention?code=payment_mismatch"],
    "invoices, newest": ["/v1/admin/invoices?limit=20"],
    "invoices of a day": [`/v1/admin/invoices?from=${from}&to=${to}`],
    "credit notes": ["/v1/admin/invoices?kind=credit_note"],
    "inventory, first page": ["/v1/admin/inventory?limit=20"],
    "inventory, search": many(50, (index) => `/v1/admin/inventory?q=B00${String(index * 7).padStart(3, "0")}`),
    "inventory, low, of which there are none": ["/v1/admin/inventory?status=low"],
    "inventory, out, of which there are none": ["/v1/admin/inventory?status=out"],
    "inventory of a place that has nothing": ["/v1/admin/inventory?location=nowhere"],
    "stock alerts": ["/v1/admin/inventory/alerts?limit=20"],
    "products, first page": ["/v1/products?limit=20"],
  };
}

/** Rows of the report: p99 of each list, p50 in the note, medians over the rounds. */
export async function listRows({ folder, gatewayUrl, orders, rounds }) {
  let shop = await startShop("cartwright", { gatewayUrl, folder });
  try {
    const rows = [];
    for (const [name, paths] of Object.entries(lists())) {
      const requests = { kind: "looks", paths, key: SECRET_KEY };
      const ask = (limit) => runLoad({ port: shop.port, connections: 1, seconds: 60, requests, limit });
      await ask(5);
      const runs = [];
      for (let round = 0; round < rounds; round += 1) {
        const run = await ask(REQUESTS);
        if (Object.keys(run.refused).length > 0) throw new Error(`${name}: refused ${JSON.stringify(run.refused)}`);
        runs.push(run);
      }
      const p50 = median(runs.map((run) => run.p50));
      const note = `p50 ${p50.toPrecision(3)} ms; ${orders} orders`;
      rows.push(row(`list: ${name}, p99`, "ms", median(runs.map((run) => run.p99)), undefined, note, atMost(WANTED_P99_MS)));
    }
    await shop.stopButKeep();
    shop = undefined;
    return rows;
  } finally {
    await shop?.stop();
  }
}

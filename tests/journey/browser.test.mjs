// A buyer in a real browser: a shop page of another origin places the order, the browser goes to the gateway's
// page, the buyer approves, comes back, and the shop sees the order paid. And /docs shows every operation.
//
// Without Chromium the same requests are made over HTTP, and the run says so.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { findChromium, openBrowser } from "../support/browser.mjs";
import { paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const program = findChromium();
const pictures = mkdtempSync(path.join(tmpdir(), "cartwright-pictures-"));
let store;
let shop;
let browser;

before(async () => {
  store = await openStore();
  // The browser must not be overtaken by the webhook: the shop asks the gateway when the buyer is back.
  store.sandbox.control.delivery({ paused: true });
  shop = await startShop(store.url);
  if (program) browser = await openBrowser(program);
});
after(async () => {
  // All of them, whatever one of them says: what stays open would keep this process from ending.
  const closed = await Promise.allSettled([browser?.close(), shop?.stop(), store?.close()]);
  rmSync(pictures, { recursive: true, force: true });
  for (const { reason } of closed) if (reason) throw reason;
});

/** A storefront as small as they get, on an origin of its own. */
async function startShop(storeUrl) {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(new URL(request.url, "http://shop").pathname === "/back" ? BACK : BUY);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const wish = paidBy("redirect");
  wish.payment.return_url = `${url}/back`;
  const page = (script) => `<!doctype html><title>Shop</title><p id="status">…</p><button>Buy</button><script>${script}</script>`;
  const call = `const call = async (route, key, body, headers = {}) => (await fetch(${JSON.stringify(storeUrl)} + route, {
    method: "POST", headers: { authorization: "Bearer " + key, "content-type": "application/json", ...headers }, body })).json();`;
  const BUY = page(`${call}
    document.querySelector("button").onclick = async () => {
      const answer = await call("/v1/checkouts", "pk_dev_storefront", ${JSON.stringify(JSON.stringify(wish))},
        { "idempotency-key": crypto.randomUUID() });
      sessionStorage.order = JSON.stringify({ id: answer.order.id, token: answer.order_token });
      location = answer.payment.action.url;
    };`);
  const BACK = page(`${call}
    const { id, token } = JSON.parse(sessionStorage.order);
    call("/v1/orders/" + id + "/payment/sync", token).then((order) => {
      document.querySelector("#status").textContent = order.payment_status;
    });`);
  return {
    url,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const statusShown = (status) => `document.querySelector("#status")?.textContent === ${JSON.stringify(status)}`;

test("a buyer is sent to the gateway, approves, comes back, and has paid", async (t) => {
  if (!browser) return overHttp(t, "approve", "paid");
  await browser.visit(`${shop.url}/`);
  await browser.until(`!!document.querySelector("button")?.onclick`);
  await browser.click("button");
  await browser.until(`location.origin === ${JSON.stringify(store.sandbox.url)} && document.readyState === "complete"`);
  assert.match(await browser.evaluate("document.body.innerText"), /Approve this payment\?[^]*24\.31 USD/);
  await browser.screenshot(path.join(pictures, "approve.png"));
  await browser.click("button[value=approve]");
  await browser.until(statusShown("paid"));
  assert.match(await browser.evaluate("location.search"), /payment_reference=sbx_/);
  assert.deepEqual(browser.complaints.filter((text) => !text.includes("favicon")), []);
});

test("a buyer who declines comes back unpaid, and the stock is free again", async (t) => {
  if (!browser) return overHttp(t, "decline", "failed");
  await browser.visit(`${shop.url}/`);
  await browser.until(`!!document.querySelector("button")?.onclick`);
  await browser.click("button");
  await browser.until(`!!document.querySelector("button[value=decline]")`);
  await browser.click("button[value=decline]");
  await browser.until(statusShown("failed"));
});

/** What the browser would do, by hand. */
async function overHttp(t, choice, expected) {
  t.diagnostic("Chromium is not installed: the browser's requests are made over HTTP instead");
  const wish = paidBy("redirect");
  wish.payment.return_url = `${shop.url}/back`;
  const origin = { origin: shop.url };
  const placed = await store.storefront.checkout(wish, undefined, { headers: origin });
  assert.equal(placed.headers.get("access-control-allow-origin"), "*");
  const page = new URL(placed.body.payment.action.url);
  assert.match(await (await fetch(page)).text(), /Approve this payment\?/);
  const form = new URLSearchParams({ token: page.searchParams.get("token"), choice });
  const sent = await fetch(new URL(page.pathname, page), { method: "POST", body: form, redirect: "manual" });
  assert.equal(sent.status, 303);
  assert.ok(sent.headers.get("location").startsWith(`${shop.url}/back?payment_reference=sbx_`));
  const synced = await store.buyer(placed.body.order_token).post(`/v1/orders/${placed.body.order.id}/payment/sync`);
  assert.equal(synced.body.payment_status, expected);
}

test("/docs shows every operation, and its policy lets all of it run", async (t) => {
  const { body: document } = await store.anyone.get("/openapi.json");
  const operations = Object.values(document.paths).flatMap((operations) => Object.keys(operations)).length;
  assert.ok(operations >= 15);
  if (!browser) {
    t.diagnostic("Chromium is not installed: what /docs shows is not looked at");
    assert.match((await store.anyone.get("/docs/")).text, /swagger-ui-bundle\.js/);
    return;
  }
  browser.complaints.length = 0;
  await browser.visit(`${store.url}/docs`);
  await browser.until(`document.querySelectorAll(".opblock").length === ${operations}`);
  const shown = await browser.evaluate("document.body.innerText");
  for (const route of Object.keys(document.paths)) {
    assert.ok(shown.replaceAll("\u200b", "").includes(route), `${route} is not shown`);
  }
  const picture = path.join(pictures, "docs.png");
  await browser.screenshot(picture);
  assert.ok(statSync(picture).size > 10_000);
  assert.deepEqual(browser.complaints, []);
});

test("the books agree", async () => {
  store.sandbox.control.delivery({ paused: false });
  await assertBooksAgree(store);
});

// What the reference promises works: /docs and /openapi.json are served as safe pages, and every example in the
// document, sent to the demo store by a caller with the access that the document names, succeeds as documented.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sign } from "../../sandbox/server.mjs";
import { SANDBOX_WEBHOOK_SECRET } from "../../scripts/development-settings.mjs";
import { assertBooksAgree } from "../support/books.mjs";
import { exampleDocuments } from "../support/example-documents.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { openStore } from "../support/store.mjs";

let store;
let document;
before(async () => {
  store = await openStore();
  ({ body: document } = await store.anyone.get("/openapi.json"));
});
after(() => store?.close());

const SAFE = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

test("every answer of the API is data that no page may frame or keep", async () => {
  const answers = [
    await store.anyone.get("/healthz"),
    await store.storefront.get("/v1/products?limit=1"),
    await store.anyone.get("/v1/products"),
    await store.anyone.get("/nowhere"),
    await store.anyone.post("/healthz", {}),
    await store.anyone.post("/webhooks/sandbox", {}),
  ];
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 401, 404, 405, 401]);
  for (const { headers, text } of answers) {
    for (const [name, value] of Object.entries(SAFE)) assert.equal(headers.get(name), value, text);
    assert.equal(headers.get("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.match(headers.get("x-request-id"), /^req_[0-9a-f]{32}$/);
    assert.equal(headers.get("access-control-allow-origin"), null, "who names no origin is no browser");
    assert.match(headers.get("content-type"), /^application\/(problem\+)?json/);
  }
});

test("/docs is a page that loads nothing from elsewhere", async () => {
  const { status, headers, text } = await store.anyone.get("/docs/");
  assert.equal(status, 200);
  assert.match(headers.get("content-type"), /^text\/html/);
  assert.match(headers.get("content-security-policy"), /^default-src 'none'; script-src 'self'/);
  for (const [name, value] of Object.entries(SAFE)) assert.equal(headers.get(name), value);
  const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
  assert.ok(files.length >= 5);
  for (const file of files) {
    assert.match(file, /^\//, "every file is ours");
    assert.equal((await store.anyone.get(file)).status, 200, file);
  }
  const short = await store.anyone.get("/docs");
  assert.ok([200, 301, 302, 307, 308].includes(short.status), String(short.status));
  assert.equal((await store.anyone.get("/docs/../../wrangler.toml")).status, 404);
  assert.equal((await store.anyone.get("/docs/nothing-here.js")).status, 404);
});

test("the document is OpenAPI with an operation and an access for every route", () => {
  assert.match(document.openapi, /^3\.1\./);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const ids = operations.map((operation) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const operation of operations) {
    assert.ok(operation["x-access"], operation.operationId);
    assert.ok(operation.summary || operation.description, operation.operationId);
  }
  for (const needed of [
    "/healthz", "/v1/products", "/v1/products/{id}", "/v1/stock", "/v1/checkouts", "/v1/orders/{id}",
    "/v1/orders/{id}/payment/sync", "/v1/orders/{id}/cancel", "/webhooks/{gateway}", "/v1/admin/orders",
    "/v1/admin/inventory/{sku}", "/v1/admin/inventory/{sku}/adjustments", "/v1/admin/products/{id}",
    "/v1/admin/api-keys",
  ]) {
    assert.ok(document.paths[needed], `${needed} is not in the document`);
  }
});

/** Who the document says may call an operation. */
function callerOf({ access, order }) {
  if (access.startsWith("order_token")) return store.buyer(order.token);
  return { public: store.anyone, storefront_key: store.storefront }[access] ?? store.admin;
}

test("every example works against the demo store", async () => {
  const examples = examplesOf(document);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.equal(examples.length, operations.length - 1, "an operation has no example to send");
  const fit = exampleDocuments(store);
  await fit.open();
  for (const one of examples) {
    const example = await fit(one);
    const { method, path, headers, body, operationId } = example;
    const answer = await callerOf(example).send(method, path, { headers, body });
    assert.ok(answer.status < 300, `${operationId}: ${method} ${path} answered ${answer.status} ${answer.text}`);
    assert.ok(example.statuses.includes(String(answer.status)), `${operationId}: ${answer.status} is not documented`);
  }
});

test("a webhook is answered as documented, signed or not", async () => {
  const { responses } = document.paths["/webhooks/{gateway}"].post;
  const { idempotency_key: _, ...known } = store.sandbox.control.payments()[0];
  const payment = { ...known, order_id: `ord_00${"0".repeat(32)}` };
  const body = JSON.stringify({ id: "evt_nobody", type: `payment.${payment.status}`, created_at: Date.now(), payment });
  const send = (headers) => store.anyone.post("/webhooks/sandbox", body, { headers });
  const signed = await send({ "sandbox-signature": sign(body, SANDBOX_WEBHOOK_SECRET) });
  assert.deepEqual([signed.status, signed.body], [200, responses["200"].content["application/json"].example]);
  assert.equal((await send({})).status, 401);
  assert.ok(responses["401"]);
});

test("the books agree", () => assertBooksAgree(store));

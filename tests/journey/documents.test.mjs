// What the reference promises works: /docs and /openapi.json are served as safe pages, and every example in the
// document, sent to the demo store by a caller with the access that the document names, succeeds as documented.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { sign } from "../../sandbox/server.mjs";
import { SANDBOX_WEBHOOK_SECRET } from "../../scripts/development-settings.mjs";
import { assertBooksAgree } from "../support/books.mjs";
import { eventually } from "../support/eventually.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { openForExamples, withDocument } from "../support/stock-examples.mjs";
import { cart, paidBy } from "../support/shopping.mjs";
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

/** An order that an operation can be tried on, in place of the example's id, which nobody placed. */
async function anOrder(operationId) {
  const wish = operationId === "cancel_order" ? paidBy("redirect") : cart();
  const { body } = await store.storefront.checkout(wish);
  return { id: body.order.id, token: body.order_token };
}

/** The number of an order's invoice, which the order has a moment after it is paid. */
async function numbered({ id, token }) {
  const order = await eventually(async () => {
    const { body } = await store.buyer(token).get(`/v1/orders/${id}`);
    assert.ok(body.invoice_number, `${id} has no invoice yet`);
    return body;
  });
  return order.invoice_number;
}

/** An order with money that an operation can move. */
async function aMovableOrder(operationId) {
  const held = operationId !== "refund_payment";
  const terms = "/v1/admin/payment-methods/sandbox";
  const { body: before } = await store.admin.get("/v1/admin/payment-methods");
  const { title } = before.items.find(({ gateway }) => gateway === "sandbox").settings ?? { title: "Sandbox" };
  const mode = async (capture_mode) => {
    assert.equal((await store.admin.send("PUT", terms, { body: { enabled: true, title, capture_mode } })).status, 200);
    // Every isolate follows within the time that prices are remembered.
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
  if (held) await mode("on_request");
  const { id } = await eventually(async () => {
    const order = await anOrder(operationId);
    await eventually(async () => {
      const { body } = await store.buyer(order.token).get(`/v1/orders/${order.id}`);
      assert.equal(body.payment_status, held ? "authorized" : "paid");
    });
    return order;
  });
  if (held) await mode("automatic");
  return id;
}

/** An order whose buyer may pay it in another way. */
async function anUnpaidOrder() {
  const { body } = await store.storefront.checkout(paidBy("redirect"));
  return { id: body.order.id, token: body.order_token };
}

/** Something that waits for a person: an order whose payment says another amount. */
async function anAttention() {
  await store.storefront.checkout(paidBy("wrong_amount"));
  return eventually(async () => {
    const { body } = await store.admin.get("/v1/admin/attention");
    assert.ok(body.items.length > 0);
    return body.items[0].id;
  });
}

async function aReconciliation() {
  const window = { gateway: "sandbox", from: "2026-01-30T00:00:00Z", to: "2026-01-31T00:00:00Z" };
  const options = { body: window, headers: { "idempotency-key": "documents" } };
  return (await store.admin.send("POST", "/v1/admin/reconciliations", options)).body.id;
}

/** What an example can't know: an id that this store gave. */
async function withRealIds({ operationId, path, access }) {
  if (path.startsWith("/v1/admin/orders/")) {
    return { path: path.replace(/ord_[0-9a-f]+/, await aMovableOrder(operationId)), caller: store.admin };
  }
  if (operationId === "retry_payment") {
    const { id, token } = await anUnpaidOrder();
    return { path: path.replace(/ord_[0-9a-f]+/, id), caller: store.buyer(token) };
  }
  if (operationId === "resolve_attention") {
    return { path: path.replace(/att_[0-9a-f]+/, await anAttention()), caller: store.admin };
  }
  if (/^(show|export)_reconciliation$/.test(operationId)) {
    return { path: path.replace(/rec_[0-9a-f]+/, await aReconciliation()), caller: store.admin };
  }
  if (path.startsWith("/v1/admin/invoices/")) {
    return { path: path.replace(/[A-Z]+-[0-9]{6}/, await numbered(await anOrder(operationId))), caller: store.admin };
  }
  if (path.startsWith("/v1/orders/")) {
    const { id, token } = await anOrder(operationId);
    if (path.endsWith("/invoice") || path.endsWith("/invoice/page")) await numbered({ id, token });
    return { path: path.replace(/ord_[0-9a-f]+|\{id\}/, id), caller: store.buyer(token) };
  }
  if (operationId === "revoke_api_key") {
    const { body } = await store.admin.post("/v1/admin/api-keys", { name: "To be revoked", kind: "publishable" });
    return { path: path.replace(/[^/]+$/, body.id), caller: store.admin };
  }
  const callers = { public: store.anyone, storefront_key: store.storefront };
  return { path, caller: callers[access] ?? store.admin };
}

test("every example works against the demo store", async () => {
  const examples = examplesOf(document);
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  assert.equal(examples.length, operations.length - 1, "an operation has no example to send");
  await openForExamples(store.admin);
  for (const one of examples) {
    const example = await withDocument(store.admin, one);
    const { path, caller } = await withRealIds(example);
    const { method, headers, body, operationId } = example;
    const answer = await caller.send(method, path, { headers, body });
    // No order of the demo store was refunded, so none has a credit note.
    const missing = operationId.includes("credit_note") && answer.body?.code === "invoice_not_found"
      // Another example has just taken it away.
      || operationId === "show_supplier_item" && answer.body?.code === "supplier_item_not_found";
    assert.ok(answer.status < 300 || missing, `${operationId}: ${method} ${path} answered ${answer.status} ${answer.text}`);
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

// Who may do what, asked of the running store for every operation of the API's document and every kind of
// caller. What each operation asks of its caller is read from the document (`x-access`), so a new route is in
// this matrix as soon as it is in the table.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { client } from "../support/client.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { eventually } from "../support/eventually.mjs";
import { cart, paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

let store;
let document;
/** Callers by what they show; those that depend on a scope are made when they are asked for. */
const callers = {};
const keys = new Map();

before(async () => {
  store = await openStore();
  ({ body: document } = await store.anyone.get("/openapi.json"));
  const scopes = document.components.schemas.Scope.enum;
  for (const scope of scopes) {
    await makeKey(`only ${scope}`, [scope]);
    await makeKey(`all but ${scope}`, scopes.filter((other) => other !== scope));
  }
  const revoked = await makeKey("revoked", scopes);
  await store.admin.remove(`/v1/admin/api-keys/${revoked.id}`);
  const publishable = await store.admin.post("/v1/admin/api-keys", { name: "Shop", kind: "publishable" });
  Object.assign(callers, {
    nobody: store.anyone,
    "an invented key": client(store.url, `sk_${"0".repeat(64)}`),
    "a revoked key": client(store.url, revoked.key),
    "a publishable key": client(store.url, publishable.body.key),
    "an invented token": client(store.url, `ot_${"0".repeat(64)}`),
  });
});
after(() => store?.close());

async function makeKey(name, scopes) {
  const { status, body } = await store.admin.post("/v1/admin/api-keys", { name, kind: "secret", scopes });
  assert.equal(status, 201, JSON.stringify(body));
  keys.set(name, client(store.url, body.key));
  return body;
}

/** What each caller must be told, by what the operation asks: a status, or `in` for being let in. */
function expectations(access) {
  const [, scope] = access.match(/([a-z_]+:[a-z]+)$/) ?? [];
  const unknown = { nobody: 401, "an invented key": 401, "a revoked key": 401 };
  if (access === "public") return {};
  if (access === "webhook_signature") {
    return { ...unknown, "a publishable key": 401, "an invented token": 401, "every scope": 401 };
  }
  if (access === "storefront_key") {
    return { ...unknown, "a publishable key": "in", "an invented token": 401, "the order's token": 401, "every scope": "in" };
  }
  const merchant = { "the scope": "in", "every other scope": 403, scope };
  if (access.startsWith("order_token")) {
    return {
      ...unknown, ...merchant, "a publishable key": 403, "an invented token": 404,
      "the order's token": "in", "another order's token": 404,
    };
  }
  return { ...unknown, ...merchant, "a publishable key": 403, "an invented token": 401, "the order's token": 401 };
}

async function aReconciliation() {
  const window = { gateway: "sandbox", from: "2026-01-30T00:00:00Z", to: "2026-01-31T00:00:00Z" };
  const options = { body: window, headers: { "idempotency-key": "access" } };
  return (await store.admin.send("POST", "/v1/admin/reconciliations", options)).body.id;
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

async function anOrder(operationId) {
  const { body } = await store.storefront.checkout(operationId === "cancel_order" ? paidBy("redirect") : cart());
  return { id: body.order.id, token: body.order_token };
}

async function callerFor(name, scope, order) {
  if (name === "the scope") return keys.get(`only ${scope}`);
  if (name === "every other scope") return keys.get(`all but ${scope}`);
  if (name === "every scope") return store.admin;
  if (name === "the order's token") return store.buyer((order ?? (await anOrder())).token);
  if (name === "another order's token") return store.buyer((await anOrder()).token);
  return callers[name];
}

/** The example's path, with ids that exist: what is refused must not be refused for being nowhere. */
async function pathOf({ operationId, path }, order) {
  if (order) return path.replace(/ord_[0-9a-f]+/, order.id);
  if (/^(show|export)_reconciliation$/.test(operationId)) return path.replace(/rec_[0-9a-f]+/, await aReconciliation());
  if (operationId === "resolve_attention") return path.replace(/att_[0-9a-f]+/, await anAttention());
  if (operationId === "revoke_api_key") return path.replace(/[^/]+$/, (await makeKey("To be revoked", ["orders:read"])).id);
  return path;
}

const LET_IN = ["nothing_to_move", "payment_secured", "movement_in_progress", "document_state", "unsupported_media_type", "units_too_many"];
const isLetIn = (code) => LET_IN.includes(code) || (/_not_found$|^unknown_/.test(code) && code !== "order_not_found");

test("every operation, every caller", async () => {
  let cells = 0;
  for (const example of examplesOf(document)) {
    const { operationId, access, method, headers, body } = example;
    const { scope, ...expected } = expectations(access);
    for (const [name, status] of Object.entries(expected)) {
      const order = /^\/v1\/(admin\/)?orders\//.test(example.path) ? await anOrder(operationId) : undefined;
      const caller = await callerFor(name, scope, order);
      const path = await pathOf(example, order);
      // Nobody can make a key that may do more than their own: that is a test of its own below.
      if (operationId === "create_api_key") body.scopes = ["api_keys:write"];
      if (headers["idempotency-key"]) headers["idempotency-key"] = randomUUID();
      const answer = await caller.send(method, path, { headers, body });
      const cell = `${operationId} by ${name}: ${answer.status} ${answer.body?.code ?? ""}`;
      // Who is told that there is no such document yet, or no money to move, was let in to look.
      const letIn = answer.status < 300 || isLetIn(answer.body?.code);
      if (status === "in") assert.ok(letIn, cell);
      else assert.equal(answer.status, status, cell);
      if (status === 404) assert.equal(answer.body.code, "order_not_found", cell);
      cells += 1;
    }
  }
  assert.ok(cells > 100, `${cells} cells`);
});

test("who may make keys can't make one that may do more", async () => {
  const mine = keys.get("only api_keys:write");
  const refused = await mine.post("/v1/admin/api-keys", { name: "More", kind: "secret", scopes: ["orders:read"] });
  assert.deepEqual([refused.status, refused.body.code], [403, "forbidden"]);
  const made = await mine.post("/v1/admin/api-keys", { name: "As much", kind: "secret", scopes: ["api_keys:write"] });
  assert.equal(made.status, 201);
});

test("an order that is nobody's and an order of somebody else's look alike", async () => {
  const { id, token } = await anOrder();
  const other = await anOrder();
  const nowhere = `ord_00${"0".repeat(32)}`;
  const answers = await Promise.all([id, nowhere, "ord_", "x"].map((one) => store.buyer(other.token).get(`/v1/orders/${one}`)));
  const seen = answers.map(({ status, body: { request_id: _, ...rest } }) => JSON.stringify([status, rest]));
  assert.equal(new Set(seen).size, 1, seen.join("\n"));
  assert.equal((await store.buyer(token).get(`/v1/orders/${id}`)).status, 200);
});

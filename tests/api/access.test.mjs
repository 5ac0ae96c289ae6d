// Who may do what, asked of the running store for every operation of the API's document and every kind of
// caller. What each operation asks of its caller is read from the document (`x-access`), so a new route is in
// this matrix as soon as it is in the table.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { client } from "../support/client.mjs";
import { exampleDocuments } from "../support/example-documents.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { cart } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

let store;
let document;
let fit;
/** An order of somebody else. */
let stranger;
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
  fit = exampleDocuments(store);
  await fit.open();
  stranger = await anOrder();
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

async function anOrder() {
  const { body } = await store.storefront.checkout(cart());
  return { id: body.order.id, token: body.order_token };
}

function callerFor(name, scope, order) {
  if (name === "the scope") return keys.get(`only ${scope}`);
  if (name === "every other scope") return keys.get(`all but ${scope}`);
  if (name === "every scope") return store.admin;
  if (name === "the order's token") return store.buyer((order ?? stranger).token);
  if (name === "another order's token") return store.buyer(stranger.token);
  return callers[name];
}

/** Sends an example as a caller; under a key of its own, so that no answer is an earlier one told again. */
function sent({ operationId, method, path, headers, body }, caller) {
  // Nobody can make a key that may do more than their own: that is a test of its own below.
  const own = operationId === "create_api_key" ? { ...body, scopes: ["api_keys:write"] } : body;
  const key = headers["idempotency-key"] && { "idempotency-key": randomUUID() };
  return caller.send(method, path, { headers: { ...headers, ...key }, body: own });
}

test("every route says what it asks of its caller, in words that this file knows", () => {
  const scopes = document.components.schemas.Scope.enum;
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, { security, "x-access": access }] of Object.entries(operations)) {
      const [, scope] = access?.match(/^(?:order_token or )?([a-z_]+:(?:read|write))$/) ?? [];
      const known = scopes.includes(scope) || ["public", "storefront_key", "webhook_signature"].includes(access);
      assert.ok(known, `${method} ${path} declares "${access}"`);
      const named = security.flatMap((one) => Object.keys(one)).sort();
      const meant = access.startsWith("order_token") ? ["order_token", "secret_key"] : scope ? ["secret_key"] : access === "storefront_key" ? ["api_key"] : [];
      assert.deepEqual(named, meant, `${method} ${path}`);
    }
  }
});

// Who is let in comes to what the operation promises: every example has documents of its own that it fits.
test("every operation, every caller", { timeout: 240_000 }, async () => {
  let cells = 0;
  for (const example of examplesOf(document)) {
    const { operationId, access, statuses } = example;
    const { scope, ...expected } = expectations(access);
    let fitted = await fit(example);
    for (const [name, status] of Object.entries(expected)) {
      const answer = await sent(fitted, callerFor(name, scope, fitted.order));
      const cell = `${operationId} by ${name}: ${answer.status} ${answer.body?.code ?? ""}`;
      if (status === "in") {
        assert.ok(answer.status < 300, cell);
        // What was done to these documents can't be done again.
        if (example.method !== "GET") fitted = await fit(example);
      } else {
        assert.equal(answer.status, status, cell);
      }
      assert.ok(statuses.includes(String(answer.status)), `${cell} is not documented`);
      if (status === 404) assert.equal(answer.body.code, "order_not_found", cell);
      cells += 1;
    }
  }
  assert.ok(cells > 600, `${cells} cells`);
});

test("who may make keys can't make one that may do more", async () => {
  const mine = keys.get("only api_keys:write");
  const refused = await mine.post("/v1/admin/api-keys", { name: "More", kind: "secret", scopes: ["orders:read"] });
  assert.deepEqual([refused.status, refused.body.code], [403, "forbidden"]);
  const made = await mine.post("/v1/admin/api-keys", { name: "As much", kind: "secret", scopes: ["api_keys:write"] });
  assert.equal(made.status, 201);
});

test("for every route of an order, one that is nobody's and one of somebody else's look alike", async () => {
  const mine = await anOrder();
  const nowhere = `ord_00${"0".repeat(32)}`;
  const routes = examplesOf(document).filter(({ access }) => access.startsWith("order_token"));
  assert.ok(routes.length >= 9, `${routes.length} routes`);
  for (const { operationId, method, path, headers, body } of routes) {
    const tried = await Promise.all([stranger.id, nowhere, "ord_", "x", "%20"].map((id) =>
      store.buyer(mine.token).send(method, path.replace(/ord_[0-9a-f]+/, id), { headers: { ...headers }, body })));
    const seen = tried.map(({ status, headers: told, body: { request_id: _, ...rest } }) =>
      JSON.stringify([status, told.get("content-type"), told.get("content-length")?.length, rest]));
    assert.equal(new Set(seen).size, 1, `${operationId}: ${seen.join("\n")}`);
    assert.equal(tried[0].status, 404, operationId);
  }
  assert.equal((await store.buyer(mine.token).get(`/v1/orders/${mine.id}`)).status, 200);
});

test("the books agree", () => assertBooksAgree(store));

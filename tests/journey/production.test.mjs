// What a laptop may do and a deployment may not: development keys, the sandbox, plain answers without
// transport security. And how a fresh deployment gets its first key.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { seedDemoStore } from "../../scripts/seed.mjs";
import { client } from "../support/client.mjs";
import { cart } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const BOOTSTRAP_KEY = "sk_first_key_of_a_fresh_deployment";
const PRODUCTION = {
  ENVIRONMENT: "production",
  ALLOWED_ORIGINS: "https://shop.example,https://app.example",
  ORDER_TOKEN_SECRET: "an order token secret of more than thirty-two characters",
  BOOTSTRAP_KEY_SHA256: createHash("sha256").update(BOOTSTRAP_KEY).digest("hex"),
};

const stores = [];
after(() => Promise.all(stores.map((store) => store.close())));

async function open(vars) {
  const store = await openStore({ sandbox: false, seed: false, vars });
  stores.push(store);
  return store;
}

test("a deployment without its secret serves nothing and says why in the log only", async () => {
  const store = await open({ ...PRODUCTION, ORDER_TOKEN_SECRET: "" });
  for (const route of ["/healthz", "/v1/products"]) {
    const { status, body } = await store.anyone.get(route);
    assert.deepEqual([status, body.code], [503, "misconfigured"], route);
    assert.ok(!JSON.stringify(body).includes("ORDER_TOKEN_SECRET"));
  }
  assert.ok(store.logs.some((line) => line.includes("ORDER_TOKEN_SECRET")));
});

test("a deployment with the sandbox enabled serves no sandbox", async () => {
  const vars = {
    SANDBOX_ENABLED: "true",
    SANDBOX_BASE_URL: "https://sandbox.example.com",
    SANDBOX_API_KEY: "k",
    SANDBOX_WEBHOOK_SECRET: "s",
  };
  const store = await open({ ...PRODUCTION, ...vars });
  const { status, body } = await store.anyone.post("/webhooks/sandbox", {});
  assert.ok([404, 503].includes(status), `${status} ${JSON.stringify(body)}`);
  assert.ok(["gateway_not_found", "misconfigured"].includes(body.code));
});

test("a deployment: no development keys, a first key that makes others, safe answers", async () => {
  const store = await open(PRODUCTION);
  assert.equal((await store.storefront.get("/v1/products")).status, 401);
  assert.equal((await store.admin.get("/v1/admin/orders")).status, 401);

  const first = client(store.url, BOOTSTRAP_KEY);
  const make = async (body) => (await first.post("/v1/admin/api-keys", body)).body.key;
  const secretKey = await make({ name: "Back office", kind: "secret", scopes: [
    "orders:read", "inventory:read", "inventory:write", "catalogue:write", "purchasing:write", "store:write",
  ] });
  const publishable = await make({ name: "Shop", kind: "publishable" });
  assert.match(secretKey, /^sk_/);
  assert.match(publishable, /^pk_/);

  await seedDemoStore({ baseUrl: store.url, secretKey });
  const shop = client(store.url, publishable);
  const products = await shop.get("/v1/products");
  assert.equal(products.status, 200);
  assert.equal(products.headers.get("strict-transport-security"), "max-age=63072000; includeSubDomains");
  const checkout = await shop.checkout(cart());
  assert.deepEqual([checkout.status, checkout.body.code], [422, "gateway_unavailable"]);
  assert.equal((await shop.get("/v1/admin/orders")).status, 403);
  assert.equal((await client(store.url, secretKey).post("/v1/admin/api-keys", { name: "x", kind: "publishable" })).status, 403);
});

test("browsers: only listed origins may read, and a preflight says what may be sent", async () => {
  const store = stores.at(-1);
  const preflight = (origin, route = "/v1/checkouts") =>
    store.anyone.send("OPTIONS", route, { headers: { origin, "access-control-request-method": "POST" } });
  const allowed = await preflight("https://shop.example");
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers.get("access-control-allow-origin"), "https://shop.example");
  assert.match(allowed.headers.get("access-control-allow-headers"), /authorization.*idempotency-key/);
  assert.match(allowed.headers.get("access-control-allow-methods"), /POST/);
  for (const origin of ["https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null"]) {
    const refused = await preflight(origin);
    assert.equal(refused.headers.get("access-control-allow-origin"), null, origin);
    const answer = await store.anyone.get("/healthz", { headers: { origin } });
    assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
  }
  const answer = await store.anyone.get("/healthz", { headers: { origin: "https://app.example" } });
  assert.equal(answer.headers.get("access-control-allow-origin"), "https://app.example");
  assert.equal(answer.headers.get("vary"), "origin");
});

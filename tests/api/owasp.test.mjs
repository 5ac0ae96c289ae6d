// The OWASP API Security Top Ten (2023), walked through on the running store: what each risk would be here, tried
// on every route that the document has. Where another file holds a part of it, the test's name says which.
//
// | risk | here, and |
// |---|---|
// | API1 object level authorisation, API5 function level authorisation | `api/access`, `runtime/http-access` |
// | API2 authentication | here, `api/access` (revoked, invented), `providers/signatures`, `tests/tidy.rs` (constant time) |
// | API3 object property level authorisation | here, `runtime/http-hostile` |
// | API4 resource consumption | `api/owasp-resources`, `api/hostile` |
// | API6 business flows | `api/owasp-resources` (holds), `runtime/bundles` (limits), `runtime/http-access` (429) |
// | API7 server-side request forgery | here, `domain/web_address.rs`, `providers/paypal` (certificates) |
// | API8 misconfiguration | here, `journey/documents`, `journey/production` (origins) |
// | API9 inventory | here, `tests/api_contract.rs` |
// | API10 what gateways answer | `api/owasp-resources`, `providers/conformance`, `runtime/unknown-outcomes` |

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { client } from "../support/client.mjs";
import { exampleDocuments } from "../support/example-documents.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { cart } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const BOOTSTRAP_KEY = "sk_first_key_of_a_fresh_deployment";
const CARD = "4242424242424242";
const CANARY = "canary-0123456789-owasp";

let store;
let document;
let examples;
/** A deployment as production has it: no sandbox, no development keys. */
let deployment;
let shop;

before(async () => {
  store = await openStore();
  ({ body: document } = await store.anyone.get("/openapi.json"));
  examples = examplesOf(document);
  deployment = await openStore({
    sandbox: false, seed: false, vars: {
      ENVIRONMENT: "production", ALLOWED_ORIGINS: "https://shop.example", ORDER_TOKEN_SECRET: "t".repeat(40),
      BOOTSTRAP_KEY_SHA256: createHash("sha256").update(BOOTSTRAP_KEY).digest("hex"),
    },
  });
  const { body } = await client(deployment.url, BOOTSTRAP_KEY).post("/v1/admin/api-keys", { name: "Shop", kind: "publishable" });
  shop = client(deployment.url, body.key);
});
after(() => Promise.all([store?.close(), deployment?.close()]));

const operation = (id) => examples.find(({ operationId }) => operationId === id);
/** Under a key of its own, so that nothing is an earlier answer told again. */
const own = (headers) => (headers["idempotency-key"] ? { ...headers, "idempotency-key": randomUUID() } : headers);
const sent = (caller, { method, path, headers, body }, more = {}) => caller.send(method, path, { headers: own(headers), body, ...more });

/** Sends a request that `fetch` would not: any method, any header, as it is. */
function bare(method, path, headers = {}) {
  const { hostname, port } = new URL(store.url);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: new Headers(response.headers), text }));
    });
    request.on("error", reject).end();
  });
}

test("API2: a credential counts as it was given, whole, in its header, and nowhere else", async () => {
  const kinds = ["list_products", "list_orders", "show_order", "create_checkout"].map(operation);
  for (const key of ["pk_dev_storefront", "sk_dev_admin"]) {
    const wrong = [
      "", " ", key.slice(0, -1), `${key}0`, key.toUpperCase(), key.replace("_dev", "_Dev"), key.slice(3), `${key},${key}`,
      `${key} ${key}`, `"${key}"`, encodeURIComponent(` ${key}`), key.replace("_", "%5F"), "null", "undefined", "sk_", "*", "x".repeat(10_000),
    ];
    for (const example of kinds) {
      for (const credential of wrong) {
        const headers = { ...own(example.headers), authorization: `Bearer ${credential}` };
        const answer = await store.anyone.send(example.method, example.path, { headers, body: example.body });
        assert.equal(answer.status, 401, `${example.operationId} ${credential.slice(0, 40)}`);
      }
      const join = example.path.includes("?") ? "&" : "?";
      for (const place of ["api_key", "key", "access_token", "token", "authorization"]) {
        const path = `${example.path}${join}${place}=${key}`;
        assert.equal((await sent(store.anyone, { ...example, path })).status, 401, `${example.operationId} by ?${place}`);
      }
      for (const headers of [{ authorization: `Basic ${btoa(`${key}:`)}` }, { authorization: `Token ${key}` }, { "x-api-key": key }, { cookie: `key=${key}` }]) {
        const answer = await store.anyone.send(example.method, example.path, { headers: { ...own(example.headers), ...headers }, body: example.body });
        assert.equal(answer.status, 401, `${example.operationId} ${JSON.stringify(headers)}`);
      }
    }
  }
  for (const { operationId, method, path } of examples.filter(({ access }) => access !== "public")) {
    const { status } = await client(deployment.url, "sk_dev_admin").send(method, path, { body: method === "GET" ? undefined : {} });
    assert.equal(status, 401, `${operationId}: a development key opens a deployment`);
  }
});

/** Every object of a body, with the pointer to it. */
function* objectsOf(value, pointer = "") {
  if (value === null || typeof value !== "object") return;
  if (!Array.isArray(value)) yield [pointer, value];
  for (const [name, part] of Object.entries(value)) yield* objectsOf(part, `${pointer}/${name}`);
}

/** What a gateway gave a browser to bring back: any names, and what they say is never believed (`runtime/http-movements`). */
const FREE = { confirm_payment: "/parameters" };

test("API3: no route takes a field that is not the caller's to set, at any depth", async () => {
  const foreign = { total: 1, price: 1, payment_status: "paid", paid_at: "2026-01-01T00:00:00Z", owner: "key_x", tenant: "x", is_admin: true };
  const fit = exampleDocuments(store);
  await fit.open();
  let tried = 0;
  for (const one of examples.filter(({ body }) => body !== undefined && typeof body === "object")) {
    let example = one;
    for (const [pointer] of objectsOf(one.body)) {
      if (FREE[one.operationId] === pointer) continue;
      for (const [name, value] of Object.entries(foreign)) {
        const body = structuredClone(one.body);
        const parent = pointer.split("/").slice(1).reduce((part, step) => part[step], body);
        parent[name] = value;
        let answer = await sent(store.admin, { ...example, body });
        if (answer.status === 404) {
          example = await fit(one);
          answer = await sent(store.admin, { ...example, body });
        }
        const told = `${one.operationId} with ${pointer}/${name}: ${answer.status} ${answer.text.slice(0, 200)}`;
        // Where keys are names of the merchant's (currencies, locations), one of another kind is refused by its value.
        assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"], told);
        assert.ok(answer.body.errors.some((error) => error.pointer.startsWith(pointer)), told);
        tried += 1;
      }
    }
  }
  assert.ok(tried > 300, `${tried} fields`);
});

const INWARD = [
  "https://localhost/", "https://127.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://2130706433/", "https://0177.0.0.1/", "https://0.0.0.0/",
  "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://10.0.0.1/", "https://172.16.9.9/", "https://192.168.1.1/",
  "https://169.254.169.254/latest/meta-data/", "https://metadata.google.internal/", "https://printer.local/", "https://intranet/", "https://user@shop.example/",
  "https://user:secret@shop.example/", "https://shop.example:8443/", "http://shop.example/", "ftp://shop.example/", "file:///etc/passwd", "javascript:alert(1)",
  "gopher://shop.example/", "//shop.example/", "https:shop.example\\@127.0.0.1/", "https://shop.example/\r\nHost: x", "https://１２７.0.0.1/",
];

test("API7: an address that leads inward is refused wherever one can be given", async () => {
  for (const return_url of INWARD) {
    const answer = await shop.checkout(cart({ payment: { gateway: "stripe", return_url } }));
    assert.deepEqual([answer.status, answer.body.errors?.[0]?.pointer], [422, "/payment/return_url"], `${return_url} ${answer.text}`);
  }
  const fine = await shop.checkout(cart({ payment: { gateway: "stripe", return_url: "https://shop.example/back?order=1" } }));
  assert.notEqual(fine.body.errors?.[0]?.pointer, "/payment/return_url");
  // Nothing else that a caller writes is an address that anybody visits.
  const addresses = Object.entries(document.components.schemas).flatMap(([schema, { properties }]) =>
    Object.keys(properties ?? {}).filter((name) => /url|uri|endpoint|callback|webhook/i.test(name)).map((name) => `${schema}.${name}`));
  assert.deepEqual(addresses.sort(), ["BuyerAction.url", "PaymentRequest.return_url"]);
});

test("API7: a gateway's address that leads inward stops a deployment, at every use", async () => {
  const vars = { ENVIRONMENT: "production", ORDER_TOKEN_SECRET: "t".repeat(40), STRIPE_SECRET_KEY: "sk", STRIPE_WEBHOOK_SECRET: "whsec" };
  const inward = await openStore({ sandbox: false, seed: false, vars: { ...vars, STRIPE_BASE_URL: "https://169.254.169.254/" } });
  try {
    for (const path of ["/healthz", "/v1/products"]) assert.equal((await inward.anyone.get(path)).body.code, "misconfigured");
  } finally {
    await inward.close();
  }
});

const UNTOLD = /panicked|\bat .*\.(rs|js):|\.rs:\d|SQLITE|D1_ERROR|RuntimeError|wasm|stack|\bSELECT\b|\bINSERT\b/;

function assertProtected({ status, headers, text }, of, { forPeople = false } = {}) {
  assert.equal(headers.get("x-content-type-options"), "nosniff", of);
  assert.equal(headers.get("referrer-policy"), "no-referrer", of);
  assert.ok(headers.get("content-security-policy"), of);
  assert.equal(headers.get("server"), null, of);
  assert.equal(headers.get("x-powered-by"), null, of);
  assert.equal(headers.get("set-cookie"), null, of);
  if (status < 400 || forPeople) return;
  assert.equal(headers.get("content-type"), "application/problem+json", of);
  assert.equal(headers.get("cache-control"), "no-store", of);
  assert.doesNotMatch(text, UNTOLD, of);
}

test("API8: every kind of answer of every route is protected, tells nothing of the inside, and is for listed origins", async () => {
  for (const example of examples) {
    const { operationId, method, path, headers } = example;
    const origin = { origin: "https://evil.example" };
    const kinds = {
      anyone: await store.anyone.send(method, path, { headers }),
      "wrong key": await client(store.url, "sk_wrong").send(method, path, { headers }),
      storefront: await store.storefront.send(method, path, { headers }),
      "unknown parameter": await store.admin.send("GET", `${path.split("?")[0]}?nonsense=1`),
      "no such method": await bare("TRACE", path),
      ...(method !== "GET" && {
        "no body": await store.admin.send(method, path, { headers: own(headers) }),
        "no JSON": await store.admin.send(method, path, { headers: own(headers), body: "{" }),
        "wrong type": await store.admin.send(method, path, { headers: { ...own(headers), "content-type": "text/html" }, body: "<a>" }),
      }),
    };
    for (const [kind, answer] of Object.entries(kinds)) {
      const of = `${operationId}, ${kind}: ${answer.status}`;
      assertProtected(answer, of);
      assert.ok(answer.status < 500, of);
    }
    const elsewhere = await deployment.anyone.send(method, path, { headers: { ...headers, ...origin } });
    assert.equal(elsewhere.headers.get("access-control-allow-origin"), null, operationId);
    assert.equal(elsewhere.headers.get("access-control-allow-credentials"), null, operationId);
    assert.equal(elsewhere.headers.get("strict-transport-security"), "max-age=63072000; includeSubDomains", operationId);
    assertProtected(elsewhere, operationId);
  }
  for (const path of ["/docs", "/docs/", "/docs/nothing.js", "/"]) assertProtected(await store.anyone.get(path), path, { forPeople: true });
  assertProtected(await store.anyone.get("/nowhere"), "/nowhere");
});

test("API9: what is served is what the document has, method by method, and nothing beside it", async () => {
  const pattern = (template) => new RegExp(`^${template.replaceAll(/\{[a-z]+\}/g, "[^/]+").replaceAll(".", "\\.")}$`);
  const methodsAt = (path) => new Set(Object.entries(document.paths)
    .flatMap(([template, operations]) => (pattern(template).test(path) ? Object.keys(operations).map((one) => one.toUpperCase()) : [])));
  for (const template of Object.keys(document.paths)) {
    const path = template.replaceAll(/\{[a-z]+\}/g, "x");
    const served = methodsAt(path);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]) {
      const { status, headers } = await bare(method, path);
      if (served.has(method)) {
        assert.notEqual(status, 405, `${method} ${template}`);
        continue;
      }
      assert.equal(status, 405, `${method} ${template}`);
      assert.deepEqual(headers.get("allow").split(", ").sort(), [...served].sort(), `${method} ${template}`);
    }
  }
  for (const hidden of [
    "/.env", "/.git/config", "/.dev.vars", "/wrangler.toml", "/package.json", "/admin", "/debug", "/metrics", "/status", "/v1", "/v1/admin", "/v2/products", "/v0/products",
    "/internal", "/graphql", "/swagger.json", "/openapi.yaml", "/api/openapi.json", "/actuator/health", "/server-status", "/cdn-cgi/trace", "/__scheduled", "/cdn-cgi/handler/scheduled",
    "/v1/admin/tests", "/v1/admin/debug", "/v1/admin/keys", "/v1/checkouts/x", "/webhooks", "/docs/../wrangler.toml", "/docs/openapi.json", "/index.js", "/index_bg.wasm",
  ]) {
    const { status } = await bare("GET", hidden, { authorization: "Bearer sk_dev_admin" });
    assert.equal(status, 404, hidden);
  }
});

const INJECTIONS = ["' OR '1'='1", "'; DROP TABLE orders; --", "\" OR 1=1 --", "1 UNION SELECT sha256 FROM api_keys", "%", "_", "_%_%".repeat(20), "*", "?", "[a-z]*", "\\", "${7*7}", "x\r\nSet-Cookie: a=b", "\u0000"];

test("injection: no text in any parameter of any route is more than text", async () => {
  for (const { operationId, method, path } of examples.filter((example) => example.method === "GET")) {
    const [address] = path.split("?");
    const operationOf = Object.values(document.paths).flatMap((one) => Object.values(one)).find((one) => one.operationId === operationId);
    for (const { name } of (operationOf.parameters ?? []).filter((parameter) => parameter.in === "query")) {
      for (const text of INJECTIONS) {
        const required = name === "sku" ? "" : path.split("?")[1]?.match(/sku=[^&]+/)?.[0] ?? "";
        const answer = await store.admin.send(method, `${address}?${name}=${encodeURIComponent(text)}&${required}`);
        assert.ok(answer.status < 500, `${operationId} ?${name}=${text}: ${answer.status}`);
        assert.equal(answer.headers.get("set-cookie"), null);
        const filters = ["email", "q", "sku", "supplier", "code", "verdict", "kind", "status", "channel", "gateway"].includes(name);
        if (answer.status === 200 && filters) assert.deepEqual(answer.body.items, [], `${operationId} ?${name}=${text} found something`);
      }
    }
  }
});

test("secrets: what a caller sends to any route, wrong or not, is not told back and not logged", async () => {
  for (const example of examples) {
    const { operationId, method, path, headers, body } = example;
    const join = path.includes("?") ? "&" : "?";
    const answers = [
      await client(store.url, `sk_${CANARY}`).send(method, path, { headers: own(headers), body }),
      await store.admin.send(method, `${path}${join}${CANARY}=${CANARY}`, { headers: own(headers), body: method === "GET" ? body : "{" }),
      await store.anyone.send(method, path.replace(/[^/]+$/, CANARY), { headers: own(headers), body }),
    ];
    if (body !== undefined) answers.push(await sent(store.admin, { ...example, body: { ...body, note_of_mine: CANARY } }));
    for (const { status, text } of answers) {
      assert.ok(status < 500, `${operationId} ${status}`);
      assert.ok(!text.includes(CANARY) || status < 300, `${operationId} tells back what it was sent: ${text.slice(0, 200)}`);
    }
    const cards = [await store.admin.send(method, `${path}${join}note=${CARD}`, { headers: own(headers), body })];
    if (body !== undefined) cards.push(await sent(store.admin, { ...example, body: { ...body, note_of_mine: `card ${CARD}` } }));
    for (const { status, text, body: told } of cards) {
      assert.deepEqual([status, told.code], [422, "card_data_refused"], `${operationId} ${text}`);
      assert.ok(!text.includes(CARD), operationId);
    }
  }
  for (const line of store.logs) {
    assert.doesNotThrow(() => JSON.parse(line), `not one line of JSON: ${line}`);
    assert.ok(!line.includes(CANARY) && !line.includes(CARD) && !line.includes("\n"), line);
  }
});

test("nothing of it was an error inside, and the books agree", async () => {
  assert.deepEqual(store.logs.filter((line) => line.includes('"level":"error"')), []);
  await assertBooksAgree(store);
});

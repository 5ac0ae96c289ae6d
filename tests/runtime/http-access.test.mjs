// Proves FAULTS 18 inside: whoever is refused a route reaches no object and changes nothing, for every operation of
// the API's document and every kind of caller; a revoked key dies within the cache time, whatever D1 does; and
// limits answer as documented. (tests/api holds the same matrix against the answers of a running store.)

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import document from "../../schema/api/openapi.json";
import { examplesOf } from "../support/openapi-examples.mjs";
import { SECOND, clock } from "./support/clock.mjs";
import { crossings } from "./support/crossings.mjs";
import { database } from "./support/database.mjs";
import { PUBLISHABLE_KEY, SECRET_KEY, cart, checkout, get, must, openDoors, post, rowsOf, send, webhook } from "./support/http.mjs";
import { eventOf, gateway } from "./support/gateway.mjs";
import { shop } from "./support/shop.mjs";

const KEY_CACHE = 5 * SECOND;
const admin = { key: SECRET_KEY };
const SCOPES = document.components.schemas.Scope.enum;

const makeKey = async (scopes) =>
  (await must(post("/v1/admin/api-keys", { name: "Test", kind: scopes ? "secret" : "publishable", ...(scopes && { scopes }) }, admin))).body;

/** Revokes a key as another isolate does: this one hears nothing of it. */
const revokeElsewhere = (id) =>
  env.DB.prepare("UPDATE api_keys SET revoked_at = ? WHERE id = ?").bind(clock.now(), id).run();

/** What each caller is told: 401, 403, 404, or "in". */
function expected(access) {
  const nobody = { nobody: 401, "an invented key": 401, "a revoked key": 401 };
  const scope = access.split(" ").at(-1);
  if (access === "public") return { nobody: "in", "an invented key": "in" };
  if (access === "storefront_key") {
    return { ...nobody, "a publishable key": "in", "a secret key": "in", "the order's token": 401 };
  }
  const merchant = { [`only ${scope}`]: "in", [`all but ${scope}`]: 403, "a publishable key": 403 };
  if (access.startsWith("order_token")) {
    return { ...nobody, ...merchant, "the order's token": "in", "another order's token": 404, "an invented token": 404 };
  }
  return { ...nobody, ...merchant, "the order's token": 401 };
}

describe("every operation of the document", () => {
  test("lets in whom it says and keeps everybody else from every object", async () => {
    await openDoors({ MUG: 500 });
    const keys = { "a publishable key": PUBLISHABLE_KEY, "a secret key": SECRET_KEY, "an invented key": "sk_invented" };
    keys["an invented token"] = `ot_${"0".repeat(64)}`;
    for (const scope of SCOPES) {
      keys[`only ${scope}`] = (await makeKey([scope])).key;
      keys[`all but ${scope}`] = (await makeKey(SCOPES.filter((other) => other !== scope))).key;
    }
    const revoked = await makeKey(SCOPES);
    keys["a revoked key"] = revoked.key;
    await revokeElsewhere(revoked.id);
    const placed = async () => (await must(checkout(cart({ method: "redirect" })))).body;
    keys["another order's token"] = (await placed()).order_token;
    const wrong = [];
    let cells = 0;
    for (const { operationId, access, method, path, headers, body } of examplesOf(document)) {
      const { order, order_token: token } = await placed();
      keys["the order's token"] = token;
      // Nobody makes a key that may do more than their own.
      if (operationId === "create_api_key") body.scopes = ["api_keys:write"];
      const own = path.replace(/ord_[0-9a-f]+/, order.id).replaceAll("MUG-CLASSIC", shop.sku("MUG"));
      for (const [caller, status] of Object.entries(expected(access))) {
        crossings.forget();
        const tables = JSON.stringify([await rowsOf("api_keys"), await rowsOf("products"), await rowsOf("store_settings")]);
        const answer = await send(method, own, {
          key: keys[caller], headers: { ...headers, ...(headers["idempotency-key"] && { "idempotency-key": shop.key() }) }, body,
        });
        cells += 1;
        const cell = `${operationId} by ${caller}: ${answer.status} ${answer.body?.code ?? ""}`;
        if (status === "in") {
          if ([401, 403].includes(answer.status) || answer.body?.code === "order_not_found" || answer.status >= 500) wrong.push(cell);
          continue;
        }
        if (answer.status !== status || !answer.body?.request_id) wrong.push(`${cell}, not ${status}`);
        const reached = crossings.trace.filter((label) => label !== "Worker asks D1");
        if (reached.length > 0) wrong.push(`${cell}: it reached ${reached.join(", ")}`);
        const after = JSON.stringify([await rowsOf("api_keys"), await rowsOf("products"), await rowsOf("store_settings")]);
        if (after !== tables) wrong.push(`${cell}: it changed D1`);
      }
    }
    expect(wrong).toEqual([]);
    expect(cells).toBeGreaterThan(100);
  });
});

describe("a key that is revoked", () => {
  const works = async (key) => (await get("/v1/admin/orders?limit=1", { key })).status;

  test("elsewhere dies here within the cache time, and not a request later", async () => {
    const made = await makeKey(["orders:read"]);
    expect(await works(made.key)).toBe(200);
    await revokeElsewhere(made.id);
    clock.advance(KEY_CACHE);
    expect(await works(made.key)).toBe(401);
  });

  test("elsewhere, while it is used all the time, dies within the cache time too", async () => {
    const made = await makeKey(["orders:read"]);
    await revokeElsewhere(made.id);
    for (let passed = 0; passed < KEY_CACHE; passed += 250) {
      await Promise.all([works(made.key), works(made.key)]);
      clock.advance(250);
    }
    expect(await works(made.key)).toBe(401);
  });

  test("here is dead at once", async () => {
    const made = await makeKey(["orders:read"]);
    expect(await works(made.key)).toBe(200);
    expect((await send("DELETE", `/v1/admin/api-keys/${made.id}`, admin)).status).toBeLessThan(300);
    expect(await works(made.key)).toBe(401);
  });

  test("lives on while D1 is away, and no longer than minutes", async () => {
    const made = await makeKey(["inventory:read"]);
    const asks = async () => (await get("/v1/products", { key: made.key })).status;
    expect(await asks()).toBe(200);
    database.mode = "down";
    clock.advance(2 * 60 * SECOND);
    const soon = await get(`/v1/orders/ord_00${"0".repeat(32)}`, { key: made.key });
    expect(soon.status).toBe(403);
    clock.advance(10 * 60 * SECOND);
    const late = await get(`/v1/orders/ord_00${"0".repeat(32)}`, { key: made.key });
    expect(late).toMatchObject({ status: 503, body: { code: "try_again" } });
  });

  test("was never stored: D1 has its hash and nothing else of it", async () => {
    const made = await makeKey(["orders:read"]);
    const text = JSON.stringify(await rowsOf("api_keys"));
    expect(text).not.toContain(made.key);
    expect(text).toContain(made.id);
  });
});

describe("a caller who asks too much", () => {
  const from = (address, key = PUBLISHABLE_KEY) => get("/v1/stock", { key, headers: { "cf-connecting-ip": address } });

  test("is told so, until when, and nobody else is", async () => {
    // Twice the limit: the window in which the platform counts may end in between.
    let told;
    for (let n = 0; n < 1_300 && told?.status !== 429; n += 1) told = await from("203.0.113.7");
    expect(told).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(told.headers.get("content-type")).toBe("application/problem+json");
    expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await from("203.0.113.8")).status).not.toBe(429);
    expect((await from("203.0.113.7", SECRET_KEY)).status).not.toBe(429);
    expect((await get("/healthz", { headers: { "cf-connecting-ip": "203.0.113.7" } })).status).toBe(200);
  });

  test("is not a gateway: what is rightly signed is always heard", async () => {
    await openDoors({ MUG: 1 });
    const { body } = await must(checkout(cart({ method: "pending" })));
    for (let n = 0; n < 650; n += 1) await from("203.0.113.9");
    const event = eventOf(gateway.paymentOf(body.order.id));
    const headers = { "cf-connecting-ip": "203.0.113.9" };
    const forged = await send("POST", "/webhooks/sandbox", { body: event, headers: { ...headers, "sandbox-signature": "t=1,v1=0" } });
    expect(forged.status).toBe(429);
    expect((await webhook(event)).status).toBe(200);
  });
});

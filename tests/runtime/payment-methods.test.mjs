// Proves over HTTP how payment gateways are offered: a merchant sets the terms, storefronts are told what they may
// offer, and a checkout holds to it before anything is written; and that no request may carry a card number.

import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MINUTE, SECOND, clock } from "./support/clock.mjs";
import { crossings } from "./support/crossings.mjs";
import { database } from "./support/database.mjs";
import { gateway } from "./support/gateway.mjs";
import {
  PUBLISHABLE_KEY, SECRET_KEY, adjust, cart, checkout, get, must, openDoors, post, rowsOf, send, webhook,
} from "./support/http.mjs";
import { level, read, shop } from "./support/shop.mjs";

const ADMIN = "/v1/admin/payment-methods";
const admin = { key: SECRET_KEY };
const storefront = { key: PUBLISHABLE_KEY };
const PLAIN = { enabled: true, title: "Play money", capture_mode: "automatic" };
const put = (settings, name = "sandbox") => send("PUT", `${ADMIN}/${name}`, { ...admin, body: settings });
const offered = async (query) => (await must(get(`/v1/payment-methods?${query}`, storefront))).body.items;
const names = async (query) => (await offered(query)).map((item) => item.gateway);
const problem = (answer) => `${answer.status} ${answer.body?.code}`;

const forget = () => env.DB.exec("DELETE FROM payment_settings");
beforeEach(forget);
afterEach(async () => {
  database.mode = "up";
  // The isolate forgets what it remembers when something is set.
  await must(put(PLAIN));
  await forget();
});

describe("without settings", () => {
  test("a gateway that is set up is offered to everyone, and no other", async () => {
    await openDoors({ MUG: 5 });
    clock.advance(MINUTE);
    expect(await offered("currency=USD&country=US&amount=1500")).toEqual([
      { gateway: "sandbox", title: "Sandbox", capture: "at_once", client: { kind: "sandbox", keys: {} } },
    ]);
    expect(await names("currency=EUR")).toEqual(["sandbox"]);
    const { order } = (await must(checkout(cart()))).body;
    expect((await read(order.id)).payment).toMatchObject({ capture_mode: "automatic" });
  });

  test("the merchant sees every gateway, whether it is set up, and no secret", async () => {
    const { body, text } = await must(get(ADMIN, admin));
    expect(body.items.map((item) => [item.gateway, item.set_up, item.customized])).toEqual([
      ["sandbox", true, false], ["stripe", false, false], ["razorpay", false, false], ["paypal", false, false],
      ["authorize_net", false, false],
    ]);
    expect(body.items[0].capabilities).toMatchObject({ capture: true, void: true, completing: false });
    expect(body.items[1].capabilities).toBeNull();
    expect(body.items.map((item) => item.settings.enabled)).toEqual([true, false, false, false, false]);
    expect(text).not.toMatch(/sandbox_dev_|_secret"?:/);
  });
});

describe("settings", () => {
  test("are kept, told, and copied into the order", async () => {
    await openDoors({ MUG: 5 });
    const terms = {
      enabled: true, title: "Card", capture_mode: "after_stock_commit", statement_descriptor: "SHOP.EXAMPLE",
      currencies: ["USD"], countries: ["US"], limits: [{ currency: "USD", min_amount: 100, max_amount: 2_000 }],
    };
    const told = await must(put(terms));
    expect(told.body).toMatchObject({ gateway: "sandbox", set_up: true, customized: true, settings: terms });
    const { body } = await must(get(ADMIN, admin));
    expect(body.items[0]).toEqual(told.body);
    expect(await offered("currency=USD")).toMatchObject([{ gateway: "sandbox", title: "Card", capture: "held" }]);
    const { order } = (await must(checkout(cart()))).body;
    expect((await read(order.id)).payment).toMatchObject({
      capture_mode: "after_stock_commit", statement_descriptor: "SHOP.EXAMPLE",
    });
    expect(gateway.requests("POST /v1/payments")[0].body).toMatchObject({ capture: "manual" });
  });

  test.each([
    [{ ...PLAIN, enabled: undefined }, "/enabled"],
    [{ ...PLAIN, secret_key: "sk_live_1" }, "/secret_key"],
    [{ ...PLAIN, capture_mode: "later" }, "/capture_mode"],
    [{ ...PLAIN, title: "" }, "/title"],
    [{ ...PLAIN, statement_descriptor: "1234" }, "/statement_descriptor"],
    [{ ...PLAIN, currencies: ["usd"] }, "/currencies/0"],
    [{ ...PLAIN, countries: ["US", "US"] }, "/countries/1"],
    [{ ...PLAIN, limits: [{ currency: "USD", min_amount: 1.5 }] }, "/limits/0/min_amount"],
  ])("%j is refused where it is wrong, and kept out", async (terms, pointer) => {
    const answer = await put(terms);
    expect([problem(answer), answer.body.errors[0].pointer]).toEqual(["422 invalid_request", pointer]);
    expect(await rowsOf("payment_settings")).toEqual([]);
  });

  test("of a gateway without secrets are kept, but it can't be enabled; an unknown one is 404", async () => {
    for (const name of ["stripe", "razorpay", "paypal", "authorize_net"]) {
      expect(problem(await put(PLAIN, name))).toBe("409 gateway_not_set_up");
      expect((await put({ ...PLAIN, enabled: false }, name)).status).toBe(200);
    }
    expect(problem(await put(PLAIN, "klarna"))).toBe("404 gateway_not_found");
    expect(problem(await put(PLAIN, "Sandbox"))).toBe("404 gateway_not_found");
    expect(await rowsOf("payment_settings")).toHaveLength(4);
  });

  test("are a merchant's alone", async () => {
    expect(problem(await get(ADMIN, storefront))).toBe("403 forbidden");
    expect(problem(await send("PUT", `${ADMIN}/sandbox`, { ...storefront, body: PLAIN }))).toBe("403 forbidden");
    expect(problem(await get("/v1/payment-methods?currency=USD"))).toBe("401 credentials_required");
  });

  test("written elsewhere are followed when what is remembered is no longer fresh", async () => {
    await openDoors({ MUG: 5 });
    await must(put(PLAIN));
    expect(await names("currency=USD")).toEqual(["sandbox"]);
    const document = JSON.stringify({ ...PLAIN, enabled: false });
    await env.DB.prepare("UPDATE payment_settings SET document = ?").bind(document).run();
    clock.advance(6 * SECOND);
    expect(await names("currency=USD")).toEqual([]);
  });
});

describe("a storefront", () => {
  const TERMS = { ...PLAIN, currencies: ["USD"], countries: ["US", "DE"], limits: [{ currency: "USD", min_amount: 100, max_amount: 2_000 }] };

  test.each([
    ["currency=USD", 1], ["currency=USD&country=DE", 1], ["currency=USD&country=US&amount=100", 1],
    ["currency=USD&amount=2000", 1], ["currency=USD&amount=0", 1], ["currency=USD&country=&amount=", 1],
    ["currency=USD&amount=99", 0], ["currency=USD&amount=2001", 0], ["currency=USD&country=FR", 0], ["currency=EUR", 0],
  ])("that asks for %s is told of %i", async (query, count) => {
    await openDoors({ MUG: 5 });
    await must(put(TERMS));
    expect(await offered(query)).toHaveLength(count);
  });

  test.each([
    "", "currency=", "currency=usd", "currency=USD&currency=EUR", "currency=USD&country=USA", "currency=USD&country=de",
    "currency=USD&amount=-1", "currency=USD&amount=1.5", "currency=USD&amount=%2B1", "currency=USD&amount=1000000000000001",
    "currency=USD&amount=1e3", "currency=USD&gateway=sandbox",
  ])("that asks for \"%s\" is refused", async (query) => {
    await openDoors({ MUG: 5 });
    expect(problem(await get(`/v1/payment-methods?${query}`, storefront))).toBe("422 invalid_request");
  });

  test("that asks for a currency of no price here is told so", async () => {
    await openDoors({ MUG: 5 });
    expect(problem(await get("/v1/payment-methods?currency=KWD", storefront))).toBe("422 currency_not_offered");
  });
});

describe("a checkout", () => {
  const paris = { name: "Ada", line1: "1 rue Vide", city: "Paris", postal_code: "75001", country: "FR" };

  test.each([
    ["disabled", { enabled: false }, {}],
    ["currency", { currencies: ["EUR"] }, {}],
    ["country", { countries: ["DE"] }, {}],
    ["country", { countries: ["US"] }, { billing_address: paris }],
    ["amount_too_small", { limits: [{ currency: "USD", min_amount: 1_501 }] }, {}],
    ["amount_too_large", { limits: [{ currency: "USD", max_amount: 1_499 }] }, {}],
  ])("that is not offered (%s) is refused before anything is written", async (reason, terms, more) => {
    await openDoors({ MUG: 5 });
    await must(put({ ...PLAIN, ...terms }));
    crossings.forget();
    const answer = await checkout(cart(more));
    expect([problem(answer), answer.body.reason]).toEqual(["422 payment_method_unavailable", reason]);
    expect(answer.body.detail).not.toBe("");
    expect(gateway.calls).toEqual([]);
    expect(crossings.trace.filter((label) => label.includes("transaction"))).toEqual([]);
    expect(await level("MUG")).toMatchObject({ reserved: 0 });
  });

  test("goes by the billing address, where there is one", async () => {
    await openDoors({ MUG: 5 });
    await must(put({ ...PLAIN, countries: ["FR"] }));
    await must(checkout(cart({ billing_address: paris })));
    expect((await checkout()).body.reason).toBe("country");
  });

  test("that was accepted is answered again, whatever is offered by then", async () => {
    await openDoors({ MUG: 5 });
    const idempotencyKey = shop.key();
    const first = await must(checkout(cart(), { idempotencyKey }));
    await must(put({ ...PLAIN, enabled: false }));
    const again = await checkout(cart(), { idempotencyKey });
    expect([again.status, again.text]).toEqual([201, first.text]);
  });

  test("does not need the database when what is offered is remembered", async () => {
    await openDoors({ MUG: 5 });
    await must(checkout(cart()));
    crossings.forget();
    await must(checkout(cart()));
    expect(crossings.trace.filter((label) => label === "Worker asks D1")).toEqual([]);
    database.mode = "down";
    clock.advance(4 * MINUTE);
    await must(checkout(cart()));
    expect(await names("currency=USD")).toEqual(["sandbox"]);
    database.mode = "up";
  });
});

describe("a card number", () => {
  const CARD = "4242 4242 4242 4242";
  const JOINED = "4242424242424242";
  const refused = (answer) => {
    expect(problem(answer)).toBe("422 card_data_refused");
    expect(answer.text).not.toContain("4242");
  };

  test.each(Object.entries({
    "a text": { shipping_method: CARD },
    "a nested text": { lines_note: [{ deep: [`card ${CARD} 12/29`] }] },
    "a number": { total: Number(JOINED) },
    "a name": { [JOINED]: 1 },
    "a name inside": { payment: { gateway: "sandbox", [JOINED]: true } },
    "a token": { payment: { gateway: "sandbox", method: JOINED } },
    "a URL": { payment: { gateway: "sandbox", return_url: "https://shop.example/?c=4242%204242%204242%204242" } },
  }))("in %s of a checkout is refused by nobody but the edge, and not repeated", async (_, more) => {
    await openDoors({ MUG: 5 });
    crossings.forget();
    refused(await checkout({ ...cart(), ...more }));
    expect(crossings.trace.filter((label) => !label.endsWith("asks D1"))).toEqual([]);
  });

  test("is refused by every other route that reads a body, an address or a query", async () => {
    await openDoors({ MUG: 5 });
    const logged = [];
    const { log, warn, error } = console;
    for (const name of ["log", "warn", "error"]) console[name] = (...all) => logged.push(all.join(" "));
    try {
      const keyed = { ...admin, headers: { "idempotency-key": shop.key() } };
      refused(await put({ ...PLAIN, title: CARD }));
      refused(await post(`/v1/admin/inventory/${shop.sku("MUG")}/adjustments`, { quantity: 1, reason: CARD }, keyed));
      refused(await post("/v1/admin/api-keys", { name: `Key of ${CARD}`, kind: "publishable" }, admin));
      refused(await send("PUT", "/v1/admin/products/mug", { ...admin, body: { id: "mug", description: JOINED } }));
      refused(await send("PUT", "/v1/admin/store", { ...admin, body: { invoice_series: JOINED } }));
      refused(await get(`/v1/admin/orders?email=${JOINED}@example.com`, admin));
      refused(await get("/v1/admin/orders?q=4242+4242+4242+4242", admin));
      refused(await get(`/v1/orders/${JOINED}`, admin));
      refused(await get(`/v1/products/4242-4242-4242-4242`, storefront));
      refused(await checkout(cart(), { idempotencyKey: `cart-${JOINED}` }));
    } finally {
      Object.assign(console, { log, warn, error });
    }
    expect(logged.length).toBeGreaterThan(9);
    expect(logged.filter((line) => /4242.?4242/.test(line))).toEqual([]);
  });

  test("is no barcode, id or masked number: those pass", async () => {
    await openDoors({ MUG: 5 });
    await adjust("MUG", { quantity: 1, reason: "Barcode 4006381333931, batch 550e8400-e29b-41d4-a716-446655440000" });
    const { order } = (await must(checkout(cart({ method: "pending" })))).body;
    const event = gateway.move(gateway.paymentOf(order.id), "captured");
    expect((await webhook({ ...event, note: `************4242 ${CARD}` })).status).toBe(200);
  });
});

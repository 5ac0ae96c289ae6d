// Nothing that must stay secret is ever logged or kept: canaries go in by every door (headers, bodies, gateway
// replies, broken requests), and everything the server logged, and everything on its disk that should not
// know them, is searched.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { client } from "../support/client.mjs";
import { eventually } from "../support/eventually.mjs";
import { cart } from "../support/shopping.mjs";
import { openStripeStore, stripeCart, WEBHOOK_SECRET } from "../support/stripe-store.mjs";

const TOKEN_SECRET = "canary-order-token-secret-0123456789abcdef";
const CARD = "4242424242424242";
const CANARY = {
  email: "canary.person@canary-mail.example",
  name: "Canary Q. Person",
  line1: "17 Canary Street",
  line2: "Flat Canary-9",
  city: "Canaryville",
  postal_code: "CANARY-94105",
  phone: "+15550CANARY",
  key: "sk_canary_0123456789abcdef",
  storefrontKey: "pk_canary_0123456789abcdef",
  token: `ot_${"ca".repeat(32)}`,
  signature: "t=1,v1=canarysignature",
  returnToken: "canary-return-token",
};

let store;
let fake;
let close;
/** What must not be found anywhere in the log. */
const secrets = new Map(Object.entries(CANARY));
/** Orders of this test, whose books must agree in the end. */
const address = { ...cart().shipping_address, ...pickAddress(), phone: "+15550100200" };

function pickAddress() {
  const { name, line1, line2, city, postal_code } = CANARY;
  return { name, line1, line2, city, postal_code };
}

before(async () => {
  ({ store, fake, close } = await openStripeStore({ sandbox: true, vars: { ORDER_TOKEN_SECRET: TOKEN_SECRET } }));
  secrets.set("token secret", TOKEN_SECRET).set("webhook secret", WEBHOOK_SECRET).set("Stripe key", fake.secretKey);
  secrets.set("sandbox key", "sandbox_dev_api_key").set("sandbox secret", "sandbox_dev_webhook_secret");
  secrets.set("card", CARD).set("card in groups", "4242 4242 4242 4242").set("phone in the address", address.phone);
});
after(() => close?.());

const personal = (changes = {}) => ({
  email: CANARY.email,
  shipping_address: address,
  billing_address: address,
  ...changes,
});

test("orders of a canary, paid and unpaid, by both gateways", async () => {
  const return_url = `https://shop.example/back?token=${CANARY.returnToken}`;
  for (const method of ["instant", "redirect", "decline", "wrong_amount"]) {
    const payment = { gateway: "sandbox", method, return_url };
    const { body } = await store.storefront.checkout(cart(personal({ payment })));
    if (!body.order) continue;
    secrets.set(`token of ${method}`, body.order_token);
    const buyer = store.buyer(body.order_token);
    assert.equal((await buyer.get(`/v1/orders/${body.order.id}`)).body.email, CANARY.email);
    await buyer.post(`/v1/orders/${body.order.id}/payment/sync`);
    if (method === "redirect") await buyer.post(`/v1/orders/${body.order.id}/cancel`);
  }
  for (const mode of [undefined, "500_before", "malformed_json", "html", "wrong_id", "timeout_after"]) {
    if (mode) fake.failNext(mode, { on: "create" });
    const { body } = await store.storefront.checkout(stripeCart("pm_card_visa", personal()));
    secrets.set(`token after ${mode}`, body.order_token);
    await store.buyer(body.order_token).post(`/v1/orders/${body.order.id}/payment/sync`);
  }
  const { body } = await store.storefront.checkout(stripeCart(undefined, personal()));
  secrets.set("client secret", body.payment.action.client_secret);
  await store.admin.post(`/v1/orders/${body.order.id}/cancel`);
});

test("refusals of every kind", async () => {
  const send = (headers, body, route = "/v1/checkouts") =>
    store.anyone.send("POST", route, { body, headers: { "idempotency-key": "canary", ...headers } });
  const storefront = { authorization: "Bearer pk_dev_storefront" };
  const bodies = [
    JSON.stringify(cart(personal())).slice(0, -9),
    JSON.stringify({ ...cart(personal()), surprise: CANARY.email }),
    JSON.stringify(cart(personal({ email: `${CANARY.email} twice@` }))),
    JSON.stringify(cart(personal({ lines: [{ sku: "NO-SUCH", quantity: 1 }] }))),
    JSON.stringify(cart(personal({ currency: CANARY.email }))),
  ];
  for (const body of bodies) {
    const { status } = await send(storefront, body);
    assert.ok(status >= 400 && status < 500, String(status));
  }
  const credentials = { authorization: `Bearer ${CANARY.key}` };
  assert.equal((await send(credentials, JSON.stringify(cart(personal())))).status, 401);
  assert.equal((await send({ authorization: `Bearer ${CANARY.storefrontKey}` }, "{}")).status, 401);
  assert.equal((await send({ authorization: `Basic ${CANARY.key}` }, "{}")).status, 401);
  const order = `/v1/orders/ord_00${"0".repeat(32)}`;
  assert.equal((await store.buyer(CANARY.token).get(order)).status, 404);
  assert.equal((await store.admin.get(`/v1/admin/orders?email=${CANARY.email}&nonsense=${CANARY.email}`)).status, 422);
  assert.equal((await store.admin.get(`/v1/${CANARY.key}/${CANARY.email}`)).status, 404);
  const webhook = JSON.stringify({ receipt_email: CANARY.email, card: CARD });
  assert.equal((await send({ "stripe-signature": CANARY.signature }, webhook, "/webhooks/stripe")).status, 401);
  const signed = { "stripe-signature": fake.header(webhook) };
  assert.equal((await send(signed, webhook, "/webhooks/stripe")).status, 400);
});

test("a card number in any field is refused and not repeated", async () => {
  for (const changes of [
    { shipping_address: { ...address, line2: "4242 4242 4242 4242" } },
    { shipping_address: { ...address, name: `Card ${CARD}` } },
    { email: `${CARD}@example.com` },
    { payment: { gateway: "sandbox", method: CARD } },
    { payment: { gateway: "sandbox", return_url: `https://shop.example/?card=${CARD}` } },
  ]) {
    const answer = await store.storefront.checkout(cart(personal(changes)));
    assert.deepEqual([answer.status, answer.body.code], [422, "card_data_refused"]);
    assert.ok(!answer.text.includes("4242"));
  }
});

test("a key is shown once, kept as a hash, and dies when it is revoked", async () => {
  const made = await store.admin.post("/v1/admin/api-keys", { name: "Canary", kind: "secret", scopes: ["orders:read"] });
  assert.equal(made.status, 201, made.text);
  const { id, key } = made.body;
  secrets.set("a made key", key);
  const mine = client(store.url, key);
  assert.equal((await mine.get("/v1/admin/orders")).status, 200);
  assert.equal((await mine.get("/v1/admin/inventory/MUG-CLASSIC")).status, 403, "a scope that it does not have");
  const list = await store.admin.get("/v1/admin/api-keys");
  assert.ok(!list.text.includes(key));
  const hash = createHash("sha256").update(key).digest("hex");
  const { results } = await (await store.database()).prepare("SELECT * FROM api_keys WHERE id = ?").bind(id).all();
  assert.equal(results[0].sha256, hash);
  assert.ok(!JSON.stringify(results).includes(key));
  assert.equal((await store.admin.remove(`/v1/admin/api-keys/${id}`)).status, 204);
  await eventually(async () => assert.equal((await mine.get("/v1/admin/orders")).status, 401), { within: 7_000 });
});

test("the log has none of it, and has what it is for", async () => {
  await eventually(() => assert.ok(store.logs.some((line) => line.includes("signature_invalid"))));
  const log = store.logs.join("\n");
  for (const [name, secret] of secrets) assert.ok(!log.includes(secret), `the log has the ${name}`);
  assert.doesNotMatch(log, /canary/i);
  const requests = store.logs.filter((line) => line.includes('"event":"request"')).map((line) => JSON.parse(line));
  assert.ok(requests.length > 30);
  for (const { request_id: id, route, status, duration_ms: duration } of requests) {
    assert.match(id, /^req_[0-9a-f]{32}$/);
    assert.ok(route && status >= 200 && duration >= 0);
  }
  assert.ok(requests.some(({ order_id: id }) => /^ord_[0-9a-f]{34}$/.test(id ?? "")));
});

test("the disk has no card number, key or secret, and the books agree", async () => {
  await fake.settled();
  await assertBooksAgree(store, { intents: fake.payments });
  const kept = filesUnder(store.stateDir).map((file) => readFileSync(file, "latin1"));
  assert.ok(kept.some((content) => content.includes(CANARY.email)), "the search looks where orders are");
  const never = [CARD, "4242 4242 4242 4242", TOKEN_SECRET, WEBHOOK_SECRET, fake.secretKey, secrets.get("a made key")];
  for (const secret of [...never, CANARY.key, CANARY.storefrontKey, secrets.get("token of instant")]) {
    assert.ok(!kept.some((content) => content.includes(secret)), "a secret is on the disk");
  }
});

function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

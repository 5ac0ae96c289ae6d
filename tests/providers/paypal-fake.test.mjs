// The fake of PayPal by itself: what it takes, how it refuses, that it moves money once, and that what it signs can
// be checked with the certificate it serves.

import assert from "node:assert/strict";
import { createVerify, X509Certificate } from "node:crypto";
import http from "node:http";
import { test } from "node:test";

import { makeCertificates } from "../support/paypal/certificates.mjs";
import { toAmount, toMinor } from "../support/paypal/amounts.mjs";
import { startPaypalFake } from "../support/paypal-fake.mjs";

// One chain serves them all: making it takes a while.
const certificates = makeCertificates();

async function shop(t) {
  const received = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      received.push({ body, event: JSON.parse(body), headers: request.headers });
      response.writeHead(200).end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))));
  return { received, url: `http://127.0.0.1:${server.address().port}/webhooks/paypal` };
}

async function start(t, options) {
  const fake = await startPaypalFake({ seed: 7, certificates, ...options });
  t.after(() => fake.close());
  let token;
  const authorize = async () => {
    const basic = Buffer.from(`${fake.clientId}:${fake.clientSecret}`).toString("base64");
    const response = await fetch(`${fake.url}/v1/oauth2/token`, {
      method: "POST", body: "grant_type=client_credentials",
      headers: { authorization: `Basic ${basic}`, "content-type": "application/x-www-form-urlencoded" },
    });
    token = (await response.json()).access_token;
  };
  await authorize();
  const call = async (method, path, { key, body, raw = JSON.stringify(body) } = {}) => {
    const response = await fetch(fake.url + path, {
      method, signal: AbortSignal.timeout(500),
      headers: {
        authorization: `Bearer ${token}`, prefer: "return=representation", "content-type": "application/json",
        ...(key && { "paypal-request-id": key }),
      },
      body: raw,
    });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : text, response };
  };
  return { fake, call, authorize };
}

const newOrder = (intent = "CAPTURE", amount = { currency_code: "USD", value: "19.99" }) => ({
  intent,
  purchase_units: [{ reference_id: "default", amount, custom_id: "ord_1", invoice_id: `op_${Math.random()}` }],
  payment_source: {
    paypal: {
      experience_context: {
        shipping_preference: "NO_SHIPPING", user_action: "PAY_NOW", return_url: "https://shop.example/back?x=1",
      },
    },
  },
});
const usd = (value) => ({ currency_code: "USD", value });
let keys = 0;
const key = () => `op_${(keys += 1)}`;
const issue = ({ body }) => body.details[0].issue;

/** An order that was approved and completed. */
async function completed({ fake, call }, intent = "CAPTURE") {
  const { body: order } = await call("POST", "/v2/checkout/orders", { key: key(), body: newOrder(intent) });
  fake.approve(order.id);
  const verb = intent === "CAPTURE" ? "capture" : "authorize";
  const done = await call("POST", `/v2/checkout/orders/${order.id}/${verb}`, { key: key(), body: {} });
  assert.equal(done.status, 201);
  const [unit] = done.body.purchase_units;
  return { order: done.body, hold: unit.payments.authorizations?.[0], capture: unit.payments.captures?.[0] };
}

test("an order is approved on the buyer's page and paid once, however often it is completed", async (t) => {
  const { fake, call } = await start(t);
  const [create, body] = [key(), newOrder()];
  const made = await call("POST", "/v2/checkout/orders", { key: create, body });
  assert.deepEqual([made.status, made.body.status], [201, "PAYER_ACTION_REQUIRED"]);
  const again = await call("POST", "/v2/checkout/orders", { key: create, body });
  assert.deepEqual([again.status, again.body], [200, made.body]);
  const other = await call("POST", "/v2/checkout/orders", { key: create, body: newOrder() });
  assert.equal(other.status, 400);
  const path = `/v2/checkout/orders/${made.body.id}`;
  const early = await call("POST", `${path}/capture`, { key: key(), body: {} });
  assert.deepEqual([early.status, issue(early)], [422, "ORDER_NOT_APPROVED"]);
  const page = made.body.links.find((link) => link.rel === "payer-action").href;
  const back = await fetch(page, { redirect: "manual" });
  assert.match(back.headers.get("location"), /^https:\/\/shop\.example\/back\?x=1&token=.+&PayerID=/);
  assert.equal((await call("GET", path)).body.status, "APPROVED");
  const mismatch = await call("POST", `${path}/authorize`, { key: key(), body: {} });
  assert.equal(issue(mismatch), "ACTION_DOES_NOT_MATCH_INTENT");
  const complete = key();
  for (const status of [201, 200, 200]) {
    const done = await call("POST", `${path}/capture`, { key: complete, body: {} });
    assert.deepEqual([done.status, done.body.status], [status, "COMPLETED"]);
  }
  const twice = await call("POST", `${path}/capture`, { key: key(), body: {} });
  assert.equal(issue(twice), "ORDER_ALREADY_CAPTURED");
  const [paid] = fake.book();
  assert.deepEqual([fake.book().length, paid.captured, paid.currency, paid.orderId], [1, 1999, "USD", "ord_1"]);
  assert.equal(fake.captured("ord_1"), 1999);
});

test("a declined instrument sends the buyer back, and a pending one pays later", async (t) => {
  const { fake, call } = await start(t);
  const { body: order } = await call("POST", "/v2/checkout/orders", { key: key(), body: newOrder() });
  const complete = () => call("POST", `/v2/checkout/orders/${order.id}/capture`, { key: "op_c-complete", body: {} });
  fake.approve(order.id, "declined");
  const declined = await complete();
  assert.deepEqual([declined.status, issue(declined)], [422, "INSTRUMENT_DECLINED"]);
  assert.equal(declined.body.links[0].rel, "redirect");
  assert.throws(() => fake.settle(order.id, "COMPLETED"));
  fake.approve(order.id, "pending");
  const pending = await complete();
  const [capture] = pending.body.purchase_units[0].payments.captures;
  assert.deepEqual([capture.status, fake.book()[0].captured], ["PENDING", 0]);
  fake.settle(capture.id, "COMPLETED");
  assert.equal(fake.book()[0].captured, 1999);
});

test("held money is taken in parts and let go", async (t) => {
  const shopIs = await start(t);
  const { fake, call } = shopIs;
  const { hold } = await completed(shopIs, "AUTHORIZE");
  assert.deepEqual([hold.status, fake.book()[0].held, fake.book()[0].captured], ["CREATED", true, 0]);
  const path = `/v2/payments/authorizations/${hold.id}`;
  const take = (value, last, as = key()) =>
    call("POST", `${path}/capture`, { key: as, body: { amount: usd(value), invoice_id: as, final_capture: last } });
  assert.equal(issue(await take("20.00", false)), "MAX_CAPTURE_AMOUNT_EXCEEDED");
  const first = await take("12.00", false, "op_first");
  assert.deepEqual([first.status, first.body.status, first.body.invoice_id], [201, "COMPLETED", "op_first"]);
  assert.equal((await take("12.00", false, "op_first")).body.id, first.body.id);
  assert.equal((await call("GET", path)).body.status, "PARTIALLY_CAPTURED");
  const gone = await call("POST", `${path}/void`, { key: key() });
  assert.deepEqual([gone.status, gone.body.status], [200, "VOIDED"]);
  assert.equal(issue(await call("POST", `${path}/void`, { key: key() })), "PREVIOUSLY_VOIDED");
  assert.equal(issue(await take("1.00", true)), "AUTHORIZATION_VOIDED");
  assert.deepEqual([fake.book()[0].captured, fake.book()[0].held], [1200, false]);
});

test("money goes back: refunds, by hand too, and disputes", async (t) => {
  const shopIs = await start(t);
  const { fake, call } = shopIs;
  const { order, capture } = await completed(shopIs);
  const back = (value, as = key()) =>
    call("POST", `/v2/payments/captures/${capture.id}/refund`, {
      key: as, body: { amount: usd(value), invoice_id: as, custom_id: `ord_1.${as}` },
    });
  const refund = await back("5.00", "op_back");
  assert.deepEqual([refund.status, refund.body.status, refund.body.invoice_id], [201, "COMPLETED", "op_back"]);
  assert.equal((await back("5.00", "op_back")).body.id, refund.body.id);
  assert.equal(issue(await back("15.00")), "REFUND_AMOUNT_EXCEEDED");
  const byHand = fake.refundInDashboard(capture.id, 499);
  const seen = (await call("GET", `/v2/checkout/orders/${order.id}`)).body.purchase_units[0].payments;
  assert.equal(seen.captures[0].status, "PARTIALLY_REFUNDED");
  assert.equal(seen.refunds.find((one) => one.id === byHand).custom_id, "ord_1");
  const dispute = fake.openDispute(capture.id, { minor: 1000 });
  assert.deepEqual([fake.book()[0].disputed, fake.book()[0].chargedBack], [1000, 0]);
  fake.decideDispute(dispute, "lost");
  assert.throws(() => fake.decideDispute(dispute, "won"));
  const { refunded, disputed, chargedBack } = fake.book()[0];
  assert.deepEqual({ refunded, disputed, chargedBack }, { refunded: 999, disputed: 0, chargedBack: 1000 });
  const day = (offset) => encodeURIComponent(new Date(Date.now() + offset * 86_400_000).toISOString());
  const books = (days, page) =>
    call("GET", `/v1/reporting/transactions?start_date=${day(-days)}&end_date=${day(0.01)}` +
      `&fields=transaction_info&page_size=3&page=${page}`);
  const { body } = await books(1, 1);
  assert.deepEqual([body.total_items, body.total_pages, body.transaction_details.length], [4, 2, 3]);
  const rows = [...body.transaction_details, ...(await books(1, 2)).body.transaction_details];
  assert.deepEqual(
    rows.map(({ transaction_info: row }) => [row.transaction_event_code, row.transaction_amount.value]),
    [["T0006", "19.99"], ["T1107", "-5.00"], ["T1107", "-4.99"], ["T1201", "-10.00"]],
  );
  assert.equal((await books(32, 1)).status, 400);
});

test("webhooks are signed, and can be checked with the certificate at their address", async (t) => {
  const { received, url } = await shop(t);
  const shopIs = await start(t, { webhookUrl: url });
  const { fake, call } = shopIs;
  const { capture } = await completed(shopIs);
  fake.refundInDashboard(capture.id);
  await fake.settled();
  assert.deepEqual(
    received.map(({ event }) => event.event_type).sort(),
    ["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"],
  );
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit += 1) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n >>> 0;
  });
  const crc32 = (text) =>
    ~[...Buffer.from(text)].reduce((c, byte) => table[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) >>> 0;
  for (const { body, headers } of received) {
    assert.equal(headers["paypal-auth-algo"], "SHA256withRSA");
    const pem = await (await fetch(headers["paypal-cert-url"])).text();
    const leaf = new X509Certificate(pem);
    assert.equal(leaf.subject, "CN=messageverificationcerts.paypal.com");
    assert.ok(leaf.verify(new X509Certificate(fake.rootPem).publicKey));
    const [id, time] = ["id", "time"].map((part) => headers[`paypal-transmission-${part}`]);
    const signed = `${id}|${time}|${fake.webhookId}|${crc32(body)}`;
    const signature = headers["paypal-transmission-sig"];
    assert.ok(createVerify("RSA-SHA256").update(signed).verify(leaf.publicKey, signature, "base64"));
    const ask = (event) => {
      const fields = {
        auth_algo: "SHA256withRSA", cert_url: headers["paypal-cert-url"], transmission_id: id,
        transmission_sig: signature, transmission_time: time, webhook_id: fake.webhookId,
      };
      const question = `${JSON.stringify(fields).slice(0, -1)},"webhook_event":${event}}`;
      return call("POST", "/v1/notifications/verify-webhook-signature", { raw: question });
    };
    assert.equal((await ask(body)).body.verification_status, "SUCCESS");
    const pretty = JSON.stringify(JSON.parse(body), null, 1);
    assert.equal((await ask(pretty)).body.verification_status, "FAILURE");
  }
  fake.failNext("duplicate_webhooks", { on: "complete_capture" });
  received.length = 0;
  await completed(shopIs);
  await fake.settled();
  const paid = received.filter(({ event }) => event.event_type === "PAYMENT.CAPTURE.COMPLETED");
  const ids = paid.map(({ event }) => event.id);
  assert.deepEqual([ids.length, new Set(ids).size], [2, 1]);
});

test("faults: what was done is done, and what was not is not", async (t) => {
  const shopIs = await start(t);
  const { fake, call } = shopIs;
  const { body: order } = await call("POST", "/v2/checkout/orders", { key: key(), body: newOrder() });
  fake.approve(order.id);
  const complete = () => call("POST", `/v2/checkout/orders/${order.id}/capture`, { key: "op_x-complete", body: {} });
  const captured = () => fake.book()[0].captured;
  fake.failNext("500_before", { on: "complete_capture" });
  assert.deepEqual([(await complete()).status, captured()], [500, 0]);
  fake.failNext("429");
  const limited = await complete();
  assert.deepEqual([limited.status, limited.response.headers.get("retry-after"), captured()], [429, "1", 0]);
  fake.failNext("timeout_before");
  await assert.rejects(complete());
  assert.equal(captured(), 0);
  fake.failNext("timeout_after");
  await assert.rejects(complete());
  assert.equal(captured(), 1999);
  fake.setFaults(({ kind }) => (kind === "complete_capture" ? "500_after" : undefined));
  assert.equal((await complete()).status, 500);
  fake.setFaults(() => ({ mode: "html" }));
  assert.match((await complete()).text, /^<!doctype/);
  fake.setFaults(() => "malformed_json");
  await assert.rejects(complete(), SyntaxError);
  fake.setFaults(() => "wrong_amount");
  assert.equal((await complete()).body.purchase_units[0].amount.value, "20.99");
  fake.setFaults(undefined);
  assert.deepEqual([(await complete()).status, captured(), fake.book().length], [200, 1999, 1]);
  assert.throws(() => fake.failNext("no_such_fault"));
});

test("tokens expire, and are counted", async (t) => {
  const { fake, call, authorize } = await start(t, { tokenSeconds: 60 });
  fake.expireTokens();
  const refused = await call("GET", "/v2/checkout/orders/X");
  assert.deepEqual([refused.status, refused.body.error], [401, "invalid_token"]);
  await authorize();
  assert.equal((await call("GET", "/v2/checkout/orders/X")).status, 404);
  assert.equal(fake.counts.tokens, 2);
  const wrong = await fetch(`${fake.url}/v1/oauth2/token`, { method: "POST", body: "grant_type=client_credentials" });
  assert.equal(wrong.status, 401);
});

test("what PayPal would not take is refused", async (t) => {
  const { fake, call } = await start(t);
  const create = (alter, more = {}) => {
    const body = newOrder();
    alter(body);
    return call("POST", "/v2/checkout/orders", { key: key(), body, ...more });
  };
  const amount = (currency_code, value) => (body) => (body.purchase_units[0].amount = { currency_code, value });
  for (const [currency, value, problem] of [
    ["USD", "19.999", "DECIMAL_PRECISION"],
    ["JPY", "500.00", "DECIMALS_NOT_SUPPORTED"],
    ["HUF", "1500.50", "DECIMALS_NOT_SUPPORTED"],
    ["KWD", "1.000", "INVALID_CURRENCY_CODE"],
    ["USD", "0.00", "CANNOT_BE_ZERO_OR_NEGATIVE"],
    ["USD", "-1.00", "CANNOT_BE_ZERO_OR_NEGATIVE"],
    ["USD", 19.99, "INVALID_PARAMETER_SYNTAX"],
  ]) {
    assert.equal(issue(await create(amount(currency, value))), problem);
  }
  assert.equal((await create((body) => (body.surprise = 1))).status, 400);
  assert.equal((await create((body) => (body.intent = "LATER"))).status, 400);
  assert.equal((await create(() => {}, { key: undefined })).status, 400);
  assert.equal(fake.book().length, 0);
  for (const [minor, currency, value] of [[150000, "HUF", "1500"], [500, "JPY", "500"], [2900, "TWD", "29"]]) {
    assert.equal((await create(amount(currency, value))).status, 201);
    assert.deepEqual(toAmount(minor, currency), { currency_code: currency, value });
    assert.equal(toMinor({ currency_code: currency, value }), minor);
  }
});

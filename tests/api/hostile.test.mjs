// What nobody in good faith sends: refused as documented, never a 5xx, nothing of it in the answer, and the
// store goes on as if nothing had been.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { cart } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

let store;
before(async () => (store = await openStore()));
after(() => store?.close());

/** Sends bytes as they are; `chunked` leaves their length unsaid. */
function send(path, body, { method = "POST", headers = {}, chunked = false } = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  return new Promise((resolve, reject) => {
    let answered = false;
    const { hostname, port } = new URL(store.url);
    const request = http.request({
      hostname,
      port,
      path,
      method,
      headers: {
        authorization: "Bearer pk_dev_storefront",
        "content-type": "application/json",
        "idempotency-key": randomUUID(),
        ...(chunked ? { "transfer-encoding": "chunked" } : { "content-length": bytes.length }),
        ...headers,
      },
    });
    request.on("response", (response) => {
      answered = true;
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text, body: parsed(text) }));
      response.on("error", () => resolve({ status: response.statusCode, text, body: parsed(text) }));
    });
    // A server that has answered may stop listening; its answer may arrive after that.
    request.on("error", (error) => setTimeout(() => (answered ? undefined : reject(error)), 500));
    request.end(bytes);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const checkout = (body, options) => send("/v1/checkouts", typeof body === "object" && !Buffer.isBuffer(body) ? JSON.stringify(body) : body, options);
const text = (changes) => JSON.stringify(cart(changes));
/** The text of a cart with one piece replaced by what JSON.stringify would not write. */
const raw = (from, to) => JSON.stringify(cart()).replace(from, to);

test("bodies that are no request", async () => {
  const whole = JSON.stringify(cart());
  for (const [name, body, options, status] of [
    ["nothing", "", {}, 400],
    ["half", whole.slice(0, -5), {}, 400],
    ["a byte-order mark", `\u{feff}${whole}`, {}, 400],
    ["not UTF-8", Buffer.concat([Buffer.from(whole.slice(0, -1)), Buffer.from([0xff, 0xfe, 0x7d])]), {}, 400],
    ["UTF-16", Buffer.from(whole, "utf16le"), {}, 400],
    ["64 KiB and a byte", `${whole}${" ".repeat(64 * 1024 + 1 - whole.length)}`, {}, 413],
    ["1 MiB of unsaid length", " ".repeat(1024 * 1024), { chunked: true }, 413],
    ["10,000 brackets", "[".repeat(10_000), {}, 422],
    ["10,000 objects deep", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, {}, 422],
    ["a field twice", raw('"currency":"USD"', '"currency":"USD","currency":"EUR"'), {}, 422],
    ["a list", "[]", {}, 422],
    ["a number", "7", {}, 422],
    ["null", "null", {}, 422],
    ["plain text", whole, { headers: { "content-type": "text/plain" } }, 415],
    ["no type", whole, { headers: { "content-type": "" } }, 415],
    ["a form", "a=b", { headers: { "content-type": "application/x-www-form-urlencoded" } }, 415],
    ["another alphabet", whole, { headers: { "content-type": "application/json; charset=utf-16" } }, 415],
    ["packed", whole, { headers: { "content-encoding": "gzip" } }, 415],
    ["a lone surrogate", raw("Ada Lovelace", "\\ud800"), {}, 400],
    ["a NUL, escaped", raw("Ada Lovelace", "A\\u0000"), {}, 422],
    ["a NUL, as it is", raw("Ada Lovelace", "A\u0000"), {}, 400],
    ["a line break", raw("Ada Lovelace", "Ada\\r\\nSet-Cookie: a=b"), {}, 422],
  ]) {
    const answer = await checkout(body, options);
    assert.equal(answer.status, status, `${name}: ${answer.status} ${answer.text.slice(0, 200)}`);
    assert.equal(answer.headers["content-type"], "application/problem+json", name);
    assert.ok(answer.body.code && answer.body.request_id, name);
  }
  const fits = `${whole}${" ".repeat(64 * 1024 - whole.length)}`;
  assert.equal((await checkout(fits)).status, 201, "64 KiB to the byte");
  assert.equal((await checkout(fits, { chunked: true })).status, 201, "of unsaid length");
});

test("a body without an end is not read to its end", async () => {
  const endless = await checkout(Buffer.alloc(64 * 1024 * 1024, 0x20), { chunked: true }).catch((error) => error);
  assert.ok(endless.status === 413 || ["EPIPE", "ECONNRESET"].includes(endless.code), String(endless.status ?? endless));
  const announced = await checkout(Buffer.alloc(8 * 1024 * 1024, 0x20)).catch((error) => error);
  assert.ok(announced.status === 413 || ["EPIPE", "ECONNRESET"].includes(announced.code), String(announced.status ?? announced));
  assert.equal((await checkout(text({}))).status, 201, "the next one is served");
});

test("numbers that are none, too many, or too large", async () => {
  const quantity = (number) => raw('"quantity":1', `"quantity":${number}`);
  for (const number of ["0", "-1", "1.5", "1e3", "10000", "2147483648", "9007199254740993", "9223372036854775808", "1e309", '"1"', "NaN", "null", "true", "01", "+1", "0x1"]) {
    const { status, text: told } = await checkout(quantity(number));
    assert.ok([400, 422].includes(status), `${number}: ${status} ${told}`);
  }
  const lines = (count) => Array.from({ length: count }, () => ({ sku: "MUG-CLASSIC", quantity: 1 }));
  assert.equal((await checkout(text({ lines: lines(101) }))).body.code, "line_count_out_of_range");
  assert.equal((await checkout(text({ lines: [] }))).body.code, "line_count_out_of_range");
  assert.equal((await checkout(`{"lines":[${"1,".repeat(30_000)}1]}`)).status, 422);
  assert.equal((await checkout(text({ lines: lines(100) }))).status, 201, "100 lines");
  for (const amount of [1, -1, 2 ** 53, "4361", 43.61]) {
    const { status } = await checkout(text({ expected_total: { amount, currency: "USD" } }));
    assert.ok([409, 422].includes(status), String(amount));
  }
});

test("what only the store may say is refused", async () => {
  for (const [name, value] of Object.entries({
    total: 1, price: 1, status: "paid", payment_status: "paid", paid_at: "2026-01-01T00:00:00Z", tenant: "x", discount: 100,
    id: `ord_00${"0".repeat(32)}`, invoice_number: "1", shipping: 0, tax: 0, __proto__x: 1, constructor: {},
  })) {
    const { status, body } = await checkout(text({ [name]: value }));
    assert.deepEqual([status, body.errors?.[0]?.pointer], [422, `/${name}`]);
  }
});

test("names of every script stay whole", async () => {
  const names = ["Zoë Müller-Lüdenscheidt", "東京都 太郎", "عبد الله \u{200f}", "👩‍🚀 Ana", "a\u{200d}b", "Iñtërnâtiônàlizætiøn", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "O'Brien \"Bob\" <b>&amp;"];
  for (const name of names) {
    const { status, body } = await checkout(text({ shipping_address: { ...cart().shipping_address, name } }));
    assert.equal(status, 201, `${name}: ${JSON.stringify(body)}`);
    assert.equal(body.order.shipping_address.name, name);
    const kept = await store.admin.get(`/v1/orders/${body.order.id}`);
    assert.equal(kept.body.shipping_address.name, name);
  }
});

const INJECTIONS = ["' OR '1'='1", "'; DROP TABLE orders; --", "\" OR 1=1 --", "1 UNION SELECT sha256 FROM api_keys", "%", "_%_%".repeat(20), "../../etc/passwd", "${7*7}", "{{7*7}}", "<script>alert(1)</script>", "\\'; --", "admin'--", "\u0000", "%00", "%0d%0aSet-Cookie:a=b"];

test("text that means something elsewhere is text", async () => {
  const encoded = INJECTIONS.map(encodeURIComponent);
  for (const one of encoded) {
    for (const path of [
      `/v1/admin/orders?email=${one}`, `/v1/admin/orders?status=${one}`, `/v1/admin/orders?cursor=${one}`, `/v1/admin/orders?limit=${one}`,
      `/v1/admin/orders?created_from=${one}`, `/v1/admin/orders?${one}=1`, `/v1/orders/${one}`, `/v1/products/${one}`, `/v1/products?cursor=${one}`,
      `/v1/stock?sku=${one}`, `/v1/admin/inventory/${one}`, `/v1/admin/api-keys?cursor=${one}`, `/v1/admin/reconciliations/${one}`, `/v1/admin/reconciliations/${one}/items.csv`,
      `/v1/admin/reconciliations?cursor=${one}`, `/v1/admin/attention?code=${one}`, `/v1/admin/attention?cursor=${one}`, `/${one}`,
    ]) {
      const { status, body, headers } = await store.admin.get(path);
      assert.ok(status < 500, `${path}: ${status}`);
      assert.equal(headers.get("set-cookie"), null);
      if (path.includes("email=")) assert.deepEqual(status === 200 ? body.items : [], [], path);
    }
  }
  for (const one of INJECTIONS) {
    const address = { ...cart().shipping_address, name: one, line1: one, city: one };
    const { status } = await checkout(text({ shipping_address: address }));
    assert.ok([201, 422].includes(status), one);
    assert.equal((await checkout(text({ shipping_method: one }))).status, 422, one);
    assert.ok([401, 404].includes((await store.buyer(`ot_${encodeURIComponent(one)}`).get(`/v1/orders/ord_00${"0".repeat(32)}`)).status));
  }
  assert.equal((await store.admin.get("/v1/products?limit=1")).status, 200, "the tables are still there");
});

test("headers that are none", async () => {
  const orders = { "idempotency-key": undefined };
  assert.equal((await store.storefront.send("POST", "/v1/checkouts", { body: cart() })).body.code, "idempotency_key_required");
  for (const key of ["", "x".repeat(256), "two words", "t\tb"]) {
    const { status, body } = await store.storefront.checkout(cart(), key, orders);
    assert.deepEqual([status, body.code], [400, "idempotency_key_required"], key);
  }
  assert.equal((await store.storefront.checkout(cart(), "x".repeat(255))).status, 201);
  for (const authorization of ["Bearer", "Bearer ", "Basic cGs6", "pk_dev_storefront", `Bearer ${"x".repeat(300)}`, "Bearer pk_dev_storefront x", "Bearer \u00e9"]) {
    const answer = await send("/v1/products", "", { method: "GET", headers: { authorization } });
    assert.equal(answer.status, 401, authorization);
    assert.equal(answer.headers["www-authenticate"], "Bearer");
  }
  const strange = await send("/healthz", "", { method: "GET", headers: { "user-agent": "\u00ff\u00fe", "x-request-id": "mine", cookie: "a=\u00e9" } });
  assert.equal(strange.status, 200, "a header that nobody reads can't fail a request");
  assert.match(strange.headers["x-request-id"], /^req_/);
});

test("methods and addresses that are none", async () => {
  for (const [method, path, status] of [
    ["DELETE", "/v1/products", 405], ["PATCH", "/v1/orders/x", 405], ["GET", "/v1/checkouts", 405], ["PUT", "/healthz", 405],
    ["GET", "/v1", 404], ["GET", "/v1/products/", 404], ["GET", "/V1/products", 404], ["GET", "/v1/orders/a%2Fb", 404],
    ["HEAD", "/healthz", 200], ["OPTIONS", "/v1/products", 204],
  ]) {
    const answer = await store.admin.send(method, path);
    assert.equal(answer.status, status, `${method} ${path}`);
    if (status === 405) assert.ok(answer.headers.get("allow"), path);
  }
});

test("addresses that a client would tidy up first", async () => {
  for (const path of ["//v1/products", "/v1//products", "/v1/products/../../v1/nothing", "/v1/products/%2e%2e%2f"]) {
    assert.equal((await send(path, "", { method: "GET" })).status, 404, path);
  }
});

test("nothing of it is in the log as an error, and the books agree", async () => {
  const errors = store.logs.filter((line) => line.includes('"level":"error"'));
  assert.deepEqual(errors, []);
  await assertBooksAgree(store);
});

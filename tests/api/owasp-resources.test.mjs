// OWASP API Security Top Ten (2023), the risks that cost something: API4 (what a caller can make the store spend),
// API6 (a business flow used at volume) and API10 (what a gateway makes it read). The others: `api/owasp`.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { assertBooksAgree } from "../support/books.mjs";
import { eventually } from "../support/eventually.mjs";
import { HOSTILE_WAYS, startHostileGateway } from "../support/hostile-gateway.mjs";
import { examplesOf } from "../support/openapi-examples.mjs";
import { cart, paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const MIB = 1024 * 1024;
const GATEWAY_TIMEOUT_MS = 1_000;
/** What a socket, a proxy and a reader may hold between them of an answer that is refused at 256 KiB. */
const BUFFERED_BYTES = 16 * MIB;
const GROWTH_BYTES = 20 * MIB;
const SLOWEST_MS = 3_000;

let store;
let document;
before(async () => {
  store = await openStore();
  ({ body: document } = await store.anyone.get("/openapi.json"));
});
after(() => store?.close());

/** Sends `bytes` in pieces of unsaid length until there is an answer; gives its status, or how the connection ended. */
function stream(path, bytes, key = "pk_dev_storefront") {
  const { hostname, port } = new URL(store.url);
  const piece = Buffer.alloc(MIB, 0x20);
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "idempotency-key": randomUUID(), "transfer-encoding": "chunked" };
    const request = http.request({ hostname, port, path, method: "POST", headers }, (response) => {
      response.resume().on("error", () => {});
      resolve(response.statusCode);
      request.destroy();
    });
    request.on("error", (error) => resolve(error.code));
    let left = bytes;
    const more = () => {
      while (left > 0 && !request.destroyed) {
        left -= piece.length;
        if (!request.write(piece)) return void request.once("drain", more);
      }
      if (!request.destroyed) request.end();
    };
    more();
  });
}

const checkout = (body, headers = {}) =>
  store.storefront.send("POST", "/v1/checkouts", { body, headers: { "idempotency-key": randomUUID(), ...headers } });
const lines = (count) => JSON.stringify(cart({ lines: Array.from({ length: count }, () => ({ sku: "MUG-CLASSIC", quantity: 1 })) }));
const bomb = gzipSync(Buffer.alloc(100 * MIB, 0x20));
const long = "x".repeat(10_000);

/** How a connection ends that the store closes because it has refused what is still being sent. */
const CUT = ["EPIPE", "ECONNRESET", "UND_ERR_SOCKET"];

/** A large body is refused before it is read: the sender gets the answer, or hears that nobody listens any more. */
async function refusedUnread(sent, status) {
  const ended = await sent.then((answer) => answer.status, (error) => error.cause?.code ?? error);
  assert.ok([status, ...CUT].includes(ended), `ended with ${ended}`);
}

/** Each is refused at its first look: what it asks for, and what it is told. */
const ATTACKS = {
  "100 MB of unsaid length": async () => assert.ok([413, ...CUT].includes(await stream("/v1/checkouts", 100 * MIB))),
  "100 MB for a webhook": async () => assert.ok([401, 413, ...CUT].includes(await stream("/webhooks/sandbox", 100 * MIB))),
  "100 MB packed": () => refusedUnread(fetch(`${store.url}/v1/checkouts`, {
    method: "POST", body: bomb,
    headers: { authorization: "Bearer pk_dev_storefront", "content-type": "application/json", "content-encoding": "gzip", "idempotency-key": randomUUID() },
  }), 415),
  "10,000 levels": async () => assert.equal((await checkout(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`)).status, 422),
  "100,000 lines": () => refusedUnread(checkout(lines(100_000)), 413),
  "30,000 lines of nothing": async () => assert.equal((await checkout(`{"lines":[${"0,".repeat(30_000)}0]}`)).status, 422),
  "a thousand lines": async () => assert.equal((await checkout(lines(1_000))).body.code, "line_count_out_of_range"),
  "an id of 10,000 characters": async () => assert.equal((await store.admin.get(`/v1/orders/${long}`)).status, 404),
  "a parameter of 10,000 characters": async () => assert.equal((await store.admin.get(`/v1/admin/orders?email=${long}`)).status, 422),
  "a thousand SKUs at once": async () => {
    const skus = Array.from({ length: 1_000 }, (_, n) => `sku=A${n}`).join("&");
    assert.equal((await store.storefront.get(`/v1/stock?${skus}`)).status, 422);
  },
  "a key of 10,000 characters": async () => assert.equal((await checkout(cart(), { "idempotency-key": long })).status, 400),
  "3 MiB in one part of an import": async () => {
    const { body } = await store.admin.post("/v1/admin/imports", { kind: "levels", format: "csv", mode: "set", reason: "x" }, { headers: { "idempotency-key": "imp" } });
    const part = { body: "x".repeat(3 * MIB), headers: { "content-type": "text/csv" } };
    await refusedUnread(store.admin.send("PUT", `/v1/admin/imports/${body.id}/parts/1`, part), 413);
  },
};

/** The resident memory of the runtime, where the system tells it. */
function residentBytes() {
  const file = `/proc/${store.workerdPid}/statm`;
  return existsSync(file) ? Number(readFileSync(file, "utf8").split(" ")[1]) * 4_096 : undefined;
}

test("API4: what asks for too much is refused, costs no memory, and delays nobody", { timeout: 180_000 }, async () => {
  const round = async () => {
    for (const [name, attack] of Object.entries(ATTACKS)) await attack().catch((error) => assert.fail(`${name}: ${error.message}`));
  };
  for (let n = 0; n < 2; n += 1) await round();
  const resident = residentBytes();
  let slowest = 0;
  let over = false;
  const others = (async () => {
    while (!over) {
      const began = Date.now();
      assert.equal((await store.storefront.get("/v1/products?limit=1")).status, 200);
      slowest = Math.max(slowest, Date.now() - began);
    }
  })();
  for (let n = 0; n < 3; n += 1) await round();
  over = true;
  await others;
  const grown = residentBytes() - resident;
  if (resident !== undefined) assert.ok(grown < GROWTH_BYTES, `the runtime grew by ${Math.round(grown / MIB)} MiB`);
  assert.ok(slowest < SLOWEST_MS, `somebody else waited ${slowest} ms`);
});

test("API4: no list is longer than its page, whatever is asked for", async () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const mostOf = (id) => operations.find(({ operationId }) => operationId === id).parameters?.find(({ name }) => name === "limit")?.schema;
  const paged = examplesOf(document).filter(({ operationId }) => mostOf(operationId));
  assert.ok(paged.length >= 15, `${paged.length} lists`);
  for (const { operationId, path } of paged) {
    const { minimum, maximum } = mostOf(operationId);
    assert.ok(minimum === 1 && maximum <= 1_000, `${operationId} documents no bound: ${minimum} to ${maximum}`);
    const [address] = path.split("?");
    for (const limit of ["0", "-1", maximum + 1, "1000000000", "1e3", "1.5", "9223372036854775808"]) {
      const { status } = await store.admin.get(`${address}?limit=${limit}`);
      // What is not there has no list.
      assert.ok([422, 404].includes(status), `${operationId} limit=${limit}: ${status}`);
    }
    const { status, body } = await store.admin.get(`${address}?limit=${maximum}`);
    assert.ok(status === 404 || body.items.length <= maximum, `${operationId}: ${body.items?.length}`);
  }
});

test("API6: one buyer who opens checkout after checkout holds what the store says, and no more", async () => {
  await store.changeTerms({ unpaid_units_per_buyer: 5 });
  const opened = [];
  const codes = new Map();
  for (let n = 0; n < 40; n += 1) {
    const { status, body } = await store.storefront.checkout(paidBy("redirect"));
    if (status === 201) opened.push({ id: body.order.id, token: body.order_token });
    else codes.set(body.code, (codes.get(body.code) ?? 0) + 1);
  }
  assert.equal(opened.length, 5);
  assert.deepEqual([...codes], [["quantity_limited", 35]]);
  const { body: level } = await store.admin.get("/v1/admin/inventory/MUG-CLASSIC");
  assert.equal(level.reserved, 5, JSON.stringify(level));
  // Others still buy, and what is let go counts no more.
  const other = await store.admin.checkout(cart({ buyer_address: "203.0.113.9" }));
  assert.equal(other.status, 201, other.text);
  for (const { id, token } of opened) assert.equal((await store.buyer(token).post(`/v1/orders/${id}/cancel`)).status, 200);
  // The units come back when the gateway has said that the payments are dead.
  await eventually(async () => assert.equal((await store.storefront.checkout(paidBy("redirect"))).status, 201));
  await store.changeTerms({ unpaid_units_per_buyer: null });
});

test("nothing of it was an error inside, and the books agree", async () => {
  assert.deepEqual(store.logs.filter((line) => line.includes('"level":"error"')), []);
  await assertBooksAgree(store);
});

test("API10: what a gateway says is read to its bound, in its time, from its own address", async () => {
  const gateway = await startHostileGateway();
  const shop = await openStore({
    sandbox: false,
    vars: {
      SANDBOX_ENABLED: "true", SANDBOX_BASE_URL: gateway.url, SANDBOX_API_KEY: "k", SANDBOX_WEBHOOK_SECRET: "s",
      GATEWAY_TIMEOUT_MILLISECONDS: String(GATEWAY_TIMEOUT_MS),
    },
  });
  try {
    gateway.say("right");
    // A store that has just started may take longer for its first call than the gateway is given.
    await eventually(async () => assert.equal((await shop.storefront.checkout(cart())).body.order?.payment_status, "paid"));
    for (const way of HOSTILE_WAYS) {
      gateway.say(way);
      const began = Date.now();
      const { status, body, text } = await shop.storefront.checkout(cart());
      assert.equal(status, 201, `${way}: ${text}`);
      assert.notEqual(body.order.payment_status, "paid", `${way} was believed`);
      assert.ok(Date.now() - began < GATEWAY_TIMEOUT_MS + SLOWEST_MS, `${way}: the buyer waited ${Date.now() - began} ms`);
      assert.equal(gateway.trapped, 0, `${way} was followed`);
      assert.ok(gateway.poured < BUFFERED_BYTES, `${way}: ${gateway.poured} bytes were taken`);
    }
    assert.deepEqual(shop.logs.filter((line) => line.includes('"level":"error"')), []);
  } finally {
    await shop.close();
    await gateway.close();
  }
});

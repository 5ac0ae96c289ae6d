// D1 away: a Worker that has served before goes on buying and selling with what it remembers; one that has just
// started says so decently, and still knows every checkout that was answered before.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { assertBooksAgree } from "../support/books.mjs";
import { client } from "../support/client.mjs";
import { cart } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const TABLES = ["products", "variants", "store_settings", "api_keys", "stock_levels"];
/** Everything that is remembered is old by the next request. */
const SHORT = { CATALOGUE_CACHE_MILLISECONDS: "1", KEY_CACHE_MILLISECONDS: "1", STOCK_CACHE_MILLISECONDS: "1" };

let store;
let shop;
const first = randomUUID();

before(async () => {
  store = await openStore({ vars: SHORT });
  const { body } = await store.admin.post("/v1/admin/api-keys", { name: "Shop", kind: "publishable" });
  shop = client(store.url, body.key);
});
after(() => store?.close());

async function rename(from, to) {
  const database = await store.database();
  for (const table of TABLES) await database.prepare(`ALTER TABLE ${from(table)} RENAME TO ${to(table)}`).run();
}
const away = (table) => `away_${table}`;
const itself = (table) => table;

test("a store that has served goes on without D1", async () => {
  assert.equal((await shop.checkout(cart(), first)).status, 201);
  for (const path of ["/v1/products", "/v1/products/classic-mug"]) assert.equal((await shop.get(path)).status, 200);
  await rename(itself, away);
  await wait(20);
  const answers = await Promise.all(Array.from({ length: 20 }, () => shop.checkout(cart())));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  for (const path of ["/v1/products", "/v1/products/classic-mug", "/v1/stock?sku=MUG-CLASSIC&fresh=true"]) {
    assert.equal((await shop.get(path)).status, 200, path);
  }
  const { id } = answers[0].body.order;
  assert.equal((await store.buyer(answers[0].body.order_token).get(`/v1/orders/${id}`)).status, 200);
  assert.ok(store.logs.some((line) => line.includes("remembered.used_old")));
});

test("what was never asked for can't be answered, and says that it may be tried again", async () => {
  const asked = [
    await shop.get("/v1/products/no-such-product"),
    await shop.checkout(cart({ lines: [{ sku: "NEVER-ASKED", quantity: 1 }] })),
    await client(store.url, "sk_never_seen").get("/v1/products"),
    await store.admin.get("/v1/admin/api-keys"),
  ];
  for (const { status, body, headers } of asked) {
    assert.deepEqual([status, body.code], [503, "try_again"]);
    assert.ok(Number(headers.get("retry-after")) >= 1);
    const told = JSON.stringify({ ...body, request_id: undefined });
    assert.doesNotMatch(told, /table|sql|D1/i, "the cause is for the log");
  }
});

test("a store that has just started tells a retried checkout what it was told", async () => {
  await store.stop();
  await store.start();
  const again = await store.storefront.checkout(cart(), randomUUID());
  assert.deepEqual([again.status, again.body.code], [503, "try_again"]);
  await rename(away, itself);
  const { status, body } = await store.storefront.checkout(cart(), "kept");
  assert.equal(status, 201);
  await rename(itself, away);
  await store.stop();
  await store.start();
  const replayed = await store.storefront.checkout(cart(), "kept");
  assert.equal(replayed.status, 201);
  assert.equal(replayed.headers.get("idempotent-replayed"), "true");
  assert.equal(replayed.body.order.id, body.order.id);
  await rename(away, itself);
  assert.equal((await shop.checkout(cart(), first)).headers.get("idempotent-replayed"), "true");
});

test("the books agree", () => assertBooksAgree(store));

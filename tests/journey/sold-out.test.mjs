// One unit and several hundred buyers at once: exactly one of them gets it, over HTTP. And one buyer who
// sends one request fifty times at once: one order, one charge, one answer.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { eachAtOnce } from "../support/eventually.mjs";
import { cart, paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const BUYERS = 400;
const AT_ONCE = 100;

let store;
const acknowledged = [];
const turnedAway = [];
before(async () => (store = await openStore()));
after(() => store?.close());

function note(key, answer) {
  acknowledged.push({ key, orderId: answer.body.order.id, total: answer.body.order.totals.total.amount });
}

test(`one unit, ${BUYERS} buyers: one order`, async () => {
  const wish = paidBy("instant", { lines: [{ sku: "PRINT-LAST-ONE", quantity: 1 }] });
  const answers = await eachAtOnce(Array.from({ length: BUYERS }), AT_ONCE, async () => {
    const key = randomUUID();
    return { key, answer: await store.storefront.checkout(wish, key) };
  });
  const placed = answers.filter(({ answer }) => answer.status === 201);
  assert.equal(placed.length, 1);
  note(placed[0].key, placed[0].answer);
  for (const { answer } of answers.filter(({ answer }) => answer.status !== 201)) {
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.body.code, "insufficient_stock");
    assert.deepEqual(answer.body.shortages, [{ sku: "PRINT-LAST-ONE", requested: 1, available: 0, reason: "stock" }]);
  }
  assert.equal(store.sandbox.control.payments().length, 1, "only the buyer who gets it is charged");
  const { body } = await store.storefront.get("/v1/stock?sku=PRINT-LAST-ONE&fresh=true");
  assert.deepEqual([body.items[0].available, body.items[0].status], [0, "out_of_stock"]);
  turnedAway.push(...answers.filter(({ answer }) => answer.status === 409).map((refusal) => ({ ...refusal, wish })));
});

test("each refusal said whether it is stored: a stored one stays, whoever got another may buy what comes back", async () => {
  const storedOf = ({ headers }) => headers.get("idempotency-stored");
  const kept = turnedAway.find(({ answer }) => storedOf(answer) === "true");
  const free = turnedAway.find(({ answer }) => storedOf(answer) === "false");
  assert.ok(kept && free, "the first were refused by the shard, the rest before it");
  const back = { kind: "received", quantity: 1, reason: "One was found" };
  const headers = { "idempotency-key": "one-was-found" };
  const adjusted = await store.admin.post("/v1/admin/inventory/PRINT-LAST-ONE/adjustments", back, { headers });
  assert.equal(adjusted.body.available, 1, adjusted.text);
  const again = await store.storefront.checkout(kept.wish, kept.key);
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed"), storedOf(again)], [409, "true", "true"]);
  assert.deepEqual(again.body.shortages, kept.answer.body.shortages);
  const bought = await store.storefront.checkout(free.wish, free.key);
  assert.deepEqual([bought.status, storedOf(bought)], [201, "true"], bought.text);
  note(free.key, bought);
});

test("ten units, mixed quantities: all are sold, none twice", async () => {
  const sku = "MUG-CLASSIC-MOSS";
  const { body: level } = await store.admin.get(`/v1/admin/inventory/${sku}`);
  const adjustment = { quantity: 10 - level.available, reason: "Counted for the test" };
  const headers = { "idempotency-key": "count-moss" };
  const adjusted = await store.admin.post(`/v1/admin/inventory/${sku}/adjustments`, adjustment, { headers });
  assert.equal(adjusted.body.available, 10, adjusted.text);
  const wishes = Array.from({ length: 60 }, (_, index) => (index % 3) + 1);
  const answers = await eachAtOnce(wishes, 60, async (quantity) => {
    // Two lines of one SKU count as one wish.
    const lines = quantity === 3 ? [{ sku, quantity: 1 }, { sku, quantity: 2 }] : [{ sku, quantity }];
    const key = randomUUID();
    const answer = await store.storefront.checkout(paidBy("instant", { lines }), key);
    if (answer.status === 201) note(key, answer);
    return { quantity, answer };
  });
  const refused = answers.filter(({ answer }) => answer.status !== 201);
  for (const { answer } of refused) assert.equal(answer.body.code, "insufficient_stock", answer.text);
  const sold = answers.filter(({ answer }) => answer.status === 201).reduce((sum, { quantity }) => sum + quantity, 0);
  assert.equal(sold, 10, "single units were asked for to the end, so none is left");
});

test("50 simultaneous requests with one key: one order, one charge, the same answer", async () => {
  const key = randomUUID();
  const before = store.sandbox.control.payments().length;
  const answers = await Promise.all(Array.from({ length: 50 }, () => store.storefront.checkout(cart(), key)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
  assert.equal(answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true").length, 49);
  assert.equal(store.sandbox.control.payments().length - before, 1);
  note(key, answers[0]);
});

test("the same key with another cart is refused, with another API key it is another order", async () => {
  const key = randomUUID();
  const first = await store.storefront.checkout(cart(), key);
  note(key, first);
  const other = await store.storefront.checkout(cart({ email: "grace@example.com" }), key);
  assert.deepEqual([other.status, other.body.code], [422, "idempotency_key_reused"]);
  const again = await store.storefront.checkout(cart(), key);
  assert.deepEqual([again.status, again.text], [201, first.text]);
  const elsewhere = await store.admin.checkout(cart(), key);
  assert.equal(elsewhere.status, 201, elsewhere.text);
  assert.notEqual(elsewhere.body.order.id, first.body.order.id);
});

test("the books agree", async () => {
  const raw = await assertBooksAgree(store, { acknowledged });
  const claims = raw.skus.get("PRINT-LAST-ONE").reservations.map(({ state }) => state);
  assert.equal(claims.filter((state) => state === "committed").length, 2);
});

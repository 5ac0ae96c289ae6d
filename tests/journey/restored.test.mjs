// FAULTS 24: while the store is down, somebody puts back an earlier copy of one SKU's object. In itself its ledger is
// without fault, only older than what others remember: the last proof its hash, lists its version, orders what they
// have of it. Whatever of these is newer than the copy shows it; the orders tell the object again what it has
// forgotten, and one whose units are gone by then is put before a person. The other SKUs hold.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { assertBooksAgree } from "../support/books.mjs";
import { eventually } from "../support/eventually.mjs";
import { objectId } from "../support/raw-state.mjs";
import { paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const UNIQUE_KEY = "cartwright-SkuInventory";
const SKU = "MUG-CLASSIC";
const SCARCE = "PRINT-LAST-ONE";
const OTHER = "MUG-CLASSIC-MOSS";
/** So often cron comes until every SKU of the demo store had its turn. */
const SCHEDULED_RUNS = 3;

let store;
before(async () => (store = await openStore()));
after(() => store?.close());

const acknowledged = [];

const fileOf = (sku) => path.join(store.stateDir, "v3", "do", UNIQUE_KEY, `${objectId(UNIQUE_KEY, sku)}.sqlite`);
const copyOf = (sku) => path.join(store.folder, `${sku}.earlier.sqlite`);

/** With its log, if it has one; what the other place had besides would belong to another database. */
function copyDatabase(from, to) {
  copyFileSync(from, to);
  for (const suffix of ["-wal", "-shm"]) {
    rmSync(to + suffix, { force: true });
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

async function whileStopped(work) {
  await store.stop();
  work();
  await store.start();
}

const keepCopy = (sku) => whileStopped(() => copyDatabase(fileOf(sku), copyOf(sku)));
const putBack = (sku) => whileStopped(() => copyDatabase(copyOf(sku), fileOf(sku)));

async function prove(sku, scope = "whole") {
  const { status, body, text } = await store.admin.post(`/v1/admin/inventory/${sku}/proofs`, { scope });
  assert.equal(status, 200, text);
  return body;
}

const codesOf = ({ differences }) => [...new Set(differences.map(({ code }) => code))];
const stockOf = async (sku) => (await store.admin.get(`/v1/admin/inventory/${sku}`)).body;
const orderOf = async ({ orderId }) => (await store.admin.get(`/v1/orders/${orderId}`)).body;

async function buy(sku) {
  const key = randomUUID();
  const answer = await store.storefront.checkout(paidBy("instant", { lines: [{ sku, quantity: 1 }] }), key);
  if (answer.status !== 201) return answer;
  const known = { key, orderId: answer.body.order.id, total: answer.body.order.totals.total.amount };
  acknowledged.push(known);
  return { ...answer, known };
}

async function sell(sku, count) {
  const sold = [];
  for (let number = 0; number < count; number += 1) {
    const { status, text, known } = await buy(sku);
    assert.equal(status, 201, text);
    sold.push(known);
  }
  return sold;
}

/** Until so many are sold, and lists have been told. */
const untilSold = (sku, units) => eventually(async () => {
  const { sold, reserved } = await stockOf(sku);
  assert.deepEqual({ sold, reserved }, { sold: units, reserved: 0 });
  const database = await store.database();
  const copy = await database.prepare("SELECT sold, reserved FROM stock_levels WHERE sku = ?").bind(sku).first();
  assert.deepEqual({ ...copy }, { sold: units, reserved: 0 });
}, { within: 15_000 });

test("a copy that was made after the last proof is found by what lists were told, and the orders tell it again what they have", async () => {
  await sell(SKU, 1);
  await untilSold(SKU, 1);
  assert.equal((await prove(SKU)).verdict, "holds");
  await sell(SKU, 1);
  await untilSold(SKU, 2);
  await keepCopy(SKU);
  const forgotten = await sell(SKU, 3);
  await untilSold(SKU, 5);
  await putBack(SKU);

  assert.equal((await stockOf(SKU)).sold, 2, "the object was put back, and knows nothing of the last sales");
  const proof = await prove(SKU, "since_last");
  assert.equal(proof.verdict, "broken", JSON.stringify(proof));
  assert.deepEqual(codesOf(proof), ["older_than_told", "order_forgotten"], JSON.stringify(proof.differences));
  const told = proof.differences.map(({ message }) => message);
  assert.match(told[0], /put back to version \d+, lists were told version \d+; sold is 2, it was 5/);
  for (const { orderId } of forgotten) {
    assert.ok(told.includes(`order ${orderId} bought 1, which the object forgot: the object was told again`), told.join("\n"));
  }
  assert.equal(told.length, 1 + forgotten.length);
  assert.ok(store.logs.some((line) => line.includes("stock.put_back") && line.includes(SKU)), "nobody was told");
  // Nothing is forgotten any more, lists follow, and the ledger says what happened.
  await untilSold(SKU, 5);
  const holds = await prove(SKU);
  assert.equal(holds.verdict, "holds", JSON.stringify(holds.differences));
  const { body: ledger } = await store.admin.get(`/v1/admin/inventory/${SKU}/movements?limit=50`);
  assert.ok(JSON.stringify(ledger).includes("Put back to version"), "the ledger does not say so");
  assert.equal((await prove(OTHER)).verdict, "holds");
});

test("nobody needs to ask: the first thing that the object tells shows it", async () => {
  await keepCopy(SKU);
  await sell(SKU, 4);
  await untilSold(SKU, 9);
  await putBack(SKU);
  await sell(SKU, 1);
  await untilSold(SKU, 10);
  const { body: broken } = await store.admin.get("/v1/admin/inventory/proofs?verdict=broken");
  assert.deepEqual(broken.items.map(({ sku, differences }) => [sku, codesOf({ differences })]), [[SKU, ["older_than_told", "order_forgotten"]]]);
});

test("units that were sold again in the meantime are nobody's twice: who paid first is put before a person", async () => {
  await prove(SCARCE);
  await keepCopy(SCARCE);
  const [first] = await sell(SCARCE, 1);
  await untilSold(SCARCE, 1);
  await putBack(SCARCE);
  const second = await buy(SCARCE);
  await untilSold(SCARCE, 1);
  // It counts as far as it did before, and to the same sums: only the order that it forgot can tell. The schedule
  // takes some SKUs at a time.
  for (let run = 0; run < SCHEDULED_RUNS; run += 1) await store.runScheduled();
  const { body: broken } = await store.admin.get("/v1/admin/inventory/proofs?verdict=broken");
  assert.ok(broken.items.some(({ sku, differences }) => sku === SCARCE && codesOf({ differences }).includes("order_forgotten")), JSON.stringify(broken.items));
  const { attention = [], ...order } = await orderOf(first);
  const isShort = attention.some(({ code }) => code === "stock_gone");
  // Either the object was told in time, or what it sold again is told of.
  assert.equal(isShort, second.status === 201, `${second.status}: ${JSON.stringify({ attention, order })}`);
});

test("the books agree", () => assertBooksAgree(store, { acknowledged, within: 20_000 }));

test("a copy that is older than the last proof is found by its hash as well, and goes on being told", async () => {
  await keepCopy(OTHER);
  await sell(OTHER, 3);
  await untilSold(OTHER, 3);
  const held = await prove(OTHER);
  assert.equal(held.verdict, "holds", JSON.stringify(held));
  await putBack(OTHER);

  const first = await prove(OTHER, "since_last");
  const told = first.differences.map(({ code, message }) => `${code}: ${message}`).join("; ");
  assert.match(told, /anchor_missing: the ledger ends before line \d+, which was proven before/);
  // Against what was proven, the difference is told in units.
  assert.match(told, /counter_differs: sold is 0, the ledger says 3/);
  assert.match(told, /older_than_told/);
  await untilSold(OTHER, 3);
  for (const scope of ["whole", "since_last"]) {
    const again = await prove(OTHER, scope);
    assert.equal(again.verdict, "broken", scope);
    assert.ok(codesOf(again).some((code) => code.startsWith("anchor_")), JSON.stringify(again.differences));
  }
});

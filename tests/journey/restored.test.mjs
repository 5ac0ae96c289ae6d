// FAULTS 24: while the store is down, somebody puts back an earlier copy of one SKU's object. In itself its ledger is
// without fault, only older than what was proven: the proof finds that by the hash that is kept outside of the object,
// says what differs, goes on saying it, and mends nothing. The other SKUs hold.

import assert from "node:assert/strict";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.mjs";
import { objectId } from "../support/raw-state.mjs";
import { paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const UNIQUE_KEY = "cartwright-SkuInventory";
const SKU = "MUG-CLASSIC";
const OTHER = "PRINT-LAST-ONE";
const SOLD_SINCE = 3;

let store;
before(async () => (store = await openStore()));
after(() => store?.close());

const fileOf = (sku) => path.join(store.stateDir, "v3", "do", UNIQUE_KEY, `${objectId(UNIQUE_KEY, sku)}.sqlite`);

/** With its log, if it has one; what the other place had besides would belong to another database. */
function copyDatabase(from, to) {
  copyFileSync(from, to);
  for (const suffix of ["-wal", "-shm"]) {
    rmSync(to + suffix, { force: true });
    if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}

async function prove(sku, scope = "whole") {
  const { status, body, text } = await store.admin.post(`/v1/admin/inventory/${sku}/proofs`, { scope });
  assert.equal(status, 200, text);
  return body;
}

const stockOf = async (sku) => (await store.admin.get(`/v1/admin/inventory/${sku}`)).body;

async function sell(count) {
  for (let sold = 0; sold < count; sold += 1) {
    const { status, text } = await store.storefront.checkout(paidBy("instant", { lines: [{ sku: SKU, quantity: 1 }] }));
    assert.equal(status, 201, text);
  }
}

const untilSold = (units) => eventually(async () => assert.deepEqual(
  await stockOf(SKU).then(({ sold, reserved }) => ({ sold, reserved })),
  { sold: units, reserved: 0 },
));

test("the proof finds that the object is older than its last proof", async () => {
  await sell(1);
  await untilSold(1);
  await store.stop();
  const copy = path.join(store.folder, "earlier.sqlite");
  copyDatabase(fileOf(SKU), copy);
  await store.start();

  await sell(SOLD_SINCE);
  await untilSold(1 + SOLD_SINCE);
  const held = await prove(SKU);
  assert.equal(held.verdict, "holds", JSON.stringify(held));
  assert.equal((await prove(OTHER)).verdict, "holds");
  await store.stop();
  copyDatabase(copy, fileOf(SKU));
  await store.start();

  // The object was put back indeed, and knows nothing of the last sales.
  assert.equal((await stockOf(SKU)).sold, 1);
  for (const scope of ["since_last", "whole", "since_last"]) {
    const proof = await prove(SKU, scope);
    assert.equal(proof.verdict, "broken", scope);
    const told = proof.differences.map(({ code, message }) => `${code}: ${message}`).join("; ");
    assert.match(told, /anchor_missing: the ledger ends before line \d+, which was proven before/, scope);
    // Against what was proven, the difference is told in units.
    if (scope === "since_last") assert.match(told, new RegExp(`counter_differs: sold is 1, the ledger says ${1 + SOLD_SINCE}`));
  }
  const { body: broken } = await store.admin.get("/v1/admin/inventory/proofs?verdict=broken");
  assert.deepEqual(broken.items.map(({ sku }) => sku), [SKU]);
  assert.ok(store.logs.some((line) => line.includes("stock.proof_broken") && line.includes(SKU)), "nobody was told");
  assert.equal((await prove(OTHER)).verdict, "holds");
  // Told, and not mended in silence.
  assert.equal((await stockOf(SKU)).sold, 1);
});

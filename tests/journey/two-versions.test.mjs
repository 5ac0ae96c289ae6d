// FAULTS 27 over the whole store: while buyers go on buying, the code is exchanged again and again over the same state:
// another build, this one, back, and forth, each time with requests under way; and D1 is migrated further while it serves.
// No request fails that a retry under its key does not fix, and the books agree.
//
// The other build is named by CARTWRIGHT_OTHER_BUILD: `npm run two-versions -- --from <commit>` makes one and runs this
// file. Without it this build takes the other's place, so that what is shown is the exchange and not the difference.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { repositoryRoot } from "../../scripts/bootstrap.mjs";
import { assertBooksAgree } from "../support/books.mjs";
import { paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const OTHER = process.env.CARTWRIGHT_OTHER_BUILD ? path.resolve(process.env.CARTWRIGHT_OTHER_BUILD) : undefined;
const OWN = path.join(repositoryRoot, "build");

const BUYERS = 6;
const SERVED_FOR_MS = 1_500;
const AGAIN_AFTER_MS = 100;
const GIVES_UP_AFTER_MS = 60_000;

let store;
before(async () => {
  if (OTHER) assert.ok(existsSync(path.join(OTHER, "index_bg.wasm")), `there is no build in ${OTHER}`);
  store = await openStore();
});
after(() => store?.close());

const acknowledged = [];
const counts = { tries: 0, unreachable: 0, told_to_come_again: 0 };

/** One order, asked for under its key until there is an answer. */
async function buy() {
  const key = randomUUID();
  const methods = ["instant", "auto"];
  const wish = paidBy(methods[acknowledged.length % methods.length], { lines: [{ sku: "MUG-CLASSIC-BLUE", quantity: 1 }, { sku: "JAR-05", quantity: 1 }] });
  const until = Date.now() + GIVES_UP_AFTER_MS;
  for (;;) {
    counts.tries += 1;
    const answer = await store.storefront.checkout(wish, key).catch((error) => ({ error }));
    if (answer.status === 201) {
      acknowledged.push({ key, orderId: answer.body.order.id, total: answer.body.order.totals.total.amount });
      return;
    }
    // Between two starts nobody listens; on the platform the new code is there before the old one is gone.
    if (answer.error) counts.unreachable += 1;
    else {
      assert.equal(answer.status, 503, answer.text);
      assert.ok(Number(answer.headers.get("retry-after")) > 0, answer.text);
      counts.told_to_come_again += 1;
    }
    assert.ok(Date.now() < until, `${key} has no answer after ${GIVES_UP_AFTER_MS} ms: ${answer.error ?? answer.text}`);
    await sleep(AGAIN_AFTER_MS);
  }
}

/** Buyers who go on until `work` is done; each sees its last order through. */
async function whileBuying(work) {
  let isOver = false;
  const buying = Array.from({ length: BUYERS }, async () => {
    while (!isOver) await buy();
  });
  try {
    await work();
  } finally {
    isOver = true;
  }
  await Promise.all(buying);
}

test("the code is exchanged, taken back and exchanged again while buyers buy", async (t) => {
  await stocked();
  const [other, own] = [OTHER ?? OWN, OWN];
  const served = [];
  await whileBuying(async () => {
    for (const build of [other, own, other, own]) {
      const before = acknowledged.length;
      // Decently, as a deployment does, and with the outbox as it is.
      await store.stop();
      await store.start({ build });
      await sleep(SERVED_FOR_MS);
      served.push(acknowledged.length - before);
    }
  });
  t.diagnostic(`${OTHER ? `with ${OTHER}` : "with one build"}: orders by each in turn ${served.join(", ")}; ${JSON.stringify(counts)}`);
  assert.ok(served.every((orders) => orders > 0), `orders by each: ${served}`);
});

test("D1 is migrated further while it serves: no request fails", async () => {
  const failed = counts.unreachable + counts.told_to_come_again;
  const database = await store.database();
  const before = acknowledged.length;
  // What a next migration may do: add a column and a table, and make an index anew.
  const next = [
    "ALTER TABLE orders ADD COLUMN of_next_version TEXT",
    "CREATE TABLE next_version (id INTEGER PRIMARY KEY) STRICT",
    "DROP INDEX orders_by_email",
    "CREATE INDEX orders_by_email ON orders (email, created_at, id, of_next_version)",
  ];
  await whileBuying(async () => {
    await sleep(SERVED_FOR_MS / 3);
    await database.batch(next.map((statement) => database.prepare(statement)));
    await sleep(SERVED_FOR_MS);
  });
  assert.ok(acknowledged.length > before);
  assert.equal(counts.unreachable + counts.told_to_come_again, failed);
});

test("the books agree", () => assertBooksAgree(store, { acknowledged, within: 30_000 }));

async function stocked() {
  for (const sku of ["MUG-CLASSIC-BLUE", "JAR-05"]) {
    const delivery = { kind: "received", quantity: 100_000, reason: "For everybody" };
    const { status, text } = await store.admin.post(`/v1/admin/inventory/${sku}/adjustments`, delivery, { headers: { "idempotency-key": `stock-${sku}` } });
    assert.equal(status, 200, text);
  }
}

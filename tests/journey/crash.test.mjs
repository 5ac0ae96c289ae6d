// The power goes out, again and again, in the middle of 200 checkouts: `kill -9` of the runtime at seeded
// moments, restart on the same disk, the gateway living on, buyers trying again under their keys. Afterwards
// nothing is lost, doubled, oversold or leaked, and lists show what is.
//
// SEED=… repeats a run's choices (not its timing).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { assertBooksAgree } from "../support/books.mjs";
import { eachAtOnce, eventually } from "../support/eventually.mjs";
import { chosenSeed, seededRandom } from "../support/random.mjs";
import { paidBy } from "../support/shopping.mjs";
import { openStore } from "../support/store.mjs";

const CHECKOUTS = 200;
const AT_ONCE = 16;
const KILLS = 6;
const SCARCE = { sku: "MUG-CLASSIC-MOSS", units: 40 };
const PAYMENT_WINDOW_SECONDS = 10;
const GRACE_SECONDS = 4;
const PATIENCE_MS = 60_000;

/** Of 20 buyers, how many pay in which way. */
const METHODS = Object.entries({ auto: 9, instant: 5, redirect: 2, pending: 1, decline: 1, timeout: 1, wrong_amount: 1 });

const seed = chosenSeed();
const random = seededRandom(seed);
const pick = (list) => list[Math.floor(random() * list.length)];

let store;
const wishes = [];
const acknowledged = [];
let kills = 0;
let interrupted = 0;

before(async () => {
  store = await openStore({ autoMs: 100, vars: { GATEWAY_TIMEOUT_MILLISECONDS: "1000" } });
  await store.changeTerms({ payment_window_seconds: PAYMENT_WINDOW_SECONDS, reservation_grace_seconds: GRACE_SECONDS });
  const { body: level } = await store.admin.get(`/v1/admin/inventory/${SCARCE.sku}`);
  const adjustment = { quantity: SCARCE.units - level.available, reason: "Counted for the test" };
  const headers = { "idempotency-key": "count-scarce" };
  const { body } = await store.admin.post(`/v1/admin/inventory/${SCARCE.sku}/adjustments`, adjustment, { headers });
  assert.equal(body.available, SCARCE.units);
  store.sandbox.control.delivery({ copies: 2, shuffle: true, delay_ms: 20 });
});
after(() => store?.close());

function makeWish(index) {
  const methods = METHODS.flatMap(([method, share]) => Array(share).fill(method));
  const skus = ["MUG-CLASSIC", "MUG-CLASSIC-BLUE", "BOWL-STONE-S", SCARCE.sku, SCARCE.sku];
  const lines = [{ sku: pick(skus), quantity: 1 + Math.floor(random() * 2) }];
  if (random() < 0.3) lines.push({ sku: pick(skus), quantity: 1 });
  return { key: `crash-${seed}-${index}`, cart: paidBy(pick(methods), { lines, email: `buyer${index}@example.com` }) };
}

/** One buyer: sends the same request until it is answered for good. */
async function buy(wish) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await store.storefront.checkout(wish.cart, wish.key).catch(() => void (interrupted += 1));
    if (answer?.status === 201) {
      const { order } = answer.body;
      acknowledged.push({ key: wish.key, orderId: order.id, total: order.totals.total.amount });
    }
    if ([201, 402, 409].includes(answer?.status)) return answer;
    // Only a server that is gone or asks for patience is asked again.
    if (answer) assert.equal(answer.status, 503, answer.text);
    assert.ok(Date.now() < end, `no answer to ${wish.key} in ${PATIENCE_MS} ms`);
    await wait(50 + random() * 100);
  }
}

test(`${CHECKOUTS} checkouts, ${KILLS} power cuts (seed ${seed})`, async () => {
  for (let index = 0; index < CHECKOUTS; index += 1) wishes.push(makeWish(index));
  const killAt = Array.from({ length: KILLS }, () => 10 + Math.floor(random() * (CHECKOUTS - 20))).sort((a, b) => a - b);
  let started = 0;
  let restarting = Promise.resolve();
  const answers = await eachAtOnce(wishes, AT_ONCE, async (wish) => {
    started += 1;
    while (killAt.length > 0 && started >= killAt[0]) {
      killAt.shift();
      const moment = random() * 40;
      restarting = restarting.then(async () => {
        await wait(moment);
        await store.crash();
        kills += 1;
        await store.start();
      });
    }
    return buy(wish);
  });
  await restarting;
  assert.equal(kills, KILLS);
  assert.ok(interrupted > KILLS, "the power went out while nobody was buying");
  const statuses = Object.groupBy(answers, ({ status }) => status);
  assert.ok(statuses[201].length >= CHECKOUTS / 2, `only ${statuses[201].length} orders were placed`);
  for (const { text, body } of statuses[402] ?? []) assert.equal(body.code, "payment_declined", text);
  for (const { text, body } of statuses[409] ?? []) assert.equal(body.code, "insufficient_stock", text);
  wishes.forEach((wish, index) => (wish.answer = answers[index]));
});

test("every key is still answered as it was", async () => {
  await eachAtOnce(wishes, AT_ONCE, async ({ key, cart, answer }) => {
    // A cart that found its SKU just sold out was refused before anything was written: it may be tried anew.
    if (answer.status === 409) return;
    const again = await store.storefront.checkout(cart, key);
    assert.equal(again.status, answer.status, again.text);
    assert.equal(again.headers.get("idempotent-replayed"), "true");
    assert.equal(again.body.order?.id, answer.body.order?.id);
    assert.equal(again.body.order_token, answer.body.order_token);
  });
});

test("every order ends, and none keeps stock it does not pay for", async () => {
  const within = (PAYMENT_WINDOW_SECONDS + GRACE_SECONDS + 16) * 1000;
  const ids = [...new Set(acknowledged.map(({ orderId }) => orderId))];
  await eventually(
    async () => {
      const orders = await eachAtOnce(ids, AT_ONCE, async (id) => (await store.admin.get(`/v1/orders/${id}`)).body);
      for (const order of orders) {
        const settled = order.payment_status === "paid" || order.status !== "open" || order.attention.length > 0;
        assert.ok(settled, `${order.id} is ${order.status} and ${order.payment_status}`);
      }
    },
    { within, every: 500 },
  );
  const { body: level } = await store.admin.get(`/v1/admin/inventory/${SCARCE.sku}`);
  assert.ok(level.sold <= SCARCE.units, `${level.sold} of ${SCARCE.units} sold`);
  await eventually(async () => {
    const { body } = await store.storefront.get(`/v1/stock?sku=${SCARCE.sku}&fresh=true`);
    const { body: now } = await store.admin.get(`/v1/admin/inventory/${SCARCE.sku}`);
    assert.equal(body.items[0].available, SCARCE.units - now.sold - now.reserved);
  });
});

test("the books agree", async () => {
  const raw = await assertBooksAgree(store, { acknowledged, within: 30_000 });
  const orders = [...raw.shards.values()].flatMap((shard) => shard.orders.map((row) => row.document));
  assert.ok(orders.length <= CHECKOUTS, `${orders.length} orders of ${CHECKOUTS} keys`);
  const paid = orders.filter((order) => order.payment?.report?.state === "captured");
  assert.ok(paid.length > CHECKOUTS / 3);
  assert.equal(raw.series.get("CW").invoices.length, paid.length);
});

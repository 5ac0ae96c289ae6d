// A day in the life: 200 orders over four gateways, with every fault there is, by seed. Then the books: ledger,
// stock, invoices, credit notes, D1 and the gateways agree to the cent.
//
//   DAY_SEED=1234 node --test tests/journey/day.test.mjs     plays a day again

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { audit } from "../support/audit.mjs";
import { openCounters, FAULT_KINDS } from "../support/day/counters.mjs";
import { openForger } from "../support/day/forger.mjs";
import { openLife } from "../support/day/life.mjs";
import { planDay } from "../support/day/plan.mjs";
import { attention, comeToRest, EVENING_SECONDS, holdMoney, MORNING_SECONDS, reconcile, refundsAreMade } from "../support/day/rest.mjs";
import { compareBooks, compareDocuments, compareStock, table } from "../support/day/verdict.mjs";
import { eventually } from "../support/eventually.mjs";
import { openGateways } from "../support/gateways.mjs";
import { seededRandom } from "../support/random.mjs";
import { readRawState } from "../support/raw-state.mjs";

// One day for everybody, so that a failure is somebody's change; other days are played by their seed.
const seed = Number(process.env.DAY_SEED ?? 6);
const ORDERS = Number(process.env.DAY_ORDERS ?? 200);

const random = seededRandom(seed);
const findings = [];
const seen = { unknown: new Map(), foundByPoll: {}, acknowledged: [] };
const placed = new Map(); // order id -> {plan, id, token}
const began = new Date().toISOString();
let shop;
let counters;
let life;
let dayEnded;
let ended;

const say = (sentence) => findings.push(sentence);
const none = (sentences, what) => assert.deepEqual(sentences.slice(0, 30), [], `${what}; play it again with DAY_SEED=${seed}`);

function atRest() {
  const owed = [...readRawState(shop.store.stateDir).shards.values()].flatMap((shard) => shard.outbox);
  assert.deepEqual(owed, []);
}

before(async () => {
  console.log(`DAY_SEED=${seed}`);
  shop = await openGateways({ random: seededRandom(seed + 1), seed });
  counters = openCounters(shop.fakes);
  life = openLife({ store: shop.store, counters, office: shop.office, say, seen });
});
after(() => shop?.close());

test("latecomers: who pays when the order is closed gets the money back, or a person is told", async () => {
  const { store, office } = shop;
  const late = [];
  for (const givesBack of [true, false]) {
    await store.changeTerms({ payment_window_seconds: 1, reservation_grace_seconds: 5, refund_late_money: givesBack });
    for (const gateway of ["stripe", "razorpay", "paypal"]) {
      const plan = { n: `late-${givesBack}`, gateway, currency: counters[gateway].currencies[0], buyer: "leaves", lines: [{ sku: "BELL-BRASS", quantity: 1 }], deck: [] };
      const order = await life.live(plan);
      late.push({ ...order, gateway, givesBack });
      placed.set(order.id, { plan, ...order });
    }
  }
  await store.changeTerms({ payment_window_seconds: 1800, reservation_grace_seconds: 300 });
  office.careful("razorpay");
  for (const { id, gateway, givesBack } of late) {
    const order = await eventually(async () => {
      const order = await life.read(id);
      assert.equal(order.status, "expired", `${id} at ${gateway}`);
      return order;
    }, { within: 10_000 });
    // Stripe's page is closed by then; PayPal's buyer agrees to what nobody completes.
    if (gateway !== "stripe") counters[gateway].pay(order.payment.reference);
    if (gateway !== "razorpay") continue;
    await eventually(async () => {
      const { attention, payment } = await life.read(id);
      assert.deepEqual(attention.map((one) => one.code), ["paid_after_close"]);
      if (givesBack) assert.equal(payment.refunded.amount, order.totals.total.amount);
    });
  }
  office.careful("razorpay", false);
  none(findings.splice(0), "latecomers");
});

test("the day: everybody buys, everything fails, nothing is strange", async () => {
  const plans = planDay({ random, gateways: counters, orders: ORDERS });
  const atOneGateway = async (name) => {
    let held = false;
    for (const plan of plans.filter((one) => one.gateway === name)) {
      if (plan.held && !held) {
        await holdMoney(shop.store, name);
        held = true;
      }
      const order = await life.live(plan);
      if (order) placed.set(order.id, { plan, ...order });
    }
  };
  await Promise.all(Object.keys(counters).map(atOneGateway));
  await shop.office.settled();
  none(findings.splice(0), "the day");
  assert.deepEqual(shop.office.believed, [], "forgeries that were believed");
  dayEnded = new Date().toISOString();
});

test("the evening: what was not known is found out, and those who could not pay do", async () => {
  await shop.restart(EVENING_SECONDS);
  for (const [id, { plan, token }] of placed) {
    const order = await life.reach(id, (one) => life.undecided(one).length === 0, { patience: 0, asks: 3 });
    if (life.undecided(order).length > 0) continue;
    if (["action_required", "failed"].includes(order.payment_status) && order.status === "open") await life.buy(plan, counters[order.payment.gateway], { id, token });
    await life.goOn(plan, { id });
  }
  await shop.office.settled();
  none(findings.splice(0), "the evening");
});

test("the night: batches settle, what was left lying lapses, and the store comes to rest", async () => {
  shop.office.close();
  ended = new Date(Date.now() + 1_000).toISOString();
  shop.fakes.authorize_net.settle();
  // The gateways' clocks stay behind: what timed out now, on a busy machine, would be looked for at the wrong time.
  await shop.restart(MORNING_SECONDS, { GATEWAY_TIMEOUT_MILLISECONDS: "20000" });
  // Refunds that waited for the batch are made now. By a gateway whose clock stays behind they are of the day that the
  // schedule compares with D1's copy of our ledger, which must have them by then.
  await refundsAreMade({ life, known: () => placed.keys() });
  await eventually(atRest, { within: 15_000, every: 250 });
  await shop.store.runScheduled();
  const waiting = await comeToRest({ store: shop.store, life, known: () => placed.keys(), within: 60_000 });
  none(findings.splice(0), "the night");
  none(waiting, "not at rest");
  // D1 has heard of everything: nothing waits in an outbox.
  await eventually(atRest, { within: 15_000, every: 250 });
});

test("the gateways' own books agree with ours, line by line", async () => {
  for (const name of Object.keys(counters)) {
    const run = await reconcile(shop.store, name, { from: began, to: ended }, "morning");
    console.log(name, JSON.stringify({ state: run.state, counts: run.counts, totals: run.totals }));
    assert.equal(run.state, "done", JSON.stringify(run));
    none(run.differences, `the books of ${name}`);
    assert.ok(run.counts.matched > 0, `${name} has books`);
  }
});

test("books that somebody has altered are told, and nothing else", async (t) => {
  // Captures that our ledger dates within the day as well: what was found out later, it dates later.
  const ofTheDay = new Set();
  for (const id of placed.keys()) {
    const { payment, operations } = await life.read(id);
    const taken = operations.filter((one) => one.kind === "capture" && one.result === "succeeded" && one.completed_at < dayEnded);
    if (payment?.gateway === "stripe" && taken.length === 1) ofTheDay.add(payment.reference);
  }
  const forger = await openForger(shop.fakes.stripe.url, ofTheDay);
  t.after(() => forger.stop());
  await shop.restart(MORNING_SECONDS, { STRIPE_BASE_URL: forger.url });
  const run = await reconcile(shop.store, "stripe", { from: began, to: ended }, "altered");
  const { altered, removed, added } = forger.harm();
  const told = run.differences.map((one) => `${one.payment_reference} ${one.kind} ${one.result}`).sort();
  const expected = [`${altered} capture amount_differs`, `${removed} capture missing_there`, `${added} capture missing_here`];
  assert.deepEqual(told, expected.sort());
  const queue = await eventually(async () => {
    const queue = (await attention(shop.store)).filter((one) => one.code === "reconciliation_difference");
    assert.equal(queue.length, 3, JSON.stringify(queue).slice(0, 500));
    return queue;
  });
  assert.equal(queue.filter((one) => one.order_id === null).length, 1, "the one that is nobody's stands by itself");
});

test("the books agree to the cent", async () => {
  await eventually(atRest, { within: 15_000, every: 250 });
  const queue = await attention(shop.store);
  await shop.store.stop();
  const raw = readRawState(shop.store.stateDir);
  const orders = [...raw.shards.values()].flatMap((shard) => shard.orders.map((row) => row.document));
  const books = Object.fromEntries(Object.entries(counters).map(([name, counter]) => [name, counter.book()]));
  const documents = compareDocuments(orders, raw.series);
  console.log(table(counters, shop.office, seen, orders));
  for (const [key, sum] of documents.sums) console.log(key, JSON.stringify(sum));
  none(compareBooks(orders, books), "gateways and ledger");
  none(compareStock(orders, raw.skus), "stock");
  const payments = Object.values(books).flat().map((row) => ({ ...row, id: row.reference, amount: row.captured }));
  none(audit({ raw, payments, acknowledged: seen.acknowledged, now: Date.now() + MORNING_SECONDS * 1_000 }), "the audit of what lies on the disk, D1 included");
  none(documents.findings, "documents");
  const told = new Set(queue.map((one) => `${one.order_id} ${one.code}`));
  const untold = orders.flatMap((order) => order.attention.filter((one) => !one.resolved).map((one) => `${order.id} ${one.code}`)).filter((one) => !told.has(one));
  none(untold, "for a person, and not in the queue");
  const never = FAULT_KINDS.filter((kind) => Object.values(counters).every((counter) => counter.counts[kind] === 0));
  assert.deepEqual(never, [], "faults that never happened");
});

// One run of the fault lab: a shop is opened, everybody buys, sells and counts while the power goes out, then all is
// calm, the shop comes to rest, every key is asked again, and the books are audited as they lie on the disk.

import { setTimeout as sleep } from "node:timers/promises";
import { auditAtRest } from "../support/books.mjs";
import { eachAtOnce } from "../support/eventually.mjs";
import { seededRandom } from "../support/random.mjs";
import { openAsking } from "./asking.mjs";
import { makeWishes, openBuyers } from "./buyers.mjs";
import { openMerchant, openShelves } from "./merchant.mjs";
import { openPower } from "./power.mjs";
import { openShop } from "./shop.mjs";
import { judge } from "./verdict.mjs";
import { stillWaiting, waitsForProof } from "./wreck.mjs";

/** For so many orders, one movement of money, one change of stock, one switch of drop mode. */
const ORDERS_PER = { moveMoney: 5, moveStock: 15, switchDropMode: 40 };

/** How often, and how many at once, buyers and merchants ask about what is not settled. */
const ASK_EVERY_MS = 1_000;
const ASKED_AT_ONCE = 8;

/** So far the clock goes on for starts of which only time can prove that they never reached the gateway. */
const PROOF_SECONDS = 240;

/** After so long without rest the run has failed; the promise is a minute. */
const REST_WITHIN_MS = 150_000;

/**
 * Runs the lab: `{kills, orders, seed, minutes, atOnce, faults, windowSeconds}`. Gives `{result, seen}`: what it amounts to, with
 * the `findings` that it must not have, and all that was seen, to be judged again. `tell` hears a line now and then.
 */
export async function runLab(options, { tell = () => undefined } = {}) {
  const { kills, orders, seed, minutes, atOnce, faults, windowSeconds } = options;
  const random = seededRandom(seed);
  const findings = [];
  const say = (sentence) => findings.push(sentence);
  const shop = await openShop({ random, faults, windowSeconds });
  const began = Date.now();
  try {
    await openShelves({ store: shop.store, orders });
    const asking = openAsking({ random, say });
    const buyers = openBuyers({ shop, asking, random, say });
    const merchant = openMerchant({ shop, asking, random, placed: buyers.placed, seed, say });
    const power = openPower({
      store: shop.store, orders, kills, random,
      underWay: () => ({ ...asking.underWay(), gateway_calls: sum(Object.values(shop.lines).map((line) => line.underWay)) }),
      isKnown: (key) => Object.values(shop.lines).some((line) => line.hasReached(key)),
      tell: (cuts) => cuts % 10 === 0 && tell(`${cuts} of ${kills} power cuts, ${buyers.placed.length} orders placed`),
    });
    const wishes = makeWishes({ orders, seed, random });
    await load({ wishes, buyers, merchant, power, atOnce, until: began + minutes * 60_000, say });
    const loadEndedAt = Date.now();
    shop.calm();
    tell(`the load is over after ${seconds(loadEndedAt - began)} s; waiting for rest`);
    const rest = await comeToRest({ shop, asking, say });
    const timings = { load_seconds: seconds(loadEndedAt - began), at_rest_seconds_after_last_start: seconds(rest.at - power.lastStartAt()), longest_outage_seconds: seconds(Math.max(0, ...power.cuts.map(({ downMs }) => downMs))) };
    tell(`at rest ${timings.at_rest_seconds_after_last_start} s after the last start; every key is asked again`);
    const again = await eachAtOnce(wishes, atOnce, (wish) => buyers.sameAnswerAgain(wish));
    const replays = again.filter(Boolean).length;
    await shop.office.settled();
    const { raw, lookedAt } = await auditAtRest(shop.store, {
      payments: () => Object.values(shop.books()).flat(), acknowledged: buyers.acknowledged, within: 30_000,
    });
    timings.total_seconds = seconds(Date.now() - began);
    const seen = {
      startedAt: new Date(began).toISOString(), findings, wishes: wishes.map(({ answer, refusedUnstored }) => ({ status: answer?.status, refusedUnstored })), raw, lookedAt, books: shop.books(), cuts: power.cuts, asked: asking.counts,
      buyers: buyers.counts, acknowledged: buyers.acknowledged, merchant: merchant.counts, booked: merchant.booked, moves: merchant.moves,
      lines: Object.values(shop.lines).map((line) => line.counts), post: shop.office.counts, believed: shop.office.believed, replays, rest, timings,
    };
    return { result: judge(options, seen), seen };
  } finally {
    await shop.close();
  }
}

/** Buyers and merchant side by side, until every wish is answered or the time is over. */
async function load({ wishes, buyers, merchant, power, atOnce, until, say }) {
  let switches = 0;
  const tasks = wishes.flatMap((wish) => {
    const due = (what) => wish.index % ORDERS_PER[what] === ORDERS_PER[what] - 1;
    return [
      () => (power.orderBegins(), buyers.buy(wish)),
      ...["moveMoney", "moveStock", "switchDropMode"].filter(due).map((what) => () => merchant[what]((switches += what === "switchDropMode" ? 1 : 0) - 1)),
    ];
  });
  let left = 0;
  await eachAtOnce(tasks, atOnce, async (task) => {
    if (Date.now() > until) left += 1;
    else await task();
  });
  if (left > 0) {
    power.stop();
    say(`the time was over with ${left} of ${tasks.length} tasks left`);
  }
  await power.over();
}

/**
 * Waits until no order waits for anything; gives when that was. Starts of which only time can prove that they never
 * reached the gateway are counted, and the clock goes on for them.
 */
async function comeToRest({ shop, asking, say }) {
  const end = Date.now() + REST_WITHIN_MS;
  const asked = new Set();
  let restAt;
  let proved = 0;
  for (;;) {
    const at = Date.now();
    const waiting = stillWaiting(shop.store.stateDir);
    if (waiting.length === 0) return { at: restAt ?? at, asked: asked.size, proved };
    if (at > end) {
      for (const { id, why, order } of waiting.slice(0, 20)) {
        say(`${id} is not at rest ${seconds(REST_WITHIN_MS)} s after the load: ${why}${order ? ` (${JSON.stringify(order.payment)})` : ""}`);
      }
      return { at: restAt ?? at, asked: asked.size, proved };
    }
    const unproved = new Set(waiting.filter((one) => waitsForProof(one, at)).map(({ id }) => id));
    if (restAt === undefined && waiting.every(({ id }) => unproved.has(id))) {
      restAt = at;
      proved = unproved.size;
      await shop.goAhead(PROOF_SECONDS);
    }
    await askAbout(waiting, { shop, asking, asked });
    await sleep(ASK_EVERY_MS);
  }
}

/**
 * Whoever does not know how a payment ended asks, as the page does that a buyer comes back to; by itself the store asks
 * after a minute.
 */
async function askAbout(waiting, { shop, asking, asked }) {
  const undecided = waiting.filter(({ why }) => /unknown|requested|payment is/.test(why)).map(({ id }) => id);
  await eachAtOnce([...new Set(undecided)], ASKED_AT_ONCE, (id) => {
    asked.add(id);
    const send = () => shop.store.admin.post(`/v1/orders/${id}/payment/sync`);
    return asking.until(`asking about ${id}`, send, { accepts: ({ status }) => status === 200 });
  });
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
const seconds = (milliseconds) => Math.round(milliseconds / 100) / 10;

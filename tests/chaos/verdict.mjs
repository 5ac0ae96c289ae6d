// What a run of the fault lab amounts to: everything that was exercised, everything that was found, and whether the
// promises held.

import { availableParallelism } from "node:os";
import { audit, isPaid } from "../support/audit.mjs";
import { compareBooks, compareStock } from "../support/day/verdict.mjs";
import { movementsOf } from "../support/ledger.mjs";
import { REASON } from "./merchant.mjs";

/** All is to be at rest so many seconds after the last start. */
const REST_LIMIT_SECONDS = 60;

/** What each finding is about: the first that fits. */
const PROMISES = {
  "paid or acknowledged orders lost": /^lost:|was acknowledged|which is not there$|nobody is told|only .* taken/,
  "buyers charged twice": /charged \d+ times|made two payments|has paid \d+ times|given back than taken/,
  "units oversold": /oversold|is paid, .* is (not sold|released|refused|held)|has units of .* twice/,
  "reservations leaked": /^leaked|for .*, which is not there|stock is not given back/,
  "keys with two answers": /two orders under|under two keys|was answered|has its answer|had no answer/,
  "differences between D1 and the objects": /D1/,
  "invoices missing or wrong": /invoice|series|document|credit note/,
  "changes of stock lost or doubled": /changes of stock/,
  "orders not at rest": /at rest|still being placed|is (unknown|requested)/,
  "faults never exercised": /never exercised/,
};

/** The result of a run, of all that was `seen` in it: `is_good` if nothing was lost and everything was exercised. */
export function judge(options, seen) {
  const { raw, books, acknowledged, lookedAt } = seen;
  const orders = [...raw.shards.values()].flatMap((shard) => shard.orders.map((row) => row.document));
  const exercised = exercisedBy(seen);
  const all = [
    ...seen.findings,
    ...audit({ raw, payments: Object.values(books).flat(), acknowledged, now: lookedAt }),
    ...withoutAttention(compareBooks(orders, books), orders),
    ...compareStock(orders, raw.skus),
    ...stockFindings(seen),
    ...moveFindings(seen, orders),
    ...runFindings(options, seen, orders),
    ...Object.entries(exercised).filter(([, times]) => times === 0).map(([kind]) => `${kind} was never exercised`),
  ];
  return {
    is_good: all.length === 0,
    seed: options.seed,
    cores: availableParallelism(),
    started_at: seen.startedAt,
    options,
    replay: replayOf(options),
    promises: byPromise(all),
    findings: all,
    orders: outcomes(seen, orders),
    power_cuts: { count: seen.cuts.length, ...whereTheyFell(seen.cuts) },
    exercised,
    asking: { ...seen.asked, keys_asked_again: seen.replays, asked_about_while_settling: seen.rest.asked, starts_proved_absent_by_time: seen.rest.proved },
    timings: seen.timings,
  };
}

const replayOf = ({ kills, orders, seed, atOnce, faults, windowSeconds }) =>
  `npm run chaos -- --kills ${kills} --orders ${orders} --seed ${seed} --at-once ${atOnce} --faults ${Math.round(faults * 100)} --window ${windowSeconds}`;

function byPromise(findings) {
  const counts = Object.fromEntries([...Object.keys(PROMISES), "other findings"].map((name) => [name, 0]));
  for (const sentence of findings) {
    const promise = Object.keys(PROMISES).find((name) => PROMISES[name].test(sentence)) ?? "other findings";
    counts[promise] += 1;
  }
  return counts;
}

/** Everything that a run is to exercise, with how often it did. */
function exercisedBy({ lines, post, buyers, merchant, asked, cuts }) {
  const added = {};
  const add = (name, times) => (added[name] = (added[name] ?? 0) + times);
  for (const counts of lines) for (const [kind, times] of Object.entries(counts)) add(`gateway_${kind}`, times);
  for (const counts of Object.values(post)) for (const [kind, times] of Object.entries(counts)) add(`webhook_${kind}`, times);
  const { connections_lost, gave_up_waiting, retries } = asked;
  const buyersDid = Object.fromEntries(Object.entries(buyers).map(([kind, times]) => [`buyer_${kind}`, times]));
  const merchantDid = Object.fromEntries(Object.entries(merchant).map(([kind, times]) => [`merchant_${kind}`, times]));
  return {
    power_cuts: cuts.length, requests_cut_off: connections_lost, requests_hung_up: gave_up_waiting, retries,
    ...added, ...buyersDid, ...merchantDid,
  };
}

/** What a person is told of may differ until that person has looked. */
function withoutAttention(sentences, orders) {
  const told = orders.filter((order) => order.attention.length > 0).map(({ id }) => id);
  return sentences.filter((sentence) => !told.some((id) => sentence.includes(id)));
}

/** Changes of stock that were answered are in the ledger, once each. */
function stockFindings({ booked, raw }) {
  const findings = [];
  for (const [name, { ledger }] of raw.skus) {
    if (name.includes("~")) continue;
    const own = movementsOf(ledger).filter(({ cause }) => cause.kind === "person" && cause.reason === REASON);
    for (const kind of ["received", "adjusted"]) {
      const units = own.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.on_hand_delta, 0);
      const told = booked.get(name)?.[kind] ?? 0;
      if (units !== told) findings.push(`changes of stock: ${name} has ${kind} ${units}, answered were ${told}`);
    }
  }
  return findings;
}

/** Movements of money that were answered are in the order, once each. */
function moveFindings({ moves }, orders) {
  const findings = [];
  const answered = new Map();
  for (const { orderId, kind } of moves) {
    const known = answered.get(orderId) ?? { capture: 0, void: 0, refund: 0 };
    answered.set(orderId, { ...known, [kind]: known[kind] + 1 });
  }
  const documents = new Map(orders.map((order) => [order.id, order]));
  for (const [id, counts] of answered) {
    const operations = documents.get(id)?.payment?.operations ?? [];
    for (const [kind, times] of Object.entries(counts)) {
      const written = operations.filter((one) => one.kind === kind).length;
      if (written < times || (kind === "refund" && written > times)) findings.push(`lost: ${id} has ${written} of ${times} ${kind}s that were acknowledged`);
    }
  }
  return findings;
}

/** What is wrong with the run itself. */
function runFindings(options, seen, orders) {
  const findings = [];
  const { cuts } = seen;
  if (cuts.length !== options.kills) findings.push(`${cuts.length} power cuts instead of ${options.kills}`);
  if (cuts.length > 0 && !cuts.some(({ underWay }) => underWay.checkouts > 0)) findings.push("the power went out while nobody was buying");
  const keys = seen.wishes.length;
  if (orders.length > keys) findings.push(`keys with two answers: ${orders.length} orders under ${keys} keys`);
  const paid = orders.filter((order) => order.payment && isPaid(order)).length;
  if (paid < keys / 4) findings.push(`only ${paid} of ${keys} buyers have paid: nothing was tried`);
  for (const { gateway, status } of seen.believed) findings.push(`a forged webhook of ${gateway} was answered ${status}`);
  const rest = seen.timings.at_rest_seconds_after_last_start;
  if (cuts.length > 0 && rest > REST_LIMIT_SECONDS) findings.push(`at rest only ${rest} s after the last start`);
  return findings;
}

/** What became of every wish, and of every order. */
function outcomes({ wishes }, orders) {
  const answered = (status) => wishes.filter((wish) => wish.status === status).length;
  const open = orders.filter(({ status }) => status === "open");
  const state = (wanted) => open.filter((order) => order.payment?.report?.state === wanted).length;
  const closed = (status) => orders.filter((order) => order.status === status).length;
  return {
    checkouts: wishes.length,
    answered_placed: answered(201),
    answered_declined: answered(402),
    answered_without_stock: answered(409),
    refused_before_anything_was_begun: wishes.filter((wish) => wish.status === undefined && wish.refusedUnstored).length,
    paid: state("captured"),
    held: state("authorized"),
    cancelled: closed("cancelled"),
    expired: closed("expired"),
    rejected: closed("rejected"),
    before_a_person: orders.filter((order) => order.attention.length > 0).length,
    with_refunds: orders.filter((order) => order.payment?.operations.some((one) => one.kind === "refund" && one.result === "succeeded")).length,
  };
}

/** Over all power cuts: where orders stood on the disk, and what was in flight. */
function whereTheyFell(cuts) {
  const stages = {};
  const in_flight = {};
  for (const { stages: own, underWay } of cuts) {
    for (const [stage, orders] of Object.entries(own)) {
      stages[stage] ??= { cuts: 0, orders: 0 };
      stages[stage].cuts += 1;
      stages[stage].orders += orders;
    }
    for (const [what, number] of Object.entries(underWay)) in_flight[what] = (in_flight[what] ?? 0) + number;
  }
  return { in_flight, stages: Object.fromEntries(Object.entries(stages).sort(([, a], [, b]) => b.orders - a.orders)) };
}

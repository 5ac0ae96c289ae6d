// Invariants 2, 4, 6, 9 and I6 of FAULTS: each order by itself, its key, its history, and that whatever it
// still owes has a timer and the timer an alarm.

import { comingBack } from "../../../support/units.mjs";
import {
  attempts, hasAttention, isSettled, isTerminal, leaving, moved, operations, operationsOf, sum, total,
} from "./raw.mjs";

/** Gateways send again for days; a client may try again for a day. */
const WEBHOOKS_KEPT = 30 * 86_400_000;
const ANSWERS_KEPT = 86_400_000;

const STATUSES = ["placing", "open", "completed", "cancelled", "expired", "rejected"];

export function ordersAreWhole(world, must) {
  const seen = new Set();
  for (const shard of world.shards) {
    must(shard.orphanKeys.length === 0, `shard ${shard.name} has keys without an order`);
    for (const order of shard.orders) {
      must(order.document.id === order.id, `${order.id} holds the document of ${order.document.id}`);
      must(order.id.slice(4, 6) === shard.name, `${order.id} is in shard ${shard.name}`);
      must(STATUSES.includes(order.document.status), `${order.id} is ${order.document.status}`);
      amountsAddUp(order, must);
      ledgerIsSane(order, seen, must);
      keyIsOne(order, shard, world, must);
      debtsHaveTimers(order, must);
    }
    requestsAreOnce(shard, world, must);
    alarmIsSet(shard, world, must);
    everyWebhookIsKept(shard, world, must);
  }
  historyOnlyGoesForward(world, must);
}

function amountsAddUp(order, must) {
  const { lines, shipping, totals } = order.document.cart;
  const whole = totals.subtotal_minor + totals.shipping_minor + totals.tax_minor - totals.discount_minor;
  must(whole === totals.total_minor, `${order.id}: the parts make ${whole}, the total is ${totals.total_minor}`);
  const parts = sum(lines.map((line) => line.total_minor)) + shipping.total_minor;
  must(parts === totals.total_minor, `${order.id}: lines and shipping make ${parts}, the total is ${totals.total_minor}`);
  const amounts = [...Object.values(totals), ...lines.flatMap((line) => [line.net_minor, line.tax_minor, line.total_minor])];
  must(amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0), `${order.id}: an amount is no amount`);
}

function ledgerIsSane(order, seen, must) {
  for (const payment of attempts(order)) {
    const [taken, back] = [moved(payment, "capture"), moved(payment, "refund")];
    must(taken <= total(order), `${order.id}: captured ${taken} of ${total(order)}`);
    must(back <= taken, `${order.id}: refunded ${back} of ${taken}`);
    must(leaving(payment) <= taken, `${order.id}: ${leaving(payment)} is to go back of ${taken}`);
    must(operationsOf(payment, "authorize").length <= 1, `${order.id} asked for the money more than once`);
  }
  for (const operation of operations(order)) {
    must(!seen.has(operation.id), `operation ${operation.id} is there twice`);
    seen.add(operation.id);
    must(operation.amount_minor > 0, `operation ${operation.id} moves ${operation.amount_minor}`);
  }
  const waits = operations(order, undefined, "requested").length;
  must(waits === 0, `${order.id} came to rest with ${waits} operation(s) whose outcome nobody asks for`);
}

/** What a merchant asked for under a key is in the ledger, and nothing is that was not asked for. */
function requestsAreOnce(shard, world, must) {
  const asked = shard.requests.flatMap((request) => JSON.parse(request.operations));
  must(new Set(asked).size === asked.length, `shard ${shard.name}: one operation was asked for under two keys`);
  const ofMerchant = shard.orders.flatMap((order) => operations(order)).filter((one) => one.origin === "merchant");
  const returned = shard.orders.flatMap(({ document }) => document.returns ?? []);
  const written = [...ofMerchant, ...returned].map((one) => one.id);
  if (shard.requests.some((request) => request.created_at < world.now - WEBHOOKS_KEPT)) return;
  must(
    JSON.stringify(asked.toSorted()) === JSON.stringify(written.toSorted()),
    `shard ${shard.name}: asked for ${asked.join(", ")}, its ledgers have ${written.join(", ")}`,
  );
}

/** One key, one order; an answer that was given is never given otherwise. */
function keyIsOne(order, shard, world, must) {
  const keys = shard.keys.filter((key) => key.order_id === order.id);
  const old = Date.parse(order.document.created_at) < world.now - ANSWERS_KEPT;
  must(keys.length === 1 || (old && keys.length === 0), `${order.id} has ${keys.length} idempotency keys`);
  if (!keys[0]?.outcome) return;
  const outcome = JSON.parse(keys[0].outcome);
  const told = outcome.order;
  if (outcome.outcome === "insufficient_stock") {
    must(order.document.status === "rejected", `${order.id}: told "no stock", and it is ${order.document.status}`);
  } else {
    must(told.id === order.id, `the key of ${order.id} tells of ${told.id}`);
    must(told.version <= order.document.version, `the key of ${order.id} tells of a version to come`);
  }
}

/** Nothing is left that only an accident would take up again. */
function debtsHaveTimers(order, must) {
  const { document } = order;
  must(document.status !== "placing", `${order.id} came to rest while placing`);
  const claims = document.claims.map((claim) => claim.claim.state);
  must(isTerminal(order) || !claims.includes("requested"), `${order.id} still waits for a SKU's answer`);
  const unknown = operations(order, undefined, "unknown").length > 0;
  const watched = order.wake_at !== null || hasAttention(order);
  must(!unknown || watched, `${order.id} has an unknown outcome and no timer`);
  const returns = comingBack(document).filter((line) => !line.restocked);
  must(returns.length === 0 || order.wake_at !== null, `${order.id} owes units to a shelf and no timer`);
  const unpaid = document.status === "open" && !isSettled(order) && total(order) > 0;
  must(!unpaid || watched, `${order.id} is unpaid and no timer ends its window`);
}

function alarmIsSet(shard, world, must) {
  const wants = Math.min(
    ...shard.orders.map((order) => order.wake_at ?? Infinity),
    ...shard.outbox.map((message) => message.due_at ?? world.now),
  );
  if (wants === Infinity) return;
  const latest = Math.max(wants, world.now) + 60_000;
  must(
    shard.alarm !== undefined && shard.alarm <= latest,
    `shard ${shard.name} wants its alarm in ${wants - world.now} ms, it is set in ${shard.alarm - world.now} ms`,
  );
}

function everyWebhookIsKept(shard, world, must) {
  const kept = new Set(shard.inbox.map((row) => `${row.gateway} ${row.event_id} ${row.order_id}`));
  for (const { gateway, event, order, at } of world.shop.acknowledged) {
    if (order.slice(4, 6) !== shard.name || at < world.now - WEBHOOKS_KEPT) continue;
    must(kept.has(`${gateway} ${event} ${order}`), `webhook ${event} of ${order} was acknowledged and is gone`);
  }
}

/** As the world was told: versions without a gap, one message each, and no way back from the end. */
function historyOnlyGoesForward(world, must) {
  const told = new Map();
  for (const message of world.messages) {
    if (message.kind !== "order" || !world.orders.has(message.order.id)) continue;
    const versions = told.get(message.order.id) ?? new Map();
    const known = versions.get(message.order.version);
    must(!known || known.id === message.id, `version ${message.order.version} of ${message.order.id} was told as two events`);
    versions.set(message.order.version, message);
    told.set(message.order.id, versions);
  }
  for (const [id, versions] of told) {
    const { document } = world.orders.get(id);
    const numbers = [...versions.keys()].sort((a, b) => a - b);
    must(
      numbers.at(-1) === document.version && numbers.length === numbers.at(-1) - numbers[0] + 1,
      `${id} is at version ${document.version}, the world was told of ${numbers.join(", ")}`,
    );
    const { events } = versions.get(numbers[0]);
    must(events.includes("order.placed") || events.includes("order.closed"), `${id} was first told of as ${events.join(", ")}`);
    let ended;
    for (const number of numbers) {
      const { order } = versions.get(number);
      must(!ended || order.status === ended, `${id} was ${ended} and became ${order.status}`);
      if (!["placing", "open"].includes(order.status)) ended = order.status;
      must(order.payment?.report?.action == null, `${id}: what only the buyer may see went to the queue`);
    }
  }
}

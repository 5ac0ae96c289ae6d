// Invariants 2, 3, 4 and I3, I5 of FAULTS: the gateway's book against the orders. Each charge belongs to
// exactly one attempt of one order, which knows of it and of all that went back, or says that a person must
// look, or still asks; no buyer pays twice; and what an order believes to have is really there. Invoices have no gap, and every paid order has exactly one.

import { goneOf } from "../money-back.mjs";
import {
  attempts, hasAttention, isCalledOff, isSettled, isSoldByChannel, keptOf, leaving, moved, operationsOf, sum, total,
} from "./raw.mjs";

const MAY_STILL_TAKE_MONEY = ["action_required", "processing", "authorized"];

export function moneyIsAccountedFor(world, must) {
  const byOrder = Map.groupBy(world.gateway.payments.values(), (payment) => payment.order_id);
  for (const [id, payments] of byOrder) {
    if (world.shop.strangers?.has(id)) continue;
    const order = world.orders.get(id);
    if (!must(order !== undefined, `the gateway has a payment of ${id}, which is not an order`)) continue;
    for (const payment of payments) chargeIsKnown(payment, payments, order, must);
    nobodyPaysTwice(payments, order, must);
  }
  for (const order of world.orders.values()) moneyIsThere(order, byOrder.get(order.id) ?? [], must);
  invoicesAreGapless(world, must);
}

const startOf = (attempt) => operationsOf(attempt, "authorize")[0]?.id;
/** What the gateway keeps of a payment for the shop. */
const kept = (payment) => payment.captured - goneOf(payment);
const someoneLooks = (order) => hasAttention(order) || (order.wake_at !== null && !isCalledOff(order));

function chargeIsKnown(payment, payments, order, must) {
  const attempt = attempts(order).find((one) => startOf(one) === payment.operation_id);
  const own = attempts(order).map(startOf).join(", ");
  if (!must(attempt !== undefined, `${order.id}: charged as ${payment.operation_id}, asked for as ${own}`)) return;
  const same = payments.filter((one) => one.operation_id === payment.operation_id);
  must(same.length === 1, `the gateway has ${same.length} payments of one attempt of ${order.id}`);
  const taken = moved(attempt, "capture");
  must(
    (taken === payment.captured && keptOf(attempt) === kept(payment)) || someoneLooks(order),
    `${order.id} (${order.document.status}): the gateway took ${payment.captured} and keeps ${kept(payment)}, the order knows of ${taken} and ${keptOf(attempt)}, and nobody will look`,
  );
  if (isCalledOff(order) && !hasAttention(order)) {
    must(payment.captured === 0, `${order.id} is ${order.document.status}, the gateway took ${payment.captured}, and nobody was told`);
    must(!MAY_STILL_TAKE_MONEY.includes(payment.status), `${order.id} is ${order.document.status} and its payment is still ${payment.status}`);
  }
  refundsAreOurs(payment, attempt, order, must);
}

/** Each refund at the gateway is one operation's, once, or somebody's at the gateway; all of them fit in what was taken. */
function refundsAreOurs(payment, attempt, order, must) {
  const seen = new Set();
  for (const refund of payment.refunds) {
    if (refund.operation_id === null) continue;
    must(!seen.has(refund.operation_id), `${order.id}: ${refund.operation_id} was paid out twice`);
    seen.add(refund.operation_id);
    const operation = operationsOf(attempt, "refund").find((one) => one.id === refund.operation_id);
    must(operation?.amount_minor === refund.amount, `${order.id}: ${refund.amount} went back for ${refund.operation_id} of ${operation?.amount_minor}`);
  }
  must(leaving(attempt) <= payment.captured, `${order.id}: ${leaving(attempt)} asked to go back of ${payment.captured}`);
}

function nobodyPaysTwice(payments, order, must) {
  const paid = payments.filter((payment) => kept(payment) > 0);
  const codes = order.document.attention.map(({ code }) => code);
  const goesBack = attempts(order).some((one) => operationsOf(one, "refund").some(({ result }) => !["succeeded", "failed"].includes(result)));
  const told = codes.includes("paid_twice") || codes.includes("paid_after_close") || goesBack;
  must(paid.length <= 1 || told, `${order.id} was paid ${paid.length} times and nothing goes back`);
}

function moneyIsThere(order, payments, must) {
  for (const attempt of attempts(order)) {
    const payment = payments.find((one) => one.operation_id === startOf(attempt));
    const has = payment?.captured ?? 0;
    must(moved(attempt, "capture") <= has, `${order.id} believes in ${moved(attempt, "capture")}, the gateway took ${has}`);
    const back = sum((payment?.refunds ?? []).filter((one) => one.status === "succeeded").map((one) => one.amount));
    must(moved(attempt, "refund") <= back, `${order.id} believes that ${moved(attempt, "refund")} went back, the gateway gave ${back}`);
    if (attempt.report?.state === "authorized") must(payment !== undefined, `${order.id} believes in held money, the gateway knows of none`);
    const right = payment === undefined || moved(attempt, "capture") === 0 || payment.amount === total(order);
    must(right, `${order.id} of ${total(order)} counts a payment of ${payment?.amount}`);
  }
}

function invoicesAreGapless(world, must) {
  const numberOf = new Map();
  for (const { name, invoices } of world.series) {
    const numbers = invoices.map((row) => row.number);
    must(numbers.every((number, index) => number === index + 1), `series ${name} has a gap: ${numbers.join(", ")}`);
    for (const row of invoices) {
      must(!numberOf.has(row.order_id), `${row.order_id} has two invoices`);
      numberOf.set(row.order_id, `${name}-${String(row.number).padStart(6, "0")}`);
    }
  }
  for (const order of world.orders.values()) {
    const { invoice_number: number, status } = order.document;
    must(number === (numberOf.get(order.id) ?? null), `${order.id} has invoice ${number}, its series gave ${numberOf.get(order.id)}`);
    must(number === null || isSettled(order), `${order.id} has invoice ${number} and is not paid`);
    must(number === null || !isSoldByChannel(order), `${order.id} was sold by a channel and has invoice ${number}`);
    if (isSettled(order) && status === "open" && !isSoldByChannel(order)) must(number !== null, `${order.id} is paid and has no invoice`);
  }
}

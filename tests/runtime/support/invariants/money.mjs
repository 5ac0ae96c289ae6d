// Invariants 2, 3, 4 and I3, I5 of FAULTS: the gateway's book against the orders. Each charge belongs to
// exactly one order, which is paid by it, or says that a person must look, or still asks; and what an order
// believes to have is really there. Invoices have no gap, and every paid order has exactly one.

import { captured, hasAttention, isCalledOff, isHeld, isSettled, operations, total } from "./raw.mjs";

const MAY_STILL_TAKE_MONEY = ["action_required", "processing", "authorized"];

export function moneyIsAccountedFor(world, must) {
  const byOrder = Map.groupBy(world.gateway.payments.values(), (payment) => payment.order_id);
  for (const [id, payments] of byOrder) {
    if (world.shop.strangers?.has(id)) continue;
    const order = world.orders.get(id);
    if (!must(order !== undefined, `the gateway has a payment of ${id}, which is not an order`)) continue;
    must(payments.length === 1, `the gateway has ${payments.length} payments of ${id}`);
    for (const payment of payments) chargeIsKnown(payment, order, must);
  }
  for (const order of world.orders.values()) moneyIsThere(order, byOrder.get(order.id)?.[0], must);
  invoicesAreGapless(world, must);
}

function chargeIsKnown(payment, order, must) {
  const own = operations(order, "authorize")[0]?.id;
  must(payment.operation_id === own, `${order.id}: charged as ${payment.operation_id}, asked for as ${own}`);
  const known = captured(order) === payment.captured;
  const stillAsks = order.wake_at !== null && !isCalledOff(order);
  must(
    known || stillAsks || hasAttention(order),
    `${order.id} (${order.document.status}): the gateway took ${payment.captured}, the order knows of ${captured(order)} and nobody will look`,
  );
  if (isCalledOff(order) && !hasAttention(order)) {
    must(payment.captured === 0, `${order.id} is ${order.document.status}, the gateway took ${payment.captured}, and nobody was told`);
    must(!MAY_STILL_TAKE_MONEY.includes(payment.status), `${order.id} is ${order.document.status} and its payment is still ${payment.status}`);
  }
}

function moneyIsThere(order, payment, must) {
  const has = payment?.captured ?? 0;
  must(captured(order) <= has, `${order.id} believes in ${captured(order)}, the gateway took ${has}`);
  if (isHeld(order)) must(payment !== undefined, `${order.id} believes in held money, the gateway knows of none`);
  const right = payment === undefined || captured(order) === 0 || payment.amount === total(order);
  must(right, `${order.id} of ${total(order)} counts a payment of ${payment?.amount}`);
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
    if (isSettled(order) && status === "open") must(number !== null, `${order.id} is paid and has no invoice`);
  }
}

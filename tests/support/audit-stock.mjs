// The audit's part on stock: counters, ledger and claims of each SKU agree with each other, with the orders
// and with their copy in D1.

import { chainProblems, counterProblems, movementsOf } from "./ledger.mjs";
import { unitsKept } from "./units.mjs";

const COUNTERS = ["received", "adjusted", "sold", "reserved", "back_order_limit", "low_stock_threshold", "version"];

/** Adds a sentence for whatever does not agree. */
export function auditStock(raw, orders, now, say) {
  const copies = new Map(raw.d1.stock_levels.map((row) => [row.sku, row]));
  const wanted = wantedBySku(orders);
  const spread = new Set([...raw.skus.keys()].filter((name) => name.includes("~")).map((name) => name.split("~")[0]));
  for (const [sku, { level, reservations, ledger }] of raw.skus) {
    const counters = level[0];
    if (!counters) {
      if (reservations.length + ledger.length > 0) say(`${sku} has claims or movements and no counters`);
      continue;
    }
    auditCounters(sku, counters, reservations, ledger, say);
    // The whole of a SKU in drop mode is judged in runtime/drop-mode; here each object by itself.
    if (spread.has(sku.split("~")[0])) {
      copies.delete(sku);
      continue;
    }
    auditClaims(sku, reservations, wanted.get(sku) ?? new Map(), orders, now, say);
    const copy = copies.get(sku);
    copies.delete(sku);
    if (!copy) say(`D1 has no stock of ${sku}`);
    for (const name of copy ? COUNTERS : []) {
      const own = JSON.parse(counters.document)[name];
      if (copy[name] !== own) say(`D1 has ${name} ${copy[name]} of ${sku}, its object ${own}`);
    }
  }
  for (const sku of copies.keys()) say(`D1 has stock of ${sku}, which no object owns`);
  for (const [sku, quantities] of wanted) {
    if (!raw.skus.has(sku)) say(`${sku} was ordered (${quantities.size} times) and has no object`);
  }
}

/** For each SKU, the units each order keeps of it, summed from the order's lines, less what came back. */
function wantedBySku(orders) {
  const wanted = new Map();
  for (const [id, { document: order }] of orders) {
    for (const [sku, units] of unitsKept(order)) {
      const quantities = wanted.get(sku) ?? new Map();
      quantities.set(id, units);
      wanted.set(sku, quantities);
    }
  }
  return wanted;
}

const sum = (rows, field) => rows.reduce((total, row) => total + row[field], 0);

function auditCounters(sku, row, reservations, ledger, say) {
  const level = JSON.parse(row.document);
  const { received, adjusted, transferred, sold, reserved, back_ordered_held: promised, back_ordered_sold: owed } = level;
  const supply = received + adjusted + transferred + promised + owed;
  if (reserved < 0) say(`${sku}: ${reserved} reserved`);
  if (reserved + sold > supply) say(`oversold: ${sku} has ${supply}, ${reserved} reserved and ${sold} sold`);
  for (const problem of chainProblems(ledger, row)) say(`${sku}: ${problem}`);
  for (const problem of counterProblems(level, movementsOf(ledger))) say(`${sku}: ${problem}`);
  const claimed = (state) => sum(reservations.filter((claim) => claim.state === state), "quantity");
  if (claimed("held") !== reserved) say(`${sku}: ${reserved} reserved, claims hold ${claimed("held")}`);
  if (claimed("committed") !== sold) say(`${sku}: ${sold} sold, claims say ${claimed("committed")}`);
}

function auditClaims(sku, reservations, wanted, orders, now, say) {
  const claims = new Map(reservations.map((claim) => [claim.order_id, claim]));
  for (const [id, claim] of claims) {
    const order = orders.get(id)?.document;
    if (!order) {
      say(`${sku} has ${claim.quantity} ${claim.state} for ${id}, which is not there`);
      continue;
    }
    const secured = !order.payment || ["authorized", "captured"].includes(order.payment.report?.state);
    if (claim.state === "held") {
      if (order.status !== "open") say(`leaked: ${sku} holds ${claim.quantity} for ${id}, which is ${order.status}`);
      else if (claim.expires_at <= now) say(`leaked: ${sku} holds ${claim.quantity} for ${id} beyond its time`);
      else if (secured) say(`${sku} only holds what ${id} has paid for`);
    }
    if (claim.state === "committed" && !secured) say(`${sku} is sold to ${id}, which is not paid`);
    if (["held", "committed"].includes(claim.state) && claim.quantity !== wanted.get(id)) {
      say(`${sku} has ${claim.quantity} ${claim.state} for ${id}, which wants ${wanted.get(id)}`);
    }
  }
  for (const [id] of wanted) {
    const order = orders.get(id).document;
    const paid = order.payment?.report?.state === "captured" || (!order.payment && order.status === "open");
    const sold = claims.get(id)?.state === "committed";
    if (paid && !sold && order.attention.length === 0) say(`${id} is paid, ${sku} is not sold to it`);
  }
}

// The audit's part on stock: counters, ledger and claims of each SKU agree with each other, with the orders
// and with their copy in D1.

import { chainProblems, counterProblems, movementsOf } from "./ledger.mjs";
import { unitsKept } from "./units.mjs";

const COUNTERS = ["received", "adjusted", "sold", "reserved", "back_order_limit", "low_stock_threshold", "version"];

/** Claims that have units. */
const HAS_UNITS = ["held", "committed"];

/** Adds a sentence for whatever does not agree. A SKU in drop mode is the sum of its own object and its slices. */
export function auditStock(raw, orders, now, say) {
  const copies = new Map(raw.d1.stock_levels.map((row) => [row.sku, row]));
  const wanted = wantedBySku(orders);
  for (const [sku, objects] of objectsBySku(raw.skus)) {
    const known = objects.filter(({ name, tables }) => {
      if (tables.level[0]) return true;
      if (tables.reservations.length + tables.ledger.length > 0) say(`${name} has claims or movements and no counters`);
      return false;
    });
    if (known.length === 0) continue;
    for (const { name, tables } of known) auditCounters(name, tables.level[0], tables.reservations, tables.ledger, say);
    auditSpread(sku, objects, say);
    auditClaims(sku, claimsOf(sku, known, say), wanted.get(sku) ?? new Map(), orders, now, say);
    auditCopy(sku, known, copies.get(sku), say);
    copies.delete(sku);
  }
  for (const sku of copies.keys()) say(`D1 has stock of ${sku}, which no object owns`);
  for (const [sku, quantities] of wanted) {
    if (!raw.skus.has(sku)) say(`${sku} was ordered (${quantities.size} times) and has no object`);
  }
}

/** The objects that have a SKU's units, its own first, then `{sku}~{slice}`. */
function objectsBySku(skus) {
  const found = new Map();
  for (const [name, tables] of skus) {
    const [sku, slice] = name.split("~");
    const one = { name, slice: slice === undefined ? undefined : Number(slice), tables };
    found.set(sku, [...(found.get(sku) ?? []), one]);
  }
  for (const objects of found.values()) objects.sort((a, b) => (a.slice ?? -1) - (b.slice ?? -1));
  return found;
}

const levelOf = ({ tables }) => JSON.parse(tables.level[0].document);

/** D1 shows the whole of a SKU, however many objects have its units. */
function auditCopy(sku, objects, copy, say) {
  if (!copy) {
    say(`D1 has no stock of ${sku}`);
    return;
  }
  const levels = objects.map(levelOf);
  for (const name of COUNTERS) {
    const own = sum(levels, name);
    if (copy[name] !== own) say(`D1 has ${name} ${copy[name]} of ${sku}, its ${objects.length === 1 ? "object" : "objects"} ${own}`);
  }
}

/** What left one object of a SKU came to another, nothing is on its way, and each knows the other as it is. */
function auditSpread(sku, objects, say) {
  const moves = objects.flatMap(({ tables }) => movementsOf(tables.ledger)).filter(({ cause }) => cause.kind === "spread");
  for (const counter of ["on_hand", "damaged"]) {
    const units = sum(moves, counter);
    if (units !== 0) say(`${sku}: ${Math.abs(units)} units (${counter}) ${units < 0 ? "left one of its objects and came to none" : "came from nowhere"}`);
  }
  for (const { name, tables } of objects) {
    for (const { document } of [...(tables.spread_members ?? []), ...(tables.slice ?? [])]) {
      const { pending } = JSON.parse(document);
      if (pending) say(`${name} came to rest with ${JSON.stringify(pending)} on its way`);
    }
  }
  const members = new Map((objects[0].tables.spread_members ?? []).map((row) => [row.slice, JSON.parse(row.document)]));
  for (const object of objects) {
    if (object.slice === undefined || !object.tables.level[0]) continue;
    const heard = members.get(object.slice)?.level.version;
    const { version } = levelOf(object);
    if (heard !== version) say(`${object.name} is at version ${version}, ${sku} has heard of ${heard}`);
  }
}

/** Every order's claim, from whichever object has it: no order has units of two. */
function claimsOf(sku, objects, say) {
  const claims = new Map();
  for (const { name, tables } of objects) {
    for (const claim of tables.reservations) {
      const known = claims.get(claim.order_id);
      const hasUnits = HAS_UNITS.includes(claim.state);
      if (hasUnits && HAS_UNITS.includes(known?.state)) say(`${claim.order_id} has units of ${sku} twice: at ${known.name} and at ${name}`);
      if (!known || hasUnits) claims.set(claim.order_id, { ...claim, name });
    }
  }
  return claims;
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

function auditClaims(sku, claims, wanted, orders, now, say) {
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
    if (HAS_UNITS.includes(claim.state) && claim.quantity !== wanted.get(id)) {
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

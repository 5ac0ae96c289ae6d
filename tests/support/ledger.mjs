// A SKU's ledger as it is stored, read without the product's code: what each line moves, and whether the chain
// of hashes holds.

import { createHash } from "node:crypto";

const GENESIS = "0".repeat(64);
export const COUNTERS = ["on_hand", "reserved", "damaged", "incoming", "sold", "back_ordered_held", "back_ordered_sold"];

/**
 * The lines of a `ledger` table, oldest first: each with every counter's delta. `on_hand_delta` and
 * `reserved_delta` are those of the SKU as a whole, units owed and promised beyond the shelf included.
 */
export function movementsOf(rows) {
  return rows.map(({ sequence, entry }) => {
    const { at, cause, movement } = JSON.parse(entry);
    const deltas = Object.fromEntries(COUNTERS.map((name) => [name, movement[name] ?? 0]));
    return {
      sequence, at, cause, kind: movement.kind, location: movement.location, ...deltas,
      on_hand_delta: deltas.on_hand - deltas.back_ordered_sold,
      reserved_delta: deltas.reserved + deltas.back_ordered_held,
      order_id: cause.kind === "order" ? cause.id : null,
      channel: movement.channel, set_aside: movement.set_aside ?? 0,
    };
  });
}

/** What the lines add up to: the counters of the SKU, and of each location. */
export function countersOf(movements) {
  const totals = { received: 0, adjusted: 0, transferred: 0, sold: 0, reserved: 0, back_ordered_held: 0, back_ordered_sold: 0 };
  const places = new Map();
  for (const one of movements) {
    const supplied = one.on_hand_delta + one.sold;
    totals[{ received: "received", transferred: "transferred" }[one.kind] ?? "adjusted"] += supplied;
    totals.reserved += one.reserved_delta;
    for (const name of ["sold", "back_ordered_held", "back_ordered_sold"]) totals[name] += one[name];
    if (one.location === undefined) continue;
    const place = places.get(one.location) ?? { on_hand: 0, reserved: 0, damaged: 0, incoming: 0 };
    for (const name of Object.keys(place)) place[name] += one[name];
    places.set(one.location, place);
  }
  return { totals, places };
}

/** Sentences about whatever breaks the chain; `head` is the row of the table `level`. */
export function chainProblems(rows, head) {
  const problems = [];
  let hash = GENESIS;
  rows.forEach((row, index) => {
    hash = createHash("sha256").update(hash).update(row.entry).digest("hex");
    if (row.sequence !== index + 1) problems.push(`line ${row.sequence} stands at ${index + 1}`);
    if (row.hash !== hash) problems.push(`line ${row.sequence} does not follow from the one before`);
  });
  if (head && (head.ledger_hash !== hash || head.ledger_sequence !== rows.length)) {
    problems.push(`the head is ${head.ledger_sequence}, the ledger ends at ${rows.length}`);
  }
  return problems;
}

/** Sentences about counters that the ledger does not give, for the document of a `level` row. */
export function counterProblems(level, movements) {
  const problems = [];
  const { totals, places } = countersOf(movements);
  for (const [name, value] of Object.entries(totals)) {
    if (level[name] !== value) problems.push(`${name} is ${level[name]}, the ledger says ${value}`);
  }
  for (const balance of level.balances) {
    for (const [name, value] of Object.entries(places.get(balance.location) ?? {})) {
      if (balance[name] !== value) problems.push(`${balance.location} has ${balance[name]} ${name}, the ledger says ${value}`);
      if (balance[name] < 0) problems.push(`${balance.location} has ${balance[name]} ${name}`);
    }
    if (balance.reserved > balance.on_hand) problems.push(`${balance.location} reserves ${balance.reserved} of ${balance.on_hand}`);
  }
  problems.push(...setAsideProblems(level, movements));
  return problems;
}

/** What is left of the units set aside for channels: the sums of the ledger, no more than the shelf has unclaimed. */
function setAsideProblems(level, movements) {
  const problems = [];
  const left = level.set_aside ?? {};
  for (const channel of new Set([...Object.keys(left), ...movements.flatMap((one) => one.channel ?? [])])) {
    const sum = movements.filter((one) => one.channel === channel).reduce((units, one) => units + one.set_aside, 0);
    const known = left[channel] ?? 0;
    const allocation = level.terms?.channels?.[channel]?.allocation ?? 0;
    if (known !== sum) problems.push(`${known} are left for ${channel}, the ledger says ${sum}`);
    if (known < 0 || known > allocation) problems.push(`${known} are left of the ${allocation} set aside for ${channel}`);
  }
  const unclaimed = level.balances.reduce((units, balance) => units + balance.on_hand - balance.reserved, 0);
  const all = Object.values(left).reduce((units, one) => units + one, 0);
  if (all > unclaimed) problems.push(`${all} are set aside for channels, ${unclaimed} are there`);
  return problems;
}

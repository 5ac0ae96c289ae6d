// Invariant 1, 7 and I1, I2, I4 of FAULTS: per SKU, counters = ledger = claims, nothing negative, nothing
// oversold; and each claim at a SKU agrees with the order that made it.

import { COUNTERS, chainProblems, counterProblems } from "../../../support/ledger.mjs";
import {
  deciderOf, hasAttention, isCalledOff, isPaid, isSlice, isSoldByChannel, isTerminal, objectsOf, restocked, skuOf, sum,
  versionOf,
} from "./raw.mjs";

const NOTHING = {
  received: 0, adjusted: 0, transferred: 0, sold: 0, reserved: 0, back_ordered: 0, back_order_limit: 0, version: 0,
  projected_version: 0,
};

export function stockIsConserved(world, must) {
  for (const sku of world.skus.values()) {
    countersAddUp(sku, must);
    claimsAddUp(sku, must);
    claimsBelongToOrders(sku, world, must);
    alarmIsSet(sku, world, must);
    if (!isSlice(sku)) unitsAreInOnePlace(sku.name, world, must);
  }
  for (const order of world.orders.values()) ordersClaimsAreReal(order, world, must);
  for (const [name, units] of world.shop.supply) {
    const sku = world.skus.get(world.shop.sku(name));
    must(sku?.level?.received >= units, `${name}: ${units} units were put on the shelf, received is ${sku?.level?.received}`);
  }
}

function countersAddUp({ name, level = NOTHING, movements, ledger }, must) {
  const { received, adjusted, transferred, sold, reserved, back_ordered } = level;
  must(reserved >= 0 && sold >= 0, `${name}: reserved ${reserved}, sold ${sold}`);
  must(
    reserved + sold <= received + adjusted + transferred + back_ordered,
    `${name} is oversold: reserved ${reserved} + sold ${sold} > ${received} + ${adjusted} + ${transferred} + ${back_ordered}`,
  );
  const head = level === NOTHING ? undefined : level;
  for (const problem of chainProblems(ledger, head)) must(false, `${name}: ${problem}`);
  if (head) for (const problem of counterProblems({ ...level.document, ...columnsOf(level) }, movements)) must(false, `${name}: ${problem}`);
  for (const one of movements) {
    const moves = [...COUNTERS, "set_aside"].some((counter) => one[counter] !== 0) || one.kind === "terms_changed";
    must(moves, `${name}: movement ${one.sequence} moves nothing`);
  }
}

/** What SQLite shows of the document. */
const columnsOf = ({ received, adjusted, transferred, sold, reserved }) => ({ received, adjusted, transferred, sold, reserved });

function claimsAddUp({ name, level = NOTHING, reservations, movements }, must) {
  const units = (state) => sum(reservations.filter((one) => one.state === state).map((one) => one.quantity));
  must(units("held") === level.reserved, `${name}: ${units("held")} units in held claims, reserved ${level.reserved}`);
  must(units("committed") === level.sold, `${name}: ${units("committed")} units in committed claims, sold ${level.sold}`);
  for (const claim of reservations) {
    const own = movements.filter((one) => one.order_id === claim.order_id);
    const expected = {
      reserved: claim.state === "held" ? claim.quantity : 0,
      onHand: claim.state === "committed" ? -claim.quantity : 0,
    };
    const reserved = sum(own.map((one) => one.reserved_delta));
    const onHand = sum(own.map((one) => one.on_hand_delta));
    must(
      reserved === expected.reserved && onHand === expected.onHand,
      `${name}: ${claim.state} claim of ${claim.quantity} by ${claim.order_id}, its movements add up to ${reserved} reserved and ${onHand} on hand`,
    );
  }
}

/** No stock is set aside or sold for nobody. */
function claimsBelongToOrders(sku, world, must) {
  for (const claim of sku.reservations) {
    if (!["held", "committed"].includes(claim.state)) continue;
    if (world.shop.strangers?.has(claim.order_id)) continue;
    const order = world.orders.get(claim.order_id);
    const what = `${sku.name}: ${claim.quantity} units ${claim.state} for ${claim.order_id}`;
    if (!must(order !== undefined, `${what}, which is not an order`)) continue;
    const wanted = order.document.claims.find((one) => one.sku === skuOf(sku));
    const back = restocked(order, skuOf(sku));
    must(wanted?.quantity === claim.quantity + back, `${what}, which wants ${wanted?.quantity} and gave ${back} back`);
    must(!isCalledOff(order), `${what}, which is ${order.document.status}`);
  }
}

function ordersClaimsAreReal(order, world, must) {
  const { document } = order;
  const wanted = new Map();
  for (const line of document.cart.lines) wanted.set(line.sku, (wanted.get(line.sku) ?? 0) + line.quantity);
  const claimed = new Map(document.claims.map((claim) => [claim.sku, claim.quantity]));
  must(
    claimed.size === document.claims.length && JSON.stringify([...claimed].sort()) === JSON.stringify([...wanted].sort()),
    `${order.id}: one claim per SKU with the sum of its lines; has ${JSON.stringify([...claimed])}`,
  );
  for (const claim of document.claims) {
    const row = deciderOf(order, claim, world)?.reservations.find((one) => one.order_id === order.id);
    const what = `${order.id} (${document.status}) says ${claim.sku} is ${claim.claim.state}, the SKU says ${row?.state}`;
    const over = row && row.expires_at <= world.now;
    if (claim.claim.state === "committed") must(row?.state === "committed", what);
    if (claim.claim.state === "held") must(row?.state === "held" || (over && row?.state === "expired"), what);
    if (["released", "refused", "short"].includes(claim.claim.state)) {
      must(!["held", "committed"].includes(row?.state) || over, what);
    }
    if (isCalledOff(order)) must(["released", "refused"].includes(claim.claim.state), `${what}; it was called off`);
  }
  unitsCameBack(order, world, must);
  if (!isPaid(order) || isTerminal(order)) return;
  const committed = document.claims.every((claim) => claim.claim.state === "committed");
  must(committed || hasAttention(order), `${order.id} is paid, its stock is not committed, and nobody was told`);
}

/** What refunds put back is on the shelf, once each. */
function unitsCameBack(order, world, must) {
  if (isCalledOff(order)) return;
  for (const { sku: name } of order.document.claims) {
    const movements = objectsOf(name, world).flatMap((one) => one.movements);
    const own = movements.filter((one) => one.kind === "restocked" && one.order_id === order.id);
    const units = -sum(own.map((one) => one.sold));
    const back = restocked(order, name);
    must(units === back, `${order.id} gave ${back} of ${name} back, ${units} are on the shelf`);
  }
}

/** What was spread is somewhere, once: nothing is on its way at rest, and no order has units of two objects. */
function unitsAreInOnePlace(name, world, must) {
  const objects = objectsOf(name, world);
  const spread = objects.flatMap((one) => one.movements).filter((one) => one.cause?.kind === "spread");
  for (const counter of ["on_hand", "damaged"]) {
    const units = sum(spread.map((one) => one[counter]));
    must(units === 0, `${name}: ${units} units (${counter}) left one of its objects and came to none`);
  }
  for (const { members, slice } of objects) {
    const pending = [...members, ...slice].map(({ document }) => JSON.parse(document).pending).filter(Boolean);
    must(pending.length === 0, `${name} came to rest with ${JSON.stringify(pending)} on its way`);
  }
  const having = objects.flatMap((one) => one.reservations).filter(({ state }) => ["held", "committed"].includes(state));
  const orders = new Set(having.map((claim) => claim.order_id));
  must(orders.size === having.length, `${name}: an order has units of two objects`);
}

/** An object that owes something will be woken for it. */
function alarmIsSet({ name, alarm, level = NOTHING, reservations, members }, world, must) {
  const version = versionOf({ level, members });
  const ends = reservations.filter((one) => one.state === "held").map((one) => one.expires_at);
  const wants = Math.min(...ends, ...(version > level.projected_version ? [world.now] : []));
  if (wants === Infinity) return;
  const latest = Math.max(wants, world.now) + 60_000;
  must(alarm !== undefined && alarm <= latest, `${name} wants its alarm in ${wants - world.now} ms, it is set in ${alarm - world.now} ms`);
}

// What lies on the disk while nobody serves it: where the orders stood when the power went out, and which of them are
// not at rest yet.

import { askObjects } from "../support/raw-state.mjs";

const UNFINISHED = `
  WITH known AS (
    SELECT document, document ->> '$.status' AS status, document ->> '$.payment.report.state' AS money,
           document ->> '$.invoice_number' AS invoice,
           id IN (SELECT order_id FROM idempotency WHERE outcome IS NULL) AS unanswered
    FROM orders
  )
  SELECT document, unanswered FROM known
  WHERE status = 'placing' OR unanswered OR (status = 'open' AND money = 'captured' AND invoice IS NULL)
     OR (status = 'open' AND coalesce(money, '') NOT IN ('captured', 'authorized'))
     OR document LIKE '%"result":"requested"%' OR document LIKE '%"result":"unknown"%'
     OR (status <> 'open' AND document LIKE '%"state":"held"%')`;

const attempts = (order) => [order.payment, ...(order.earlier_payments ?? [])].filter(Boolean);
const operationsOf = (order) => attempts(order).flatMap((payment) => payment.operations);

/** Orders that are not at rest, as they lie there: `{order, unanswered}` each. */
const unfinished = (stateDir) =>
  askObjects(stateDir, "OrderShard", "orders", UNFINISHED).map((row) => ({ order: JSON.parse(row.document), unanswered: row.unanswered === 1 }));

/** How many orders stood where, by stage; `isKnown(operationId)` asks the gateways whether a call had arrived. */
export function whereOrdersStood(stateDir, isKnown) {
  const stages = {};
  const count = (stage, times = 1) => (stages[stage] = (stages[stage] ?? 0) + times);
  for (const { order, unanswered } of unfinished(stateDir)) {
    const stage = stageOf(order, unanswered, isKnown);
    if (stage) count(stage);
  }
  const owed = askObjects(stateDir, "OrderShard", "outbox", "SELECT sequence FROM outbox").length;
  if (owed > 0) count("news owed to D1", owed);
  return stages;
}

function stageOf(order, unanswered, isKnown) {
  const asked = operationsOf(order).find(({ result }) => result === "requested");
  if (asked) {
    if (asked.kind !== "authorize") return `${asked.kind} written, its outcome not`;
    return isKnown(asked.id) ? "payment made, its answer not written" : "payment written, the gateway not reached";
  }
  if (order.status === "placing") {
    const states = order.claims.map((one) => one.claim.state);
    if (states.includes("refused") || order.closing) return "refused, stock being given back";
    return states.includes("requested") ? "stock being asked for" : "stock held, payment not written";
  }
  if (unanswered) return "order placed, its answer not stored";
  if (order.status !== "open" || order.payment?.report?.state !== "captured") return undefined;
  return order.claims.some((one) => one.claim.state === "held") ? "paid, stock not committed" : "paid, invoice not numbered";
}

/** What still waits for something, in words; nothing if all is at rest. Closed, paid, held or before a person is rest. */
export function stillWaiting(stateDir) {
  const waiting = unfinished(stateDir).flatMap(({ order }) => {
    const why = waitsFor(order);
    return why ? [{ id: order.id, why, order }] : [];
  });
  for (const { order_id: id } of askObjects(stateDir, "OrderShard", "outbox", "SELECT DISTINCT order_id FROM outbox")) {
    waiting.push({ id, why: "D1 has not heard its news" });
  }
  return waiting;
}

/**
 * Whether nothing but time can tell: the buyer's time is over, so that a lost start is not sent again, and a search that
 * finds nothing proves only after three minutes that there is nothing.
 */
export const waitsForProof = ({ order }, now) =>
  order !== undefined && Date.parse(order.payment_window_ends_at) <= now && !order.payment?.report?.reference &&
  order.payment?.operations.some(({ kind, result }) => kind === "authorize" && result === "unknown");

function waitsFor(order) {
  const needsPerson = order.attention.some((one) => !one.resolved);
  if (order.status === "placing") return "it is being placed";
  const open = operationsOf(order).find(({ result }) => ["requested", "unknown"].includes(result));
  if (open && !needsPerson) return `its ${open.kind} is ${open.result}`;
  if (order.status !== "open") return order.claims.some((one) => one.claim.state === "held") ? "its stock is not given back" : undefined;
  if (needsPerson) return undefined;
  const state = order.payment?.report?.state;
  if (state === "captured") return order.invoice_number ? undefined : "its invoice";
  return state === "authorized" ? undefined : `its payment is ${state ?? "not begun"}`;
}

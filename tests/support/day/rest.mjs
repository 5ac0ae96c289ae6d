// From the end of the day to the next morning: what was not known is found out, what was left lying lapses, batches
// settle, and the store comes to rest.

import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../eventually.mjs";

/** When a search that finds nothing begins to prove something, and Authorize.net's batch is still to come. */
export const EVENING_SECONDS = 240;
/** When every gateway's books of the day are complete. */
export const MORNING_SECONDS = 26 * 3_600;

const SETTINGS = { enabled: true, capture_mode: "on_request" };

/** Money is held from now on, at one gateway. */
export async function holdMoney(store, gateway) {
  const answer = await store.admin.put(`/v1/admin/payment-methods/${gateway}`, { ...SETTINGS, title: gateway });
  if (answer.status !== 200) throw new Error(`holding money at ${gateway} is refused: ${answer.text}`);
}

async function allOrders(store) {
  const found = [];
  let cursor;
  do {
    const { status, body, text } = await store.admin.get(`/v1/admin/orders?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (status !== 200) throw new Error(`the list of orders is answered ${status}: ${text}`);
    found.push(...body.items.map((one) => one.id));
    cursor = body.next_cursor;
  } while (cursor);
  return found;
}

/** What an order still waits for, in words; nothing if it is at rest. */
function waitsFor(order) {
  const operation = order.operations.find((one) => ["requested", "unknown"].includes(one.result));
  if (operation) return `${operation.kind} of ${operation.amount.amount} by ${operation.gateway} is ${operation.result}`;
  if (order.status === "placing") return "it is being placed";
  const ended = ["cancelled", "expired", "rejected"].includes(order.status);
  const held = order.claims.find((one) => one.state === "held" || one.state === "requested");
  if (ended && held) return `${held.sku} is ${held.state}, the order ${order.status}`;
  if (!ended && order.payment?.captured.amount > 0 && order.payment.movable.capturable.amount === 0 && !order.invoice_number) return "its invoice";
  const note = ended ? undefined : order.refunds?.find((one) => one.status === "succeeded" && !one.credit_note_number && order.invoice_number);
  return note && `the credit note of ${note.id}`;
}

/** Asks about refunds until none is to be made any more, or for half a minute. */
export async function refundsAreMade({ life, known }) {
  const made = async () => {
    for (const id of known()) {
      const { operations } = await life.read(id);
      const waits = operations.some((one) => one.kind === "refund" && ["requested", "unknown"].includes(one.result));
      if (!waits) continue;
      await life.sync(id);
      throw new Error(`${id} waits for a refund`);
    }
  };
  // What waits for longer than that is found by whoever asks whether the store is at rest.
  await eventually(made, { within: 30_000, every: 250 }).catch(() => undefined);
}

/** Asks about every order until all are at rest, or says which are not. */
export async function comeToRest({ store, life, known, within = 30_000, asks = true }) {
  const end = Date.now() + within;
  for (;;) {
    const waiting = [];
    for (const id of known()) {
      let order = await life.read(id);
      if (asks && life.undecided(order).length > 0) {
        await life.sync(id);
        order = await life.read(id);
      }
      const what = waitsFor(order);
      if (what) waiting.push(`${id} (${order.status}, ${order.payment?.gateway}): ${what}`);
    }
    if (waiting.length === 0 || Date.now() > end) return waiting;
    await store.runScheduled();
    await sleep(500);
  }
}

/** Runs the comparison of a gateway's books for a window and gives the run with everything that differs. */
export async function reconcile(store, gateway, { from, to }, name) {
  const headers = { "idempotency-key": `${name}-${gateway}` };
  const asked = await store.admin.post("/v1/admin/reconciliations", { gateway, from, to }, { headers });
  if (asked.status !== 202) throw new Error(`a reconciliation of ${gateway} is answered ${asked.status}: ${asked.text}`);
  const { id } = asked.body;
  const end = Date.now() + 20_000;
  for (;;) {
    const { body } = await store.admin.get(`/v1/admin/reconciliations/${id}`);
    if (body.state !== "running") break;
    if (Date.now() > end) throw new Error(`the reconciliation of ${gateway} still runs: ${JSON.stringify(body)}`);
    await sleep(100);
  }
  const run = (await store.admin.get(`/v1/admin/reconciliations/${id}`)).body;
  const differences = [];
  for (const result of ["missing_here", "missing_there", "amount_differs"]) {
    const { body } = await store.admin.get(`/v1/admin/reconciliations/${id}?result=${result}&limit=100`);
    differences.push(...body.items);
  }
  return { ...run, differences };
}

/** Everything that waits for a person. */
export async function attention(store) {
  const found = [];
  let cursor;
  do {
    const { body } = await store.admin.get(`/v1/admin/attention?limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    found.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor);
  return found;
}

export { allOrders };

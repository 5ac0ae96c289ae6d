// Money that goes back, at the gateway that tests play (gateway.mjs): refunds and disputes, by the sandbox's rules.

import { DAY, clock } from "./clock.mjs";

const RESPOND_WITHIN = 7 * DAY;
const STATUS_OF_METHOD = { refund_pending: "pending", refund_fails: "failed" };

let serial = 0;
export const fresh = (prefix) => `${prefix}_${String((serial += 1)).padStart(8, "0")}`;

const sum = (list) => list.reduce((total, one) => total + one.amount, 0);

/** What went back to the buyer, or was taken by the bank for good. */
export const goneOf = (payment) =>
  sum(payment.refunds.filter((one) => one.status === "succeeded")) + sum(payment.disputes.filter((one) => one.status === "lost"));

/** What could still be given back. */
export const left = (payment) => payment.captured - sum(payment.refunds.filter((one) => one.status !== "failed"));

export function giveBack(payment, { amount, order_id = null, operation_id = null, reason = null }) {
  if (payment.captured === 0) return { refusal: "unexpected_state" };
  if (payment.disputes.some((one) => one.status !== "won")) return { refusal: "payment_disputed" };
  if (amount > left(payment)) return { refusal: "refund_too_large" };
  const now = clock.now();
  const refund = {
    id: fresh("rfd"), payment_id: payment.id, order_id, operation_id, amount, currency: payment.currency,
    status: STATUS_OF_METHOD[payment.method] ?? "succeeded", reason, created_at: now, updated_at: now,
  };
  payment.refunds.push(refund);
  return { refund };
}

export function dispute(payment, amount) {
  const now = clock.now();
  const made = {
    id: fresh("dsp"), payment_id: payment.id, amount, currency: payment.currency, status: "open", reason: "fraudulent",
    respond_by: now + RESPOND_WITHIN, created_at: now, updated_at: now,
  };
  payment.disputes.push(made);
  return made;
}

/** Decides what is pending or open. */
export const decide = (one, status) => Object.assign(one, { status, updated_at: Math.max(clock.now(), one.updated_at + 1) });

export function listRefunds(query, payments) {
  const operation = query.get("operation_id");
  const all = payments.get(query.get("payment_id"))?.refunds ?? [];
  return { status: 200, body: { items: all.filter((one) => !operation || one.operation_id === operation) } };
}

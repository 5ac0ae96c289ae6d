// Money that goes back: refunds (the shop's and the merchant's own) and disputes of the buyer's bank.

import { needAmount, Refusal } from "./input.mjs";
import { newId } from "./payments.mjs";

const RESPOND_WITHIN_MS = 7 * 24 * 60 * 60 * 1000;

/** `owe` takes the webhooks that changes cause, `needPayment` gives a payment or refuses. */
export function openMoneyBack({ store, owe, needPayment }) {
  const announce = (noun, object) =>
    owe({ id: newId("evt"), type: `${noun}.${object.status}`, created_at: object.updated_at, [noun]: { ...object } });

  /** What of a payment can still go back. */
  function left(payment) {
    const gone = store.refundsOf(payment.id).filter((refund) => refund.status !== "failed");
    return payment.captured - gone.reduce((sum, refund) => sum + refund.amount, 0);
  }

  function give(payment, { amount, currency, order_id = null, operation_id = null, reason = null }) {
    if (payment.captured === 0) {
      throw new Refusal(400, "unexpected_state", `a payment that is ${payment.status} can't be refunded`, payment);
    }
    needAmount(amount);
    if (currency !== payment.currency) throw new Refusal(400, "invalid_amount", "the refund is in another currency");
    if (store.disputesOf(payment.id).some((dispute) => dispute.status !== "won")) {
      throw new Refusal(400, "payment_disputed", "the buyer's bank took the money back");
    }
    if (amount > left(payment)) throw new Refusal(400, "refund_too_large", "the refund is more than what is left");
    const now = Date.now();
    const ends = { refund_pending: "pending", refund_fails: "failed" };
    const refund = {
      id: newId("sbxr"), payment_id: payment.id, order_id, operation_id, amount, currency,
      status: ends[payment.method] ?? "succeeded", reason, created_at: now, updated_at: now,
    };
    store.insertRefund(refund);
    announce("refund", refund);
    return refund;
  }

  function decide(noun, object, from, to, status, update) {
    if (!object) throw new Refusal(404, "not_found", `there is no such ${noun}`);
    if (!to.includes(status)) throw new Refusal(400, "invalid_request", `status is one of ${to.join(", ")}`);
    if (object.status !== from) throw new Refusal(409, "unexpected_state", `the ${noun} is ${object.status} already`);
    Object.assign(object, { status, updated_at: Math.max(Date.now(), object.updated_at + 1) });
    return store.transaction(() => {
      update(object);
      announce(noun, object);
      return object;
    });
  }

  return {
    /** The shop gives money back. Inside a transaction. */
    refund: (payment, input) => give(payment, input),

    /** The merchant gives money back at the gateway: no order and no operation of the shop is in it. */
    dashboardRefund(id, { amount, reason }) {
      const payment = needPayment(id);
      const wanted = { amount: amount ?? left(payment), currency: payment.currency, reason: reason ?? null };
      return store.transaction(() => give(payment, wanted));
    },

    decideRefund: (id, status) =>
      decide("refund", store.refund(id), "pending", ["succeeded", "failed"], status, store.updateRefund),

    openDispute(id, { amount, reason }) {
      const payment = needPayment(id);
      const wanted = amount ?? payment.captured;
      if (!(Number.isSafeInteger(wanted) && wanted >= 1 && wanted <= payment.captured)) {
        throw new Refusal(400, "invalid_amount", "no more can be disputed than was taken");
      }
      const now = Date.now();
      const dispute = {
        id: newId("sbxd"), payment_id: payment.id, amount: wanted, currency: payment.currency, status: "open",
        reason: reason ?? "fraudulent", respond_by: now + RESPOND_WITHIN_MS, created_at: now, updated_at: now,
      };
      return store.transaction(() => {
        store.insertDispute(dispute);
        announce("dispute", dispute);
        return dispute;
      });
    },

    decideDispute: (id, status) =>
      decide("dispute", store.dispute(id), "open", ["won", "lost"], status, store.updateDispute),
  };
}

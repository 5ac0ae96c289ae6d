// The money behind the fake's PaymentIntents: charges, refunds, disputes, and the books with a line for each
// movement.

import { invalid, missing, newId, seconds } from "./errors.mjs";
import { expansions, metadata } from "./input.mjs";

const DAY = 86_400;
/** How long after it succeeded a refund of `pm_card_refundFail` fails. */
const REFUND_FAILS_AFTER_MS = 20;

/** `announce(type, object, key)` takes the events that changes cause. */
export function openMoney({ intents, announce }) {
  const charges = new Map();
  const refunds = new Map();
  const disputes = new Map();
  const lines = []; // oldest first
  const timers = new Set();

  const chargeOf = (intent) => charges.get(intent.latest_charge);
  const refundsOf = (intent) => [...refunds.values()].filter((refund) => refund.payment_intent === intent.id);
  const sum = (items) => items.reduce((total, item) => total + item.amount, 0);
  const notFailed = (refund) => !["failed", "canceled"].includes(refund.status);

  function book(kind, source, amount, category = kind) {
    const fee = kind === "charge" ? Math.floor(amount / 50) : 0;
    const line = {
      id: newId("txn"), object: "balance_transaction", amount, available_on: seconds() + 2 * DAY, created: seconds(),
      currency: source.currency, description: null, exchange_rate: null, fee, fee_details: [], net: amount - fee,
      reporting_category: category, source: source.id, status: "pending", type: kind,
    };
    lines.push(line);
    return line.id;
  }

  /** The charge of a payment that was authorised. */
  function charge(intent) {
    const card = { brand: "visa", last4: "4242" };
    if (intent.capture_method === "manual") card.capture_before = seconds() + 7 * DAY;
    const made = {
      id: newId("ch"), object: "charge", amount: intent.amount, amount_captured: 0, amount_refunded: 0,
      balance_transaction: null, captured: false, created: seconds(), currency: intent.currency, disputed: false,
      metadata: { ...intent.metadata }, paid: true, payment_intent: intent.id,
      payment_method_details: { card, type: "card" }, refunded: false, status: "succeeded",
    };
    charges.set(made.id, made);
    return made;
  }

  /** The money of a charge is taken. */
  function take(intent) {
    const made = chargeOf(intent);
    Object.assign(made, { captured: true, amount_captured: intent.amount_received });
    made.balance_transaction = book("charge", made, intent.amount_received);
  }

  function refund(intent, form = {}, key = null) {
    const made = chargeOf(intent);
    if (!made?.captured) throw invalid("This PaymentIntent does not have a successful charge to refund.");
    if (made.disputed) throw invalid(`Charge ${made.id} has been charged back.`, "charge_disputed");
    const left = made.amount_captured - sum(refundsOf(intent).filter(notFailed));
    const amount = form.amount === undefined ? left : Number(form.amount);
    if (left === 0) throw invalid(`Charge ${made.id} has already been refunded.`, "charge_already_refunded");
    if (amount > left) throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`);
    const one = {
      id: newId("re"), object: "refund", amount, balance_transaction: null, charge: made.id, created: seconds(),
      currency: made.currency, metadata: metadata(form), payment_intent: intent.id, reason: form.reason ?? null,
      receipt_number: null, source_transfer_reversal: null, transfer_reversal: null,
      status: intent.payment_method === "pm_card_pendingRefund" ? "pending" : "succeeded",
    };
    one.balance_transaction = book("refund", one, -amount);
    refunds.set(one.id, one);
    counted(intent);
    announce("refund.created", one, key);
    announce("charge.refunded", made, key);
    if (intent.payment_method === "pm_card_refundFail") {
      const timer = setTimeout(() => (timers.delete(timer), decideRefund(one.id, "failed")), REFUND_FAILS_AFTER_MS);
      timers.add(timer);
    }
    return one;
  }

  function counted(intent) {
    const made = chargeOf(intent);
    made.amount_refunded = sum(refundsOf(intent).filter(notFailed));
    made.refunded = made.amount_refunded === made.amount_captured;
  }

  function decideRefund(id, status) {
    const one = refunds.get(id);
    if (!one) throw missing("refund", id);
    if (!["succeeded", "failed", "canceled"].includes(status)) throw new Error(`a refund is not decided ${status}`);
    if (!notFailed(one)) throw new Error(`the refund is ${one.status} already`);
    one.status = status;
    if (status !== "succeeded") {
      if (status === "failed") one.failure_reason = "expired_or_canceled_card";
      book("refund_failure", one, one.amount);
      counted(intents.get(one.payment_intent));
    }
    announce("refund.updated", one);
    if (status === "failed") announce("refund.failed", one);
    return one;
  }

  function dispute(intent, { amount, reason = "fraudulent" } = {}) {
    const made = chargeOf(intent);
    if (!made?.captured) throw new Error("nothing was taken that could be disputed");
    const one = {
      id: newId("du"), object: "dispute", amount: amount ?? made.amount_captured, balance_transactions: [],
      charge: made.id, created: seconds(), currency: made.currency, evidence: {},
      evidence_details: { due_by: seconds() + 7 * DAY, has_evidence: false, past_due: false, submission_count: 0 },
      is_charge_refundable: false, livemode: false, metadata: {}, payment_intent: intent.id, reason,
      status: "needs_response",
    };
    disputes.set(one.id, one);
    made.disputed = true;
    book("adjustment", one, -one.amount, "dispute");
    announce("charge.dispute.created", one);
    announce("charge.dispute.funds_withdrawn", one);
    return one;
  }

  function decideDispute(id, status) {
    const one = disputes.get(id);
    if (!one) throw missing("dispute", id);
    if (!["won", "lost"].includes(status)) throw new Error(`a dispute is not decided ${status}`);
    if (["won", "lost"].includes(one.status)) throw new Error(`the dispute is ${one.status} already`);
    one.status = status;
    if (status === "won") {
      charges.get(one.charge).disputed = false;
      book("adjustment", one, one.amount, "dispute_reversal");
      announce("charge.dispute.funds_reinstated", one);
    }
    announce("charge.dispute.closed", one);
    return one;
  }

  // ---- what is asked ----------------------------------------------------------------------------------------

  const list = (url, data, has_more) => ({ object: "list", url, has_more, data: structuredClone(data) });

  function limitOf(parameters) {
    const limit = Number(parameters.get("limit") ?? 10);
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 100)) throw invalid("Invalid limit", "parameter_invalid");
    return limit;
  }

  /** The newest first, after the one that the page before ended with. */
  function page(url, all, parameters) {
    const after = parameters.get("starting_after");
    const at = after === null ? 0 : all.findIndex((item) => item.id === after) + 1;
    if (after !== null && at === 0) throw missing("object", after, "starting_after");
    const limit = limitOf(parameters);
    return list(url, all.slice(at, at + limit), all.length > at + limit);
  }

  function only(parameters, known) {
    for (const name of parameters.keys()) {
      if (!known.includes(name.replace(/\[\d+\]$/, "[]"))) throw invalid(`Received unknown parameter: ${name}`, "parameter_unknown", { param: name });
    }
  }

  function refundList(parameters) {
    only(parameters, ["payment_intent", "limit", "starting_after"]);
    const wanted = parameters.get("payment_intent");
    const all = [...refunds.values()].reverse().filter((one) => wanted === null || one.payment_intent === wanted);
    return page("/v1/refunds", all, parameters);
  }

  function books(parameters) {
    only(parameters, ["created[gte]", "created[lt]", "limit", "starting_after", "expand[]"]);
    const from = Number(parameters.get("created[gte]") ?? 0);
    const to = Number(parameters.get("created[lt]") ?? Number.MAX_SAFE_INTEGER);
    const all = [...lines].reverse().filter((line) => line.created >= from && line.created < to);
    const found = page("/v1/balance_transactions", all, parameters);
    if (expansions(parameters).includes("data.source")) {
      for (const line of found.data) {
        line.source = structuredClone(charges.get(line.source) ?? refunds.get(line.source) ?? disputes.get(line.source));
      }
    }
    return found;
  }

  /** A PaymentIntent with its charge in it, if that was asked for. */
  function expanded(intent, wanted) {
    const known = ["latest_charge", "latest_charge.refunds"];
    const stranger = wanted.find((name) => !known.includes(name));
    if (stranger) throw invalid(`This property cannot be expanded (${stranger}).`);
    const made = charges.get(intent.latest_charge);
    if (wanted.length === 0 || !made) return intent;
    const whole = structuredClone(made);
    if (wanted.includes("latest_charge.refunds")) {
      const url = `/v1/charges/${made.id}/refunds`;
      whole.refunds = list(url, refundsOf(intent).reverse().slice(0, 10), refundsOf(intent).length > 10);
    }
    return { ...intent, latest_charge: whole };
  }

  return {
    books,
    charge,
    decideDispute,
    decideRefund,
    dispute,
    expanded,
    refund,
    refundList,
    take,
    refunds: () => [...refunds.values()],
    disputes: () => [...disputes.values()],
    book: () =>
      [...intents.values()].map((intent) => ({
        reference: intent.id,
        order_id: intent.metadata.order_id ?? null,
        currency: intent.currency.toUpperCase(),
        captured: intent.amount_received,
        refunded: sum(refundsOf(intent).filter((refund) => refund.status === "succeeded")),
        charged_back: sum(
          [...disputes.values()].filter((one) => one.payment_intent === intent.id && one.status === "lost"),
        ),
      })),
    stop() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

// The part of the fake Stripe that comes after a payment: charges, refunds, disputes and the balance
// transactions, each with its event.

/**
 * `tell(type, object, key)` makes an event, `newId(prefix)` an identity, `seconds()` the time; `refuse(message,
 * code, more)` makes a refusal.
 */
export function openMoney({ intents, tell, newId, seconds, refuse }) {
  const charges = new Map();
  const refunds = new Map();
  const disputes = new Map();
  const lines = []; // balance transactions, oldest first
  const copy = (value) => structuredClone(value);

  function line(type, category, source) {
    lines.push({ id: newId("txn"), object: "balance_transaction", type, reporting_category: category, created: seconds(), source });
  }

  /** A charge comes with the first money that is held or taken. */
  function charged(intent) {
    let charge = charges.get(intent.latest_charge);
    if (!charge) {
      charge = {
        id: newId("ch"), object: "charge", amount: intent.amount, amount_captured: 0, amount_refunded: 0,
        currency: intent.currency, status: "succeeded", payment_intent: intent.id, metadata: { ...intent.metadata },
        created: seconds(), payment_method_details: { type: "card", card: { capture_before: seconds() + 7 * 86_400 } },
      };
      charges.set(charge.id, charge);
      intent.latest_charge = charge.id;
    }
    if (intent.amount_received > 0 && charge.amount_captured === 0) {
      charge.amount_captured = intent.amount_received;
      line("charge", "charge", charge);
    }
  }

  const refundsOf = (intentId) => [...refunds.values()].filter((one) => one.payment_intent === intentId).reverse();

  function refund(intent, { amount, metadata = {}, reason = null }, key) {
    const charge = charges.get(intent.latest_charge);
    if (!charge || charge.amount_captured === 0) {
      throw refuse("This PaymentIntent does not have a successful charge to refund.", "payment_intent_unexpected_state");
    }
    const left = charge.amount_captured - charge.amount_refunded;
    const wanted = amount ?? left;
    if (left === 0) throw refuse(`Charge ${charge.id} has already been refunded.`, "charge_already_refunded");
    if (wanted > left) throw refuse(`Refund amount (${wanted}) is greater than unrefunded amount on charge (${left})`);
    if (openDisputeOf(charge.id)) throw refuse(`Charge ${charge.id} has been charged back.`, "charge_disputed");
    const made = {
      id: newId("re"), object: "refund", amount: wanted, currency: intent.currency, status: "succeeded", reason,
      payment_intent: intent.id, charge: charge.id, metadata, created: seconds(),
    };
    refunds.set(made.id, made);
    charge.amount_refunded += wanted;
    line("refund", "refund", made);
    tell("refund.created", made, key);
    tell("refund.updated", made, key);
    return made;
  }

  const openDisputeOf = (chargeId) =>
    [...disputes.values()].some((one) => one.charge === chargeId && one.status === "needs_response");

  /** The buyer's bank takes the money back until the case is decided. */
  function openDispute(intent, { amount } = {}) {
    const charge = charges.get(intent.latest_charge);
    const dispute = {
      id: newId("du"), object: "dispute", amount: amount ?? charge.amount_captured, currency: intent.currency,
      status: "needs_response", reason: "fraudulent", payment_intent: intent.id, charge: charge.id,
      evidence_details: { due_by: seconds() + 7 * 86_400 }, metadata: {}, created: seconds(),
    };
    disputes.set(dispute.id, dispute);
    line("adjustment", "dispute", dispute);
    tell("charge.dispute.created", dispute);
    tell("charge.dispute.funds_withdrawn", dispute);
    return copy(dispute);
  }

  /** `won` or `lost`. */
  function decideDispute(id, status) {
    const dispute = disputes.get(id);
    if (dispute?.status !== "needs_response") throw new Error(`no open dispute ${id}`);
    dispute.status = status;
    if (status === "won") {
      line("adjustment", "dispute_reversal", dispute);
      tell("charge.dispute.funds_reinstated", dispute);
    }
    tell("charge.dispute.closed", dispute);
    return copy(dispute);
  }

  /** An intent with its charge in it, as `expand[]=latest_charge.refunds` shows it. */
  function expanded(intent) {
    const charge = charges.get(intent.latest_charge);
    if (!charge) return intent;
    const data = refundsOf(intent.id).map(copy);
    return { ...intent, latest_charge: { ...copy(charge), refunds: { object: "list", data, has_more: false } } };
  }

  const list = (url, data, hasMore) => ({ object: "list", url, has_more: hasMore, data: data.map(copy) });

  /** `GET /v1/refunds?payment_intent=`. */
  function listRefunds(query) {
    const limit = Number(query.get("limit") ?? 10);
    const found = refundsOf(query.get("payment_intent"));
    return list("/v1/refunds", found.slice(0, limit), found.length > limit);
  }

  /** `GET /v1/balance_transactions`, newest first, with its sources. */
  function balance(query) {
    if (query.get("expand[]") !== "data.source") throw refuse("this fake shows balance transactions with their sources only");
    const [from, to] = [Number(query.get("created[gte]") ?? 0), Number(query.get("created[lt]") ?? Infinity)];
    const limit = Number(query.get("limit") ?? 10);
    const found = lines.filter((one) => one.created >= from && one.created < to).reverse();
    const after = query.get("starting_after");
    const start = after ? found.findIndex((one) => one.id === after) + 1 : 0;
    return list("/v1/balance_transactions", found.slice(start, start + limit), found.length > start + limit);
  }

  /** Every payment's truth in minor units as Stripe counts them: the bank statement for audits. */
  function book() {
    const sum = (things) => things.reduce((total, one) => total + one.amount, 0);
    return [...intents.values()].map((intent) => ({
      id: intent.id, order_id: intent.metadata.order_id, operation_id: intent.metadata.operation_id,
      currency: intent.currency.toUpperCase(), amount: intent.amount, status: intent.status,
      captured: intent.amount_received,
      refunded: sum(refundsOf(intent.id)),
      charged_back: sum([...disputes.values()].filter((one) => one.payment_intent === intent.id && one.status === "lost")),
    }));
  }

  return { charged, refund, refundsOf, openDispute, decideDispute, expanded, listRefunds, balance, book, lines };
}

// One face for four gateways: what buyers, banks and merchants do there, and what the books say.

const sum = (rows, field) => rows.reduce((total, row) => total + row[field], 0);

function grouped(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.reference, [...(groups.get(row.reference) ?? []), row]);
  return [...groups.values()];
}

const RETURN_URL = "https://shop.example/back";

const US = { name: "Ada Lovelace", line1: "12 Ferry Lane", city: "San Francisco", region: "CA", postal_code: "94105", country: "US" };
const DE = { name: "Ada Lovelace", line1: "Uferweg 12", city: "Berlin", postal_code: "10115", country: "DE" };
const IN = { name: "Ada Lovelace", line1: "12 MG Road", city: "Bengaluru", region: "KA", postal_code: "560001", country: "IN" };

/** Where buyers of a currency live. */
export const ADDRESSES = { USD: US, EUR: DE, INR: IN, JPY: US };

/** What may befall a request, in the journey's words; `timeout_before` is a hang. */
export const FAULT_KINDS = ["timeout_after", "500_before", "500_after", "429", "html", "timeout_before", "malformed_json"];

/**
 * By gateway: `currencies`; `kinds`, the fake's names of the requests that a fault can befall; `offers`; and
 *
 * - `method(outcome)`: what a checkout sends so that the buyer's card does this, if it decides at once;
 * - `pay(reference)`, `decline(reference)`: what the buyer does afterwards, with what the browser is sent back with;
 * - `refund(reference, minor)`, `dispute(reference)`, `decide(dispute, outcome)`: what happens without the store;
 * - `book()`: `{reference, order_id, operation_id, currency, captured, refunded, charged_back, open}` each.
 */
export function openCounters({ stripe, razorpay, paypal, authorize_net: authorizeNet }) {
  const captureOf = (reference) => paypal.book().find((one) => one.reference === reference).captures.find((one) => one.status !== "PENDING").id;
  // Whoever has agreed and comes to the page again has nothing to do there.
  function approve(reference, instrument) {
    const { status } = paypal.book().find((one) => one.reference === reference);
    if (status === "PAYER_ACTION_REQUIRED") paypal.approve(reference, instrument);
  }
  const chargeOf = (reference) => razorpay.book().find((one) => one.reference === reference && one.captured > 0).payment;
  const counters = {
    stripe: {
      currencies: ["USD", "EUR", "JPY"],
      takes: ["USD", "EUR", "JPY", "INR"],
      kinds: { start: ["create"], capture: ["capture"], refund: ["refund"], read: ["retrieve"], void: ["cancel"] },
      offers: { void: true, parts: false, part: true, dispute: true },
      method: (outcome) => {
        const method = { pays: "pm_card_visa", declines: "pm_card_chargeDeclined" }[outcome];
        return method ? { method, return_url: RETURN_URL } : { return_url: undefined };
      },
      pay: (reference) => void stripe.buyer(reference, "pay"),
      decline: (reference) => void stripe.buyer(reference, "decline"),
      refund: (reference, minor) => stripe.dashboardRefund(reference, minor),
      dispute: (reference) => stripe.openDispute(reference).id,
      decide: (id, outcome) => void stripe.decideDispute(id, outcome),
      book: () => stripe.payments.map((intent) => {
        const row = stripe.book().find((one) => one.reference === intent.id);
        return {
          ...row, operation_id: intent.metadata.operation_id, currency: intent.currency.toUpperCase(),
          open: !["succeeded", "canceled"].includes(intent.status),
        };
      }),
    },
    razorpay: {
      currencies: ["INR"],
      kinds: { start: ["create_order"], capture: ["capture"], refund: ["refund"], read: ["list_orders"], void: [] },
      offers: { void: false, parts: false, part: false, dispute: true },
      method: () => ({}),
      pay: (reference) => razorpay.pay(reference),
      decline: (reference) => void razorpay.pay(reference, { outcome: "failed" }),
      refund: (reference, minor) => razorpay.dashboardRefund(chargeOf(reference), minor),
      dispute: (reference) => razorpay.openDispute(chargeOf(reference)).id,
      decide: (id, outcome) => void razorpay.decideDispute(id, outcome),
      lapse: (reference) => razorpay.lapse(razorpay.book().find((one) => one.reference === reference && one.status === "authorized").payment),
      book: () => grouped(razorpay.book()).map((rows) => ({
        ...rows[0], captured: sum(rows, "captured"), refunded: sum(rows, "refunded"),
        charged_back: sum(rows, "charged_back"), open: rows.some((one) => one.status === "authorized"),
      })),
    },
    paypal: {
      currencies: ["USD", "EUR", "JPY"],
      kinds: { start: ["create"], capture: ["capture", "complete_capture"], refund: ["refund"], read: ["retrieve"], void: ["void"] },
      offers: { void: true, parts: true, part: true, dispute: true },
      method: () => ({ return_url: RETURN_URL }),
      pay: (reference) => approve(reference, "good"),
      decline: (reference) => approve(reference, "declined"),
      refund: (reference, minor) => paypal.refundInDashboard(captureOf(reference), minor),
      dispute: (reference) => paypal.openDispute(captureOf(reference)),
      decide: (id, outcome) => void paypal.decideDispute(id, outcome),
      book: () => paypal.book().map((one) => ({
        ...one, order_id: one.orderId, operation_id: one.operationId, charged_back: one.chargedBack, open: one.held,
      })),
    },
    authorize_net: {
      currencies: ["USD"],
      kinds: { start: ["authorize"], capture: ["capture"], refund: ["refund", "void"], read: ["details", "unsettled"], void: ["void"] },
      offers: { void: true, parts: false, part: true, dispute: false },
      method: (outcome) => ({ method: authorizeNet.nonce({ pays: "pay", declines: "decline" }[outcome] ?? "pay") }),
      book: () => authorizeNet.book().map((one) => ({
        reference: one.id, order_id: one.order_id, operation_id: one.invoice, currency: one.currency,
        captured: one.captured_minor, refunded: one.refunded_minor, charged_back: one.charged_back_minor,
        open: one.status === "authorizedPendingCapture",
      })),
      refund: (reference, minor) => authorizeNet.dashboard.refund(reference, minor),
    },
  };
  const fakes = { stripe, razorpay, paypal, authorize_net: authorizeNet };
  for (const [name, counter] of Object.entries(counters)) Object.assign(counter, { name, ...faults(fakes[name]) });
  return counters;
}

/** One fault at a time lies in wait for the next request of its kinds. */
function faults(fake) {
  let waiting;
  const counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0]));
  const ask = (request) => {
    if (!waiting?.on.includes(request.kind)) return undefined;
    const { mode } = waiting;
    waiting = undefined;
    counts[mode] += 1;
    return mode;
  };
  (fake.setFaults ?? fake.setFault)(ask);
  return {
    counts,
    /** The next request of one of these kinds suffers `mode`. */
    arm: (mode, on) => void (waiting = { mode, on }),
    /** Gives back the fault that nothing met. */
    disarm() {
      const unmet = waiting?.mode;
      waiting = undefined;
      return unmet;
    },
  };
}

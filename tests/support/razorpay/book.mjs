// What Razorpay knows: orders, payments, refunds and disputes, and the rules by which they change.
//
// It refuses what Razorpay refuses, in Razorpay's words where they are known. Nothing here speaks HTTP:
// `announce(event, entities)` is called for everything that a webhook would tell.

import { randomBytes } from "node:crypto";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** An identity as Razorpay makes one: a prefix and fourteen letters or digits. */
export const newId = (prefix) =>
  `${prefix}_${[...randomBytes(14)].map((byte) => LETTERS[byte % LETTERS.length]).join("")}`;

const seconds = () => Math.floor(Date.now() / 1000);

/** A refusal of Razorpay's: the status and what stands under `error`. */
export class RazorpayError extends Error {
  constructor(status, description, { code = "BAD_REQUEST_ERROR", reason = "input_validation_failed", field } = {}) {
    super(description);
    this.status = status;
    this.error = {
      code, description, source: "business", step: "payment_initiation", reason, metadata: {}, ...(field && { field }),
    };
  }
}

const bad = (description, more) => new RazorpayError(400, description, more);

const FAILURE = {
  error_code: "BAD_REQUEST_ERROR",
  error_description: "Your payment could not be completed due to insufficient account balance.",
  error_source: "customer",
  error_step: "payment_authorization",
  error_reason: "insufficient_funds",
};

/** Makes an empty book. */
export function openBook({ announce }) {
  const orders = new Map();
  const payments = new Map();
  const refunds = new Map();
  const disputes = new Map();
  const refundKeys = new Map(); // X-Refund-Idempotency -> {request, refund}
  const settings = { refunds: "processed" };

  const copy = (value) => structuredClone(value);

  function look(things, id) {
    const thing = things.get(id);
    if (!thing) throw bad("The id provided does not exist", { reason: "NA" });
    return thing;
  }

  // ---- orders -------------------------------------------------------------------------------------------

  function createOrder({ amount, currency, receipt = null, notes = [], payment }, { wrong_amount = 0 } = {}) {
    const order = {
      id: newId("order"),
      entity: "order",
      amount: amount + wrong_amount,
      amount_paid: 0,
      amount_due: amount + wrong_amount,
      currency,
      receipt,
      offer_id: null,
      status: "created",
      attempts: 0,
      notes,
      created_at: seconds(),
    };
    orders.set(order.id, { ...order, terms: payment ?? { capture: "automatic" } });
    return copy(order);
  }

  /** An order as it is shown: without what only Razorpay knows, with its payments if they are wanted. */
  function shown({ terms: _, ...order }, expand = false) {
    const items = expand ? paymentsOf(order.id) : [];
    const payments = { entity: "collection", count: items.length, items };
    return copy(expand ? { ...order, payments } : order);
  }

  const paymentsOf = (orderId) =>
    [...payments.values()].filter((payment) => payment.order_id === orderId).reverse().map(copy);

  // ---- payments -----------------------------------------------------------------------------------------

  /** A buyer opens the checkout and gives a card: an attempt whose outcome is not known yet. */
  function attempt(orderId, { notes = [], again = false } = {}) {
    const order = look(orders, orderId);
    if (order.status === "paid" && !again) throw bad("Order already paid", { reason: "order_already_paid" });
    const payment = {
      id: newId("pay"),
      entity: "payment",
      amount: order.amount,
      currency: order.currency,
      status: "created",
      order_id: order.id,
      invoice_id: null,
      international: false,
      method: "card",
      amount_refunded: 0,
      refund_status: null,
      captured: false,
      description: null,
      card_id: newId("card"),
      bank: null,
      wallet: null,
      vpa: null,
      email: "buyer@example.com",
      contact: "+919999999999",
      notes,
      fee: null,
      tax: null,
      error_code: null,
      error_description: null,
      error_source: null,
      error_step: null,
      error_reason: null,
      acquirer_data: { auth_code: null },
      created_at: seconds(),
    };
    payments.set(payment.id, payment);
    order.attempts += 1;
    if (order.status === "created") order.status = "attempted";
    return payment;
  }

  /** The bank decides an attempt. A failed one may be authorized late; nothing else is decided twice. */
  function decide(paymentId, outcome) {
    const payment = look(payments, paymentId);
    if (!["created", "failed"].includes(payment.status)) throw bad(`The payment is ${payment.status} already`);
    if (outcome === "failed") {
      Object.assign(payment, FAILURE, { status: "failed" });
      announce("payment.failed", { payment: copy(payment) });
      return copy(payment);
    }
    for (const field of Object.keys(FAILURE)) payment[field] = null;
    payment.status = "authorized";
    payment.acquirer_data = { auth_code: "123456" };
    announce("payment.authorized", { payment: copy(payment) });
    if (outcome === "captured") take(payment);
    return copy(payment);
  }

  /** Takes held money and tells of it. */
  function take(payment) {
    const order = look(orders, payment.order_id);
    Object.assign(payment, { status: "captured", captured: true, fee: 0, tax: 0 });
    order.amount_paid += payment.amount;
    order.amount_due = Math.max(0, order.amount - order.amount_paid);
    announce("payment.captured", { payment: copy(payment) });
    if (order.status !== "paid") {
      order.status = "paid";
      announce("order.paid", { payment: copy(payment), order: shown(order) });
    }
  }

  function capture(paymentId, { amount, currency }) {
    const payment = look(payments, paymentId);
    if (payment.captured) throw bad("This payment has already been captured");
    if (payment.status !== "authorized") {
      throw bad("Only payments which have been authorized and not yet captured can be captured");
    }
    if (currency !== payment.currency) throw bad("Payment currency mismatch", { field: "currency" });
    if (amount !== payment.amount) {
      throw bad("Capture amount must be equal to the amount authorized", { field: "amount" });
    }
    take(payment);
    return copy(payment);
  }

  /** Held money that nobody took goes back to the buyer by itself. */
  function lapse(paymentId) {
    const payment = look(payments, paymentId);
    if (payment.status !== "authorized") throw bad(`The payment is ${payment.status}`);
    const refund = newRefund(payment, payment.amount, {}, "processed");
    Object.assign(payment, { status: "refunded", amount_refunded: payment.amount, refund_status: "full" });
    announce("refund.processed", { refund: copy(refund), payment: copy(payment) });
    return copy(payment);
  }

  // ---- refunds ------------------------------------------------------------------------------------------

  function newRefund(payment, amount, { receipt = null, notes = [], speed = "normal" }, status) {
    const refund = {
      id: newId("rfnd"),
      entity: "refund",
      amount,
      currency: payment.currency,
      payment_id: payment.id,
      notes,
      receipt,
      acquirer_data: { arn: null },
      created_at: seconds(),
      batch_id: null,
      status,
      speed_processed: "normal",
      speed_requested: speed,
    };
    refunds.set(refund.id, refund);
    return refund;
  }

  function counted(payment, by) {
    payment.amount_refunded += by;
    const full = payment.amount_refunded === payment.amount;
    payment.refund_status = payment.amount_refunded === 0 ? null : full ? "full" : "partial";
    payment.status = full ? "refunded" : "captured";
  }

  /** `key` is the `X-Refund-Idempotency` header: the same request under it gives the same refund. */
  function refund(paymentId, request, key) {
    const asked = JSON.stringify([paymentId, request]);
    const known = key === undefined ? undefined : refundKeys.get(key);
    if (known) {
      if (known.asked !== asked) throw bad("Different request body sent with the same Idempotency Key");
      return copy(refunds.get(known.refund));
    }
    const payment = look(payments, paymentId);
    if (!payment.captured) throw bad("The payment status should be captured for action to be taken");
    const left = payment.amount - payment.amount_refunded;
    if (left === 0) throw bad("The payment has been fully refunded already");
    const amount = request.amount ?? left;
    if (amount > left) throw bad("The total refund amount is greater than the refund payment amount");
    const made = newRefund(payment, amount, request, settings.refunds);
    if (key !== undefined) refundKeys.set(key, { asked, refund: made.id });
    counted(payment, amount);
    announce("refund.created", { refund: copy(made), payment: copy(payment) });
    if (made.status === "processed") announce("refund.processed", { refund: copy(made), payment: copy(payment) });
    return copy(made);
  }

  /** Decides a pending refund: `processed` or `failed`. */
  function decideRefund(refundId, status) {
    const made = look(refunds, refundId);
    if (made.status !== "pending") throw bad(`The refund is ${made.status} already`);
    made.status = status;
    const payment = look(payments, made.payment_id);
    if (status === "failed") counted(payment, -made.amount);
    announce(`refund.${status}`, { refund: copy(made), payment: copy(payment) });
    return copy(made);
  }

  // ---- disputes -----------------------------------------------------------------------------------------

  function openDispute(paymentId, { amount, reason_code = "goods_or_services_not_received", days = 7 } = {}) {
    const payment = look(payments, paymentId);
    if (!payment.captured) throw bad("Only a captured payment can be disputed");
    const dispute = {
      id: newId("disp"),
      entity: "dispute",
      payment_id: payment.id,
      amount: amount ?? payment.amount,
      currency: payment.currency,
      amount_deducted: 0,
      gateway_dispute_id: null,
      reason_code,
      respond_by: seconds() + days * 86_400,
      status: "open",
      phase: "chargeback",
      comments: null,
      created_at: seconds(),
    };
    disputes.set(dispute.id, dispute);
    announce("payment.dispute.created", { payment: copy(payment), dispute: copy(dispute) });
    return copy(dispute);
  }

  /** `under_review`, `action_required`, `won`, `lost` or `closed`. */
  function decideDispute(disputeId, status) {
    const dispute = look(disputes, disputeId);
    if (["won", "lost", "closed"].includes(dispute.status)) throw bad(`The dispute is ${dispute.status} already`);
    dispute.status = status === "action_required" ? "open" : status;
    if (status === "lost") dispute.amount_deducted = dispute.amount;
    const payment = look(payments, dispute.payment_id);
    announce(`payment.dispute.${status}`, { payment: copy(payment), dispute: copy(dispute) });
    return copy(dispute);
  }

  // ---- lists --------------------------------------------------------------------------------------------

  /** Newest first, as Razorpay lists. */
  function list(things, { from, to, count = 10, skip = 0 }, keep = () => true) {
    const items = [...things.values()]
      .filter((thing) => (from === undefined || thing.created_at >= from) && (to === undefined || thing.created_at <= to))
      .filter(keep)
      .reverse()
      .slice(skip, skip + count);
    return { entity: "collection", count: items.length, items };
  }

  /** What really happened to every payment, in minor units: the bank statement for audits. */
  function truth() {
    const sum = (things, of) => things.reduce((total, thing) => total + of(thing), 0);
    return [...payments.values()].map((payment) => {
      const order = orders.get(payment.order_id);
      const made = [...refunds.values()].filter((one) => one.payment_id === payment.id && one.status !== "failed");
      const lost = [...disputes.values()].filter((one) => one.payment_id === payment.id);
      return {
        payment: payment.id,
        reference: payment.order_id,
        order_id: order.notes.order_id ?? null,
        operation_id: order.receipt,
        status: payment.status,
        currency: payment.currency,
        amount: payment.amount,
        captured: payment.captured ? payment.amount : 0,
        refunded: payment.captured ? sum(made, (one) => one.amount) : 0,
        charged_back: sum(lost, (one) => one.amount_deducted),
      };
    });
  }

  return {
    settings,
    createOrder,
    order: (id, expand) => shown(look(orders, id), expand),
    orders: (query, receipt, expand) => {
      const page = list(orders, query, (order) => receipt === undefined || order.receipt === receipt);
      return { ...page, items: page.items.map((order) => shown(order, expand)) };
    },
    terms: (orderId) => look(orders, orderId).terms,
    payment: (id) => copy(look(payments, id)),
    payments: (query) => copy(list(payments, query)),
    paymentsOf: (orderId) => {
      const items = paymentsOf(look(orders, orderId).id);
      return { entity: "collection", count: items.length, items };
    },
    refunds: (query) => copy(list(refunds, query)),
    refundsOf: (paymentId, query) => {
      const { id } = look(payments, paymentId);
      return copy(list(refunds, query, (refund) => refund.payment_id === id));
    },
    refundOf: (id) => copy(look(refunds, id)),
    attempt,
    decide,
    capture,
    lapse,
    refund,
    decideRefund,
    openDispute,
    decideDispute,
    truth,
  };
}

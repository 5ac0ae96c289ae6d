// The money of the fake: orders, holds, captures, refunds and disputes, each move with its event and its line
// in the books.

import { toAmount, toMinor } from "./amounts.mjs";
import { notFound, unprocessable } from "./refusal.mjs";

const sum = (list) => list.reduce((total, one) => total + one.minor, 0);
const isTaken = (capture) => ["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"].includes(capture.status);

/**
 * `base()` is the fake's URL, `newId(length)` makes an id, `announce(kind, resource)` an event.
 */
export function openLedger({ base, newId, announce }) {
  const orders = new Map();
  const disputes = new Map();
  const transactions = [];
  const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const link = (rel, path, method = "GET") => ({ rel, href: `${base()}${path}`, method });

  function get(id) {
    const order = orders.get(id);
    if (!order) throw notFound();
    return order;
  }

  function partOf(kind, id) {
    for (const order of orders.values()) {
      const part = order[kind].find((one) => one.id === id);
      if (part) return { order, part };
    }
    throw notFound();
  }

  function list(code, id, minor, order, more = {}) {
    transactions.push({
      at: Date.now(), id, code, minor, currency: order.currency, custom: order.custom_id, invoice: order.invoice_id,
      ...more,
    });
  }

  // ---- what is shown -----------------------------------------------------------------------------------------

  const marks = (order, part) => ({
    custom_id: part.custom_id ?? order.custom_id,
    invoice_id: part.invoice_id ?? order.invoice_id,
    create_time: part.created,
    update_time: part.updated,
  });

  const shownHold = (order, hold) => ({
    id: hold.id, status: hold.status, amount: toAmount(hold.minor, order.currency), expiration_time: hold.expires,
    ...marks(order, hold),
    links: [link("self", `/v2/payments/authorizations/${hold.id}`)],
  });

  const shownCapture = (order, capture) => ({
    id: capture.id, status: capture.status, amount: toAmount(capture.minor, order.currency),
    final_capture: capture.last, seller_protection: { status: "NOT_ELIGIBLE" },
    ...(capture.reason && { status_details: { reason: capture.reason } }),
    ...marks(order, capture),
    links: [
      link("self", `/v2/payments/captures/${capture.id}`),
      capture.hold
        ? link("up", `/v2/payments/authorizations/${capture.hold}`)
        : link("up", `/v2/checkout/orders/${order.id}`),
    ],
  });

  const shownRefund = (order, refund) => ({
    id: refund.id, status: refund.status, amount: toAmount(refund.minor, order.currency),
    ...(refund.note && { note_to_payer: refund.note }),
    ...marks(order, refund),
    links: [link("self", `/v2/payments/refunds/${refund.id}`), link("up", `/v2/payments/captures/${refund.capture}`)],
  });

  function shown(order) {
    const payments = {
      ...(order.holds.length > 0 && { authorizations: order.holds.map((one) => shownHold(order, one)) }),
      ...(order.captures.length > 0 && { captures: order.captures.map((one) => shownCapture(order, one)) }),
      ...(order.refunds.length > 0 && { refunds: order.refunds.map((one) => shownRefund(order, one)) }),
    };
    return {
      id: order.id, intent: order.intent, status: order.status, payment_source: { paypal: {} },
      purchase_units: [{
        reference_id: "default", amount: toAmount(order.minor, order.currency),
        payee: { merchant_id: "FAKEMERCHANT1" }, custom_id: order.custom_id, invoice_id: order.invoice_id,
        ...(Object.keys(payments).length > 0 && { payments }),
      }],
      create_time: order.created, update_time: order.updated,
      links: [link("self", `/v2/checkout/orders/${order.id}`), ...approval(order)],
    };
  }

  const approval = (order) =>
    ["CREATED", "PAYER_ACTION_REQUIRED"].includes(order.status)
      ? [link("payer-action", `/checkoutnow?token=${order.id}`)]
      : [];

  /** A part as its event and its own address show it: it names its order. */
  const alone = (order, part) => ({ ...part, supplementary_data: { related_ids: { order_id: order.id } } });

  // ---- orders ------------------------------------------------------------------------------------------------

  function create(body) {
    const [unit] = body.purchase_units;
    const order = {
      id: newId(17), intent: body.intent, status: "PAYER_ACTION_REQUIRED", minor: toMinor(unit.amount),
      currency: unit.amount.currency_code, custom_id: unit.custom_id, invoice_id: unit.invoice_id,
      returnUrl: body.payment_source.paypal.experience_context.return_url,
      created: now(), updated: now(), holds: [], captures: [], refunds: [], instrument: "good",
    };
    orders.set(order.id, order);
    return order;
  }

  /** The buyer agrees, with an instrument that is `good`, `declined` or `pending`. */
  function approve(id, instrument = "good") {
    const order = get(id);
    if (order.status !== "PAYER_ACTION_REQUIRED") throw new Error(`order ${id} is ${order.status}`);
    Object.assign(order, { status: "APPROVED", instrument, updated: now() });
    announce("CHECKOUT.ORDER.APPROVED", shown(order));
    return order;
  }

  function complete(id, intent) {
    const order = get(id);
    if (order.intent !== intent) throw unprocessable("ACTION_DOES_NOT_MATCH_INTENT");
    if (order.captures.length + order.holds.length > 0) {
      throw unprocessable(intent === "CAPTURE" ? "ORDER_ALREADY_CAPTURED" : "ORDER_ALREADY_AUTHORIZED");
    }
    if (order.status === "VOIDED") throw unprocessable("ORDER_EXPIRED");
    if (order.status !== "APPROVED") throw unprocessable("ORDER_NOT_APPROVED");
    if (order.instrument === "declined") {
      Object.assign(order, { status: "PAYER_ACTION_REQUIRED", updated: now() });
      const page = link("redirect", `/checkoutnow?token=${order.id}`);
      throw unprocessable("INSTRUMENT_DECLINED", { links: [page] });
    }
    if (intent === "CAPTURE") {
      take(order, order.minor, { last: true, pending: order.instrument === "pending" });
    } else {
      const expires = new Date(Date.now() + 29 * 86_400_000).toISOString();
      const hold = { id: newId(17), status: "CREATED", minor: order.minor, created: now(), updated: now(), expires };
      order.holds.push(hold);
      announce("PAYMENT.AUTHORIZATION.CREATED", alone(order, shownHold(order, hold)));
    }
    Object.assign(order, { status: "COMPLETED", updated: now() });
    return order;
  }

  function take(order, minor, { last, hold, invoice, pending = false }) {
    const capture = {
      id: newId(17), status: pending ? "PENDING" : "COMPLETED", minor, last, hold, invoice_id: invoice,
      created: now(), updated: now(), ...(pending && { reason: "ECHECK" }),
    };
    order.captures.push(capture);
    if (!pending) list("T0006", capture.id, minor, order);
    announce(`PAYMENT.CAPTURE.${capture.status}`, alone(order, shownCapture(order, capture)));
    return capture;
  }

  // ---- holds -------------------------------------------------------------------------------------------------

  function captureHold(id, body) {
    const { order, part: hold } = partOf("holds", id);
    if (hold.status === "VOIDED") throw unprocessable("AUTHORIZATION_VOIDED");
    if (hold.status === "CAPTURED") throw unprocessable("AUTHORIZATION_ALREADY_CAPTURED");
    if (body.amount.currency_code !== order.currency) throw unprocessable("AUTH_CAPTURE_CURRENCY_MISMATCH");
    const invoices = [...orders.values()].flatMap((one) => one.captures.map((capture) => capture.invoice_id));
    if (invoices.includes(body.invoice_id)) throw unprocessable("DUPLICATE_INVOICE_ID");
    const minor = toMinor(body.amount);
    const before = sum(order.captures.filter(isTaken));
    if (before + minor > hold.minor) throw unprocessable("MAX_CAPTURE_AMOUNT_EXCEEDED");
    const whole = before + minor === hold.minor || body.final_capture;
    Object.assign(hold, { status: whole ? "CAPTURED" : "PARTIALLY_CAPTURED", updated: now() });
    const capture = take(order, minor, { last: body.final_capture, hold: id, invoice: body.invoice_id });
    return { order, capture };
  }

  function voidHold(id) {
    const { order, part: hold } = partOf("holds", id);
    if (hold.status === "CAPTURED") throw unprocessable("PREVIOUSLY_CAPTURED");
    if (hold.status === "VOIDED") throw unprocessable("PREVIOUSLY_VOIDED");
    Object.assign(hold, { status: "VOIDED", updated: now() });
    announce("PAYMENT.AUTHORIZATION.VOIDED", alone(order, shownHold(order, hold)));
    return { order, hold };
  }

  // ---- money that goes back ----------------------------------------------------------------------------------

  function refund(id, body, { byHand = false, pending = false } = {}) {
    const { order, part: capture } = partOf("captures", id);
    if (capture.status === "PENDING") throw unprocessable("PENDING_CAPTURE");
    const back = sum(order.refunds.filter((one) => one.capture === id && one.status !== "FAILED"));
    const minor = body.amount ? toMinor(body.amount) : capture.minor - back;
    if (back >= capture.minor) throw unprocessable("CAPTURE_FULLY_REFUNDED");
    if (body.amount && body.amount.currency_code !== order.currency) {
      throw unprocessable("REFUND_CAPTURE_CURRENCY_MISMATCH");
    }
    if (back + minor > capture.minor) throw unprocessable("REFUND_AMOUNT_EXCEEDED");
    const invoices = [...orders.values()].flatMap((one) => one.refunds.map((made) => made.invoice_id));
    if (!byHand && invoices.includes(body.invoice_id)) throw unprocessable("DUPLICATE_INVOICE_ID");
    const made = {
      id: newId(17), status: pending ? "PENDING" : "COMPLETED", minor, capture: id, note: body.note_to_payer,
      // One made by hand has the marks of its capture.
      custom_id: body.custom_id, invoice_id: body.invoice_id ?? capture.invoice_id,
      created: now(), updated: now(),
    };
    order.refunds.push(made);
    if (!pending) refunded(order, capture, made);
    return { order, refund: made };
  }

  function refunded(order, capture, made) {
    const back = sum(order.refunds.filter((one) => one.capture === capture.id && one.status === "COMPLETED"));
    capture.status = back >= capture.minor ? "REFUNDED" : "PARTIALLY_REFUNDED";
    const custom = made.custom_id ?? order.custom_id;
    list("T1107", made.id, -made.minor, order, { custom, invoice: made.invoice_id, parent: capture.id });
    announce("PAYMENT.CAPTURE.REFUNDED", shownRefund(order, made));
  }

  /** A pending capture or refund is decided: `COMPLETED`, or `DECLINED` (`FAILED` for a refund). */
  function settle(id, status) {
    for (const order of orders.values()) {
      const capture = order.captures.find((one) => one.id === id && one.status === "PENDING");
      const made = order.refunds.find((one) => one.id === id && one.status === "PENDING");
      if (capture) {
        Object.assign(capture, { status, updated: now(), reason: undefined });
        if (status === "COMPLETED") list("T0006", id, capture.minor, order);
        const word = status === "COMPLETED" ? status : "DENIED";
        announce(`PAYMENT.CAPTURE.${word}`, alone(order, shownCapture(order, capture)));
        return;
      }
      if (made) {
        Object.assign(made, { status, updated: now() });
        if (status === "COMPLETED") refunded(order, order.captures.find((one) => one.id === made.capture), made);
        return;
      }
    }
    throw new Error(`nothing pending has the id ${id}`);
  }

  function shownDispute(dispute) {
    const { order, capture } = dispute;
    return {
      dispute_id: dispute.id, create_time: dispute.created, update_time: dispute.updated,
      disputed_transactions: [{
        seller_transaction_id: capture.id, custom: order.custom_id, invoice_number: order.invoice_id,
      }],
      reason: dispute.reason, status: dispute.status, dispute_amount: toAmount(dispute.minor, order.currency),
      dispute_life_cycle_stage: "CHARGEBACK",
      ...(dispute.status !== "RESOLVED" && {
        seller_response_due_date: new Date(Date.now() + 10 * 86_400_000).toISOString(),
      }),
      ...(dispute.outcome && { dispute_outcome: { outcome_code: dispute.outcome } }),
    };
  }

  function openDispute(captureId, { minor, reason = "UNAUTHORISED" } = {}) {
    const { order, part: capture } = partOf("captures", captureId);
    const dispute = {
      id: `PP-R-${newId(10)}`, order, capture, minor: minor ?? capture.minor, reason, status: "OPEN",
      created: now(), updated: now(),
    };
    disputes.set(dispute.id, dispute);
    announce("CUSTOMER.DISPUTE.CREATED", shownDispute(dispute));
    return dispute.id;
  }

  /** `lost`, `won` or `withdrawn`, as the merchant sees it. */
  function decideDispute(id, outcome) {
    const codes = { lost: "RESOLVED_BUYER_FAVOUR", won: "RESOLVED_SELLER_FAVOUR", withdrawn: "CANCELED_BY_BUYER" };
    const dispute = disputes.get(id);
    if (!dispute || dispute.status === "RESOLVED" || !codes[outcome]) throw new Error(`no open dispute ${id}`);
    Object.assign(dispute, { status: "RESOLVED", outcome: codes[outcome], updated: now() });
    if (outcome === "lost") list("T1201", newId(17), -dispute.minor, dispute.order, { parent: dispute.capture.id });
    announce("CUSTOMER.DISPUTE.RESOLVED", shownDispute(dispute));
  }

  // ---- what an audit asks ------------------------------------------------------------------------------------

  const disputed = (order, wanted) => sum([...disputes.values()].filter((one) => one.order === order && wanted(one)));

  /** Every payment's truth, in minor units. */
  const book = () =>
    [...orders.values()].map((order) => ({
      reference: order.id, orderId: order.custom_id, operationId: order.invoice_id, currency: order.currency,
      amount: order.minor, status: order.status,
      held: order.holds.some((hold) => ["CREATED", "PARTIALLY_CAPTURED"].includes(hold.status)),
      captured: sum(order.captures.filter(isTaken)),
      refunded: sum(order.refunds.filter((one) => one.status === "COMPLETED")),
      refundsPending: sum(order.refunds.filter((one) => one.status === "PENDING")),
      chargedBack: disputed(order, (one) => one.outcome === "RESOLVED_BUYER_FAVOUR"),
      disputed: disputed(order, (one) => one.status !== "RESOLVED"),
      captures: order.captures.map(({ id, status, minor }) => ({ id, status, minor })),
      refunds: order.refunds.map(({ id, status, minor, invoice_id, custom_id }) =>
        ({ id, status, minor, operationId: invoice_id, byHand: custom_id === undefined })),
    }));

  return {
    orders, transactions, get, partOf, create, approve, complete, captureHold, voidHold, refund, settle, openDispute,
    decideDispute, book, shown, alone, shownHold, shownCapture, shownRefund, approval,
  };
}

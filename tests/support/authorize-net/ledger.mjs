// What the gateway knows: nonces, transactions, batches, and what may become of each.

import { randomBytes } from "node:crypto";

/** What a nonce leads to. */
const OUTCOMES = new Set(["pay", "decline", "hold", "error", "expired"]);

const NEVER_SETTLES = new Set(["declined", "voided", "failedReview", "generalError", "expired"]);

/** An answer that is no approval: `{response, code, text}`. */
export class Refusal extends Error {
  constructor(response, code, text) {
    super(text);
    Object.assign(this, { response, code });
  }
}

/** An answer about the request: `{code}` is `E…`. */
export class Fault extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

const notFound = () => new Refusal("3", "16", "The transaction cannot be found.");

/** Exact minor units of a decimal text. */
export function minorOf(text) {
  const found = /^(\d+)(?:\.(\d{1,2})0*)?$/.exec(String(text));
  if (!found) throw new Refusal("3", "5", "A valid amount is required.");
  return Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
}

export function createLedger({ currency, announce, now }) {
  const nonces = new Map(); // nonce -> {outcome, lastFour, used}
  const transactions = new Map();
  const batches = [];
  let lastId = 60_000_000_000 + Math.floor(Math.random() * 1_000_000_000);
  let lastBatch = 3_990_000;

  const nextId = () => String((lastId += 1));

  function nonce(outcome = "pay", { lastFour = "1111" } = {}) {
    if (!OUTCOMES.has(outcome)) throw new Error(`unknown outcome ${outcome}`);
    const label = Buffer.from(JSON.stringify({ code: "50_2_060005", token: randomBytes(9).toString("hex") }));
    const value = label.toString("base64");
    nonces.set(value, { outcome, lastFour, used: false });
    return value;
  }

  function find(id) {
    const transaction = transactions.get(id);
    if (!transaction) throw notFound();
    return transaction;
  }

  /** A shop may act on payments only. */
  function payment(id) {
    const found = find(id);
    if (found.type === "refundTransaction") throw notFound();
    return found;
  }

  function record(fields) {
    const transaction = {
      id: nextId(), authMinor: 0, settleMinor: 0, takenMinor: 0, refundedMinor: 0, chargedBackMinor: 0,
      submittedAt: now(), batchId: undefined, reason: { code: 1, text: "Approval" }, ...fields,
    };
    transactions.set(transaction.id, transaction);
    return transaction;
  }

  const setting = (request, name) =>
    request.transactionSettings?.setting.find((one) => one.settingName === name)?.settingValue;

  /** The same thing again within the window, as far as the gateway compares. */
  function refuseDuplicate(request, lastFour) {
    const window = Number(setting(request, "duplicateWindow") ?? 120) * 1_000;
    const same = [...transactions.values()].some(
      (one) =>
        one.requestType === request.transactionType && one.invoice === request.order?.invoiceNumber &&
        one.authMinor === minorOf(request.amount) && one.lastFour === lastFour && one.status !== "declined" &&
        one.refTransId === request.refTransId && now() - one.submittedAt < window,
    );
    if (same) throw new Refusal("3", "11", "A duplicate transaction has been submitted.");
  }

  function checkCurrency(request) {
    if (request.currencyCode !== undefined && request.currencyCode !== currency) {
      throw new Refusal("3", "39", "The supplied currency code is either invalid, not supported, or not allowed.");
    }
  }

  function start(request) {
    const { dataDescriptor, dataValue } = request.payment?.opaqueData ?? {};
    if (dataDescriptor !== "COMMON.ACCEPT.INAPP.PAYMENT") {
      throw new Fault("E00003", "this fake takes payments by the nonces of Accept.js only");
    }
    const amount = minorOf(request.amount);
    if (amount <= 0) throw new Refusal("3", "5", "A valid amount is required.");
    checkCurrency(request);
    const card = nonces.get(dataValue);
    if (!card || card.used || card.outcome === "expired") throw new Fault("E00114", "Invalid OTS Token.");
    card.used = true;
    refuseDuplicate(request, card.lastFour);
    if (card.outcome === "error") {
      throw new Refusal("3", "57", "An error occurred during processing. Please try again in 5 minutes.");
    }
    const takes = request.transactionType === "authCaptureTransaction";
    const made = record({
      type: request.transactionType, requestType: request.transactionType, authMinor: amount, settleMinor: amount,
      lastFour: card.lastFour, invoice: request.order?.invoiceNumber, description: request.order?.description,
      email: request.customer?.email, billTo: request.billTo, takes,
    });
    if (card.outcome === "decline") {
      Object.assign(made, { status: "declined", reason: { code: 2, text: "This transaction has been declined." } });
      throw Object.assign(new Refusal("2", "2", "This transaction has been declined."), { transaction: made });
    }
    if (card.outcome === "hold") {
      made.status = "FDSPendingReview";
      announce("fraud.held", made, 4);
      return { transaction: made, response: "4", code: "253" };
    }
    approve(made);
    announce(takes ? "authcapture.created" : "authorization.created", made);
    return { transaction: made, response: "1", code: "1" };
  }

  function approve(made) {
    made.status = made.takes ? "capturedPendingSettlement" : "authorizedPendingCapture";
    if (made.takes) made.takenMinor = made.authMinor;
  }

  function capture(request) {
    const held = payment(request.refTransId);
    if (held.takenMinor > 0 && held.status !== "voided") {
      return { transaction: held, response: "1", code: "311", refers: true };
    }
    if (held.status !== "authorizedPendingCapture") throw notFound();
    const amount = request.amount === undefined ? held.authMinor : minorOf(request.amount);
    if (amount > held.authMinor) {
      throw new Refusal("3", "47", "The amount requested for settlement cannot be greater than the original amount authorized.");
    }
    Object.assign(held, { status: "capturedPendingSettlement", settleMinor: amount, takenMinor: amount });
    announce("priorAuthCapture.created", held);
    return { transaction: held, response: "1", code: "1", refers: true };
  }

  function voidTransaction(request) {
    const found = find(request.refTransId);
    if (found.status === "voided") return { transaction: found, response: "1", code: "310", refers: true };
    if (found.batchId !== undefined || NEVER_SETTLES.has(found.status)) throw notFound();
    if (found.type === "refundTransaction") payment(found.refTransId).refundedMinor -= found.authMinor;
    // What was taken goes back whole.
    else found.refundedMinor = found.takenMinor;
    found.status = "voided";
    announce("void.created", found);
    return { transaction: found, response: "1", code: "1", refers: true };
  }

  function refund(request) {
    const original = payment(request.refTransId);
    const amount = minorOf(request.amount);
    checkCurrency(request);
    refuseDuplicate(request, original.lastFour);
    const card = request.payment?.creditCard;
    const named = card?.cardNumber.slice(-4) === original.lastFour && card.expirationDate === "XXXX";
    if (original.status !== "settledSuccessfully" || !named) {
      throw new Refusal("3", "54", "The referenced transaction does not meet the criteria for issuing a credit.");
    }
    if (original.refundedMinor + amount > original.takenMinor) {
      throw new Refusal("3", "55", "The sum of credits against the referenced transaction would exceed original debit amount.");
    }
    original.refundedMinor += amount;
    const made = record({
      type: "refundTransaction", requestType: "refundTransaction", status: "refundPendingSettlement",
      authMinor: amount, settleMinor: amount, refTransId: original.id, lastFour: original.lastFour,
      invoice: request.order?.invoiceNumber ?? original.invoice,
      description: request.order?.description ?? original.description,
    });
    announce("refund.created", made);
    return { transaction: made, response: "1", code: "1" };
  }

  const VERBS = {
    authCaptureTransaction: start, authOnlyTransaction: start, priorAuthCaptureTransaction: capture,
    voidTransaction, refundTransaction: refund,
  };

  /** Carries out a transaction, or throws what it is answered with instead. */
  function create(request) {
    const verb = VERBS[request.transactionType];
    if (!verb) throw new Fault("E00003", "The transactionType is invalid.");
    return verb(request);
  }

  /** What was approved goes into a batch; declined and voided transactions leave the unsettled list. */
  function settle() {
    const batch = { id: String((lastBatch += 1)), settledAt: now() };
    let count = 0;
    for (const one of transactions.values()) {
      if (one.batchId !== undefined) continue;
      const status = {
        capturedPendingSettlement: "settledSuccessfully", refundPendingSettlement: "refundSettledSuccessfully",
      }[one.status];
      if (!status && !NEVER_SETTLES.has(one.status)) continue;
      Object.assign(one, { batchId: batch.id, ...(status && { status }) });
      count += 1;
    }
    if (count > 0) batches.push(batch);
    return count > 0 ? batch : undefined;
  }

  /** What people do in the gateway's own interface. */
  const dashboard = {
    capture: (id, minor) => capture({ refTransId: id, ...(minor && { amount: (minor / 100).toFixed(2) }) }).transaction,
    void: (id) => voidTransaction({ refTransId: id }).transaction,
    refund(id, minor) {
      const { lastFour } = payment(id);
      return refund({
        transactionType: "refundTransaction", refTransId: id, amount: (minor / 100).toFixed(2),
        payment: { creditCard: { cardNumber: lastFour, expirationDate: "XXXX" } },
        transactionSettings: { setting: [{ settingName: "duplicateWindow", settingValue: "0" }] },
      }).transaction;
    },
    /** Approves or declines what is held for review. */
    review(id, approved) {
      const held = payment(id);
      if (held.status !== "FDSPendingReview") throw new Error(`the payment is ${held.status}`);
      if (approved) approve(held);
      else held.status = "failedReview";
      announce(approved ? "fraud.approved" : "fraud.declined", held);
      return held;
    },
    /** The buyer's bank takes all of it back; no webhook tells. */
    chargeback(id) {
      const paid = payment(id);
      if (paid.status !== "settledSuccessfully") throw new Error(`the payment is ${paid.status}`);
      return Object.assign(paid, { status: "chargeback", chargedBackMinor: paid.takenMinor });
    },
    reverseChargeback(id) {
      return Object.assign(payment(id), { status: "chargebackReversal", chargedBackMinor: 0 });
    },
    /** Thirty days have passed. */
    expire: (id) => Object.assign(payment(id), { status: "expired" }),
  };

  return { nonce, create, settle, dashboard, transactions, batches, unsettled, find };

  function unsettled() {
    return [...transactions.values()].filter((one) => one.batchId === undefined);
  }
}

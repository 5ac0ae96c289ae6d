// What happens to a payment: the sandbox's rules, without HTTP.

import { randomBytes } from "node:crypto";

import { needAmount, Refusal } from "./input.mjs";

const TERMINAL = new Set(["captured", "failed", "cancelled"]);
const STATES = new Set(["action_required", "processing", "authorized", "captured", "failed", "cancelled"]);

/** How long money is held. */
const HOLD_MS = 7 * 24 * 60 * 60 * 1000;

export const newId = (prefix) => `${prefix}_${randomBytes(12).toString("hex")}`;

/** What agreeing leads to: money taken, or held if the shop wants to take it later. */
function settle(payment) {
  payment.status = payment.capture === "manual" ? "authorized" : "captured";
  payment.captured = payment.capture === "manual" ? 0 : payment.amount;
  payment.authorized_until = payment.capture === "manual" ? Date.now() + HOLD_MS : null;
}

function fail(payment, message) {
  Object.assign(payment, { status: "failed", captured: 0, decline_code: "card_declined", decline_message: message });
}

/**
 * The payments of one store. `owe` takes the webhooks that changes cause, `pageUrl` gives the address of the
 * page on which a buyer decides, `autoMs` is after how long the `auto` method pays by itself.
 */
export function openPayments({ store, owe, pageUrl, autoMs }) {
  /** A payment as the API shows it. */
  function shown(payment) {
    return {
      id: payment.id,
      status: payment.status,
      amount: payment.amount,
      currency: payment.currency,
      captured: payment.captured,
      method: payment.method,
      capture: payment.capture,
      order_id: payment.order_id,
      operation_id: payment.operation_id,
      redirect_url: payment.status === "action_required" ? pageUrl(payment) : null,
      authorized_until: payment.status === "authorized" ? payment.authorized_until : null,
      statement_descriptor: payment.statement_descriptor,
      refunds: store.refundsOf(payment.id),
      disputes: store.disputesOf(payment.id),
      decline: payment.decline_code ? { code: payment.decline_code, message: payment.decline_message } : null,
      created_at: payment.created_at,
      updated_at: payment.updated_at,
    };
  }

  const announce = (payment) =>
    owe({
      id: newId("evt"),
      type: `payment.${payment.status}`,
      created_at: payment.updated_at,
      payment: shown(payment),
    });

  /** Writes into the books what was taken since. */
  function bookCapture(payment, before) {
    const taken = payment.captured - before;
    if (taken > 0) store.insertCapture(newId("sbxc"), payment.id, taken, payment.updated_at);
  }

  /** Changes a payment and owes the webhook for it. Inside a transaction. */
  function change(payment, how) {
    const before = payment.captured;
    how(payment);
    payment.due_at = null;
    payment.updated_at = Math.max(Date.now(), payment.updated_at + 1);
    store.updatePayment(payment);
    bookCapture(payment, before);
    announce(payment);
    return payment;
  }

  // All that pay by themselves wait equally long, so the list stays in order; what an earlier run left comes first.
  const due = store.duePayments().map((row) => ({ id: row.id, at: row.due_at }));
  let timer;

  function payDue() {
    timer = undefined;
    const now = Date.now();
    let count = 0;
    while (count < due.length && due[count].at <= now) count += 1;
    const ready = due.splice(0, count);
    if (ready.length > 0) {
      store.transaction(() => {
        for (const { id } of ready) {
          const payment = store.payment(id);
          if (payment?.status === "processing" && payment.due_at !== null) change(payment, settle);
        }
      });
    }
    schedule();
  }

  function schedule() {
    if (timer || due.length === 0) return;
    timer = setTimeout(payDue, Math.max(5, due[0].at - Date.now()));
  }

  schedule();

  function need(id) {
    const payment = store.payment(id);
    if (!payment) throw new Refusal(404, "not_found", "there is no such payment");
    return payment;
  }

  return {
    shown,
    need,

    /** Starts a payment. Inside a transaction. */
    start(key, input) {
      const now = Date.now();
      const payment = {
        id: newId("sbx"),
        idempotency_key: key,
        method: input.method ?? "auto",
        capture: input.capture ?? "automatic",
        status: "processing",
        amount: input.amount,
        currency: input.currency,
        captured: 0,
        order_id: input.order_id,
        operation_id: input.operation_id,
        return_url: input.return_url ?? null,
        description: input.description ?? null,
        decline_code: null,
        decline_message: null,
        page_token: null,
        created_at: now,
        updated_at: now,
        due_at: null,
        authorized_until: null,
        statement_descriptor: input.statement_descriptor ?? null,
      };
      switch (payment.method) {
        case "auto":
          payment.due_at = now + autoMs;
          break;
        case "redirect":
          payment.status = "action_required";
          payment.page_token = randomBytes(16).toString("hex");
          break;
        case "decline":
          fail(payment, "The card was declined.");
          break;
        case "wrong_amount":
          payment.amount += 1;
          settle(payment);
          break;
        case "instant":
        case "timeout":
        case "refund_pending":
        case "refund_fails":
          settle(payment);
          break;
        default: // pending: waits for POST /control/payments/{id}
      }
      store.insertPayment(payment);
      bookCapture(payment, 0);
      if (payment.due_at !== null) {
        due.push({ id: payment.id, at: payment.due_at });
        schedule();
      }
      if (payment.status !== "processing" && payment.status !== "action_required") announce(payment);
      return payment;
    },

    /** Takes held money, all of it or a part; `final: false` keeps the rest held. Inside a transaction. */
    capture(payment, input) {
      if (payment.status !== "authorized") {
        throw new Refusal(400, "unexpected_state", `a payment that is ${payment.status} can't be captured`, payment);
      }
      needAmount(input.amount);
      if (input.final !== undefined && typeof input.final !== "boolean") {
        throw new Refusal(400, "invalid_request", "final is true or false");
      }
      const captured = payment.captured + input.amount;
      if (captured > payment.amount || input.currency !== payment.currency) {
        throw new Refusal(400, "invalid_amount", "the amount is more than what is held, or in another currency");
      }
      const more = input.final === false && captured < payment.amount;
      return change(payment, (p) => Object.assign(p, { status: more ? "authorized" : "captured", captured }));
    },

    /** Calls a payment off. Inside a transaction. */
    cancel(payment) {
      if (payment.status === "cancelled") return payment;
      if (TERMINAL.has(payment.status)) {
        throw new Refusal(400, "unexpected_state", `a payment that is ${payment.status} can't be cancelled`, payment);
      }
      // What was taken stays taken; the rest is let go.
      return change(payment, (p) => Object.assign(p, { status: p.captured > 0 ? "captured" : "cancelled" }));
    },

    /** What the buyer chose on the page. */
    decide: (payment, approved) =>
      store.transaction(() =>
        change(payment, (p) => (approved ? settle(p) : fail(p, "The buyer declined."))),
      ),

    /** Moves a payment that is not final, as a test or a demonstration wants it. */
    setState(id, state) {
      const payment = need(id);
      if (!STATES.has(state)) {
        throw new Refusal(400, "invalid_request", `state is one of ${[...STATES].join(", ")}`);
      }
      if (TERMINAL.has(payment.status)) {
        throw new Refusal(409, "unexpected_state", `the payment is ${payment.status} already`, payment);
      }
      return store.transaction(() =>
        change(payment, (p) => {
          if (state === "failed") return fail(p, "The card was declined.");
          const authorized_until = state === "authorized" ? Date.now() + HOLD_MS : null;
          return Object.assign(p, { status: state, captured: state === "captured" ? p.amount : 0, authorized_until });
        }),
      );
    },

    /** Every payment with the key that made it: the bank statement for audits. */
    statement: () => store.allPayments().map((p) => ({ ...shown(p), idempotency_key: p.idempotency_key })),

    stop() {
      clearTimeout(timer);
      due.length = 0;
    },
  };
}

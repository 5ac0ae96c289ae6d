// The fake's PaymentIntents: what happens to them, without HTTP.

import { randomBytes } from "node:crypto";

import { invalid, missing, newId, seconds, StripeError } from "./errors.mjs";
import { METHODS, metadata } from "./input.mjs";

const CANCELLABLE = new Set([
  "requires_payment_method", "requires_confirmation", "requires_action", "processing", "requires_capture",
]);

const DECLINE = {
  type: "card_error",
  code: "card_declined",
  decline_code: "generic_decline",
  doc_url: "https://stripe.com/docs/error-codes/card-declined",
  message: "Your card was declined.",
};

/**
 * `announce(type, object, key)` takes the events that changes cause, `money` keeps the charges, `url()` is
 * where the fake can be reached.
 */
export function openIntents({ intents, announce, money, url }) {
  function shown(intent) {
    const { idempotency_key: _, return_url: __, ...object } = intent;
    return structuredClone(object);
  }

  const tell = (kind, intent) => announce(`payment_intent.${kind}`, shown(intent), intent.idempotency_key);

  function pay(intent) {
    Object.assign(intent, { last_payment_error: null, next_action: null, latest_charge: money.charge(intent).id });
    if (intent.capture_method === "manual") {
      Object.assign(intent, { status: "requires_capture", amount_capturable: intent.amount });
      tell("amount_capturable_updated", intent);
    } else {
      Object.assign(intent, { status: "succeeded", amount_received: intent.amount });
      money.take(intent);
      tell("succeeded", intent);
      if (intent.payment_method === "pm_card_createDispute") money.dispute(intent);
    }
  }

  function decline(intent) {
    Object.assign(intent, { status: "requires_payment_method", next_action: null, last_payment_error: { ...DECLINE } });
    tell("payment_failed", intent);
  }

  /** What a buyer's attempt leads to. Throws for a decline, as the API answers one with 402. */
  function attempt(intent, outcome) {
    if (outcome === "pay") {
      pay(intent);
    } else if (outcome === "requires_action") {
      const page = `${url()}/3ds/${intent.id}`;
      Object.assign(intent, {
        status: "requires_action",
        next_action: intent.return_url
          ? { type: "redirect_to_url", redirect_to_url: { return_url: intent.return_url, url: page } }
          : { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect" } },
      });
      tell("requires_action", intent);
    } else if (outcome === "processing") {
      intent.status = "processing";
      tell("processing", intent);
    } else {
      decline(intent);
      throw new StripeError(402, { ...DECLINE, payment_intent: shown(intent) });
    }
  }

  function create(form, key, mode) {
    const intent = {
      id: newId("pi"),
      object: "payment_intent",
      amount: Number(form.amount) + (mode === "wrong_amount" ? 1 : 0),
      amount_capturable: 0,
      amount_details: { tip: {} },
      amount_received: 0,
      application: null,
      application_fee_amount: null,
      automatic_payment_methods: {
        allow_redirects: form["automatic_payment_methods[allow_redirects]"] ?? "always",
        enabled: true,
      },
      canceled_at: null,
      cancellation_reason: null,
      capture_method: form.capture_method ?? "automatic_async",
      client_secret: "",
      confirmation_method: "automatic",
      created: seconds(),
      currency: mode === "wrong_currency" ? (form.currency === "eur" ? "usd" : "eur") : form.currency,
      customer: null,
      description: form.description ?? null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: metadata(form),
      next_action: null,
      on_behalf_of: null,
      payment_method: form.payment_method ?? null,
      payment_method_options: {},
      payment_method_types: ["card"],
      processing: null,
      receipt_email: form.receipt_email ?? null,
      review: null,
      setup_future_usage: null,
      shipping: null,
      source: null,
      statement_descriptor: null,
      statement_descriptor_suffix: form.statement_descriptor_suffix ?? null,
      status: form.payment_method ? "requires_confirmation" : "requires_payment_method",
      transfer_data: null,
      transfer_group: null,
      idempotency_key: key,
      return_url: form.return_url,
    };
    intent.client_secret = `${intent.id}_secret_${randomBytes(10).toString("hex")}`;
    intents.set(intent.id, intent);
    tell("created", intent);
    if (mode === "decline") attempt(intent, "decline");
    else if (mode === "requires_action") attempt(intent, "requires_action");
    else if (form.confirm === "true") attempt(intent, METHODS[form.payment_method]);
    return intent;
  }

  function unexpectedState(intent, verb) {
    return invalid(
      `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}.`,
      "payment_intent_unexpected_state",
      { payment_intent: shown(intent) },
    );
  }

  function capture(intent, form) {
    if (intent.status !== "requires_capture") throw unexpectedState(intent, "capture");
    const amount = form.amount_to_capture === undefined ? intent.amount_capturable : Number(form.amount_to_capture);
    if (amount > intent.amount_capturable) {
      throw invalid("The amount to capture is greater than the amount that is authorized.", "amount_too_large");
    }
    Object.assign(intent, {
      status: "succeeded", amount_received: amount, amount_capturable: 0,
    });
    money.take(intent);
    tell("succeeded", intent);
    return intent;
  }

  function cancel(intent, form) {
    if (!CANCELLABLE.has(intent.status)) throw unexpectedState(intent, "cancel");
    Object.assign(intent, {
      status: "canceled", amount_capturable: 0, canceled_at: seconds(), next_action: null,
      cancellation_reason: form.cancellation_reason ?? null,
    });
    tell("canceled", intent);
    return intent;
  }

  function find(id) {
    const intent = intents.get(id);
    if (!intent) throw missing("payment_intent", id, "intent");
    return intent;
  }

  return { attempt, cancel, capture, create, find, shown };
}

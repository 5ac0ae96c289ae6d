// What reaches the fake, checked more strictly than Stripe does.

import { invalid, StripeError } from "./errors.mjs";

const FIELDS = {
  create: [
    "amount", "currency", "capture_method", "confirm", "payment_method", "return_url", "receipt_email", "description",
    "statement_descriptor_suffix",
    "automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]",
  ],
  capture: ["amount_to_capture"],
  cancel: ["cancellation_reason"],
  refund: ["payment_intent", "amount", "reason"],
};

/** Stripe's own test methods, as far as they are played here. */
export const METHODS = {
  pm_card_visa: "pay",
  pm_card_pendingRefund: "pay",
  pm_card_refundFail: "pay",
  pm_card_createDispute: "pay",
  pm_card_chargeDeclined: "decline",
  pm_card_visa_chargeDeclined: "decline",
  pm_card_visa_chargeDeclinedInsufficientFunds: "decline",
  pm_card_threeDSecure2Required: "requires_action",
  pm_usBankAccount_success: "processing",
};

/** What a question wants expanded; the official client numbers them. */
export const expansions = (parameters) =>
  [...parameters].filter(([name]) => /^expand\[\d*\]$/.test(name)).map(([, value]) => value);

export const metadata = (form) =>
  Object.fromEntries(
    Object.entries(form)
      .filter(([name]) => name.startsWith("metadata["))
      .map(([name, value]) => [name.slice("metadata[".length, -1), value]),
  );

export function route(method, path) {
  const rest = /^\/v1\/payment_intents(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path);
  if (rest) {
    const [, id, action] = rest;
    if (method === "POST" && !id) return { kind: "create" };
    if (method === "GET" && id === "search" && !action) return { kind: "search" };
    if (method === "GET" && id && !action) return { kind: "retrieve", id };
    if (method === "POST" && (action === "capture" || action === "cancel")) return { kind: action, id };
  }
  if (method === "POST" && path === "/v1/refunds") return { kind: "refund" };
  if (method === "GET" && path === "/v1/refunds") return { kind: "refunds" };
  if (method === "GET" && path === "/v1/balance_transactions") return { kind: "books" };
  throw new StripeError(404, {
    type: "invalid_request_error", message: `Unrecognized request URL (${method}: ${path}).`,
  });
}

export function checkRefund(form) {
  if (!form.payment_intent) throw invalid("payment_intent is missing", "parameter_missing", { param: "payment_intent" });
  if (form.amount !== undefined && !/^[1-9][0-9]{0,7}$/.test(form.amount)) {
    throw invalid("Invalid integer", "parameter_invalid_integer", { param: "amount" });
  }
  if (!["duplicate", "fraudulent", "requested_by_customer", undefined].includes(form.reason)) {
    throw invalid("Invalid reason", "parameter_invalid", { param: "reason" });
  }
}

export function checkCreate(form) {
  const wrong = (name, message, code = "parameter_invalid") => invalid(message, code, { param: name });
  const amount = form.amount ?? "";
  if (!/^[1-9][0-9]{0,7}$/.test(amount)) throw wrong("amount", `Invalid integer: ${amount}`, "parameter_invalid_integer");
  if (!/^[a-z]{3}$/.test(form.currency ?? "")) throw wrong("currency", "Invalid currency");
  if (!["automatic", "automatic_async", "manual", undefined].includes(form.capture_method)) {
    throw wrong("capture_method", "Invalid capture_method");
  }
  if (form["automatic_payment_methods[enabled]"] !== "true") {
    throw wrong("automatic_payment_methods", "this fake knows only automatic payment methods");
  }
  const redirects = form["automatic_payment_methods[allow_redirects]"] ?? "always";
  if (!["always", "never"].includes(redirects)) throw wrong("automatic_payment_methods", "Invalid allow_redirects");
  if (form.payment_method !== undefined && !(form.payment_method in METHODS)) {
    throw invalid(`No such PaymentMethod: '${form.payment_method}'`, "resource_missing", { param: "payment_method" });
  }
  if (form.confirm !== undefined && form.confirm !== "true" && form.confirm !== "false") {
    throw wrong("confirm", "Invalid boolean");
  }
  if (form.confirm === "true") {
    if (!form.payment_method) throw wrong("payment_method", "a method is needed to confirm", "parameter_missing");
    if (!form.return_url && redirects !== "never") {
      throw wrong("return_url", "a return_url is needed to confirm, or allow_redirects=never", "parameter_missing");
    }
  } else if (form.return_url !== undefined) {
    throw wrong("return_url", "a return_url is only for confirm=true", "parameter_unknown");
  }
  if (form.return_url !== undefined && !/^https?:\/\//.test(form.return_url)) throw wrong("return_url", "Not a valid URL");
  const suffix = form.statement_descriptor_suffix;
  if (suffix !== undefined && (suffix.length > 22 || !/[A-Za-z]/.test(suffix) || /[<>\\'"*]|[^ -~]/.test(suffix))) {
    throw wrong("statement_descriptor_suffix", "Invalid statement descriptor suffix");
  }
  if (form.receipt_email !== undefined && !/^\S+@\S+$/.test(form.receipt_email)) {
    throw wrong("receipt_email", "Invalid email address", "email_invalid");
  }
}

export function checkCapture(form) {
  if (form.amount_to_capture !== undefined && !/^[1-9][0-9]{0,7}$/.test(form.amount_to_capture)) {
    throw invalid("Invalid integer", "parameter_invalid_integer", { param: "amount_to_capture" });
  }
}

export function readForm(body, kind) {
  const form = {};
  for (const [name, value] of new URLSearchParams(body)) {
    const known = FIELDS[kind].includes(name) || (["create", "refund"].includes(kind) && /^metadata\[[A-Za-z0-9_]{1,40}\]$/.test(name));
    if (!known) throw invalid(`Received unknown parameter: ${name}`, "parameter_unknown", { param: name });
    if (name in form) throw invalid(`Parameter given twice: ${name}`, "parameter_invalid", { param: name });
    if (value === "") throw invalid(`You passed an empty string for '${name}'.`, "parameter_invalid_empty", { param: name });
    form[name] = value;
  }
  return form;
}

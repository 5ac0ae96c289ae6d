// What PayPal takes, checked field by field: stricter than PayPal, so that nothing is sent by accident.

import { problemWith } from "./amounts.mjs";
import { invalid, unprocessable } from "./refusal.mjs";

function only(value, fields, where) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("MALFORMED_REQUEST_JSON");
  const surprise = Object.keys(value).find((field) => !fields.includes(field));
  if (surprise) throw invalid(`UNKNOWN_FIELD_${where}_${surprise}`.toUpperCase());
}

function text(value, limit, issue) {
  if (value === undefined) return;
  if (typeof value !== "string" || value.length < 1 || value.length > limit) throw invalid(issue);
}

function amount(value) {
  only(value, ["currency_code", "value"], "amount");
  const problem = problemWith(value);
  if (problem) throw unprocessable(problem);
}

export function readJson(body) {
  try {
    return JSON.parse(body);
  } catch {
    throw invalid("MALFORMED_REQUEST_JSON");
  }
}

export function checkOrder(order) {
  only(order, ["intent", "purchase_units", "payment_source"], "order");
  if (!["CAPTURE", "AUTHORIZE"].includes(order.intent)) throw invalid("INVALID_PARAMETER_VALUE");
  const units = order.purchase_units;
  if (!Array.isArray(units) || units.length !== 1) throw invalid("INVALID_ARRAY_MAX_ITEMS");
  const [unit] = units;
  only(unit, ["reference_id", "amount", "description", "custom_id", "invoice_id", "soft_descriptor"], "unit");
  amount(unit.amount);
  text(unit.custom_id, 127, "INVALID_STRING_LENGTH");
  text(unit.invoice_id, 127, "INVALID_STRING_LENGTH");
  text(unit.description, 127, "INVALID_STRING_LENGTH");
  text(unit.soft_descriptor, 22, "INVALID_STRING_LENGTH");
  only(order.payment_source, ["paypal"], "source");
  only(order.payment_source.paypal, ["email_address", "experience_context"], "wallet");
  const context = order.payment_source.paypal.experience_context;
  only(context, ["shipping_preference", "user_action", "return_url", "cancel_url"], "context");
  for (const url of [context.return_url, context.cancel_url]) {
    if (url !== undefined && !/^https?:\/\/\S+$/.test(url)) throw invalid("INVALID_PARAMETER_SYNTAX");
  }
}

export function checkCapture(capture) {
  only(capture, ["amount", "invoice_id", "final_capture"], "capture");
  amount(capture.amount);
  text(capture.invoice_id, 127, "INVALID_STRING_LENGTH");
  if (typeof capture.final_capture !== "boolean") throw invalid("INVALID_PARAMETER_VALUE");
}

export function checkRefund(refund) {
  only(refund, ["amount", "custom_id", "invoice_id", "note_to_payer"], "refund");
  amount(refund.amount);
  text(refund.custom_id, 127, "INVALID_STRING_LENGTH");
  text(refund.invoice_id, 127, "INVALID_STRING_LENGTH");
  text(refund.note_to_payer, 255, "INVALID_STRING_LENGTH");
}

export const checkNothing = (body) => only(body, [], "body");

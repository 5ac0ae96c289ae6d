// Razorpay's routes, and what a request must look like. It is stricter than Razorpay: a field that is
// not documented is refused.

import { RazorpayError } from "./book.mjs";

const bad = (description, field) => new RazorpayError(400, description, { field });

const ROUTES = [
  ["POST", /^\/v1\/orders$/, "create_order"],
  ["GET", /^\/v1\/orders$/, "list_orders"],
  ["GET", /^\/v1\/orders\/([^/]+)$/, "fetch_order"],
  ["GET", /^\/v1\/orders\/([^/]+)\/payments$/, "order_payments"],
  ["GET", /^\/v1\/payments$/, "list_payments"],
  ["GET", /^\/v1\/payments\/([^/]+)$/, "fetch_payment"],
  ["POST", /^\/v1\/payments\/([^/]+)\/capture$/, "capture"],
  ["POST", /^\/v1\/payments\/([^/]+)\/refund$/, "refund"],
  ["GET", /^\/v1\/payments\/([^/]+)\/refunds$/, "payment_refunds"],
  ["GET", /^\/v1\/refunds$/, "list_refunds"],
  ["GET", /^\/v1\/refunds\/([^/]+)$/, "fetch_refund"],
];

/** What a request asks for: `{kind, id}`. */
export function route(method, path) {
  for (const [verb, pattern, kind] of ROUTES) {
    const match = verb === method ? pattern.exec(path) : null;
    if (match) return { kind, id: match[1] };
  }
  throw bad("The requested URL was not found on the server.");
}

/** The credentials, as Basic authorization. */
export function authenticate(headers, keyId, keySecret) {
  const wanted = `Basic ${Buffer.from(`${keyId}:${keySecret}`).toString("base64")}`;
  if (headers.authorization !== wanted) throw new RazorpayError(401, "Authentication failed", { reason: "NA" });
}

/** A JSON body with these fields and no others. */
export function fields(headers, text, known) {
  if (!/^application\/json(;|$)/.test(headers["content-type"] ?? "")) throw bad("this fake demands a JSON body");
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw bad("The request body is not JSON");
  }
  if (body === null || typeof body !== "object" || Array.isArray(body)) throw bad("The request body is no object");
  for (const name of Object.keys(body)) {
    if (!known.includes(name)) throw bad(`${name} is/are not required and should not be sent`, name);
  }
  return body;
}

function checkAmount(amount, currency) {
  if (!Number.isSafeInteger(amount)) throw bad("The amount must be an integer.", "amount");
  if (amount < 1 || (currency === "INR" && amount < 100)) {
    throw bad("Order amount less than minimum amount allowed", "amount");
  }
  if (["KWD", "BHD", "OMR"].includes(currency) && amount % 10 !== 0) {
    throw bad("The last digit of a three-decimal amount must be 0", "amount");
  }
}

function checkReceipt(receipt) {
  if (receipt === undefined) return;
  if (typeof receipt !== "string" || receipt.length < 1 || receipt.length > 40) {
    throw bad("The receipt may not be greater than 40 characters.", "receipt");
  }
}

function checkNotes(notes) {
  if (notes === undefined) return;
  if (notes === null || typeof notes !== "object" || Array.isArray(notes)) throw bad("notes must be an object", "notes");
  const entries = Object.values(notes);
  if (entries.length > 15) throw bad("Number of fields in notes should be less than or equal to 15", "notes");
  if (!entries.every((value) => typeof value === "string" && value.length <= 256)) {
    throw bad("A note is longer than 256 characters or no text", "notes");
  }
}

function checkTerms(terms) {
  if (terms === undefined) return;
  const { capture, capture_options: options } = terms;
  if (!["automatic", "manual"].includes(capture)) throw bad("The capture must be automatic or manual", "capture");
  if (options === undefined) return;
  const { automatic_expiry_period: automatic, manual_expiry_period: manual, refund_speed: speed } = options;
  if (capture === "automatic" && !(Number.isInteger(automatic) && automatic >= 12)) {
    throw bad("The automatic expiry period is needed, 12 minutes at least", "automatic_expiry_period");
  }
  if (manual !== undefined && !(Number.isInteger(manual) && manual <= 7_200 && manual >= (automatic ?? 1))) {
    throw bad("The manual expiry period is out of range", "manual_expiry_period");
  }
  if (!["normal", "optimum"].includes(speed)) throw bad("The refund speed must be normal or optimum", "refund_speed");
}

export function orderRequest(headers, text) {
  const body = fields(headers, text, ["amount", "currency", "receipt", "partial_payment", "notes", "payment"]);
  if (!/^[A-Z]{3}$/.test(body.currency ?? "")) throw bad("Currency is not supported", "currency");
  checkAmount(body.amount, body.currency);
  checkReceipt(body.receipt);
  checkNotes(body.notes);
  if (![undefined, false].includes(body.partial_payment)) throw bad("this fake knows no partial payments");
  checkTerms(body.payment);
  return body;
}

export function captureRequest(headers, text) {
  const body = fields(headers, text, ["amount", "currency"]);
  if (!Number.isSafeInteger(body.amount)) throw bad("The amount must be an integer.", "amount");
  return body;
}

export function refundRequest(headers, text) {
  const body = fields(headers, text, ["amount", "speed", "receipt", "notes"]);
  if (body.amount !== undefined && !(Number.isSafeInteger(body.amount) && body.amount > 0)) {
    throw bad("The amount must be an integer.", "amount");
  }
  if (![undefined, "normal", "optimum"].includes(body.speed)) throw bad("The speed is invalid", "speed");
  checkReceipt(body.receipt);
  checkNotes(body.notes);
  const key = headers["x-refund-idempotency"];
  if (key !== undefined && !/^[A-Za-z0-9_-]{10,}$/.test(key)) throw bad("The idempotency key is invalid");
  return { body, key };
}

/** `from`, `to`, `count` and `skip` of a list. */
export function listQuery(parameters) {
  const number = (name, most) => {
    const text = parameters.get(name);
    if (text === null) return undefined;
    if (!/^[0-9]{1,12}$/.test(text) || Number(text) > most) throw bad(`The ${name} is invalid.`, name);
    return Number(text);
  };
  const [from, to] = [number("from", 4_765_046_400), number("to", 4_765_046_400)];
  return { from, to, count: number("count", 100), skip: number("skip", Number.MAX_SAFE_INTEGER) };
}

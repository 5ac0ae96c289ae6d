// What comes in, and how it is refused.

const MAX_AMOUNT = 1_000_000_000_000_000;
const METHODS = new Set([
  "auto", "instant", "decline", "redirect", "pending", "timeout", "wrong_amount", "refund_pending", "refund_fails",
]);
const START_FIELDS = new Set([
  "amount", "currency", "capture", "method", "order_id", "operation_id", "return_url", "email", "description",
  "statement_descriptor",
]);
const REFUND_FIELDS = new Set(["payment_id", "amount", "currency", "order_id", "operation_id", "reason"]);

/** A request that is not carried out, with what is answered. */
export class Refusal extends Error {
  constructor(status, code, message, payment) {
    super(message);
    Object.assign(this, { status, code, payment });
  }
}

export function parsed(body) {
  let value;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Refusal(400, "invalid_json", "the body is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Refusal(400, "invalid_json", "the body is not a JSON object");
  }
  return value;
}

function needText(value, name, limit, required = true) {
  if (value === undefined || value === null) {
    if (required) throw new Refusal(400, "invalid_request", `${name} is missing`);
    return;
  }
  if (typeof value !== "string" || value === "" || value.length > limit) {
    throw new Refusal(400, "invalid_request", `${name} must be a text of 1 to ${limit} characters`);
  }
}

export function needAmount(value) {
  if (!Number.isSafeInteger(value) || value < 1 || value > MAX_AMOUNT) {
    throw new Refusal(400, "invalid_amount", "amount must be a whole number of minor units, at least 1");
  }
}

function needFields(input, known) {
  for (const name of Object.keys(input)) {
    if (!known.has(name)) throw new Refusal(400, "invalid_request", `unknown field ${name.slice(0, 40)}`);
  }
  needAmount(input.amount);
  if (typeof input.currency !== "string" || !/^[A-Z]{3}$/.test(input.currency)) {
    throw new Refusal(400, "invalid_currency", "currency must be three capital letters");
  }
}

export function checkRefund(input) {
  needFields(input, REFUND_FIELDS);
  needText(input.payment_id, "payment_id", 100);
  needText(input.order_id, "order_id", 100);
  needText(input.operation_id, "operation_id", 100);
  needText(input.reason, "reason", 1000, false);
}

/** `from`, `to` and `cursor` of a question for the books. */
export function bookWindow(parameters) {
  const moment = (name) => {
    const text = parameters.get(name);
    if (!/^\d{1,15}$/.test(text ?? "")) throw new Refusal(400, "invalid_request", `${name} is no time in milliseconds`);
    return Number(text);
  };
  const cursor = /^(\d{1,15})-(\w{1,100})$/.exec(parameters.get("cursor") ?? "0-_");
  if (!cursor) throw new Refusal(400, "invalid_request", "the cursor is not one of ours");
  return { from: moment("from"), to: moment("to"), after: { at: Number(cursor[1]), id: cursor[2] } };
}

export function checkStart(input) {
  needFields(input, START_FIELDS);
  if (!["automatic", "manual", undefined].includes(input.capture)) {
    throw new Refusal(400, "invalid_request", "capture is automatic or manual");
  }
  if (input.method !== undefined && !METHODS.has(input.method)) {
    throw new Refusal(400, "unknown_method", `method is one of ${[...METHODS].join(", ")}`);
  }
  needText(input.order_id, "order_id", 100);
  needText(input.operation_id, "operation_id", 100);
  needText(input.description, "description", 1000, false);
  needText(input.email, "email", 1000, false);
  needText(input.statement_descriptor, "statement_descriptor", 1000, false);
  needText(input.return_url, "return_url", 4096, false);
  if (input.return_url && !webUrl(input.return_url)) {
    throw new Refusal(400, "invalid_request", "return_url must be an absolute http or https URL");
  }
}

function webUrl(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

export function checkDelivery(input) {
  const rules = {
    delay_ms: (v) => Number.isSafeInteger(v) && v >= 0 && v <= 600_000,
    copies: (v) => Number.isSafeInteger(v) && v >= 0 && v <= 10,
    shuffle: (v) => typeof v === "boolean",
    paused: (v) => typeof v === "boolean",
  };
  for (const [name, value] of Object.entries(input)) {
    if (!rules[name]?.(value)) throw new Refusal(400, "invalid_request", `${name.slice(0, 40)} is unknown or wrong`);
  }
  return input;
}

// How the fake says no, in Stripe's words.

import { randomBytes } from "node:crypto";

export class StripeError extends Error {
  constructor(status, fields) {
    super(fields.message);
    this.status = status;
    this.fields = fields;
  }
}

export const invalid = (message, code, more = {}) =>
  new StripeError(400, { type: "invalid_request_error", message, ...(code && { code }), ...more });

export const newId = (prefix) => `${prefix}_${randomBytes(12).toString("hex")}`;
export const seconds = () => Math.floor(Date.now() / 1000);

export const missing = (noun, id, param = noun) =>
  new StripeError(404, {
    type: "invalid_request_error", code: "resource_missing", param, message: `No such ${noun}: '${id}'`,
  });

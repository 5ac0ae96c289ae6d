// What a storefront or an admin tool is to the store: requests with a key, answers taken apart.

import { randomUUID } from "node:crypto";

/**
 * A caller with one credential (an API key or an order's token; without one, nobody in particular).
 * Every answer is `{ status, headers, body, text }`, whatever the status; `body` is the JSON, if it is any.
 */
export function client(baseUrl, credential) {
  async function send(method, route, { body, headers = {}, signal } = {}) {
    const response = await fetch(new URL(route, baseUrl), {
      method,
      redirect: "manual",
      signal,
      headers: {
        ...(credential && { authorization: `Bearer ${credential}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: json(text) };
  }

  return {
    send,
    get: (route, options) => send("GET", route, options),
    put: (route, body, options) => send("PUT", route, { ...options, body }),
    post: (route, body, options) => send("POST", route, { ...options, body }),
    remove: (route, options) => send("DELETE", route, options),
    /** Places an order under a key, a fresh one unless it is given. */
    checkout: (cart, key = `journey-${randomUUID()}`, options = {}) =>
      send("POST", "/v1/checkouts", {
        ...options,
        body: cart,
        headers: { "idempotency-key": key, ...options.headers },
      }),
  };
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

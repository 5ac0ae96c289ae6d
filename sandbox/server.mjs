#!/usr/bin/env node
// The sandbox: a payment gateway of play money, for development and tests. A second party of its own,
// with its own state, its own webhooks and its own bad days. README.md describes the protocol.

import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, realpathSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { startDelivery } from "./delivery.mjs";
import { choicePage, problemPage, resultPage, STYLE } from "./page.mjs";
import { openStore } from "./store.mjs";

export { sign } from "./delivery.mjs";

const MAX_BODY_BYTES = 64 * 1024;
const MAX_AMOUNT = 1_000_000_000_000_000;
const TERMINAL = new Set(["captured", "failed", "cancelled"]);
const STATES = new Set(["action_required", "processing", "authorized", "captured", "failed", "cancelled"]);
const METHODS = new Set(["auto", "instant", "decline", "redirect", "pending", "timeout", "wrong_amount"]);
const START_FIELDS = new Set([
  "amount", "currency", "capture", "method", "order_id", "operation_id", "return_url", "email", "description",
]);

class Refusal extends Error {
  constructor(status, code, message, payment) {
    super(message);
    Object.assign(this, { status, code, payment });
  }
}

const newId = (prefix) => `${prefix}_${randomBytes(12).toString("hex")}`;

/**
 * Starts the sandbox.
 *
 * `stateFile` (or `stateDir`, for a file of the usual name in it) keeps its books across restarts; without
 * either they are in memory. `autoMs` is after how long the `auto` method pays, `holdMs` how long the
 * `timeout` method keeps a connection without answering. `publicUrl` is how a browser reaches it.
 */
export async function startSandbox({
  port = 8788,
  host = "127.0.0.1",
  stateFile,
  stateDir,
  webhookUrl,
  webhookSecret = "whsec_sandbox",
  apiKey = "sandbox_key",
  publicUrl,
  autoMs = 300,
  holdMs = 60_000,
  quiet = false,
} = {}) {
  const log = quiet ? () => {} : (text) => console.log(`sandbox: ${text}`);
  if (stateDir) {
    mkdirSync(stateDir, { recursive: true });
    stateFile = path.join(stateDir, "sandbox.sqlite");
  }
  const store = openStore(stateFile ?? ":memory:");
  const delivery = startDelivery({ store, webhookUrl, webhookSecret, log });
  const held = new Set();
  let base = publicUrl?.replace(/\/$/, "");

  // ---- payments -------------------------------------------------------------------------------------

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
      redirect_url:
        payment.status === "action_required" ? `${base}/pay/${payment.id}?token=${payment.page_token}` : null,
      decline: payment.decline_code ? { code: payment.decline_code, message: payment.decline_message } : null,
      created_at: payment.created_at,
      updated_at: payment.updated_at,
    };
  }

  const announce = (payment) =>
    delivery.owe({
      id: newId("evt"),
      type: `payment.${payment.status}`,
      created_at: payment.updated_at,
      payment: shown(payment),
    });

  /** What agreeing leads to: money taken, or held if the shop wants to take it later. */
  function settle(payment) {
    payment.status = payment.capture === "manual" ? "authorized" : "captured";
    payment.captured = payment.capture === "manual" ? 0 : payment.amount;
  }

  function fail(payment, message) {
    Object.assign(payment, { status: "failed", captured: 0, decline_code: "card_declined", decline_message: message });
  }

  /** Changes a payment and owes the webhook for it. Inside a transaction. */
  function change(payment, how) {
    how(payment);
    payment.due_at = null;
    payment.updated_at = Math.max(Date.now(), payment.updated_at + 1);
    store.updatePayment(payment);
    announce(payment);
    return payment;
  }

  function start(key, input) {
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
        settle(payment);
        break;
      default: // pending: waits for POST /control/payments/{id}
    }
    store.insertPayment(payment);
    if (payment.status !== "processing" && payment.status !== "action_required") announce(payment);
    return payment;
  }

  // ---- the `auto` method: pays by itself ----------------------------------------------------------

  // All wait equally long, so the list stays in order; what was left from an earlier run comes first.
  const due = store.duePayments().map((row) => ({ id: row.id, at: row.due_at }));
  let dueTimer;
  function payDue() {
    dueTimer = undefined;
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
    scheduleDue();
  }
  function scheduleDue() {
    if (dueTimer || due.length === 0) return;
    dueTimer = setTimeout(payDue, Math.max(5, due[0].at - Date.now()));
  }
  scheduleDue();

  // ---- the API --------------------------------------------------------------------------------------

  function needText(value, name, limit, required = true) {
    if (value === undefined || value === null) {
      if (required) throw new Refusal(400, "invalid_request", `${name} is missing`);
      return;
    }
    if (typeof value !== "string" || value === "" || value.length > limit) {
      throw new Refusal(400, "invalid_request", `${name} must be a text of 1 to ${limit} characters`);
    }
  }

  function needAmount(value) {
    if (!Number.isSafeInteger(value) || value < 1 || value > MAX_AMOUNT) {
      throw new Refusal(400, "invalid_amount", "amount must be a whole number of minor units, at least 1");
    }
  }

  function checkStart(input) {
    for (const name of Object.keys(input)) {
      if (!START_FIELDS.has(name)) throw new Refusal(400, "invalid_request", `unknown field ${name.slice(0, 40)}`);
    }
    needAmount(input.amount);
    if (typeof input.currency !== "string" || !/^[A-Z]{3}$/.test(input.currency)) {
      throw new Refusal(400, "invalid_currency", "currency must be three capital letters");
    }
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

  function needPayment(id) {
    const payment = store.payment(id);
    if (!payment) throw new Refusal(404, "not_found", "there is no such payment");
    return payment;
  }

  function capture(payment, input) {
    if (payment.status !== "authorized") {
      throw new Refusal(400, "unexpected_state", `a payment that is ${payment.status} can't be captured`, payment);
    }
    needAmount(input.amount);
    if (input.amount > payment.amount || input.currency !== payment.currency) {
      throw new Refusal(400, "invalid_amount", "the amount is more than what is held, or in another currency");
    }
    return change(payment, (p) => Object.assign(p, { status: "captured", captured: input.amount }));
  }

  function cancel(payment) {
    if (payment.status === "cancelled") return payment;
    if (TERMINAL.has(payment.status)) {
      throw new Refusal(400, "unexpected_state", `a payment that is ${payment.status} can't be cancelled`, payment);
    }
    return change(payment, (p) => Object.assign(p, { status: "cancelled" }));
  }

  /** A change under an idempotency key: carried out once, and the same answer every time. */
  function once(request, response, route, body, work) {
    const key = request.headers["idempotency-key"];
    if (typeof key !== "string" || key === "" || key.length > 255) {
      throw new Refusal(400, "invalid_request", "Idempotency-Key is missing or longer than 255 characters");
    }
    const hash = createHash("sha256").update(route).update("\n").update(body).digest("base64");
    const known = store.reply(key);
    if (known) {
      if (known.request_hash !== hash) {
        throw new Refusal(422, "idempotency_key_reused", "this key was used with another request");
      }
      response.setHeader("idempotent-replayed", "true");
      send(response, known.status, known.body);
      return;
    }
    const input = parsed(body);
    const payment = store.transaction(() => {
      const result = work(key, input);
      store.insertReply(key, hash, 200, JSON.stringify(shown(result)));
      return result;
    });
    if (payment.due_at !== null) {
      due.push({ id: payment.id, at: payment.due_at });
      scheduleDue();
    }
    if (payment.method === "timeout" && route === "start") {
      hold(response);
      return;
    }
    send(response, 200, JSON.stringify(shown(payment)));
  }

  /** The charge is made, and the answer never comes. */
  function hold(response) {
    const timer = setTimeout(() => response.destroy(), holdMs);
    held.add(timer);
    response.on("close", () => {
      clearTimeout(timer);
      held.delete(timer);
    });
  }

  function parsed(body) {
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

  function authorize(request) {
    if (request.headers.authorization !== `Bearer ${apiKey}`) {
      throw new Refusal(401, "invalid_api_key", "the API key is missing or wrong");
    }
  }

  function api(request, response, url, parts, body) {
    authorize(request);
    const [, , id, action] = parts; // v1/payments/{id}/{action}
    if (parts[1] !== "payments" || parts.length > 4) throw new Refusal(404, "not_found", "no such route");
    if (request.method === "POST" && id === undefined) {
      once(request, response, "start", body, (key, input) => {
        checkStart(input);
        return start(key, input);
      });
    } else if (request.method === "GET" && id === undefined) {
      const operation = url.searchParams.get("operation_id");
      if (!operation) throw new Refusal(400, "invalid_request", "operation_id is missing");
      send(response, 200, JSON.stringify({ items: store.byOperation(operation).map(shown) }));
    } else if (request.method === "GET" && action === undefined) {
      send(response, 200, JSON.stringify(shown(needPayment(id))));
    } else if (request.method === "POST" && action === "capture") {
      once(request, response, `capture ${id}`, body, (_, input) => capture(needPayment(id), input));
    } else if (request.method === "POST" && action === "cancel") {
      once(request, response, `cancel ${id}`, body, () => cancel(needPayment(id)));
    } else {
      throw new Refusal(404, "not_found", "no such route");
    }
  }

  // ---- control, for tests and demonstrations -------------------------------------------------------

  const control = {
    /** `{delay_ms, copies, shuffle, paused}`, any of them. */
    delivery: (changes = {}) => delivery.configure(changes),
    flush: () => delivery.flush(),
    payments: () => store.allPayments().map((p) => ({ ...shown(p), idempotency_key: p.idempotency_key })),
    setState(id, state) {
      const payment = needPayment(id);
      if (!STATES.has(state)) {
        throw new Refusal(400, "invalid_request", `state is one of ${[...STATES].join(", ")}`);
      }
      if (TERMINAL.has(payment.status)) {
        throw new Refusal(409, "unexpected_state", `the payment is ${payment.status} already`, payment);
      }
      return store.transaction(() =>
        change(payment, (p) => {
          if (state === "failed") return fail(p, "The card was declined.");
          p.status = state;
          p.captured = state === "captured" ? p.amount : 0;
          return p;
        }),
      );
    },
  };

  function checkDelivery(input) {
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

  function controlApi(request, response, parts, body) {
    const from = request.socket.remoteAddress ?? "";
    if (!/^(::ffff:)?127\.|^::1$/.test(from)) throw new Refusal(403, "forbidden", "control is for loopback only");
    authorize(request);
    const [, noun, id] = parts;
    const route = `${request.method} ${noun}${id ? "/id" : ""}`;
    if (route === "POST delivery") {
      send(response, 200, JSON.stringify(control.delivery(checkDelivery(parsed(body)))));
    } else if (route === "GET delivery") {
      send(response, 200, JSON.stringify(delivery.status()));
    } else if (route === "POST flush") {
      control.flush();
      send(response, 200, "{}");
    } else if (route === "GET payments") {
      send(response, 200, JSON.stringify({ items: control.payments() }));
    } else if (route === "POST payments/id") {
      send(response, 200, JSON.stringify(shown(control.setState(id, parsed(body).state))));
    } else {
      throw new Refusal(404, "not_found", "no such route");
    }
  }

  // ---- the buyer's page -----------------------------------------------------------------------------

  function html(response, status, text, formAction = "'self'") {
    response.setHeader(
      "content-security-policy",
      `default-src 'none'; style-src 'self'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    );
    response.setHeader("referrer-policy", "no-referrer");
    response.setHeader("cache-control", "no-store");
    send(response, status, text, "text/html; charset=utf-8");
  }

  function backToShop(payment) {
    if (!payment.return_url) return undefined;
    const url = new URL(payment.return_url);
    url.searchParams.set("payment_reference", payment.id);
    return url.href;
  }

  function payPage(request, response, url, parts, body) {
    const form = request.method === "POST" ? new URLSearchParams(body) : url.searchParams;
    const payment = parts.length === 2 ? store.payment(parts[1]) : undefined;
    if (!payment?.page_token || form.get("token") !== payment.page_token) {
      html(response, 404, problemPage("No such payment", "The link is wrong or incomplete."));
      return;
    }
    const back = backToShop(payment);
    if (request.method === "POST" && payment.status === "action_required") {
      const choice = form.get("choice");
      if (choice !== "approve" && choice !== "decline") {
        html(response, 400, problemPage("Nothing chosen", "Please go back and approve or decline."));
        return;
      }
      store.transaction(() =>
        change(payment, (p) => (choice === "approve" ? settle(p) : fail(p, "The buyer declined."))),
      );
      if (back) {
        response.setHeader("location", back);
        html(response, 303, "");
        return;
      }
    }
    if (payment.status === "action_required") {
      // A browser applies form-action to the redirect after the form as well.
      html(response, 200, choicePage(payment), back ? `'self' ${new URL(back).origin}` : "'self'");
    } else {
      html(response, 200, resultPage(payment, back));
    }
  }

  // ---- HTTP -----------------------------------------------------------------------------------------

  function send(response, status, text, type = "application/json") {
    response.writeHead(status, {
      "content-type": type,
      "content-length": Buffer.byteLength(text),
      "x-content-type-options": "nosniff",
    });
    response.end(text);
  }

  function answer(request, response, body) {
    try {
      const url = new URL(request.url, "http://sandbox");
      const parts = url.pathname.split("/").filter(Boolean);
      if (parts[0] === "v1") api(request, response, url, parts, body);
      else if (parts[0] === "control") controlApi(request, response, parts, body);
      else if (parts[0] === "pay") payPage(request, response, url, parts, body);
      else if (url.pathname === "/page.css") send(response, 200, STYLE, "text/css; charset=utf-8");
      else if (url.pathname === "/healthz") send(response, 200, '{"status":"ok"}');
      else throw new Refusal(404, "not_found", "no such route");
    } catch (error) {
      if (response.headersSent) {
        response.destroy();
      } else if (error instanceof Refusal) {
        const { code, message } = error;
        const payment = error.payment && { payment: shown(error.payment) };
        send(response, error.status, JSON.stringify({ error: { code, message, ...payment } }));
      } else {
        log(`failed: ${error.stack}`);
        send(response, 500, JSON.stringify({ error: { code: "internal", message: "the sandbox failed" } }));
      }
    }
  }

  const server = http.createServer((request, response) => {
    const chunks = [];
    let length = 0;
    request.on("data", (chunk) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on("end", () => {
      if (length > MAX_BODY_BYTES) {
        send(response, 413, JSON.stringify({ error: { code: "too_large", message: "the body is too large" } }));
        return;
      }
      answer(request, response, chunks.length === 0 ? "" : Buffer.concat(chunks).toString("utf8"));
    });
    request.on("error", () => response.destroy());
  });
  server.keepAliveTimeout = 65_000;
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const own = `http://${host.includes(":") ? `[${host}]` : host}:${server.address().port}`;
  base ??= own;
  log(`listening on ${own}${webhookUrl ? `, webhooks to ${webhookUrl}` : ""}`);

  let stopping;
  return {
    url: own,
    apiKey,
    webhookSecret,
    control,
    stop() {
      stopping ??= (async () => {
        clearTimeout(dueTimer);
        due.length = 0;
        delivery.stop();
        for (const timer of held) clearTimeout(timer);
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        store.close();
      })();
      return stopping;
    },
  };
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8788" },
      host: { type: "string", default: "127.0.0.1" },
      "state-dir": { type: "string" },
      "webhook-url": { type: "string" },
      "webhook-secret": { type: "string" },
      "api-key": { type: "string" },
      "public-url": { type: "string" },
      quiet: { type: "boolean", default: false },
    },
  });
  const sandbox = await startSandbox({
    port: Number(values.port),
    host: values.host,
    stateDir: values["state-dir"],
    webhookUrl: values["webhook-url"],
    webhookSecret: values["webhook-secret"],
    apiKey: values["api-key"],
    publicUrl: values["public-url"],
    quiet: values.quiet,
  });
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => sandbox.stop().then(() => process.exit(0)));
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main();
}
